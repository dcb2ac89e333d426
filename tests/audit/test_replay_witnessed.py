"""Replay of what left without witnesses: an honest outage breaks nothing, each cheat breaks the rule that names it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from audit.entry import Actor
from audit.facts import founding, paying, witnessing
from audit.note import COSIGNATURE, SigningKey
from audit.replay import Replay
from tests.audit import replaying
from tests.audit.agency import people
from tests.audit.replaying import batch, due, funds
from tests.audit.told import NOW, Said, entry_of, said

ORIGIN = "ledger.example/log"
LOG = str(SigningKey(ORIGIN, b"l" * 32).verifier())
KPK = str(SigningKey("kpk.example", b"k" * 32).verifier(COSIGNATURE))
TEXT = f"log {LOG}\nwitness kpk {KPK}\nquorum kpk\n"
TOMORROW = dt.datetime(2021, 8, 5, 15, 0, tzinfo=dt.UTC)
"""Midnight in Jayapura after the day of the stories."""

TOTAL = 600_000
WAYS = witnessing.UnwitnessedProposed | witnessing.UnwitnessedOpened

Story = dict[str, list[Said]]
Cheat = Callable[[Story], Story]


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


def judged(told: Story, *offices: tuple[str, str]) -> Replay:
    """Replay a story in which these officials ask for ways from these offices."""
    replay, ordinals, held = Replay(), dict[str, int](), dict(offices)
    for index, each in enumerate(one for part in told.values() for one in part):
        ordinal = ordinals.get(each.act, 0)
        ordinals[each.act] = ordinal + 1
        entry = entry_of(each, ordinal)
        if isinstance(each.fact, WAYS) and each.who in held:
            entry = replace(entry, actor=Actor("official", each.who, held[each.who], "web"))
        replay.apply(index, entry)
    replay.finish()
    return replay


def broken(told: Story, *offices: tuple[str, str]) -> list[tuple[str, str]]:
    """List the broken rules with their sentences."""
    return [(each.rule, each.sentence) for each in judged(told, *offices).violations]


def but(told: Story, step: str, place: int = 0, **fields: object) -> Story:
    """Change fields of one fact."""
    return told | {step: [each.but(**fields) if at == place else each for at, each in enumerate(told[step])]}


def text(new: str) -> Story:
    """Propose and set another text."""
    told = but(outage(), "policy", text=new, sha256=digest(new))
    return but(told, "agree", text=new, sha256=digest(new))


def test_an_honest_outage_breaks_nothing() -> None:
    """THREATS 4: the quorum is waited for by two, gone without by two others, and what left is what was charged."""
    replay = judged(outage())
    assert list(replay.violations) == []
    way = replay.state.ways["UNW-1"]
    assert (way.amount, way.spent_lines, way.used) == (TOTAL, 3, {"BTC-1", "r1"})


def test_a_founder_sets_a_policy_at_once() -> None:
    """Before FoundingClosed one founder is enough, afterwards no founder is."""
    told = outage()
    *before, closed, asked = told["founded"]
    both = [*told["policy"], *told["agree"]]
    both = [
        each.by("founder").but(**extra)
        for each, extra in zip(both, ({}, {"founding": True, "since": NOW, "proposed_by": "founder"}), strict=True)
    ]
    early = told | {"founded": [*before, asked.by("founder"), *both, closed], "policy": [], "agree": []}
    assert broken(early) == []
    late = told | {"policy": both[:1], "agree": both[1:]}
    assert [rule for rule, _sentence in broken(late)] == ["authority.role", "authority.role", "witness_policy.second"]
    assert broken(late)[2][1] == "founder set WPL-1 as a founder and is none"
    nobody = but(outage(), "agree", founding=True)
    assert broken(nobody) == [("witness_policy.second", "admin2 set WPL-1 as a founder and is none")]


@pytest.mark.parametrize(
    ("told", "rule", "sentence"),
    [
        (but(outage(), "policy", sha256="A" * 43), "witness_policy.digest", "WPL-1 has another digest than its text"),
        (
            text("quorum kpk\n"),
            "witness_policy.text",
            "WPL-1 is no policy: line 1: kpk is not defined above",
        ),
        (
            text(TEXT.replace(LOG, str(SigningKey("other.example", b"o" * 32).verifier()))),
            "witness_policy.log",
            "WPL-1 is not about the log ledger.example/log",
        ),
        (
            text(TEXT.replace(KPK, str(SigningKey("kpk.example", b"x" * 32).verifier(COSIGNATURE)))),
            "witness_policy.stranger",
            "WPL-1 waits for kpk, who is not asked",
        ),
        (but(outage(), "agree", text="quorum none\n"), "witness_policy.unproposed", "WPL-1 is not what admin proposed"),
        (
            but(outage(), "agree", proposed_by="admin3"),
            "witness_policy.unproposed",
            "WPL-1 is not what admin3 proposed",
        ),
        (
            but(outage(), "agree", since=TOMORROW - dt.timedelta(microseconds=1)),
            "witness_policy.next_day",
            "WPL-1 holds before the next day",
        ),
        (but(outage(), "way", hours=25), "way.hours", "UNW-1 is for 25 hours"),
        (but(outage(), "way", hours=0), "way.hours", "UNW-1 is for 0 hours"),
        (
            but(outage(), "open", until=NOW + dt.timedelta(hours=2, microseconds=1)),
            "way.hours",
            "UNW-1 is open for longer than 2 hours",
        ),
        (
            but(outage(), "send", amount=TOTAL - 1),
            "way.content",
            "BTC-1 was charged to UNW-1 with less or more than it is",
        ),
        (but(outage(), "send", lines=1), "way.content", "BTC-1 was charged to UNW-1 with less or more than it is"),
        (
            but(outage(), "print", amount=0, lines=0),
            "way.content",
            "r1 was charged to UNW-1 with less or more than it is",
        ),
    ],
)
def test_each_cheat_breaks_the_rule_that_names_it(told: Story, rule: str, sentence: str) -> None:
    """P3, U5: a true log of a false act."""
    assert (rule, sentence) in broken(told)


@pytest.mark.parametrize("changed", [{"cap": TOTAL - 1}, {"lines": 2}])
def test_a_way_is_not_widened(changed: dict[str, int]) -> None:
    """What two agreed to is what may leave; what is opened is what was proposed."""
    told = but(outage(), "way", **changed)
    assert broken(told)[0] == ("way.unproposed", "UNW-1 is not what treasurer proposed")
    told = but(told, "open", **changed)
    what = "BTC-1" if "cap" in changed else "r1"
    assert ("way.over_cap", f"{what} takes UNW-1 over its cap") in broken(told)
    assert broken(told)[0][0] == "way.over_cap"


@pytest.mark.parametrize(
    ("who", "rules"),
    [
        ("treasurer", {"way.second", "way.office"}),
        ("operator", {"authority.role"}),
    ],
)
def test_a_way_needs_two_who_answer_for_money(who: str, rules: set[str]) -> None:
    """One person, or one who does not answer for it."""
    told = outage()
    told["open"] = [each.by(who) for each in told["open"]]
    found = dict(broken(told))
    assert set(found) == rules
    assert found.get("way.second", "UNW-1 lacks a second official") == "UNW-1 lacks a second official"


def test_nobody_else_proposes() -> None:
    """A deed of somebody without a power, and of nobody at all."""
    told = outage()
    told["way"] = [each.by("operator") for each in told["way"]]
    told["open"] = [each.but(proposed_by="operator") for each in told["open"]]
    assert broken(told) == [("authority.role", "operator did UnwitnessedProposed without approver or treasurer")]
    told = outage()
    told["policy"] = [each.by("treasurer") for each in told["policy"]]
    told["agree"] = [each.but(proposed_by="treasurer") for each in told["agree"]]
    assert broken(told) == [("authority.role", "treasurer did WitnessPolicyProposed without admin")]
    told = outage() | {"policy": said("", outage()["policy"][0].fact)}
    assert ("authority.nobody", "WitnessPolicyProposed was done by no official") in broken(told)
    told = outage() | {"way": said("", outage()["way"][0].fact)}
    assert ("authority.nobody", "UnwitnessedProposed was done by no official") in broken(told)


def test_one_person_sets_no_policy() -> None:
    """THREATS 3: nor somebody with the agreement of who holds their place."""
    told = outage()
    told["agree"] = [each.by("admin") for each in told["agree"]]
    assert broken(told) == [("witness_policy.second", "WPL-1 lacks a second official")]


def test_two_of_one_office_open_nothing() -> None:
    """The offices differ and the perangkat daerah is one; an office nobody opened stands for itself."""
    assert broken(outage(), ("treasurer", "OFF-approver2")) == [
        ("way.office", "UNW-1 was opened by the office that proposed it")
    ]
    assert broken(outage(), ("treasurer", "UNHEARD")) == []


def test_what_leaves_by_a_closed_way_is_named() -> None:
    """Never opened, opened by nobody's proposal, over its time, or unknown."""
    told = outage()
    late = [replace(each, at=NOW + dt.timedelta(hours=2, microseconds=1)) for each in told["print"]]
    sentence = "r1 left by UNW-1, which is not open"
    assert broken(told | {"print": late}) == [("way.closed", sentence)]
    assert broken(told | {"open": []})[-1] == ("way.closed", sentence)
    assert broken(told | {"way": []})[0] == ("way.unproposed", "UNW-1 is not what treasurer proposed")
    assert broken(told | {"way": []})[-1] == ("way.closed", sentence)


def test_one_way_is_open_at_a_time() -> None:
    """Two ways add up; a way is opened once, and when it has ended another may be."""
    told = outage()
    second = {
        "way2": [each.but(way="UNW-2") for each in said("treasurer", told["way"][0].fact)],
        "open2": [each.but(way="UNW-2") for each in said("approver", told["open"][0].fact)],
    }
    assert broken(told | second) == [("way.two_open", "UNW-2 was opened while a way was open")]
    again = told | {"again": said("approver", told["open"][0].fact)}
    assert broken(again) == [("way.two_open", "UNW-1 was opened while a way was open")]
    after = NOW + dt.timedelta(hours=2, microseconds=1)
    later = {step: [replace(each, at=after) for each in part] for step, part in second.items()}
    assert broken(told | later) == []
    reopened = told | {"again": [replace(each, at=after) for each in again["again"]]}
    assert broken(reopened) == [("way.two_open", "UNW-1 was opened while a way was open")]


def test_what_was_charged_has_left_and_once() -> None:
    """A charge without a deed hides what the next one is for; a second one is a mistake of ours or a cover."""
    told = outage()
    alone = told | {"print": told["print"][:1]}
    assert broken(alone) == [("way.nothing", "r1 was charged to UNW-1 and did not leave")]
    twice = but(
        but(told | {"twice": said("field", *[each.fact for each in told["print"]])}, "way", lines=4), "open", lines=4
    )
    assert broken(twice) == [("way.twice", "r1 was charged to UNW-1 before")]


def test_a_file_that_leaves_later_is_charged_as_its_batch() -> None:
    """The quorum came for the approvals and not for the instruction: the batch is charged when its file is taken."""
    told = outage()
    used, sent = told["send"]
    told["send"] = said("treasurer", sent.fact)
    taken = paying.FileCollected(instruction="INS-BTC-1", file="A" * 43, lines=2)
    told["take"] = said("treasurer", used.fact, taken)
    assert broken(told) == []
    other = but(told, "take", place=1, instruction="INS-OTHER")
    assert broken(other) == [
        ("way.nothing", "BTC-1 was charged to UNW-1 and did not leave"),
        ("payment.file", "INS-OTHER was collected with 2 lines"),
    ]


def test_goods_are_charged_by_lines_alone() -> None:
    """No rupiah leaves with a packet."""
    told = outage()
    handed = paying.GoodsHandedOver(batch="BTC-1", handover="HND-1", handed=(), witnesses=2, moves=())
    story = told | {
        "draft": [each.but(commodity="PAKET") for each in told["draft"]],
        "submit": [each.but(commodity="PAKET") if at == 0 else each for at, each in enumerate(told["submit"])],
        "send": said("field", told["send"][0].but(amount=0).fact, handed),
    }
    rules = {rule for rule, _sentence in broken(story)}
    assert "way.content" not in rules
    assert "way.nothing" not in rules
