"""Verify, approve with a code, reject. A code approves exactly the batches that were shown, as they were shown.

A refused code is a fact: `answer_challenge` returns an outcome, the Act closes with OtpRejected in it, and the door
raises afterwards. Raising inside would roll the evidence back.
"""

from __future__ import annotations

from dataclasses import dataclass

from aid_ledger.approvals import queries, rules
from aid_ledger.approvals.models import BatchStep, Challenge, ChallengeBatch
from aid_ledger.approvals.separation import require_power, require_separate
from aid_ledger.core.act import Act
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import digests
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import Batch
from aid_ledger.disbursement.rules import BatchChanged, check_transition
from aid_ledger.officials import queries as officials
from aid_ledger.officials.models import OtpDevice
from aid_ledger.officials.queries import HeldOffice
from aid_ledger.officials.service import spend_code
from audit.facts import paying as facts


@dataclass(frozen=True, slots=True)
class ApprovalOutcome:
    """What became of a code: accepted with the batches it approved, or refused with a reason and the tries left."""

    is_accepted: bool
    reason: str
    tries_left: int
    approved: tuple[str, ...] = ()
    complete: tuple[str, ...] = ()


def verify_batch(act: Act, reference: str) -> Batch:
    """Record that papers and list are in order.

    Raises: BatchNotFound, BatchStateRefused, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch, BatchChanged.
    """
    batch = batches.lock_batch(act.session, reference)
    verifier = disbursement.official_id(act)

    check_transition(reference, batch.state, "verified")
    office = require_power(act, verifier, Role.VERIFIER)
    require_separate(act, batch, verifier)
    digest = require_unchanged(act, batch)

    batch.state = "verified"
    act.session.add(_step(act, batch, "verified", verifier, office))

    act.record(facts.BatchVerified(batch=reference, digest=digests.encode_digest(digest)))
    return batch


def open_challenge(act: Act, references: list[str], *, session_hash: bytes) -> Challenge:
    """Bind a coming code to what is shown now: each batch's digest, lines and total; earlier challenges end.

    Raises: BundleRefused, BatchNotFound, BatchStateRefused, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch,
        DeviceNotUsable.
    """
    rules.check_bundle(references)
    approver = disbursement.official_id(act)
    found = [batches.lock_batch(act.session, reference) for reference in sorted(references)]
    device = officials.active_device(act.session, approver)

    require_power(act, approver, Role.APPROVER)
    for batch in found:
        check_transition(batch.reference, batch.state, "approved")
        require_separate(act, batch, approver)
    if device is None or act.at < device.usable_from:
        raise rules.DeviceNotUsable

    for earlier in queries.open_challenges(act.session, approver):
        earlier.state = "replaced"
    challenge = _opened(act, approver, device, session_hash)
    bound = [_bind(act, challenge, batch) for batch in found]

    act.record(
        facts.ChallengeOpened(
            challenge=challenge.reference,
            device=device.reference,
            expires_at=challenge.expires_at,
            batches=tuple(bound),
        )
    )
    return challenge


def answer_challenge(act: Act, reference: str, code: str, *, session_hash: bytes) -> ApprovalOutcome:
    """Approve the listed batches with one code, all or none; a refusal is recorded and returned, not raised.

    Raises: ChallengeNotFound (also for another official's or another session's).
    """
    approver = disbursement.official_id(act)
    challenge = queries.challenge(act.session, reference, official_id=approver, session_hash=session_hash)
    shown = queries.shown(act.session, challenge.id)

    ended = _ended(act, challenge)
    if ended:
        return _refuse(act, challenge, ended)
    changed = _changed(act, shown)
    if changed:
        challenge.state = "void"
        return _refuse(act, challenge, changed)
    office = require_power(act, approver, Role.APPROVER)
    for _bound, batch in shown:
        require_separate(act, batch, approver)

    spent = spend_code(act, official_id=approver, code=code, purpose=f"approve:{reference}"[:80])
    if not spent.accepted:
        challenge.tries += 1
        if challenge.tries >= rules.TRIES:
            challenge.state = "exhausted"
        return _refuse(act, challenge, spent.reason)

    challenge.state = "accepted"
    complete = [_approve(act, batch, challenge, office, spent.step) for _bound, batch in shown]
    names = tuple(batch.reference for _bound, batch in shown)
    return ApprovalOutcome(
        is_accepted=True,
        reason="",
        tries_left=rules.TRIES - challenge.tries,
        approved=names,
        complete=tuple(name for name, is_complete in zip(names, complete, strict=True) if is_complete),
    )


def reject_batch(act: Act, reference: str, *, reason: str, send_back: bool) -> Batch:
    """Refuse a batch with a reason, for good or back to its maker; what it reserved is free again.

    Raises: BatchNotFound, BatchStateRefused, RoleMissing, NoOffice, SelfApproval.
    """
    batch = batches.lock_batch(act.session, reference)
    official = disbursement.official_id(act)
    outcome = "sent_back" if send_back else "rejected"

    check_transition(reference, batch.state, outcome)
    is_first = batch.state == "submitted"
    office = require_power(act, official, Role.VERIFIER if is_first else Role.APPROVER)
    require_separate(act, batch, official)

    act.session.add(_step(act, batch, outcome, official, office, reason=reason))
    moves = disbursement.free_batch(act, batch, to_state=outcome)

    act.record(
        facts.BatchRejected(
            batch=reference,
            step="verify" if is_first else "approve",
            outcome=outcome,
            reason=reason,
            moves=moves,
        )
    )
    return batch


def require_unchanged(act: Act, batch: Batch) -> bytes:
    """Recompute the batch's digest from today's plaintext and return it; raises BatchChanged if it is another."""
    with_account = batch.channel == "bank"
    digest = digests.digest_of_batch(act.session, act.kit.keys, batch.id, with_account=with_account)
    if digest != batch.digest:
        raise BatchChanged(batch=batch.reference)
    return digest


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


def _ended(act: Act, challenge: Challenge) -> str:
    """Say why a challenge takes no code any more; empty if it does."""
    if challenge.state != rules.OPEN:
        return f"challenge_{challenge.state}"
    if act.at > challenge.expires_at:
        challenge.state = "expired"
        return "challenge_expired"
    return ""


def _changed(act: Act, shown: list[tuple[ChallengeBatch, Batch]]) -> str:
    """Say whether any batch is no longer what was shown: state, digest, count or total; locks the batches."""
    for bound, seen in shown:
        batch = batches.lock_batch(act.session, seen.reference)
        if batch.state != "verified":
            return "batch_state"
        if (batch.lines, batch.total, batch.commodity) != (bound.lines, bound.total, bound.commodity):
            return "batch_changed"
        digest = digests.digest_of_batch(act.session, act.kit.keys, batch.id, with_account=batch.channel == "bank")
        if not digest == bound.digest == batch.digest:
            return "batch_changed"
    return ""


def _refuse(act: Act, challenge: Challenge, reason: str) -> ApprovalOutcome:
    device = act.session.get_one(OtpDevice, challenge.device_id)
    act.record(
        facts.OtpRejected(challenge=challenge.reference, device=device.reference, reason=reason, tries=challenge.tries)
    )
    return ApprovalOutcome(is_accepted=False, reason=reason, tries_left=max(0, rules.TRIES - challenge.tries))


def _approve(act: Act, batch: Batch, challenge: Challenge, office: HeldOffice, otp_step: int) -> bool:
    """Add one approval to a batch; returns whether it was the last one needed."""
    device = act.session.get_one(OtpDevice, challenge.device_id)
    step = _step(act, batch, "approved", challenge.official_id, office)
    step.device_id, step.otp_step, step.challenge_id = device.id, otp_step, challenge.id
    act.session.add(step)
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


def _step(act: Act, batch: Batch, step: str, official_id: int, office: HeldOffice, *, reason: str = "") -> BatchStep:
    return BatchStep(
        batch_id=batch.id,
        digest=batch.digest or b"",
        step=step,
        official_id=official_id,
        office_code=office.code,
        office_title=office.title,
        office_status=office.status,
        reason=reason,
        act=act.id,
        taken_at=act.at,
    )
