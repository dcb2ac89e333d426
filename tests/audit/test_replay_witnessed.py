"""Replay of what left without witnesses: an honest outage breaks nothing, each cheat breaks the rule that names it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from dataclasses import replace

import pytest

from audit.entry import Actor
from audit.facts import founding, paying, witnessing
from audit.note import COSIGNATURE, SigningKey
from tests.audit import replaying
from tests.audit.agency import people
from tests.audit.lies import Cheat, actor, both, change, stand_in
from tests.audit.replaying import batch, due, funds
from tests.audit.told import NOW, Expected, Said, Story, broken, expected, replayed, said

ORIGIN = "ledger.example/log"
LOG = str(SigningKey(ORIGIN, b"l" * 32).verifier())
KPK = str(SigningKey("kpk.example", b"k" * 32).verifier(COSIGNATURE))
TEXT = f"log {LOG}\nwitness kpk {KPK}\nquorum kpk\n"
TOMORROW = dt.datetime(2021, 8, 5, 15, 0, tzinfo=dt.UTC)
"""Midnight in Jayapura after the day of the stories."""

TOTAL = 600_000
AFTER = NOW + dt.timedelta(hours=2, microseconds=1)
"""When the way of the stories has ended."""


def digest(text: str) -> str:
    """Hash a policy's text."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def agency() -> list[Said]:
    """Begin the log of this policy, and ask a witness."""
    began, *others = people()
    asked = founding.WitnessAdded(name="kpk", vkey=KPK, url="https://kpk.example")
    return [began.but(origin=ORIGIN, log_vkey=LOG), *others, *said("admin", asked)]


def outage() -> Story:
    """Tell of a policy, an outage, a batch and a receipt that left by a way, and a handover of goods."""
    proposed = witnessing.WitnessPolicyProposed(policy="WPL-1", text=TEXT, sha256=digest(TEXT))
    agreed = witnessing.WitnessPolicySet(
        policy="WPL-1", text=TEXT, sha256=digest(TEXT), since=TOMORROW, proposed_by="admin", founding=False
    )
    asked = witnessing.UnwitnessedProposed(way="UNW-1", reason="putus", cap=TOTAL, lines=3, hours=2)
    opened = witnessing.UnwitnessedOpened(
        way="UNW-1",
        reason="putus",
        cap=TOTAL,
        lines=3,
        until=NOW + dt.timedelta(hours=2),
        proposed_by="treasurer",
    )
    told = batch()
    [sent] = told.pop("send")
    used = witnessing.UnwitnessedUsed(way="UNW-1", what="BTC-1", amount=TOTAL, lines=2)
    paper = witnessing.UnwitnessedUsed(way="UNW-1", what="r1", amount=0, lines=1)
    printed = paying.ReceiptPrinted(receipt="r1", copy=1)
    return {
        "founded": agency(),
        "policy": said("admin", proposed),
        "agree": said("admin2", agreed),
        "funds": funds(),
        "due": due(),
        **told,
        "way": said("treasurer", asked),
        "open": said("approver", opened),
        "send": said("treasurer", used, sent.fact),
        **replaying.outcomes(),
        "print": said("field", paper, printed),
    }


def text(new: str) -> Cheat:
    """Propose and set another text."""
    return both(change("policy", text=new, sha256=digest(new)), change("agree", text=new, sha256=digest(new)))


def from_office(step: str, office: str) -> Cheat:
    """Let a step be taken from an office."""

    def cheat(told: Story) -> Story:
        seated = [replace(each, actor=Actor("official", each.who, office, "web")) for each in told[step]]
        return told | {step: seated}

    return cheat


def at(when: dt.datetime, *steps: str) -> Cheat:
    """Let steps be recorded at another time."""

    def cheat(told: Story) -> Story:
        return told | {step: [replace(each, at=when) for each in told[step]] for step in steps}

    return cheat


def second_way(told: Story) -> Story:
    """Propose and open a second way after the first."""
    return told | {
        "way2": [each.but(way="UNW-2") for each in said("treasurer", told["way"][0].fact)],
        "open2": [each.but(way="UNW-2") for each in said("approver", told["open"][0].fact)],
    }


def way_of(*, hours: int) -> Cheat:
    """Propose and open a way for so long."""
    return both(change("way", hours=hours), change("open", until=NOW + dt.timedelta(hours=hours)))


def test_an_honest_outage_breaks_nothing() -> None:
    """THREATS 4: the quorum is waited for by two, gone without by two others, and what left is what was charged."""
    replay = replayed(outage())
    assert list(replay.violations) == []
    way = replay.state.ways["UNW-1"]
    assert (way.amount, way.spent_lines, way.used) == (TOTAL, 3, {"BTC-1", "r1"})


HOUR = dt.timedelta(hours=1)
EVENING = dt.datetime(2021, 8, 5, 20, 0, tzinfo=dt.UTC)
"""Three in the morning in Jakarta, five in Jayapura; in Greenwich still the day before."""

HONEST: dict[str, Cheat] = {
    "a way for one hour": way_of(hours=1),
    "a way for a day": way_of(hours=24),
    "a way used in its last moment": at(NOW + 2 * HOUR, "send", "answer", "receipt", "print"),
    "another way, when the first has ended": both(second_way, at(AFTER, "way2", "open2")),
    "a policy from the next midnight in Jayapura": both(
        at(EVENING, "agree"), change("agree", since=TOMORROW + 24 * HOUR)
    ),
    "a way of two offices nobody opened": both(from_office("way", "UNHEARD"), from_office("open", "UNSEEN")),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_just_allowed_breaks_nothing(name: str) -> None:
    """The shortest way and the longest, its last moment, the first after it, and the first of the next day."""
    assert broken(HONEST[name](outage())) == []


def test_a_founder_sets_a_policy_at_once() -> None:
    """Before FoundingClosed one founder is enough, afterwards no founder is."""
    told = outage()
    *before, closed, asked = told["founded"]
    changes: tuple[dict[str, object], ...] = ({}, {"founding": True, "since": NOW, "proposed_by": "founder"})
    steps = [
        each.by("founder").but(**extra) for each, extra in zip((*told["policy"], *told["agree"]), changes, strict=True)
    ]
    early = told | {"founded": [*before, asked.by("founder"), *steps, closed], "policy": [], "agree": []}
    assert broken(early) == []
    late = told | {"policy": steps[:1], "agree": steps[1:]}
    assert broken(late) == expected(
        late,
        ("authority.role", "policy", "founder did WitnessPolicyProposed without admin"),
        ("authority.role", "agree", "founder did WitnessPolicySet without admin"),
        ("witness_policy.second", "agree", "founder set WPL-1 as a founder and is none"),
    )
    told = change("agree", founding=True)(outage())
    assert broken(told) == expected(
        told, ("witness_policy.second", "agree", "admin2 set WPL-1 as a founder and is none")
    )


CLOSED = "left by UNW-1, which is not open"

CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "a digest of another text": (
        change("policy", sha256="A" * 43),
        [("witness_policy.digest", "policy", "WPL-1 has another digest than its text")],
    ),
    "a text that is no policy": (
        text("quorum kpk\n"),
        [("witness_policy.text", "policy", "WPL-1 is no policy: line 1: kpk is not defined above")],
    ),
    "a policy of another log": (
        text(TEXT.replace(LOG, str(SigningKey("other.example", b"o" * 32).verifier()))),
        [("witness_policy.log", "policy", "WPL-1 is not about the log ledger.example/log")],
    ),
    "a policy with a witness of one's own": (
        text(TEXT.replace(KPK, str(SigningKey("kpk.example", b"x" * 32).verifier(COSIGNATURE)))),
        [("witness_policy.stranger", "policy", "WPL-1 waits for kpk, who is not asked")],
    ),
    "another text than was proposed": (
        change("agree", text="quorum none\n"),
        [("witness_policy.unproposed", "agree", "WPL-1 is not what admin proposed")],
    ),
    "proposed by a made-up first": (
        change("agree", proposed_by="admin3"),
        [("witness_policy.unproposed", "agree", "WPL-1 is not what admin3 proposed")],
    ),
    "a policy that holds today": (
        change("agree", since=TOMORROW - dt.timedelta(microseconds=1)),
        [("witness_policy.next_day", "agree", "WPL-1 holds before the next day")],
    ),
    "a policy that holds on the day it was set in Jayapura": (
        both(at(EVENING, "agree"), change("agree", since=TOMORROW + 24 * HOUR - dt.timedelta(microseconds=1))),
        [("witness_policy.next_day", "agree", "WPL-1 holds before the next day")],
    ),
    "one person sets a policy": (
        actor("agree", "admin"),
        [("witness_policy.second", "agree", "WPL-1 lacks a second official")],
    ),
    "a way for longer than a day": (
        change("way", hours=25),
        [("way.hours", "way", "UNW-1 is for 25 hours")],
    ),
    "a way for no time": (
        change("way", hours=0),
        [
            ("way.hours", "way", "UNW-1 is for 0 hours"),
            ("way.hours", "open", "UNW-1 is open for longer than 0 hours"),
        ],
    ),
    "a way that is open for longer than was proposed": (
        change("open", until=NOW + 2 * HOUR + dt.timedelta(microseconds=1)),
        [("way.hours", "open", "UNW-1 is open for longer than 2 hours")],
    ),
    "a way opened by who proposed it": (
        actor("open", "treasurer"),
        [
            ("way.second", "open", "UNW-1 lacks a second official"),
            ("way.office", "open", "UNW-1 was opened by the office that proposed it"),
        ],
    ),
    "a way opened by who does not answer for money": (
        actor("open", "operator"),
        [("authority.role", "open", "operator did UnwitnessedOpened without approver or treasurer")],
    ),
    "a way opened by two of one dinas": (
        from_office("way", "OFF-approver2"),
        [("way.office", "open", "UNW-1 was opened by the office that proposed it")],
    ),
    "a way opened by one office that nobody opened": (
        both(from_office("way", "UNHEARD"), from_office("open", "UNHEARD")),
        [("way.office", "open", "UNW-1 was opened by the office that proposed it")],
    ),
    "money charged with less than it is": (
        change("send", amount=TOTAL - 1),
        [("way.content", "send", "BTC-1 was charged to UNW-1 with less or more than it is")],
    ),
    "lines charged with less than there are": (
        change("send", lines=1),
        [("way.content", "send", "BTC-1 was charged to UNW-1 with less or more than it is")],
    ),
    "a receipt charged as nothing": (
        change("print", lines=0),
        [("way.content", "print", "r1 was charged to UNW-1 with less or more than it is")],
    ),
    "a charge without a deed": (
        lambda told: told | {"print": told["print"][:1]},
        [("way.nothing", "print", "r1 was charged to UNW-1 and did not leave")],
    ),
    "a second charge": (
        both(
            lambda told: (
                told | {"twice": said("field", told["print"][0].fact, paying.ReceiptPrinted(receipt="r1", copy=2))}
            ),
            both(change("way", lines=4), change("open", lines=4)),
        ),
        [("way.twice", "twice", "r1 was charged to UNW-1 before")],
    ),
    "a way that has ended": (at(AFTER, "print"), [("way.closed", "print", f"r1 {CLOSED}")]),
    "a way that nobody opened": (
        lambda told: told | {"open": []},
        [("way.closed", "send", f"BTC-1 {CLOSED}"), ("way.closed", "print", f"r1 {CLOSED}")],
    ),
    "a way that nobody proposed": (
        lambda told: told | {"way": []},
        [
            ("way.unproposed", "open", "UNW-1 is not what treasurer proposed"),
            ("way.closed", "send", f"BTC-1 {CLOSED}"),
            ("way.closed", "print", f"r1 {CLOSED}"),
        ],
    ),
    "two ways at a time": (second_way, [("way.two_open", "open2", "UNW-2 was opened while a way was open")]),
    "a second way in the last moment of the first": (
        both(second_way, at(NOW + 2 * HOUR, "way2", "open2")),
        [("way.two_open", "open2", "UNW-2 was opened while a way was open")],
    ),
    "a way opened twice": (
        lambda told: told | {"again": said("approver", told["open"][0].fact)},
        [("way.two_open", "again", "UNW-1 was opened while a way was open")],
    ),
    "a way opened again after its end": (
        lambda told: told | {"again": said("approver", told["open"][0].fact, at=AFTER)},
        [("way.two_open", "again", "UNW-1 was opened while a way was open")],
    ),
    "a policy proposed by who is no administrator": (
        both(actor("policy", "treasurer"), change("agree", proposed_by="treasurer")),
        [("authority.role", "policy", "treasurer did WitnessPolicyProposed without admin")],
    ),
    "a way proposed by who does not answer for money": (
        both(actor("way", "operator"), change("open", proposed_by="operator")),
        [("authority.role", "way", "operator did UnwitnessedProposed without approver or treasurer")],
    ),
    "a policy proposed by nobody": (
        actor("policy", ""),
        [
            ("authority.nobody", "policy", "WitnessPolicyProposed was done by no official"),
            ("witness_policy.unproposed", "agree", "WPL-1 is not what admin proposed"),
        ],
    ),
    "a way proposed by nobody": (
        actor("way", ""),
        [
            ("authority.nobody", "way", "UnwitnessedProposed was done by no official"),
            ("way.unproposed", "open", "UNW-1 is not what treasurer proposed"),
            ("way.closed", "send", f"BTC-1 {CLOSED}"),
            ("way.closed", "print", f"r1 {CLOSED}"),
        ],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_each_cheat_breaks_the_rule_that_names_it(name: str) -> None:
    """P3, U5: a true log of a false act breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(outage())
    assert broken(told) == expected(told, *found)


@pytest.mark.parametrize(("who", "step"), [("admin2", "agree"), ("approver", "open")])
def test_who_stands_in_for_the_first_is_no_second(who: str, step: str) -> None:
    """THREATS 3: the agreement of who holds the proposer's place is no agreement."""
    place_of, what = {"agree": ("admin", "WPL-1"), "open": ("treasurer", "UNW-1")}[step]
    told = outage()
    told["founded"] += stand_in(who, place_of)
    rule = {"agree": "witness_policy.second", "open": "way.second"}[step]
    assert expected(told, (rule, step, f"{what} lacks a second official"))[0] in broken(told)


@pytest.mark.parametrize(("changed", "step"), [({"cap": TOTAL - 1}, "send"), ({"lines": 2}, "print")])
def test_a_way_is_not_widened(changed: dict[str, int], step: str) -> None:
    """What two agreed to is what may leave; what is opened is what was proposed."""
    told = change("way", **changed)(outage())
    assert broken(told)[0] == expected(told, ("way.unproposed", "open", "UNW-1 is not what treasurer proposed"))[0]
    told = change("open", **changed)(told)
    first = expected(told, ("way.over_cap", step, f"{'BTC-1' if step == 'send' else 'r1'} takes UNW-1 over its cap"))
    assert broken(told)[:1] == first


def test_a_file_that_leaves_later_is_charged_as_its_batch() -> None:
    """The quorum came for the approvals and not for the instruction: the batch is charged when its file is taken."""
    told = outage()
    used, sent = told["send"]
    told["send"] = said("treasurer", sent.fact)
    taken = paying.FileCollected(instruction="INS-BTC-1", file="A" * 43, lines=2)
    told["take"] = said("treasurer", used.fact, taken)
    assert broken(told) == []
    other = change("take", 1, instruction="INS-OTHER")(told)
    assert broken(other) == expected(
        other,
        ("way.nothing", "take", "BTC-1 was charged to UNW-1 and did not leave"),
        ("payment.file", "take.1", "INS-OTHER was collected with 2 lines"),
    )


def test_goods_are_charged_by_lines_alone() -> None:
    """No rupiah leaves with a packet."""
    told = outage()
    handed = paying.GoodsHandedOver(batch="BTC-1", handover="HND-1", handed=(), witnesses=2, moves=())
    story = told | {
        "draft": [each.but(commodity="PAKET") for each in told["draft"]],
        "submit": [each.but(commodity="PAKET") if at == 0 else each for at, each in enumerate(told["submit"])],
        "send": said("field", told["send"][0].but(amount=0).fact, handed),
    }
    rules = {each.rule for each in broken(story)}
    assert "way.content" not in rules
    assert "way.nothing" not in rules
