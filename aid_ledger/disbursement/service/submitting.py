"""Submitting a batch, which freezes and reserves; withdrawing it; and giving back what a batch had reserved."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update

from aid_ledger.book import service as book
from aid_ledger.book.rules import Movement, Place, Stage
from aid_ledger.core.act import Act
from aid_ledger.core.bulk import chunked, take_room, update_many
from aid_ledger.core.roles import Role
from aid_ledger.core.sqlfunctions import RandomSalt
from aid_ledger.disbursement import digests, drafting, queries, rules
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.disbursement.service.steps import add_step, check_decree, lock_batch
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Source
from aid_ledger.officials.powers import require_office, require_role
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import ApprovalPolicy, Program
from audit.facts import paying as facts
from audit.facts.money import Move
from audit.facts.paying import FrozenLine
from audit.merkle import Frontier, leaf_hash


def submit_batch(act: Act, reference: str) -> Batch:
    """Freeze a batch under its digest, reserve its value, and pin the policy that says how many must approve.

    Raises: BatchNotFound, RoleMissing, NoOffice, BatchStateRefused, BatchEmpty, DecreeRefused, LinesUnpayable,
        PolicyMissing, InsufficientFunds, CeilingReached.
    """
    batch = lock_batch(act, reference)
    program = act.session.get_one(Program, batch.program_id)
    document = act.session.get_one(Document, batch.decree_id)

    submitter = require_role(act, Role.OPERATOR, region=batch.region_code)
    office = require_office(act, submitter)
    rules.check_transition(reference, batch.state, "submitted")
    check_decree(act, document)
    take_room(act)
    _check_payable(act, batch)
    shares = drafting.set_shares(act, batch)
    if not batch.lines:
        raise rules.BatchEmpty(program=program.code, period=batch.period)
    policy = programs.policy_for(act.session, program, act.on)

    frozen, batch.digest = _freeze(act, batch)
    batch.state, batch.submit_act = "submitted", act.id
    batch.submitted_by_id, batch.submitted_at = submitter, act.at
    batch.policy_id, batch.approvers_needed = policy.id, programs.approvers_needed(policy, batch.total)
    add_step(act, batch, "submitted", submitter, office)
    movements = _movements(program, batch, shares, Stage.ALLOCATED, Stage.RESERVED)
    moves = book.move(act, movements, batch=reference)
    # Only now: the book holds these balances, so that two batches cannot share what is left of a ceiling.
    _check_ceilings(act, program, shares)

    _record_freeze(act, batch, program, document, policy, shares, moves)
    for chunk in chunked(frozen, rules.FREEZE_CHUNK):
        act.record(facts.LinesFrozen(batch=reference, first=chunk[0].line, frozen=tuple(chunk)))
    return batch


def cancel_batch(act: Act, reference: str, *, reason: str) -> Batch:
    """Withdraw a batch before it is sent; what it reserved is free again.

    Raises: BatchNotFound, RoleMissing, NoOffice, BatchStateRefused, ReasonMissing.
    """
    batch = lock_batch(act, reference)

    official = require_role(act, Role.OPERATOR, region=batch.region_code)
    office = require_office(act, official)
    rules.check_transition(reference, batch.state, "cancelled")
    written = rules.check_reason(reason)

    add_step(act, batch, "cancelled", official, office, reason=written)
    moves = free_batch(act, batch, to_state="cancelled")

    act.record(facts.BatchCancelled(batch=reference, reason=written, moves=moves))
    return batch


def free_batch(act: Act, batch: Batch, *, to_state: str) -> tuple[Move, ...]:
    """Take a batch off its way: reserved value back to the programme, lines released unless it is only sent back.

    The caller has checked the transition and records the fact.
    """
    program = act.session.get_one(Program, batch.program_id)
    moves: tuple[Move, ...] = ()
    if batch.state in rules.RESERVING:
        shares = dict(queries.shares(act.session, batch.id))
        movements = _movements(program, batch, shares, Stage.RESERVED, Stage.ALLOCATED)
        moves = book.move(act, movements, batch=batch.reference)
    batch.state = to_state
    if to_state == "sent_back":
        return moves
    batch.closed_at = act.at
    statement = (
        update(BatchLine)
        .where(BatchLine.batch_id == batch.id, BatchLine.state == "listed")
        .values(state=to_state)
        .returning(BatchLine.id)
        .execution_options(synchronize_session=False)
    )
    act.wrote(BatchLine, act.session.scalars(statement).all())
    return moves


def _check_payable(act: Act, batch: Batch) -> None:
    found = drafting.unpayable(act.session, batch)
    if found:
        raise rules.LinesUnpayable(batch=batch.reference, lines=len(found), first=found[0][0].line_no)


def _freeze(act: Act, batch: Batch) -> tuple[list[FrozenLine], bytes]:
    """Commit every line to its payee as the register holds them at this moment.

    A first submission keeps the commitments of the draft where the payee is still the same. A later one salts every
    line anew: its digest is another one even if nothing changed, so that no earlier step counts for it.
    """
    if batch.digest is not None:
        live = BatchLine.batch_id == batch.id, BatchLine.state != "set_aside"
        salted = update(BatchLine).where(*live).values(salt=RandomSalt()).returning(BatchLine.id)
        act.wrote(BatchLine, act.session.scalars(salted.execution_options(synchronize_session=False)).all())
    by_account = batch.channel in digests.BY_ACCOUNT
    update_many(act, BatchLine, digests.outdated_lines(act.session, batch.id, with_account=by_account))
    frontier = Frontier()
    frozen: list[FrozenLine] = []
    for line in digests.frozen_lines(act.session, batch.id):
        frontier.append(leaf_hash(digests.line_leaf(line)))
        frozen.append(line)
    return frozen, frontier.root()


def _record_freeze(  # noqa: PLR0913, PLR0917 - everything a submission binds
    act: Act,
    batch: Batch,
    program: Program,
    decree: Document,
    policy: ApprovalPolicy,
    shares: dict[Source, int],
    moves: tuple[Move, ...],
) -> None:
    act.record(
        facts.BatchSubmitted(
            batch=batch.reference,
            program=program.code,
            period=batch.period,
            commodity=batch.commodity,
            channel=batch.channel,
            decree=decree.reference,
            policy=policy.reference,
            approvers=batch.approvers_needed,
            lines=batch.lines,
            total=batch.total,
            digest=digests.encode_digest(batch.digest or b""),
            sources=tuple(facts.SourceShare(source.code, amount) for source, amount in shares.items()),
            moves=moves,
        )
    )


def _movements(
    program: Program, batch: Batch, shares: dict[Source, int], origin: Stage, target: Stage
) -> Sequence[Movement]:
    return [
        Movement(
            Place(source.code, origin, program.code), Place(source.code, target, program.code), batch.commodity, amount
        )
        for source, amount in shares.items()
    ]


def _check_ceilings(act: Act, program: Program, shares: dict[Source, int]) -> None:
    """Refuse a programme over its ceiling, this batch included; the Act has its reservation undone with it."""
    for source, amount in shares.items():
        ceiling = programs.ceiling(act.session, program.id, source.id)
        if ceiling is None:
            continue
        committed = programs.committed(act.session, program, source)
        if committed > ceiling.amount:
            left = ceiling.amount - (committed - amount)
            raise rules.CeilingReached(program=program.code, source=source.code, left=max(0, left), wanted=amount)
