"""Replay of a whole story: an honest one breaks nothing, acts hold together, rows are declared, findings are capped."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from audit.entry import Actor
from audit.errors import Finding
from audit.facts import founding, money, paying
from audit.facts.officials import FactorResetGranted, FactorResetRefused, FactorResetRequested, OtpDeviceEnrolled
from tests.audit.lies import agreed, both, change, drop, line, put_before, second, then, two_approvers, until
from tests.audit.replaying import (
    LINES,
    ONE,
    answer,
    batch,
    begun,
    confirmed,
    failed,
    receipt,
    shown_and_approved,
    story,
)
from tests.audit.told import (
    COMMITMENT,
    DAY,
    NOW,
    Said,
    Story,
    broken,
    digest_of,
    entry_of,
    expected,
    move,
    replayed,
    said,
)


def test_an_honest_story_breaks_nothing_and_its_balances_add_up() -> None:
    """What was received is allocated again, delivered, or nowhere else."""
    replay = replayed(story())
    assert list(replay.violations) == []
    held = {key: amount for (key, _commodity), amount in replay.state.balances.items() if amount}
    assert held == {
        "APBD-1/-/world": -1_000_000,
        "APBD-1/BST/allocated": 700_000,
        "APBD-1/BST/delivered": 300_000,
    }
    lines = replay.state.batches["BTC-1"].lines
    assert [lines[number].state for number in lines] == ["delivered", "failed"]
    assert [replay.state.entitlements.state(number) for number in (101, 102, 103, 999)] == [
        "delivered",
        "free",
        "free",
        "",
    ]
    assert replay.state.rows == {}


def test_a_failed_line_is_paid_by_another_batch() -> None:
    """Its entitlement is free again; the value is the programme's again."""
    told = second("BTC-2", (line(1, 102),), through="send")(story())
    assert broken(told) == []


def test_an_uncertain_line_is_settled_by_an_inquiry() -> None:
    """Unknown, unknown still, then delivered; its receipt follows."""
    uncertain = paying.PaymentsUnknown(
        batch="BTC-1", result="RES-1", unknown=(paying.LineOutcome(1, 300_000, "UNKNOWN"),)
    )
    still = dataclasses.replace(uncertain, result="RES-22")
    told = until("send")(story())
    told["first"] = answer(uncertain, matched=1)
    told["second"] = answer(still, matched=1, result="RES-22", inquiry=True)
    told["third"] = answer(confirmed(ONE, result="RES-333"), matched=1, result="RES-333", inquiry=True)
    assert broken(told) == []


def test_a_batch_may_be_sent_back_and_submitted_anew() -> None:
    """Earlier steps do not count for the new freezing; a line may be set aside meanwhile; its entitlement is free."""
    told = until("verify")(story())
    back = paying.BatchRejected(
        batch="BTC-1",
        step="approve",
        outcome="sent_back",
        reason="daftar salah",
        moves=(move("APBD-1", "reserved", "allocated", 600_000),),
    )
    told["back"] = said("approver", back)
    told["aside"] = said("operator", paying.LineSetAside(batch="BTC-1", line=2, reason="by_hand"))
    again = batch("BTC-1", LINES[:1])
    steps = ("submit", "verify", "challenge", "approve", "send")
    told |= {f"{step} again": again[step] for step in steps}
    assert broken(told) == []
    assert replayed(told).state.entitlements.state(102) == "free"


@pytest.mark.parametrize("who", ["verifier", "approver"])
def test_who_rejected_a_batch_may_take_another_step_of_it(who: str) -> None:
    """Refusing is not standing for: four eyes are about who says yes."""
    told = until("submit" if who == "verifier" else "verify")(story())
    free = (move("APBD-1", "reserved", "allocated", 600_000),)
    step = "verify" if who == "verifier" else "approve"
    no = paying.BatchRejected(batch="BTC-1", step=step, outcome="sent_back", reason="daftar salah", moves=free)
    told["back"] = said(who, no)
    again = batch("BTC-1")
    told |= {f"{name} again": again[name] for name in ("submit", "verify", "challenge", "approve", "send")}
    assert broken(told) == []


def test_a_batch_may_be_frozen_in_pieces() -> None:
    """A kabupaten's lines fill many entries; together they are what the digest says."""
    told = until("submit")(story())
    submitted, whole = told["submit"]
    pieces = [whole.but(first=each.line, frozen=(each,)) for each in LINES]
    assert broken(told | {"submit": [submitted, *pieces]}) == []


def test_a_draft_may_be_withdrawn() -> None:
    """Only a submitted batch holds value to give back."""
    withdrawn = paying.BatchCancelled(batch="BTC-1", reason="salah sekali", moves=())
    assert broken(then(*said("operator", withdrawn))(until("draft")(story()))) == []
    giving = dataclasses.replace(withdrawn, moves=(move("APBD-1", "reserved", "allocated", 600_000),))
    told = then(*said("operator", giving))(until("submit")(story()))
    assert broken(told) == []
    assert replayed(told).state.balances["APBD-1/BST/allocated", "IDR"] == 1_000_000


def test_a_total_may_need_two_approvers() -> None:
    """Each shown, each with a code of their own; only the second makes it whole."""
    told = both(two_approvers(), change("submit", 0, approvers=2))(until("challenge")(story()))
    digest = digest_of(LINES)
    challenge, approved = shown_and_approved("BTC-1", digest, 2, 600_000)
    told["first"] = said("approver", dataclasses.replace(approved, complete=False))
    changes = {"challenge": "CHL-2", "device": "DEV-approver2"}
    told["shown"] = said("approver2", dataclasses.replace(challenge, **changes))  # type: ignore[arg-type] # its fields
    told["second"] = said("approver2", dataclasses.replace(approved, **changes))  # type: ignore[arg-type] # its fields
    told["send"] = batch("BTC-1")["send"]
    assert broken(told) == []


def test_one_code_may_serve_a_listed_bundle_in_one_act_only() -> None:
    """Two batches of one challenge in one act share a step; the same step in another act is a replay."""
    first, other = batch("BTC-1", LINES[:1]), batch("BTC-2", (line(1, 102),))
    bound = tuple(
        paying.BoundBatch(name, digest_of(lines), 1, "IDR", 300_000)
        for name, lines in (("BTC-1", LINES[:1]), ("BTC-2", (line(1, 102),)))
    )
    challenge = paying.ChallengeOpened(
        challenge="CHL-1", device="DEV-approver", expires_at=NOW + dt.timedelta(minutes=5), batches=bound
    )
    approvals = [each["approve"][0].but(challenge="CHL-1", step=7).fact for each in (first, other)]
    told = begun()
    for name, steps in (("one", first), ("two", other)):
        told |= {f"{step} {name}": steps[step] for step in ("draft", "submit", "verify")}
    told["challenge"] = said("approver", challenge)
    assert broken(told | {"approve": said("approver", *approvals)}) == []
    apart = told | {"approve": said("approver", approvals[0]), "again": said("approver", approvals[1])}
    assert broken(apart) == expected(
        apart,
        ("otp.ended", "again", "CHL-1 took no code any more: answered"),
        ("otp.reused", "again", "step 7 of device DEV-approver was spent before"),
    )


def test_goods_and_cash_are_handed_over() -> None:
    """By a field officer before two witnesses; what could not be handed over failed by the field's word."""
    told = both(*(change(step, channel="cash") for step in ("draft", "submit", "send")))(until("send")(story()))
    handed = paying.GoodsHandedOver(
        batch="BTC-1",
        handover="HND-1",
        handed=(ONE,),
        witnesses=2,
        moves=(move("APBD-1", "in_transit", "delivered", 300_000),),
    )
    away = paying.LineOutcome(2, 300_000, "RECIPIENT_ABSENT")
    told["hand"] = said("field", handed) + said("field", failed(away, result="HND-2"))
    assert broken(told) == []


def test_a_policy_of_the_programme_comes_before_the_general_one() -> None:
    """Newest of its own first; one that begins tomorrow is not in force today."""
    own = agreed("POL-2", program="BST", since=DAY + dt.timedelta(1))
    told = put_before(until("submit")(story()), "draft", "own", own)
    assert broken(told) == []
    tomorrow = both(change("submit", 0, policy="POL-2"), change("submit", 1))(told)
    late = [dataclasses.replace(each, on=DAY + dt.timedelta(1)) for each in tomorrow["submit"]]
    assert broken(tomorrow | {"submit": late}) == []


def test_an_act_is_one_persons_at_one_time() -> None:
    """Whoever splices an entry into another's act is seen, were it the same kind of deed."""
    told = until("submit")(story())
    first, frozen = told["submit"]
    for spliced in (frozen.by("verifier"), dataclasses.replace(frozen, on=DAY + dt.timedelta(1))):
        lied = told | {"submit": [first, spliced]}
        sentence = f"act {first.act} has two actors, times or days"
        assert expected(lied, ("act.one", "submit.1", sentence))[0] in broken(lied)
    late = told | {"submit": [first, dataclasses.replace(frozen, at=NOW + dt.timedelta(seconds=1))]}
    assert broken(late) == expected(late, ("act.one", "submit.1", f"act {first.act} has two actors, times or days"))


def test_rows_are_remembered_and_only_of_declared_tables() -> None:
    """The last digest of a row stands; a deleted row is forgotten; a continuation explains no more than its fact."""
    told = until("people")(story())
    replay = replayed(told, remembers_rows=True)
    size = sum(map(len, told.values()))
    facts = [money.DonorRegistered(donor=f"DON-{number}", kind="company", public_name="PT") for number in range(4)]
    rows: list[dict[str, dict[str, str | None]]] = [
        {"donors": {"1": "A" * 43, "2": "B" * 42 + "A"}},
        {"donors": {"2": None, "3": None}},
        {"officials": {"1": "A" * 43}},
    ]
    for index, each in enumerate(rows):
        replay.apply(size + index, entry_of(said("operator", facts[index])[0], 0, each))
    replay.finish()
    assert replay.state.rows == {"donors": {"1": "A" * 43}, "officials": {"1": "A" * 43}}
    found = [(each.rule, each.index, each.sentence) for each in replay.violations]
    assert found == [("rows.undeclared", size + 2, "DonorRegistered explains rows of officials")]


def test_a_continuation_follows_its_fact() -> None:
    """RowsWritten stands behind the fact it continues, in the same act, and explains rows of its tables only."""
    told = until("people")(story())
    donor = money.DonorRegistered(donor="DON-1", kind="company", public_name="PT")
    more = founding.RowsWritten(of=0)

    def judged(told: Story) -> list[Finding]:
        return list(replayed(told, remembers_rows=True).violations)

    def with_rows(*facts: Said, table: str) -> Story:
        rows: dict[str, dict[str, str | None]] = {table: {"1": COMMITMENT}}
        return told | {"more": [*facts[:-1], dataclasses.replace(facts[-1], rows=rows)]}

    assert judged(with_rows(*said("operator", donor, more), table="donors")) == []
    other = with_rows(*said("operator", donor, more), table="officials")
    assert judged(other) == expected(other, ("rows.undeclared", "more.1", "RowsWritten explains rows of officials"))
    alone = with_rows(*said("operator", more), table="donors")
    sentence = "continues entry 0 of its act, which does not come before it"
    undeclared = ("rows.undeclared", "more", "RowsWritten explains rows of donors")
    assert judged(alone) == expected(alone, ("rows.orphan", "more", sentence), undeclared)


def test_entitlements_may_be_written_in_pieces() -> None:
    """What does not fit into one entry continues in the next; both together are the run, gone rows are none of it."""
    told = story()
    proposed, determined = told["due"]
    pieces = []
    for each in (proposed, determined):
        rest = dataclasses.replace(
            each, fact=founding.RowsWritten(of=0), rows={"entitlements": {"103": COMMITMENT, "104": COMMITMENT}}
        )
        first = dataclasses.replace(
            each, rows={"entitlements": {"101": COMMITMENT, "102": COMMITMENT, "105": None, "x": None}}
        )
        pieces += [first, rest]
    assert broken(told | {"due": pieces}) == []


def test_a_device_of_a_practice_log_need_not_wait() -> None:
    """An exercise is no agency: its devices approve at once, and never before they were there."""
    device = OtpDeviceEnrolled(official="verifier", device="DEV-9", usable_from=NOW)
    told = change("people", 0, practice=1)(until("people")(story()))
    assert broken(told | {"more": said("verifier", device)}) == []


def test_a_forged_log_does_not_make_the_verifier_print_for_ever() -> None:
    """Violations are capped."""
    nobody = Actor("public", "", "", "web")
    wrong = [
        dataclasses.replace(said("", money.ExclusionSet(program="A", other="B", document=""))[0], actor=nobody)
        for _ in range(600)
    ]
    assert len(replayed(wrong).violations) == 1_000


def test_a_history_without_its_beginning_is_none() -> None:
    """The first entry says what the log is; a story that begins later is not judged as if it had."""
    told = until("people")(story())
    lied = drop("people", 0)(told)
    found = broken(lied)
    assert found[0] == expected(lied, ("founding.first", "people", "the log begins with OfficialEnrolled"))[0]


def test_what_follows_an_answer_is_honest() -> None:
    """A file is collected, a resend refused, a receipt printed and replaced; a draft's key is proposed and given up."""
    told = story()
    told["more"] = [
        *said("treasurer", paying.FileCollected(instruction="INS-BTC-1", file=COMMITMENT, lines=2)),
        *said("treasurer", paying.ResendRefused(batch="BTC-1", line=1, state="delivered")),
        *said("field", paying.HandoverRefused(batch="BTC-1", lines=2, reason="receiver")),
        *said("treasurer", paying.ReceiptPrinted(receipt="r1", copy=1)),
        *said("operator", money.ExclusionSet(program="BST", other="PKH", document="")),
    ]
    assert broken(told) == []


def test_a_receipt_is_replaced_as_often_as_it_is_wrong() -> None:
    """Each takes the place of the one before, in one act, for the same amount; the last one stands."""
    told = story()
    for number, (old, new) in enumerate((("r1", "r1.2"), ("r1.2", "r1.3"))):
        ended = paying.ReceiptCancelled(receipt=old, replaced_by=new, reason="salah nama")
        told[f"replace{number}"] = said("treasurer", ended, receipt(new))
    assert broken(told) == []
    state = replayed(told).state
    assert state.receipts_ended == {"r1": "r1.2", "r1.2": "r1.3"}
    assert state.receipts == dict.fromkeys(("r1", "r1.2", "r1.3"), ("BTC-1", 300_000))
    assert not +state.batches["BTC-1"].unreceipted


def test_a_batch_without_a_ceiling_is_bound_by_what_there_is() -> None:
    """A programme may have none from a source; value still does not go below zero."""
    told = until("send")(story())
    told["funds"] = [each for each in told["funds"] if each.fact.KIND != "CeilingSet"]
    assert broken(told) == []


def test_a_reset_is_decided_while_others_batches_wait() -> None:
    """By an administrator of another unit without a hand in them: granted, or refused; the owner enrols anew."""
    told = until("submit")(story())
    asked = FactorResetRequested(reset="RST-1", official="approver", factor="device", decree="SK 9")
    granted = FactorResetGranted(reset="RST-1", official="approver", factor="device", requested_by="admin")
    again = OtpDeviceEnrolled(official="approver", device="DEV-9", usable_from=NOW + dt.timedelta(hours=72))
    told["reset"] = said("admin", asked) + said("admin2", granted) + said("approver", again)
    assert broken(told) == []
    refused = FactorResetRefused(reset="RST-1", reason="belum perlu")
    assert broken(told | {"reset": said("admin", asked) + said("admin2", refused)}) == []
