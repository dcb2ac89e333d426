"""From programme to a frozen batch: compute entitlements, determine them by decree, draft, set aside, submit, cancel.

Verification and approval live in `approvals`, sending in `delivery`; both go through `free_batch` and the digests
here. Submitting freezes the lines under a digest and reserves their value in the same Act.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import bindparam, select, update

from aid_ledger.book import service as book
from aid_ledger.book.rules import Movement, Place, Stage
from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.bulk import chunked
from aid_ledger.core.numbering import next_reference
from aid_ledger.disbursement import digests, drafting, eligibility, queries, rules
from aid_ledger.disbursement.eligibility import Question
from aid_ledger.disbursement.models import Batch, BatchLine, BatchSource, Entitlement, EntitlementRun
from aid_ledger.documents import queries as documents
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Source
from aid_ledger.officials.models import Official
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import ApprovalPolicy, Program
from audit.facts import paying as facts
from audit.facts.money import Move
from audit.merkle import Frontier, leaf_hash

on_constraint("uq_batch_lines_live_entitlement", rules.EntitlementAlreadyClaimed)
on_constraint("once_per_household", rules.EntitlementAlreadyClaimed)

ROWS_PER_UPDATE = 5_000
"""Rows in one bulk update: few enough to keep parameters in memory, many enough to be quick."""


def compute_entitlements(act: Act, *, program: str, period: str, region: str) -> EntitlementRun:
    """Work out who is due what; every household of the region gets an entitlement or a reason.

    Raises: ProgramNotFound, RateMissing, NobodyEligible.
    """
    chosen = programs.program(act.session, program)
    amount = programs.rate_on(act.session, chosen, act.on)

    run = EntitlementRun(
        reference=next_reference(act, "RUN"),
        program_id=chosen.id,
        period=period,
        region_code=region,
        amount_each=amount,
        count=0,
        left_out=0,
        state="proposed",
        computed_by=act.actor.id,
        computed_at=act.at,
    )
    act.session.add(run)
    act.session.flush()
    run.count, run.left_out = eligibility.insert_outcomes(act, Question(chosen, period, region, act.on), run)
    if not run.count:
        raise rules.NobodyEligible(program=program, period=period, left_out=run.left_out)

    act.record(
        facts.EntitlementsProposed(
            run=run.reference,
            program=program,
            period=period,
            count=run.count,
            left_out=run.left_out,
            amount_each=amount,
        )
    )
    return run


def determine_run(act: Act, reference: str, *, decree: str) -> EntitlementRun:
    """Make a run's proposed entitlements due by a decree (SK).

    Raises: RunNotFound, DocumentNotFound, DecreeRefused, BatchStateRefused.
    """
    run = queries.run(act.session, reference)
    document = documents.document(act.session, decree)

    if run.state != "proposed":
        raise rules.BatchStateRefused(batch=reference, state=run.state, wanted="determined")
    _check_decree(act, document)

    run.state, run.decree_id, run.determined_by = "determined", document.id, act.actor.id
    ids = act.session.scalars(
        update(Entitlement)
        .where(Entitlement.run_id == run.id, Entitlement.state == "proposed")
        .values(state="determined")
        .returning(Entitlement.id)
    ).all()
    act.wrote(Entitlement, ids)

    act.record(
        facts.EntitlementsDetermined(
            run=reference, program=_code_of(act, run.program_id), period=run.period, decree=decree, count=len(ids)
        )
    )
    return run


def draft_batch(act: Act, *, program: str, period: str, region: str, channel: str, decree: str) -> Batch:
    """Put a batch together from determined entitlements; what cannot be paid is set aside with its reason.

    Raises: ProgramNotFound, DocumentNotFound, DecreeRefused, ChannelRefused, BatchEmpty, BatchTooLarge.
    """
    chosen = programs.program(act.session, program)
    document = documents.document(act.session, decree)

    rules.check_channel(channel, chosen.commodity)
    _check_decree(act, document)

    batch = Batch(
        reference=next_reference(act, "BTC"),
        program_id=chosen.id,
        period=period,
        commodity=chosen.commodity,
        channel=channel,
        region_code=region,
        state="draft",
        lines=0,
        total=0,
        decree_id=document.id,
        approvers_needed=0,
        made_by_id=official_id(act),
        made_at=act.at,
    )
    act.session.add(batch)
    act.session.flush()
    drafting.insert_lines(act, batch, chosen)
    _set_shares(act, batch)
    if not batch.lines:
        raise rules.BatchEmpty(program=program, period=period)

    act.record(
        facts.BatchDrafted(
            batch=batch.reference,
            program=program,
            period=period,
            commodity=batch.commodity,
            channel=channel,
            lines=batch.lines,
            total=batch.total,
        )
    )
    return batch


def set_aside_line(act: Act, reference: str, line_no: int, *, reason: str = "by_hand") -> BatchLine:
    """Take one line out of a draft so that the rest goes on. Raises: BatchNotFound, LineNotFound, BatchStateRefused."""
    batch = queries.lock_batch(act.session, reference)
    line = queries.line(act.session, batch.id, line_no)

    if batch.state not in {"draft", "sent_back"} or line.state != "listed":
        raise rules.BatchStateRefused(batch=reference, state=batch.state, wanted="set_aside")

    line.state, line.reason = "set_aside", reason
    act.session.flush()
    _set_shares(act, batch)

    act.record(facts.LineSetAside(batch=reference, line=line_no, reason=reason))
    return line


def submit_batch(act: Act, reference: str) -> Batch:
    """Freeze a batch under its digest, reserve its value, and pin the policy that says how many must approve.

    Raises: BatchNotFound, BatchStateRefused, BatchEmpty, DecreeRefused, CeilingReached, PolicyMissing,
        InsufficientFunds.
    """
    batch = queries.lock_batch(act.session, reference)
    program = act.session.get_one(Program, batch.program_id)
    document = act.session.get_one(Document, batch.decree_id)

    rules.check_transition(reference, batch.state, "submitted")
    _check_decree(act, document)
    shares = _set_shares(act, batch)
    if not batch.lines:
        raise rules.BatchEmpty(program=program.code, period=batch.period)
    _check_ceilings(act, program, shares)
    policy = programs.policy_for(act.session, program, act.on)

    frozen, digest = _freeze(act, batch)
    batch.state, batch.digest, batch.submit_act = "submitted", digest, act.id
    batch.submitted_by_id, batch.submitted_at = official_id(act), act.at
    batch.policy_id, batch.approvers_needed = policy.id, programs.approvers_needed(policy, batch.total)
    movements = _movements(program, batch, shares, Stage.ALLOCATED, Stage.RESERVED)
    moves = book.move(act, movements, batch=reference)

    _record_freeze(act, batch, frozen, moves)
    return batch


def cancel_batch(act: Act, reference: str, *, reason: str) -> Batch:
    """Withdraw a batch before it is sent; what it reserved is free again. Raises: BatchNotFound, BatchStateRefused."""
    batch = queries.lock_batch(act.session, reference)

    rules.check_transition(reference, batch.state, "cancelled")

    moves = free_batch(act, batch, to_state="cancelled")

    act.record(facts.BatchCancelled(batch=reference, reason=reason, moves=moves))
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
    batch.closed_at = None if to_state == "sent_back" else act.at
    if to_state != "sent_back":
        statement = update(BatchLine).where(BatchLine.batch_id == batch.id, BatchLine.state == "listed")
        ids = act.session.scalars(statement.values(state=to_state).returning(BatchLine.id)).all()
        act.wrote(BatchLine, ids)
    return moves


def _freeze(act: Act, batch: Batch) -> tuple[list[facts.FrozenLine], bytes]:
    """Commit every line to its payee's plaintext of this moment; lines whose payee changed since are renewed."""
    frontier = Frontier()
    frozen, renewed = [], []
    with_account = batch.channel == "bank"
    for line in digests.open_lines(act.session, act.kit.keys, batch.id, with_account=with_account):
        frontier.append(leaf_hash(digests.line_leaf(line.frozen)))
        frozen.append(line.frozen)
        commitment = digests.decode_digest(line.frozen.commitment)
        if line.stored_commitment != commitment:
            account = line.payee.account_id if with_account else None
            renewed.append({"b_id": line.id, "b_commitment": commitment, "b_account": account})
    for chunk in chunked(renewed, ROWS_PER_UPDATE):
        statement = (
            update(BatchLine.__table__)  # type: ignore[arg-type] # a mapped class has a Table
            .where(BatchLine.__table__.c.id == bindparam("b_id"))
            .values(commitment=bindparam("b_commitment"), bank_account_id=bindparam("b_account"))
        )
        act.session.connection().execute(statement, chunk)
        act.wrote(BatchLine, [cast("int", row["b_id"]) for row in chunk])
    return frozen, frontier.root()


def _record_freeze(act: Act, batch: Batch, frozen: list[facts.FrozenLine], moves: tuple[Move, ...]) -> None:
    decree = act.session.get_one(Document, batch.decree_id)
    policy = act.session.get_one(ApprovalPolicy, batch.policy_id)
    shares = queries.shares(act.session, batch.id)
    act.record(
        facts.BatchSubmitted(
            batch=batch.reference,
            program=_code_of(act, batch.program_id),
            period=batch.period,
            commodity=batch.commodity,
            channel=batch.channel,
            decree=decree.reference,
            policy=policy.reference,
            approvers=batch.approvers_needed,
            lines=batch.lines,
            total=batch.total,
            digest=digests.encode_digest(batch.digest or b""),
            sources=tuple(facts.SourceShare(source.code, amount) for source, amount in shares),
            moves=moves,
        )
    )
    for chunk in chunked(frozen, rules.FREEZE_CHUNK):
        act.record(facts.LinesFrozen(batch=batch.reference, first=chunk[0].line, frozen=tuple(chunk)))


def _set_shares(act: Act, batch: Batch) -> dict[Source, int]:
    """Write anew how much each source pays of a batch; returns it in the order of sources."""
    by_source = drafting.count_lines(act, batch)
    kept = {row.source_id: row for row in act.session.scalars(select(BatchSource).filter_by(batch_id=batch.id))}
    for source_id, amount in sorted(by_source.items()):
        row = kept.pop(source_id, None)
        if row is None:
            act.session.add(BatchSource(batch_id=batch.id, source_id=source_id, amount=amount))
        else:
            row.amount = amount
    for row in kept.values():
        act.session.delete(row)
    act.session.flush()
    return {act.session.get_one(Source, source_id): amount for source_id, amount in sorted(by_source.items())}


def _movements(
    program: Program, batch: Batch, shares: dict[Source, int], origin: Stage, target: Stage
) -> list[Movement]:
    return [
        Movement(
            Place(source.code, origin, program.code), Place(source.code, target, program.code), batch.commodity, amount
        )
        for source, amount in shares.items()
    ]


def _check_ceilings(act: Act, program: Program, shares: dict[Source, int]) -> None:
    ceilings = {source.id: ceiling for source, _held, ceiling in programs.paying_sources(act.session, program)}
    for source, amount in shares.items():
        ceiling = ceilings.get(source.id)
        if ceiling is not None and amount > ceiling:
            raise rules.CeilingReached(program=program.code, source=source.code, left=ceiling, wanted=amount)


def _check_decree(act: Act, document: Document) -> None:
    rules.check_decree(
        kind=document.kind,
        number=document.number,
        valid_from=document.valid_from,
        valid_until=document.valid_until,
        on=act.on,
    )


def _code_of(act: Act, program_id: int) -> str:
    return act.session.get_one(Program, program_id).code


def official_id(act: Act) -> int:
    """Give the database id of the official who acts."""
    if act.actor.official_id is not None:
        return act.actor.official_id
    return act.session.scalars(select(Official.id).where(Official.login == act.actor.id)).one()
