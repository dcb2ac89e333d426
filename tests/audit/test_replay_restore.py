"""A restore, replayed: declared by two, nothing that may have left is forgotten, only what never left is given up."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

import pytest

from audit.errors import Finding
from audit.facts import paying
from audit.facts.founding import RepairNoted
from audit.facts.officials import OfficialEnrolled, OtpDeviceEnrolled
from audit.facts.restoring import BatchRestored, LostReceipt, ReceiptsLost, RestoreDeclared
from audit.replay import Replay
from tests.audit.lies import stand_in
from tests.audit.replaying import (
    LINES,
    ONE,
    answer,
    batch,
    begun,
    confirmed,
    due,
    programme,
    receipt,
    source_opened,
)
from tests.audit.told import COMMITMENT, NOW, Said, move, replayed, said

TOTAL = sum(line.amount for line in LINES)
FREED = (move("APBD-1", "reserved", "allocated", TOTAL),)


def rules(violations: Sequence[Finding]) -> set[str]:
    """Name the broken rules."""
    return {each.rule for each in violations}


def claims(replay: Replay) -> set[str]:
    """Say what the entitlements of the story's lines are."""
    return {replay.state.entitlements.state(line.entitlement) for line in LINES}


def size_of(before: dict[str, list[Said]]) -> int:
    """Count the entries of a story, which is the index of the next."""
    return sum(map(len, before.values()))


def declared(before: dict[str, list[Said]], *, lost: int, who: str = "admin2", by: str = "admin") -> RestoreDeclared:
    """Declare that the last `lost` entries of a story had been forgotten."""
    size = size_of(before)
    return RestoreDeclared(
        incident="Pemulihan 1", document="BA-1", proposed_by=by, since=size - lost, until=size, root=COMMITMENT
    )


def until(step: str) -> dict[str, list[Said]]:
    """Tell the story of a batch up to a step."""
    story = {**begun(), **batch()}
    names = list(story)
    return {name: story[name] for name in names[: names.index(step) + 1]}


def restored(outcome: str, *moves: Any, reference: str = "BTC-1") -> BatchRestored:  # noqa: ANN401 - moves
    """Say what became of a batch."""
    return BatchRestored(batch=reference, outcome=outcome, moves=tuple(moves))


def told(before: dict[str, list[Said]], *facts: Any, lost: int = 1, **how: str) -> Replay:  # noqa: ANN401 - facts
    """Declare a restore with these facts and replay it all."""
    declaration = declared(before, lost=lost, **{name: value for name, value in how.items() if name == "by"})
    return replayed({**before, "restore": said(how.get("who", "admin2"), declaration, *facts)})


def test_what_was_sent_in_the_lost_part_is_unknown() -> None:
    """THREATS 8: its lines claim their entitlements and wait for an inquiry."""
    replay = told(until("send"), restored("sent"))
    assert rules(replay.violations) == set()
    known = replay.state.batches["BTC-1"]
    assert (known.state, {line.state for line in known.lines.values()}) == ("sent", {"unknown"})
    assert claims(replay) == {"claimed"}


def test_what_was_sent_and_not_named_is_noticed() -> None:
    """THREATS 8: a restore that forgets what left is named; what was sent before or after needs no word."""
    replay = told(until("send"))
    assert list(replay.violations) == [
        Finding("restore.unasked", size_of(until("send")), "BTC-1 was sent in the lost part and not asked about")
    ]
    later = {**until("send"), "other": batch("BTC-2", ())["draft"]}
    assert rules(told(later).violations) == set()
    lost = said("admin2", declared(until("approve"), lost=1))
    assert rules(replayed({**until("send"), "restore": lost}).violations) == set()


def test_what_was_sent_is_noticed_wherever_the_restore_is_declared() -> None:
    """THREATS 8: something else before the declaration in its act hides nothing."""
    before = until("send")
    noted = RepairNoted(incident="I", note="disk", document="")
    assert list(replayed({**before, "restore": said("admin2", noted, declared(before, lost=1))}).violations) == [
        Finding("restore.unasked", size_of(before) + 1, "BTC-1 was sent in the lost part and not asked about")
    ]


def test_what_has_its_outcome_keeps_it() -> None:
    """THREATS 8: a line that arrived stays so; only the others are asked about."""
    before = {**until("send"), "confirm": answer(confirmed(ONE), matched=1, inquiry=True)}
    replay = told(before, restored("sent"), lost=3)
    assert rules(replay.violations) == set()
    states = {number: line.state for number, line in replay.state.batches["BTC-1"].lines.items()}
    assert states == {1: "delivered", 2: "unknown"}


@pytest.mark.parametrize("step", ["submit", "verify", "approve"])
def test_what_was_under_way_goes_back_with_its_value(step: str) -> None:
    """THREATS 8: nothing reserved, nothing claimed, and the maker may begin anew."""
    replay = told(until(step), restored("sent_back", *FREED))
    assert rules(replay.violations) == set()
    assert replay.state.batches["BTC-1"].state == "sent_back"
    assert (claims(replay), replay.state.balances["APBD-1/BST/reserved", "IDR"]) == ({"free"}, 0)
    assert replay.state.waiting == set()


@pytest.mark.parametrize(("step", "moves"), [("approve", FREED), ("draft", ())])
def test_what_never_left_and_is_forgotten_is_withdrawn(step: str, moves: tuple[Any, ...]) -> None:
    """THREATS 8: the batch is no more, and its entitlements may be listed again."""
    replay = told(until(step), restored("withdrawn", *moves))
    assert rules(replay.violations) == set()
    assert (replay.state.batches, claims(replay)) == ({}, {"free"})


@pytest.mark.parametrize(
    ("step", "facts", "rule", "sentence"),
    [
        ("send", [restored("withdrawn")], "restore.outcome", "BTC-1 was sent, it cannot be withdrawn"),
        ("send", [restored("sent_back")], "restore.outcome", "BTC-1 was sent, it cannot be sent_back"),
        ("approve", [restored("sent")], "restore.outcome", "BTC-1 was approved, it cannot be sent"),
        ("draft", [restored("sent_back")], "restore.outcome", "BTC-1 was draft, it cannot be sent_back"),
        ("draft", [restored("lucky")], "restore.outcome", "BTC-1 was draft, it cannot be lucky"),
        ("draft", [restored("sent", reference="BTC-9")], "batch.unknown", "BTC-9 was restored, which nobody drafted"),
        (
            "send",
            [restored("sent", move("APBD-1", "in_transit", "allocated", 1))],
            "value.moves",
            "BatchRestored moves 1 IDR APBD-1/BST/in_transit → APBD-1/BST/allocated; due is nothing",
        ),
        (
            "draft",
            [ReceiptsLost(lost=(LostReceipt("r1", "BTC-1", 1),))],
            "receipt.unknown",
            "receipt r1 was lost but never issued",
        ),
    ],
)
def test_a_false_restore_is_named(step: str, facts: list[Any], rule: str, sentence: str) -> None:
    """THREATS 8: a restore is no way to unsend, to move value, or to forget a receipt that never was."""
    before = until(step)
    assert Finding(rule, size_of(before) + 1, sentence) in told(before, *facts).violations


@pytest.mark.parametrize(
    ("who", "by", "rule", "sentence"),
    [
        ("admin", "admin", "authority.second", "the restore Pemulihan 1 was declared by one person"),
        ("operator", "admin", "authority.role", "operator did RestoreDeclared without admin"),
        ("admin", "operator", "authority.role", "operator declared a restore without admin"),
        ("", "admin", "authority.nobody", "RestoreDeclared was done by no official"),
    ],
)
def test_a_restore_is_declared_by_two_administrators(who: str, by: str, rule: str, sentence: str) -> None:
    """P2: nobody makes a ledger forget alone."""
    before = until("draft")
    assert list(told(before, who=who, by=by).violations) == [Finding(rule, size_of(before), sentence)]


def test_who_stands_in_for_an_administrator_is_no_second_one() -> None:
    """THREATS 3: a Plt of who proposes a restore does not agree to it."""
    before = until("draft") | {"plt": stand_in("admin2", "admin")}
    assert told(before).violations[-1] == Finding(
        "authority.second", size_of(before), "the restore Pemulihan 1 was declared by one person"
    )


@pytest.mark.parametrize(("since", "beyond"), [(0, 1), (5, -100)])
def test_a_restore_lost_what_lies_before_it(since: int, beyond: int) -> None:
    """THREATS 8: not what comes after, and not nothing."""
    before = until("draft")
    size = sum(len(each) for each in before.values())
    until_ = size + beyond if beyond > 0 else since
    fact = dataclasses.replace(cast("Any", declared(before, lost=1)), since=since, until=until_)
    found = replayed({**before, "restore": said("admin2", fact)}).violations
    assert [(each.rule, each.index, each.sentence) for each in found] == [
        ("restore.range", size, f"entries {since} to {until_} cannot have been lost")
    ]


@pytest.mark.parametrize("fact", [restored("withdrawn"), ReceiptsLost(lost=())])
def test_nothing_is_forgotten_outside_a_restore(fact: Any) -> None:  # noqa: ANN401 - one of two facts
    """THREATS 5: these facts mean nothing without the two people who declare it first, in the same act."""
    before = until("draft")
    alone = replayed({**before, "alone": said("admin2", fact)})
    late = replayed({**before, "late": said("admin2", fact, declared(before, lost=1))})
    for replay in (alone, late):
        assert list(replay.violations) == [
            Finding("restore.undeclared", size_of(before), f"{fact.KIND} outside a declared restore")
        ]
        assert "BTC-1" in replay.state.batches


def test_a_lost_receipt_is_issued_anew_once() -> None:
    """P4: one receipt per payment, also after one was forgotten; a batch that is gone gives none."""
    issued = receipt("r1")
    before = {
        **until("send"),
        "confirm": answer(confirmed(ONE), matched=1, inquiry=True),
        "receipt": said("treasurer", issued),
    }
    restore = said("admin2", declared(before, lost=1), lost("r1"))
    again = said("treasurer", issued)
    assert rules(replayed({**before, "restore": restore, "again": again}).violations) == set()
    twice = {**before, "restore": restore, "again": again, "once more": said("treasurer", issued)}
    assert rules(replayed(twice).violations) == {"receipt.twice", "receipt.unpaid"}
    gone = ReceiptsLost(lost=(LostReceipt("r1", "BTC-9", 300_000),))
    replay = replayed({**before, "restore": said("admin2", declared(before, lost=1), gone), "again": again})
    assert list(replay.violations) == [
        Finding(
            "receipt.lost",
            size_of(before) + 1,
            "receipt r1 was lost as 300000 of BTC-9, it was 300000 of BTC-1",
        )
    ]


def arrived() -> dict[str, list[Said]]:
    """Have one line arrive and issue its receipt."""
    return {
        **until("send"),
        "confirm": answer(confirmed(ONE), matched=1, inquiry=True),
        "receipt": said("treasurer", receipt("r1")),
    }


def replaced(by: str = "r1.2") -> list[Said]:
    """Replace the first receipt."""
    ended = paying.ReceiptCancelled(receipt="r1", replaced_by=by, reason="salah nama")
    return said("treasurer", ended, receipt(by))


def lost(*names: str, amount: int = 300_000) -> ReceiptsLost:
    """Have a restored database lack receipts."""
    return ReceiptsLost(lost=tuple(LostReceipt(name, "BTC-1", amount) for name in names))


def test_a_lost_successor_is_issued_anew_by_itself() -> None:
    """Replaced in the part that was lost: the old one stays ended, and its successor comes again, once."""
    before = {**arrived(), "replace": replaced()}
    restore = said("admin2", declared(before, lost=2), lost("r1.2"))
    again = said("treasurer", receipt("r1.2"))
    assert list(replayed({**before, "restore": restore, "again": again}).violations) == []
    for name, rule in (("r1", "receipt.twice"), ("r1.3", "receipt.follows")):
        other = {**before, "restore": restore, "other": said("treasurer", receipt(name))}
        assert rules(replayed(other).violations) == {rule}


def test_a_lost_chain_leaves_one_claim() -> None:
    """Issued and replaced in the part that was lost: one line is owed one receipt again, and not two."""
    before = {**arrived(), "replace": replaced()}
    restore = said("admin2", declared(before, lost=3), lost("r1", "r1.2"))
    again = {**before, "restore": restore, "again": said("treasurer", receipt("r1"))}
    assert list(replayed(again).violations) == []
    assert rules(replayed({**again, "more": said("treasurer", receipt("r7"))}).violations) == {"receipt.unpaid"}


def test_a_receipt_cannot_be_lost_as_more_than_it_was() -> None:
    """Nobody turns a small receipt into a large one by forgetting it."""
    before = {**arrived()}
    restore = said("admin2", declared(before, lost=1), lost("r1", amount=900_000))
    large = said("treasurer", receipt("r1", amount=900_000))
    assert list(replayed({**before, "restore": restore, "again": large}).violations) == [
        Finding("receipt.lost", size_of(before) + 1, "receipt r1 was lost as 900000 of BTC-1, it was 300000 of BTC-1"),
        Finding("receipt.unpaid", size_of(before) + 2, "receipt r1: BTC-1 delivered no such amount"),
    ]


def test_a_receipt_lost_of_an_unknown_batch_owes_nothing() -> None:
    """A receipt that was issued for nothing leaves no claim behind."""
    before = {**arrived(), "receipt": said("treasurer", receipt("r1", batch="BTC-9"))}
    gone = ReceiptsLost(lost=(LostReceipt("r1", "BTC-9", 300_000),))
    again = {**before, "restore": said("admin2", declared(before, lost=1), gone)}
    assert rules(replayed(again).violations) == {"receipt.unpaid"}


def test_a_count_of_prints_is_lost_with_its_receipt() -> None:
    """Issued anew, a receipt's first paper is its first again; one that was not lost goes on counting."""
    printed = [said("treasurer", paying.ReceiptPrinted(receipt="r1", copy=copy)) for copy in (1, 2)]
    before = {**arrived(), "print": printed[0]}
    restore = said("admin2", declared(before, lost=2), lost("r1"))
    again = {**before, "restore": restore, "again": said("treasurer", receipt("r1"))}
    assert list(replayed({**again, "print again": printed[0]}).violations) == []
    assert rules(replayed({**again, "print again": printed[1]}).violations) == {"receipt.copy"}


def test_each_lost_receipt_is_owed_anew() -> None:
    """Two of one amount, named after one that never was: as many as were lost may be issued, and none more."""
    before = {
        **until("send"),
        "confirm": answer(confirmed(ONE, paying.LineOutcome(2, 300_000, "SUCCESS"), amount=600_000), inquiry=True),
        "receipts": said("treasurer", receipt("r1")) + said("treasurer", receipt("r2")),
    }
    restore = said("admin2", declared(before, lost=2), lost("r9", "r1", "r2"))
    again = [*said("treasurer", receipt("r1")), *said("treasurer", receipt("r3"))]
    found = replayed({**before, "restore": restore, "again": again}).violations
    assert list(found) == [
        Finding("receipt.unknown", size_of(before) + 1, "receipt r9 was lost but never issued"),
    ]


def test_a_sending_of_no_batch_is_named_once() -> None:
    """A restore must not trip over what other rules name already."""
    story = until("due")
    sent = batch()["send"]
    assert "batch.unknown" in rules(replayed({**story, "send": sent}).violations)


def test_what_came_into_being_is_known_by_its_entry() -> None:
    """Officials, devices, sources and programmes have codes of their own, each of its kind."""
    fields = {
        "OfficialEnrolled": ("official", "official"),
        "OtpDeviceEnrolled": ("device", "device"),
        "SourceOpened": ("source", "source"),
        "ProgramDefined": ("programme", "program"),
    }
    born = {}
    for index, each in enumerate(one for part in begun().values() for one in part):
        if each.fact.KIND in fields:
            kind, field = fields[each.fact.KIND]
            born[kind, getattr(each.fact, field)] = index
    assert replayed(begun()).state.born == born


def test_what_came_after_the_lost_part_was_not_lost() -> None:
    """THREATS 8: whoever was enrolled on the restored database is not enrolled a second time."""
    before = begun()
    lost = declared(before, lost=1)
    enrolled = OfficialEnrolled(official="baru", founder=0)
    story = {**before, "first": said("admin", enrolled), "restore": said("admin2", lost)}
    found = replayed({**story, "again": said("admin", enrolled)}).violations
    assert list(found) == [Finding("people.twice", size_of(story), "baru was enrolled twice")]


def test_what_a_database_lost_may_come_again() -> None:
    """THREATS 8: an official, a programme, a device and entitlements that were forgotten are made once more."""
    before = {**begun()}
    enrolled = said("admin", OfficialEnrolled(official="baru", founder=0))
    device = said(
        "verifier", OtpDeviceEnrolled(official="verifier", device="DEV-9", usable_from=NOW + dt.timedelta(hours=72))
    )
    made = [*enrolled, *device, *programme("BLT"), *source_opened("APBD-9"), *due("RUN-2", [201, 202])]
    before["made"] = made
    lost = declared(before, lost=len(made))
    gone: dict[str, dict[str, str | None]] = {"entitlements": {"201": None, "202": None, "101": COMMITMENT}}
    restore = [dataclasses.replace(each, rows=gone) for each in said("admin2", lost)]
    again = [dataclasses.replace(each, act=f"{place:032x}") for place, each in enumerate(made)]
    again[1] = again[1].but(device="DEV-10")
    again[-2:] = due("RUN-3", [201, 202])
    assert rules(replayed({**before, "restore": restore, "again": again}).violations) == set()
    once_more = [dataclasses.replace(each, act=f"{99 + place:032x}") for place, each in enumerate(again)]
    twice = {**before, "restore": restore, "again": again, "twice": once_more}
    assert rules(replayed(twice).violations) == {
        "people.twice",
        "factor.second",
        "programme.twice",
        "funding.source",
        "entitlement.run",
        "entitlement.twice",
    }
