"""Who may do what: every kind of fact has its row in one table, and each row is held."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from audit.entry import Actor
from audit.facts import KINDS, Fact, founding, money, officials, paying
from audit.replay import authority
from audit.replay.authority import day_from, office_on, one_person, roles_on
from audit.replay.state import Step
from tests.audit.agency import term
from tests.audit.lies import Cheat, actor, hands_over, promoted, stand_in, then, until
from tests.audit.replaying import story
from tests.audit.told import BEGAN, DAY, SINCE, Story, broken, entry_of, expected, founded, move, replayed, said

TABLES: tuple[frozenset[type[Fact]], ...] = (
    frozenset(authority.ROLES),
    authority.OWN,
    authority.ASKED_FOR_ONESELF,
    authority.OFFICIALS,
    authority.SYSTEM,
    authority.CONTINUED,
    frozenset(kind for kind in authority.BEGINNING if kind not in authority.ROLES),
)


def test_every_kind_says_whose_deed_it_is() -> None:
    """Nobody adds a kind of fact without deciding who may do it; none stands in two tables."""
    named: list[type[Fact]] = [kind for table in TABLES for kind in table]
    assert set(KINDS.values()) == set(named)
    assert len(named) == len(set(named))


def people() -> Story:
    """Tell the founding."""
    return until("people")(story())


BY_NAME = {kind.KIND: kind for kind in authority.ROLES}


@pytest.mark.parametrize("kind", BY_NAME.values(), ids=BY_NAME)
def test_no_deed_without_its_role(kind: type[Fact]) -> None:
    """An official who holds all the other roles may not do it; one who never held any may not either."""
    needed = authority.ROLES[kind]
    told = people()
    replay = replayed(told)
    for login, roles in (("nobody", set()), ("field", authority.ANY - needed)):
        replay.state.officials.add(login)
        replay.state.roles_of[login, DAY.isoformat()] = frozenset(roles)
        replay.state.terms.setdefault(login, []).extend(replay.state.terms["field"])
    for login in ("nobody", "field"):
        step = step_of(kind, login)
        before = len(replay.violations)
        authority.judge(replay.state, step)
        sentence = f"{login} did {kind.KIND} without {' or '.join(sorted(needed))}"
        assert [(each.rule, each.index, each.sentence) for each in list(replay.violations)[before:]] == [
            ("authority.role", 77, sentence)
        ]
    for role in needed:
        replay.state.roles_of["field", DAY.isoformat()] = frozenset({role})
        before = len(replay.violations)
        authority.judge(replay.state, step_of(kind, "field"))
        assert len(replay.violations) == before


def step_of(kind: type[Fact], who: str) -> Step:
    """Make an entry of a kind by somebody; only who did it, and when, is looked at."""
    repaired = said(who, founding.RepairNoted(incident="I", note="", document=""))[0]
    entry = dataclasses.replace(entry_of(repaired, 0), kind=kind.KIND)
    return Step(77, entry, object.__new__(kind), [])


@pytest.mark.parametrize(
    ("fact", "who", "rule", "sentence"),
    [
        (
            officials.OtpDeviceEnrolled(official="verifier", device="DEV-9", usable_from=BEGAN),
            "field",
            "authority.own",
            "field did OtpDeviceEnrolled of verifier",
        ),
        (
            officials.PasswordSet(official="verifier", temporary=0),
            "admin",
            "authority.own",
            "admin did PasswordSet of verifier",
        ),
        (
            officials.FactorResetRequested(reset="RST-1", official="approver", factor="device", decree="SK"),
            "field",
            "authority.own",
            "field did FactorResetRequested of approver",
        ),
        (
            officials.SignInFailures(hour=BEGAN, count=3),
            "admin",
            "authority.by_hand",
            "admin did SignInFailures, which nobody does by hand",
        ),
        (
            founding.RegionsLoaded(region="32.16", file="A" * 43, count=1),
            "admin",
            "authority.by_hand",
            "admin did RegionsLoaded, which nobody does by hand",
        ),
        (
            officials.PasswordSet(official="ghost", temporary=0),
            "ghost",
            "authority.unknown",
            "ghost did PasswordSet and is nobody here",
        ),
        (
            officials.OfficeOpened(office="X", title="X", agency_unit="X"),
            "",
            "authority.nobody",
            "OfficeOpened was done by no official",
        ),
    ],
)
def test_what_is_ones_own_is_done_by_oneself(fact: Fact, who: str, rule: str, sentence: str) -> None:
    """Factors belong to their owner; what the system does is not done by hand; init has no hand after the founding."""
    told = then(*said(who, fact))(people())
    assert expected(told, (rule, "more", sentence))[0] in broken(told)


@pytest.mark.parametrize(
    ("who", "fact"),
    [
        ("approver", officials.PasswordSet(official="approver", temporary=0)),
        ("approver", officials.FactorResetRequested(reset="RST-1", official="approver", factor="device", decree="SK")),
        ("admin", officials.FactorResetRequested(reset="RST-1", official="approver", factor="device", decree="SK")),
        ("admin", officials.EnrolmentOpened(official="field", valid_until=BEGAN)),
        ("approver", officials.RecoveryCodesIssued(official="approver", count=10)),
        ("approver", officials.SignInRefused(official="approver", reason="wrong_code", fails=1)),
        ("approver", officials.SignedIn(official="approver", factor="recovery", device="", step=0)),
    ],
)
def test_ones_own_deeds_and_an_administrators_are_good(who: str, fact: Fact) -> None:
    """The owner may; where two ways are open, an administrator may, too."""
    assert broken(then(*said(who, fact))(people())) == []


def test_nobody_acts_for_the_system_but_the_system() -> None:
    """A citizen or a channel records nothing; a job counts what is its own to count, and that alone."""
    failures = officials.SignInFailures(hour=BEGAN, count=3)
    job = Actor("system", "", "", "job")
    good = [dataclasses.replace(each, actor=job) for each in said("", failures)]
    assert broken(then(*good)(people())) == []
    for by, fact in (
        (Actor("public", "", "", "web"), failures),
        (Actor("channel", "bank", "", "job"), failures),
        (job, money.ExclusionSet(program="BST", other="PKH", document="")),
    ):
        told = then(*(dataclasses.replace(each, actor=by) for each in said("", fact)))(until("funds")(story()))
        assert broken(told) == expected(told, ("authority.nobody", "more", f"{fact.KIND} was done by no official"))
    approving = [dataclasses.replace(each, actor=job) for each in story()["approve"]]
    told = until("approve")(story()) | {"approve": approving}
    sentence = "ApprovalGiven was done by no official"
    assert broken(told)[0] == expected(told, ("authority.nobody", "approve", sentence))[0]


def test_a_job_begins_no_agency() -> None:
    """What init does before anybody is known is done at its door and no other."""
    told = people()
    job = Actor("system", "", "", "job")
    told["people"] = [dataclasses.replace(each, actor=job) if not each.who else each for each in told["people"]]
    assert [each.rule for each in broken(told)] == ["authority.nobody"] * 7


def test_who_is_suspended_does_nothing_more() -> None:
    """Nor do they count as holding a role for anybody else's question."""
    suspended = said("admin", officials.OfficialSuspended(official="verifier", reason="x"))
    told = until("verify")(story())
    told = {**until("submit")(told), "suspended": suspended, "verify": told["verify"]}
    sentence = "verifier did BatchVerified and is suspended"
    assert broken(told) == expected(told, ("authority.suspended", "verify", sentence))
    assert roles_on(replayed(told).state, "verifier", DAY.isoformat()) == frozenset()


@pytest.mark.parametrize(
    ("since", "until_", "is_held"),
    [(0, 0, True), (1, None, False), (-9, -1, False), (0, None, True)],
)
def test_a_role_is_held_from_its_first_day_to_its_last(since: int, until_: int | None, is_held: bool) -> None:
    """Both days count; the day before and the day after do not."""
    begins = DAY + dt.timedelta(since)
    ends = None if until_ is None else DAY + dt.timedelta(until_)
    told = until("verify")(story())
    for place, each in enumerate(told["people"]):
        if getattr(each.fact, "grant", "") == "GRT-verifier":
            told["people"][place] = each.but(since=begins, until=ends)
    sentence = "verifier did BatchVerified without verifier"
    assert broken(told) == ([] if is_held else expected(told, ("authority.role", "verify", sentence)))


def test_a_revoked_role_is_held_no_more() -> None:
    """At once, whatever its term."""
    revoked = officials.RoleRevoked(grant="GRT-verifier", official="verifier", role="verifier", reason="pindah")
    told = until("verify")(story())
    told = {**until("submit")(told), "revoked": said("admin", revoked), "verify": told["verify"]}
    sentence = "verifier did BatchVerified without verifier"
    assert broken(told) == expected(told, ("authority.role", "verify", sentence))


def test_a_role_may_be_asked_for_and_refused() -> None:
    """The honest ways: granted by the second, or refused by them."""
    asked = promoted("field", "treasurer")
    assert broken(then(*asked)(people())) == []
    no = officials.RoleRefused(grant="GRT-field-treasurer", reason="belum perlu")
    assert broken(then(*asked[:1], *said("admin2", no))(people())) == []


def ending(login: str, day: dt.date) -> Cheat:
    """Let an official's term in office end on a day."""

    def cheat(told: Story) -> Story:
        people = [
            each.but(until=day) if isinstance(each.fact, officials.OfficeHeld) and each.fact.official == login else each
            for each in told["people"]
        ]
        return told | {"people": people}

    return cheat


def test_a_step_is_taken_in_an_office() -> None:
    """An official whose term ended yesterday holds the role, and no office to use it in."""
    told = ending("verifier", DAY - dt.timedelta(1))(until("verify")(story()))
    sentence = "verifier did BatchVerified and held no office that day"
    assert broken(told) == expected(told, ("authority.office", "verify", sentence))


def test_a_founder_is_an_administrator_until_the_founding_is_closed() -> None:
    """And holds no role at all a moment later."""
    told = people()
    closed = replayed(told).state
    open_ = replayed({"people": told["people"][:-1]}).state
    day = SINCE.isoformat()
    assert (roles_on(open_, "founder", day), roles_on(closed, "founder", day)) == (frozenset({"admin"}), frozenset())
    assert (open_.founding_open, closed.founding_open) == (True, False)


def test_the_office_of_a_day_is_the_one_taken_up_last() -> None:
    """By its first day; of two of one day, the later decree."""
    later = founded("founder", term("field", "OFF-operator", since=SINCE), term("field", "OFF-admin", since=SINCE))
    told = people()
    state = replayed({"people": [*told["people"][:-3], *later, *told["people"][-3:]]}).state
    assert office_on(state, "field", DAY.isoformat()) == "OFF-admin"
    assert office_on(state, "field", (SINCE - dt.timedelta(1)).isoformat()) == ""
    assert office_on(state, "ghost", DAY.isoformat()) == ""


def test_the_office_of_a_day_is_held_on_it() -> None:
    """One whose term has ended is none; one that began earlier and was decreed later does not come first."""
    end = DAY - dt.timedelta(1)
    told = people()
    told["people"][-3:-3] = founded("founder", term("field", "OFF-operator", since=SINCE - dt.timedelta(9), until=DAY))
    state = replayed(told).state
    assert office_on(state, "field", DAY.isoformat()) == "OFF-field"
    told["people"] = [
        each.but(until=end) if isinstance(each.fact, officials.OfficeHeld) else each for each in told["people"]
    ]
    ended = replayed(told).state
    assert (office_on(ended, "field", end.isoformat()), office_on(ended, "field", DAY.isoformat())) == ("OFF-field", "")


def test_who_never_held_an_office_takes_no_step() -> None:
    """A role without an office is no power over a transaction."""
    told = until("verify")(story())
    told["people"] = [each for each in told["people"] if getattr(each.fact, "office", "") != "OFF-verifier"]
    sentence = "verifier did BatchVerified and held no office that day"
    assert broken(told) == expected(told, ("authority.office", "verify", sentence))


def test_one_person_reaches_through_several_hands_and_ends_after_a_quarter() -> None:
    """THREATS 3: a Plt of a Plt; ninety days after the end it is over, and before its beginning it is not yet."""
    end = DAY - dt.timedelta(90)
    told = then(*stand_in("verifier2", "operator", until=end), *stand_in("verifier", "verifier2", until=end))(people())
    state = replayed(told).state
    ring = frozenset({"operator", "verifier2", "verifier"})
    assert one_person(state, "verifier", DAY.isoformat()) == ring
    assert one_person(state, "verifier", (DAY + dt.timedelta(1)).isoformat()) == {"verifier"}
    assert one_person(state, "verifier", (SINCE - dt.timedelta(1)).isoformat()) == {"verifier"}
    assert one_person(state, "verifier", SINCE.isoformat()) == ring


def test_days_end_where_the_calendar_ends() -> None:
    """A forged day at the edge of time is judged like any other."""
    assert day_from("2021-03-01", -1) == "2021-02-28"
    assert day_from("2021-12-31", 1) == "2022-01-01"
    assert (day_from("0001-01-02", -9), day_from("9999-12-31", 9)) == ("0001-01-01", "9999-12-31")


def test_a_deed_without_its_role_or_office_is_named_each_time() -> None:
    """That somebody was seen to do it once makes nothing of it allowed; they may yet do what they may."""
    for cheat, rule, sentence in (
        (actor("draft", "verifier"), "authority.role", "verifier did BatchDrafted without operator"),
        (
            ending("operator", DAY - dt.timedelta(1)),
            "authority.office",
            "operator did BatchDrafted and held no office that day",
        ),
    ):
        told = cheat(until("draft")(story()))
        told["again"] = [each.but(batch="BTC-2") for each in told["draft"]]
        assert broken(told) == expected(told, (rule, "draft", sentence), (rule, "again", sentence))


def test_nobody_rejects_a_batch() -> None:
    """What depends on where the batch is asks for a role as well, and nobody holds none."""
    moves = (move("APBD-1", "reserved", "allocated", 600_000),)
    no = paying.BatchRejected(batch="BTC-1", step="verify", outcome="rejected", reason="x", moves=moves)
    told = then(*said("", no))(until("submit")(story()))
    assert broken(told) == expected(
        told,
        ("authority.nobody", "more", "BatchRejected was done by no official"),
        ("authority.role", "more", "nobody did BatchRejected without verifier"),
    )


def test_who_became_a_plt_after_the_challenge_gives_no_code() -> None:
    """THREATS 3: that an approver was separate when the batch was shown is forgotten when people change."""
    told = until("challenge")(story())
    told |= {"plt": stand_in("approver", "operator"), "approve": story()["approve"]}
    assert broken(told) == expected(
        told,
        ("four_eyes", "approve", "approver did ApprovalGiven of BTC-1, being its maker"),
        ("shaped", "approve", "approver did ApprovalGiven of BTC-1, having shaped what it pays"),
    )


def test_a_later_office_changes_who_may_go_on() -> None:
    """THREATS 3: what was asked before a new Plt took office is asked again after it."""
    told = until("send")(story())
    more = promoted("verifier2", "treasurer") + stand_in("verifier2", "approver")
    told = {**until("approve")(told), "more": more, "send": [each.by("verifier2") for each in told["send"]]}
    found = broken(told)
    assert [each.rule for each in found] == ["four_eyes"]
    assert hands_over("verifier2", "treasurer")(story())["people"] != story()["people"]
    assert isinstance(told["send"][0].fact, paying.PaymentInstructed)
