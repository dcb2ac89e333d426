"""Verify, approve with a code, reject. A code approves exactly the batches that were shown, as they were shown.

A refused code is a fact: `answer_challenge` returns an outcome, the Act closes with OtpRejected in it, and the door
raises afterwards. Raising inside would roll the evidence back. Locks in one order: challenge, batches, device.

What a code proves is "according to the server": the server holds the secret (THREATS 22). An approver's own key over
the digest would be another kind of answer to the same challenge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aid_ledger.approvals import queries, rules
from aid_ledger.approvals.models import Challenge, ChallengeBatch
from aid_ledger.approvals.separation import require_power, require_separate
from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.crypto import IntegrityFailed
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import digests
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import Batch
from aid_ledger.disbursement.rules import BatchChanged, check_reason, check_transition
from aid_ledger.officials import queries as officials
from aid_ledger.officials.models import OtpDevice
from aid_ledger.officials.powers import NoOffice, RoleMissing, acting_official_id
from aid_ledger.officials.queries import HeldOffice
from aid_ledger.officials.service import bar_from_resets, spend_code
from audit.facts import paying as facts

on_constraint("uq_batch_steps_one_person_one_step", rules.SelfApproval)
bar_from_resets(queries.has_a_hand_in_waiting)


@dataclass(frozen=True, slots=True)
class ApprovalOutcome:
    """What became of a code: accepted with the batches it approved, or refused with a reason and the tries left.

    `complete` names the batches that now have every approval they need; `wait_s` says how long the device waits.
    """

    is_accepted: bool
    reason: str
    tries_left: int
    approved: tuple[str, ...] = ()
    complete: tuple[str, ...] = ()
    wait_s: int = 0


def verify_batch(act: Act, reference: str) -> Batch:
    """Record that papers and list are in order.

    Raises: BatchNotFound, BatchStateRefused, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch, BatchChanged.
    """
    batch = disbursement.lock_batch(act, reference)

    check_transition(reference, batch.state, "verified")
    verifier, office = require_power(act, Role.VERIFIER, batch)
    require_separate(act, batch, verifier)
    digest = require_unchanged(act, batch)

    batch.state = "verified"
    disbursement.add_step(act, batch, "verified", verifier, office)

    act.record(facts.BatchVerified(batch=reference, digest=digests.encode_digest(digest)))
    return batch


def open_challenge(act: Act, references: Sequence[str], *, session_hash: bytes) -> Challenge:
    """Bind a coming code to what is shown now: each batch's digest, lines and total; earlier challenges end.

    Raises: BundleRefused, BatchNotFound, BatchStateRefused, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch,
        DeviceNotUsable, BatchChanged.
    """
    rules.check_bundle(references)
    earlier = queries.lock_open_challenges(act.session, acting_official_id(act))
    batches = [disbursement.lock_batch(act, reference) for reference in sorted(references)]

    for batch in batches:
        check_transition(batch.reference, batch.state, "approved")
    approver, _office = require_power(act, Role.APPROVER, *batches)
    for batch in batches:
        require_separate(act, batch, approver)
    device = _usable_device(act, approver)

    for each in earlier:
        each.state = rules.REPLACED
    challenge = _opened(act, approver, device, session_hash)
    bound = [_bind(act, challenge, batch) for batch in batches]

    act.record(
        facts.ChallengeOpened(
            challenge=challenge.reference,
            device=device.reference,
            expires_at=challenge.expires_at,
            batches=tuple(bound),
        )
    )
    return challenge


def answer_challenge(act: Act, challenge_reference: str, code: str, *, session_hash: bytes) -> ApprovalOutcome:
    """Approve the listed batches with one code, all or none; a refusal is recorded and returned, not raised.

    Raises: ChallengeNotFound (also for another official's or another session's).
    """
    approver = acting_official_id(act)
    challenge = queries.challenge(
        act.session, challenge_reference, official_id=approver, session_hash=session_hash, lock=True
    )

    ended = rules.why_ended(challenge.state, at=act.at, expires_at=challenge.expires_at)
    if ended:
        if ended == f"{rules.ENDED}{rules.EXPIRED}":
            challenge.state = rules.EXPIRED
        return _refuse(act, challenge, ended)
    shown = queries.shown(act.session, challenge.id)
    changed = _changed(act, shown)
    office, barred = _power_over(act, [batch for _bound, batch in shown])
    if changed or office is None:
        challenge.state = rules.VOID
        return _refuse(act, challenge, changed or barred)

    spent = spend_code(act, official_id=approver, code=code, purpose=f"approve:{challenge_reference}"[:80])
    if not spent.accepted:
        challenge.tries += 1
        if challenge.tries >= rules.TRIES:
            challenge.state = rules.EXHAUSTED
        return _refuse(act, challenge, spent.reason, wait_s=spent.wait_s)

    challenge.state = rules.ACCEPTED
    complete = {batch.reference: _approve(act, batch, challenge, office, spent.step) for _bound, batch in shown}
    return ApprovalOutcome(
        is_accepted=True,
        reason="",
        tries_left=rules.TRIES - challenge.tries,
        approved=tuple(complete),
        complete=tuple(name for name, is_complete in complete.items() if is_complete),
    )


def reject_batch(act: Act, reference: str, *, reason: str, send_back: bool) -> Batch:
    """Refuse a batch with a reason, for good or back to its maker; what it reserved is free again.

    Raises: BatchNotFound, BatchStateRefused, ReasonMissing, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch.
    """
    batch = disbursement.lock_batch(act, reference)
    outcome = "sent_back" if send_back else "rejected"

    check_transition(reference, batch.state, outcome)
    written = check_reason(reason)
    is_first = batch.state == "submitted"
    official, office = require_power(act, Role.VERIFIER if is_first else Role.APPROVER, batch)
    require_separate(act, batch, official)

    disbursement.add_step(act, batch, outcome, official, office, reason=written)
    moves = disbursement.free_batch(act, batch, to_state=outcome)

    act.record(
        facts.BatchRejected(
            batch=reference,
            step="verify" if is_first else "approve",
            outcome=outcome,
            reason=written,
            moves=moves,
        )
    )
    return batch


def require_unchanged(act: Act, batch: Batch) -> bytes:
    """Recompute the batch's digest from today's plaintext and return it; raises BatchChanged if it is another."""
    digest = _digest_now(act, batch)
    if digest is None or digest != batch.digest:
        raise BatchChanged(batch=batch.reference)
    return digest


def _digest_now(act: Act, batch: Batch) -> bytes | None:
    """Recompute a batch's digest; None if a ciphertext does not open in its place."""
    by_account = batch.channel in digests.BY_ACCOUNT
    try:
        return digests.digest_of_batch(act.session, act.kit.keys, batch.id, with_account=by_account)
    except IntegrityFailed:
        return None


def _usable_device(act: Act, approver: int) -> OtpDevice:
    device = officials.active_device(act.session, approver)
    if device is None or act.at < device.usable_from:
        raise rules.DeviceNotUsable
    return device


def _opened(act: Act, approver: int, device: OtpDevice, session_hash: bytes) -> Challenge:
    challenge = Challenge(
        reference=next_reference(act, "CHL"),
        official_id=approver,
        device_id=device.id,
        session_hash=session_hash,
        state=rules.OPEN,
        tries=0,
        opened_at=act.at,
        expires_at=act.at + rules.CHALLENGE_LIFE,
    )
    act.session.add(challenge)
    act.session.flush()
    return challenge


def _bind(act: Act, challenge: Challenge, batch: Batch) -> facts.BoundBatch:
    digest = require_unchanged(act, batch)
    act.session.add(
        ChallengeBatch(
            challenge_id=challenge.id,
            batch_id=batch.id,
            digest=digest,
            lines=batch.lines,
            total=batch.total,
            commodity=batch.commodity,
        )
    )
    encoded = digests.encode_digest(digest)
    return facts.BoundBatch(batch.reference, encoded, batch.lines, batch.commodity, batch.total)


def _changed(act: Act, shown: list[tuple[ChallengeBatch, Batch]]) -> str:
    """Say whether any batch is no longer what was shown: state, digest, count or total; holds the batches."""
    for bound, seen in shown:
        batch = disbursement.lock_batch(act, seen.reference)
        if batch.state != "verified":
            return rules.BATCH_STATE
        if (batch.lines, batch.total, batch.commodity) != (bound.lines, bound.total, bound.commodity):
            return rules.BATCH_CHANGED
        if not _digest_now(act, batch) == bound.digest == batch.digest:
            return rules.BATCH_CHANGED
    return ""


def _power_over(act: Act, batches: list[Batch]) -> tuple[HeldOffice | None, str]:
    """Ask anew, now that it counts, whether the approver may approve; None and a reason if no longer."""
    try:
        approver, office = require_power(act, Role.APPROVER, *batches)
        for batch in batches:
            require_separate(act, batch, approver)
    except (RoleMissing, NoOffice):
        return None, rules.POWER_GONE
    except (rules.SelfApproval, rules.ShapedTheBatch):
        return None, rules.NOT_SEPARATE
    return office, ""


def _refuse(act: Act, challenge: Challenge, reason: str, *, wait_s: int = 0) -> ApprovalOutcome:
    device = act.session.get_one(OtpDevice, challenge.device_id)
    act.record(
        facts.OtpRejected(challenge=challenge.reference, device=device.reference, reason=reason, tries=challenge.tries)
    )
    tries_left = max(0, rules.TRIES - challenge.tries)
    return ApprovalOutcome(is_accepted=False, reason=reason, tries_left=tries_left, wait_s=wait_s)


def _approve(act: Act, batch: Batch, challenge: Challenge, office: HeldOffice, otp_step: int) -> bool:
    """Add one approval to a batch; returns whether it was the last one needed."""
    device = act.session.get_one(OtpDevice, challenge.device_id)
    step = disbursement.add_step(act, batch, "approved", challenge.official_id, office)
    step.device_id, step.otp_step, step.challenge = device.id, otp_step, challenge.reference
    act.session.flush()
    given = sum(each.step == "approved" for each in queries.steps(act.session, batch))
    is_complete = given >= batch.approvers_needed
    if is_complete:
        batch.state = "approved"
    act.record(
        facts.ApprovalGiven(
            batch=batch.reference,
            digest=digests.encode_digest(step.digest),
            lines=batch.lines,
            commodity=batch.commodity,
            total=batch.total,
            challenge=challenge.reference,
            device=device.reference,
            step=otp_step,
            complete=is_complete,
        )
    )
    return is_complete
