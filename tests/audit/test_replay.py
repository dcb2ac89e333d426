"""Replay: an honest story breaks nothing; each cheat breaks the rule that names it, at the entry where it happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from audit.facts import money, officials, paying
from tests.audit.replaying import (
    LINES,
    NOW,
    Said,
    batch,
    digest_of,
    entry_of,
    move,
    outcomes,
    policy,
    replayed,
    rules,
    said,
    story,
)

Story = dict[str, list[Said]]
Cheat = Callable[[Story], Story]


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
    assert replay.state.batches["BTC-1"].lines[1].state == "delivered"
    assert replay.state.live_entitlements == {101: ("BTC-1", 1)}


def change(step: str, place: int = 0, **fields: object) -> Cheat:
    """Change fields of one fact."""

    def cheat(told: Story) -> Story:
        facts = [each.but(**fields) if number == place else each for number, each in enumerate(told[step])]
        return told | {step: facts}

    return cheat


def actor(step: str, who: str) -> Cheat:
    """Let somebody else do a step."""

    def cheat(told: Story) -> Story:
        return told | {step: [each.by(who) for each in told[step]]}

    return cheat


def leave_out(*steps: str) -> Cheat:
    """Leave steps out."""

    def cheat(told: Story) -> Story:
        return {step: facts for step, facts in told.items() if step not in steps}

    return cheat


def again(step: str) -> Cheat:
    """Do a step twice."""

    def cheat(told: Story) -> Story:
        copies = [Said(each.fact, each.who, "f" * 32, each.at, each.on) for each in told[step]]
        return told | {f"{step} again": copies}

    return cheat


OTHER = digest_of(LINES[:1])

CHEATS: dict[str, tuple[Cheat, str]] = {
    "maker verifies": (actor("verify", "operator"), "four_eyes"),
    "verifier approves": (actor("approve", "verifier"), "four_eyes"),
    "maker approves": (actor("approve", "operator"), "four_eyes"),
    "approver pays": (actor("send", "approver"), "four_eyes"),
    "nobody with the role submits": (actor("submit", "field"), "authority.role"),
    "sent without approval": (leave_out("approve"), "batch.state"),
    "approved without verification": (leave_out("verify"), "batch.state"),
    "submitted without a draft": (leave_out("draft"), "batch.unknown"),
    "drafted twice": (again("draft"), "batch.twice"),
    "approved under another digest": (change("approve", digest=OTHER), "batch.digest"),
    "approved for another total": (change("approve", total=1), "otp.content"),
    "verified under another digest": (change("verify", digest=OTHER), "batch.digest"),
    "sent with another total": (change("send", total=599_999), "batch.digest"),
    "a frozen line changed": (change("submit", 1, frozen=LINES[::-1]), "batch.digest"),
    "a line of another source": (
        change("submit", 1, frozen=(LINES[0], paying.FrozenLine(2, 102, 300_000, "BTT-1", LINES[1].commitment))),
        "batch.sources",
    ),
    "a total that is not its lines": (change("submit", 0, total=500_000), "batch.total"),
    "sources that are not the total": (
        change("submit", 0, sources=(paying.SourceShare("APBD-1", 1),)),
        "batch.sources",
    ),
    "reserving more than the batch": (
        change("submit", 0, moves=(move("APBD-1", "allocated", "reserved", 700_000),)),
        "batch.moves",
    ),
    "one entitlement in two lines": (
        change("submit", 1, frozen=(LINES[0], paying.FrozenLine(2, 101, 300_000, "APBD-1", LINES[1].commitment))),
        "paid_twice",
    ),
    "a line number twice": (change("submit", 1, frozen=(LINES[0], LINES[0])), "batch.line_twice"),
    "approved by nobody's device": (change("approve", device="DEV-approver2"), "otp.challenge"),
    "approved without a challenge": (leave_out("challenge"), "otp.challenge"),
    "a code used twice": (again("approve"), "otp.reused"),
    "fewer approvers than the policy": (change("submit", 0, approvers=0), "policy.approvers"),
    "called complete too early": (change("submit", 0, approvers=2), "policy.approvers"),
    "an unknown policy": (change("submit", 0, policy="POL-9"), "policy.approvers"),
    "over the ceiling": (change("funds", 3, amount=599_999), "programme.ceiling"),
    "a source of another kind": (change("funds", 0, kind="csr"), "programme.source"),
    "more allocated than received": (change("funds", 4, amount=1), "value.statement"),
    "value out of nothing": (leave_out("funds"), "value.below_zero"),
    "confirmed twice": (again("confirm"), "line.state"),
    "confirmed after it failed": (
        change("confirm", confirmed=(paying.LineOutcome(2, 300_000, "SUCCESS"),)),
        "line.state",
    ),
    "confirmed for another amount": (
        change("confirm", confirmed=(paying.LineOutcome(1, 299_999, "SUCCESS"),)),
        "line.amount",
    ),
    "confirmed without a move": (change("confirm", moves=()), "line.moves"),
    "outcome of a line nobody froze": (
        change("confirm", confirmed=(paying.LineOutcome(9, 300_000, "SUCCESS"),)),
        "line.state",
    ),
    "a receipt for nothing": (leave_out("confirm"), "receipt.unpaid"),
    "a receipt twice": (again("receipt"), "receipt.twice"),
    "a receipt for more": (change("receipt", amount=300_001), "receipt.unpaid"),
    "a receipt of another programme": (change("receipt", program="BLT"), "receipt.other"),
    "outcome of an unknown batch": (change("confirm", batch="BTC-9"), "batch.unknown"),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each cheat, done to an otherwise honest story, breaks its rule."""
    cheat, rule = CHEATS[name]
    assert rule in rules(replayed(cheat(story())).violations)


def test_the_first_bad_entry_is_named() -> None:
    """A violation carries the index of the entry that broke the rule."""
    told = actor("verify", "operator")(story())
    index = [each for part in told.values() for each in part].index(told["verify"][0])
    assert [each.index for each in replayed(told).violations if each.rule == "four_eyes"] == [index]


def test_one_who_holds_office_for_the_maker_is_the_maker() -> None:
    """A Plt inherits the bar of the one in whose place they act."""
    term = officials.OfficeHeld(
        official="verifier", office="PPTK", status="plt", since=NOW.date(), until=None, decree="", acts_for="operator"
    )
    assert rules(replayed(story() | {"people": story()["people"] + said("founder", term)}).violations) == {"four_eyes"}


def test_an_expired_challenge_approves_nothing() -> None:
    """A code that comes after its challenge has ended."""
    late = [Said(each.fact, each.who, each.act, NOW + dt.timedelta(minutes=6)) for each in story()["approve"]]
    assert "otp.expired" in rules(replayed(story() | {"approve": late}).violations)


def test_a_new_device_approves_nothing_yet() -> None:
    """A factor enrolled a moment ago signs in, and that is all."""
    later = officials.OtpDeviceEnrolled(
        official="approver", device="DEV-approver", usable_from=NOW + dt.timedelta(hours=72)
    )
    told = story()
    assert "otp.fresh_factor" in rules(replayed(told | {"people": told["people"] + said("approver", later)}).violations)


def test_one_code_may_serve_a_listed_bundle_in_one_act_only() -> None:
    """Two batches of one challenge in one act share a step; the same step in another act is a replay."""
    first, second = batch("BTC-1", LINES[:1]), batch("BTC-2", LINES[1:])
    challenge = paying.ChallengeOpened(
        challenge="CHL-1",
        device="DEV-approver",
        expires_at=NOW + dt.timedelta(minutes=5),
        batches=(
            paying.BoundBatch("BTC-1", digest_of(LINES[:1]), 1, "IDR", 300_000),
            paying.BoundBatch("BTC-2", digest_of(LINES[1:]), 1, "IDR", 300_000),
        ),
    )
    both = [each["approve"][0].but(challenge="CHL-1", step=7).fact for each in (first, second)]
    before = [
        *story()["people"],
        *story()["funds"],
        *(each for part in (first, second) for step in ("draft", "submit", "verify") for each in part[step]),
        *said("approver", challenge),
    ]
    assert rules(replayed(before + said("approver", *both)).violations) == set()
    apart = said("approver", both[0]) + said("approver", both[1])
    assert rules(replayed(before + apart).violations) == {"otp.reused"}


def test_a_code_spent_on_signing_in_approves_nothing() -> None:
    """A step is spent once per device, also across sign-in."""
    told = story()
    step = told["approve"][0].fact.step  # type: ignore[attr-defined] # an ApprovalGiven
    signed_in = officials.SignedIn(official="approver", factor="totp", device="DEV-approver", step=step)
    assert "otp.reused" in rules(replayed(told | {"people": told["people"] + said("approver", signed_in)}).violations)


@pytest.mark.parametrize(
    ("fact", "who", "rule"),
    [
        (policy("POL-2"), "founder", "policy.alone"),
        (policy("POL-2", founding_=1), "founder2", "policy.alone"),
        (
            officials.OtpDeviceEnrolled(official="approver", device="DEV-9", usable_from=NOW),
            "field",
            "authority.factor",
        ),
        (
            officials.FactorResetGranted(reset="RST-1", official="approver", factor="otp", requested_by="a"),
            "a",
            "authority.second",
        ),
        (paying.OtpRejected(challenge="CHL-9", device="DEV-1", reason="wrong", tries=1), "approver", "otp.challenge"),
        (paying.ReceiptCancelled(receipt="r9", replaced_by="", reason="x"), "treasurer", "receipt.unknown"),
    ],
)
def test_power_alone_is_refused_after_the_founding(fact: object, who: str, rule: str) -> None:
    """Policies and factors need two people once both founders have signed."""
    told = story()
    assert rule in rules(replayed(told | {"more": said(who, fact)}).violations)  # type: ignore[arg-type] # a Fact


def granted(who: str, *, decree: str = "SK", founding_: int = 0, requested_by: str = "founder") -> list[Said]:
    """Grant a role."""
    fact = officials.RoleGranted(
        grant="GRT-9",
        official="field",
        role="treasurer",
        area="",
        since=None,
        until=None,
        decree=decree,
        requested_by=requested_by,
        founding=founding_,
    )
    return said(who, fact)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (granted("founder"), "authority.second"),
        (granted("field", requested_by="founder"), "authority.second"),
        (granted("founder2", founding_=1), "authority.second"),
        (granted("founder2", decree=""), "authority.decree"),
    ],
)
def test_a_role_needs_an_sk_and_a_second_official(more: list[Said], rule: str) -> None:
    """THREATS 2: nobody grants alone, to themselves, or without a decree."""
    assert rule in rules(replayed(story() | {"more": more}).violations)


def test_two_may_grant_a_role_and_it_may_be_revoked() -> None:
    """The honest way breaks nothing; a revoked role no longer counts."""
    revoked = officials.RoleRevoked(grant="GRT-verifier", official="verifier", role="verifier", reason="pindah")
    assert rules(replayed(story() | {"more": granted("founder2")}).violations) == set()
    told = story()
    broken = replayed(told | {"funds": told["funds"] + said("founder", revoked)}).violations
    assert rules(broken) == {"authority.role"}


def test_rows_are_remembered_and_only_of_declared_tables() -> None:
    """The last digest of a row stands; a deleted row is forgotten; a continuation explains no more than its fact."""
    replay = replayed([])
    first = said("operator", money.DonorRegistered(donor="DON-1", kind="company", public_name="PT"))[0]
    replay.apply(0, entry_of(first, 0, {"donors": {"1": "A" * 43, "2": "B" * 42 + "A"}}))
    second = said("operator", money.DonorRegistered(donor="DON-2", kind="company", public_name="PT"))[0]
    replay.apply(1, entry_of(second, 0, {"donors": {"2": None}}))
    replay.finish()
    assert replay.state.rows == {"donors": {"1": "A" * 43}}
    assert list(replay.violations) == []
    third = said("operator", money.DonorRegistered(donor="DON-3", kind="company", public_name="PT"))[0]
    replay.apply(2, entry_of(third, 0, {"officials": {"1": "A" * 43}}))
    replay.finish()
    assert rules(replay.violations) == {"rows.undeclared"}


def test_held_and_unknown_lines_wait_for_an_answer() -> None:
    """Unknown leaves only by an outcome; a line that has one cannot be held."""
    unknown = paying.PaymentsUnknown(
        batch="BTC-1", result="RES-0", unknown=(paying.LineOutcome(1, 300_000, "UNKNOWN"),)
    )
    held = paying.LinesHeld(batch="BTC-1", result="RES-0", held=(paying.LineOutcome(1, 1, "AMOUNT_MISMATCH"),))
    told = story()
    before = {**told, "send": told["send"] + said("treasurer", unknown) + said("treasurer", held)}
    assert rules(replayed(before).violations) == set()
    after = told | {"more": said("treasurer", held)}
    assert rules(replayed(after).violations) == {"line.state"}


def test_goods_need_a_witness() -> None:
    """A handover before nobody is no handover."""
    one = outcomes()["confirm"][0].fact
    handed = paying.GoodsHandedOver(
        batch="BTC-1",
        handover="HND-1",
        handed=one.confirmed,  # type: ignore[attr-defined] # a PaymentsConfirmed
        witnesses=0,
        moves=one.moves,  # type: ignore[attr-defined] # as above
    )
    told = story() | {"confirm": said("field", handed)}
    assert rules(replayed(told).violations) == {"handover.witness"}


@pytest.mark.parametrize("outcome", ["rejected", "sent_back"])
def test_a_rejected_batch_frees_its_value_and_its_entitlements(outcome: str) -> None:
    """After a refusal the same entitlements may be frozen again, and the value is back."""
    rejected = paying.BatchRejected(
        batch="BTC-1",
        step="verify",
        outcome=outcome,
        reason="daftar salah",
        moves=(move("APBD-1", "reserved", "allocated", 600_000),),
    )
    told = story()
    parts = {step: told[step] for step in ("people", "funds", "draft", "submit")}
    replay = replayed(parts | {"reject": said("verifier", rejected)})
    assert rules(replay.violations) == set()
    assert replay.state.live_entitlements == {}
    assert replay.state.balances["APBD-1/BST/allocated", "IDR"] == 1_000_000


def test_a_cancelled_draft_moves_nothing() -> None:
    """Only a submitted batch holds value to give back."""
    told = story()
    parts = {step: told[step] for step in ("people", "funds", "draft")}
    cancelled = paying.BatchCancelled(batch="BTC-1", reason="salah", moves=())
    assert rules(replayed(parts | {"cancel": said("operator", cancelled)}).violations) == set()
    taking = paying.BatchCancelled(batch="BTC-1", reason="salah", moves=(move("APBD-1", "reserved", "allocated", 1),))
    assert "batch.moves" in rules(replayed(parts | {"cancel": said("operator", taking)}).violations)
