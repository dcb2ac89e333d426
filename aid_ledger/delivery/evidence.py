"""What the sealed log says, held against the rows: nothing leaves on the word of a row alone (THREATS 4).

Entries are read again from the bytes in the log, found in the tree under its newest checkpoint, and compared with the
rows that claim to come from them. So a step written into the database without its fact, a pending fact edited before
it was sealed, and a batch changed after its approval are all refused before a rupiah moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TypeVar

from sqlalchemy.orm import Session

from aid_ledger.approvals import queries as approvals
from aid_ledger.delivery.models import Instruction
from aid_ledger.delivery.rules import ApprovalNotInLog, FileChanged
from aid_ledger.disbursement.digests import encode_digest
from aid_ledger.disbursement.models import Batch, BatchStep
from aid_ledger.log import queries as log
from aid_ledger.log import quorum
from aid_ledger.log.queries import PlacedEntry
from aid_ledger.log.rules import EntryNotFound, NotSealed, NotWitnessed
from aid_ledger.log.sequencer import TileFetch
from aid_ledger.log.tree import TileTree, tiles_of_proof
from aid_ledger.officials.models import Official, OtpDevice
from audit import facts
from audit.entry import Entry, parse_entry
from audit.errors import AuditError
from audit.facts import Fact
from audit.facts.paying import ApprovalGiven, BatchSubmitted, BatchVerified, PaymentInstructed
from audit.merkle import leaf_hash, verify_inclusion

F = TypeVar("F", bound=Fact)


class Standing(Enum):
    """How a batch stands in the log, for a page: justified, waiting for its seal or for witnesses, or contradicted."""

    SEALED = "sealed"
    UNWITNESSED = "unwitnessed"
    WAITING = "waiting"
    CONTRADICTED = "contradicted"


def standing_of(session: Session, batch: Batch) -> Standing:
    """Say how a batch stands in the log; the deed itself demands it again."""
    try:
        require_justified(session, batch)
    except NotSealed:
        return Standing.WAITING
    except NotWitnessed:
        return _charged_standing(session, batch)
    except ApprovalNotInLog:
        return Standing.CONTRADICTED
    return Standing.SEALED


def _charged_standing(session: Session, batch: Batch) -> Standing:
    try:
        require_justified(session, batch, is_charged=True)
    except ApprovalNotInLog:
        return Standing.CONTRADICTED
    return Standing.UNWITNESSED


def acts_behind(session: Session, batch: Batch) -> list[str]:
    """List the acts that justify a batch: its submission, its verification and its approvals."""
    steps = [step for step in approvals.steps(session, batch) if step.step in approvals.STANDING]
    return [batch.submit_act or "", *(step.act for step in steps)]


def require_justified(session: Session, batch: Batch, *, is_charged: bool = False) -> None:
    """Demand that the sealed log tells of this batch's submission, verification and approvals as its rows do.

    With `is_charged` the batch was charged to an open way, and the log's own seal is enough.

    Raises:
        NotSealed: one of these facts does not lie under a checkpoint yet; a second later it will.
        NotWitnessed: the quorum has not cosigned one of them.
        ApprovalNotInLog: the log says something else, or nothing.

    """
    steps = [step for step in approvals.steps(session, batch) if step.step in approvals.STANDING]
    _require_submitted(session, batch, is_charged=is_charged)
    for step in steps:
        _require_step(session, batch, step, is_charged=is_charged)
    approvers = {step.official_id for step in steps if step.step == "approved"}
    verifiers = {step.official_id for step in steps if step.step == "verified"}
    if not verifiers or len(approvers - verifiers) < max(1, batch.approvers_needed):
        raise ApprovalNotInLog(batch=batch.reference)


def require_instructed(session: Session, instruction: Instruction, *, is_charged: bool = False) -> None:
    """Demand that the sealed log tells of this instruction, with this very file, before its file leaves.

    Raises:
        NotSealed: the instruction does not lie under a checkpoint yet.
        NotWitnessed: the quorum has not cosigned one that covers it, and it was not charged to an open way.
        FileChanged: the log says another file, count or total.

    """
    batch = session.get_one(Batch, instruction.batch_id)
    expected = (
        batch.reference,
        instruction.channel,
        encode_digest(instruction.file_sha256),
        instruction.lines,
        instruction.total,
        encode_digest(batch.digest or b""),
    )
    sealed = _sealed(session, instruction.act, PaymentInstructed, batch.reference, is_charged=is_charged)
    for _entry, fact in sealed:
        told = (fact.batch, fact.channel, fact.file, fact.lines, fact.total, fact.digest)
        if fact.instruction == instruction.reference and told == expected:
            return
    raise FileChanged(instruction=instruction.reference)


def _require_submitted(session: Session, batch: Batch, *, is_charged: bool) -> None:
    expected = (
        _login(session, batch.submitted_by_id),
        _digest_of(batch),
        batch.lines,
        batch.total,
        batch.commodity,
        batch.channel,
        batch.period,
        batch.approvers_needed,
    )
    for entry, fact in _sealed(session, batch.submit_act or "", BatchSubmitted, batch.reference, is_charged=is_charged):
        said = (fact.digest, fact.lines, fact.total, fact.commodity, fact.channel, fact.period, fact.approvers)
        if fact.batch == batch.reference and (entry.actor.id, *said) == expected:
            return
    raise ApprovalNotInLog(batch=batch.reference)


def _require_step(session: Session, batch: Batch, step: BatchStep, *, is_charged: bool) -> None:
    login = _login(session, step.official_id)
    if step.step == "verified":
        found = any(
            entry.actor.id == login and (fact.batch, fact.digest) == (batch.reference, _digest_of(batch))
            for entry, fact in _sealed(session, step.act, BatchVerified, batch.reference, is_charged=is_charged)
        )
    else:
        device = session.get_one(OtpDevice, step.device_id) if step.device_id is not None else None
        expected = (
            (batch.reference, _digest_of(batch), batch.lines, batch.total, batch.commodity),
            (step.challenge or "", device.reference if device is not None else "", step.otp_step),
        )
        found = any(
            entry.actor.id == login and _approval(fact) == expected
            for entry, fact in _sealed(session, step.act, ApprovalGiven, batch.reference, is_charged=is_charged)
        )
    if not found:
        raise ApprovalNotInLog(batch=batch.reference)


def _approval(fact: ApprovalGiven) -> tuple[tuple[str, str, int, int, str], tuple[str, str, int]]:
    what = (fact.batch, fact.digest, fact.lines, fact.total, fact.commodity)
    return what, (fact.challenge, fact.device, fact.step)


def _sealed(session: Session, act: str, kind: type[F], batch: str, *, is_charged: bool) -> Iterator[tuple[Entry, F]]:
    """Give an act's facts of one kind, read from the log's bytes and found in the tree."""
    try:
        entries = quorum.require_sealed(session, act, is_charged=is_charged)
    except EntryNotFound:
        raise ApprovalNotInLog(batch=batch) from None
    for placed in entries:
        if placed.kind != kind.KIND:
            continue
        try:
            _require_in_tree(session, placed, is_charged=is_charged)
            entry = parse_entry(placed.raw)
            fact = facts.decode(entry.kind, entry.v, entry.body)
        except AuditError:
            raise ApprovalNotInLog(batch=batch) from None
        if entry.act == act and entry.actor.type == "official" and isinstance(fact, kind):
            yield entry, fact


def _require_in_tree(session: Session, placed: PlacedEntry, *, is_charged: bool) -> None:
    """Prove that these very bytes lie under the checkpoint that is relied on; raises AuditError if they do not."""
    newest = log.newest_checkpoint(session)
    if newest is None or placed.position is None:
        raise NotSealed(act=placed.act)
    vouched = None if is_charged else quorum.newest_vouched(session, above=placed.position)
    if vouched is not None:
        newest = vouched.checkpoint
    tiles = TileFetch(session, tiles_of_proof(placed.position, newest.size))
    proof = TileTree(newest.size, tiles).inclusion_proof(placed.position)
    verify_inclusion(placed.position, newest.size, leaf_hash(placed.raw), proof, newest.root)


def _digest_of(batch: Batch) -> str:
    return encode_digest(batch.digest or b"")


def _login(session: Session, official_id: int | None) -> str:
    official = session.get(Official, official_id) if official_id is not None else None
    return official.login if official is not None else ""
