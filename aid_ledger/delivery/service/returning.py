"""What could not be delivered goes back: to the regional treasury by STS, goods to their donor by STS or BAST."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update

from aid_ledger.book import queries as ledger
from aid_ledger.book import service as book
from aid_ledger.book.rules import IDR, Movement, Place, Stage
from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.bulk import chunked
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.delivery import queries, rules, stating
from aid_ledger.delivery.judging import RETURNED
from aid_ledger.delivery.models import TreasuryReturn
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.documents import queries as documents
from aid_ledger.documents.models import Document
from aid_ledger.documents.rules import DocumentKind, is_valid_on
from aid_ledger.funding import queries as funding
from aid_ledger.funding.models import Source
from aid_ledger.officials.powers import require_office, require_role
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import Program
from audit.facts import paying as facts
from audit.facts.money import Move
from audit.facts.paying import LineOutcome
from audit.pdf import returns
from audit.pdf.returns import ReturnFields

PREFIX = "STS"
EVERYWHERE = ""

on_constraint("uq_treasury_returns_document_id", rules.ReturnDocumentRefused)


def return_to_treasury(  # noqa: PLR0913 - the particulars of one STS, each by its name
    act: Act,
    *,
    batch: str | None,
    source: str,
    program: str,
    commodity: str,
    amount: int,
    document: str,
    lines: Sequence[int] = (),
) -> TreasuryReturn:
    """Send value that could not be delivered back to where it came from, on paper that says exactly so much.

    With a batch, the amount is what its failed lines of that source add up to: those named, or all that nobody has
    drafted again; they become `returned`. Without a batch, it is what the programme has left.

    Raises: RoleMissing, NoOffice, SourceNotFound, ProgramNotFound, DocumentNotFound, ReturnDocumentRefused,
        BatchNotFound, ReturnMismatch, InsufficientFunds, MovementRefused.
    """
    held = batches.lock_batch(act.session, batch) if batch else None
    origin = funding.source(act.session, source)
    chosen = programs.program(act.session, program)
    paper = documents.document(act.session, document)

    treasurer = require_role(act, Role.TREASURER, region=held.region_code if held is not None else EVERYWHERE)
    office = require_office(act, treasurer)
    _check_paper(act, paper, commodity, amount)
    going = _going(act, held, chosen, origin, lines) if held is not None else []
    if held is not None and (sum(line.amount for line in going) != amount or held.commodity != commodity):
        raise rules.ReturnMismatch(batch=held.reference, source=source, amount=amount)

    said = stating.fields_of(
        act,
        number=next_reference(act, PREFIX),
        source=origin,
        program=chosen,
        commodity=ledger.commodity(act.session, commodity),
        amount=amount,
        batch=held,
        lines=len(going),
        paper=paper,
        treasurer=treasurer,
        held=office,
    )
    row = _row(act, said, source_id=origin.id, program_id=chosen.id, batch=held, document_id=paper.id)
    row.returned_by_id = treasurer
    act.session.add(row)
    _mark_returned(act, going)
    places = Place(source, Stage.ALLOCATED, program), Place(source, Stage.RETURNED, program)
    moves = book.move(act, [Movement(*places, commodity, amount)], batch=batch)

    act.record(_fact(said, moves))
    _record_lines(act, row, said.batch, going)
    return row


def _row(
    act: Act, said: ReturnFields, *, source_id: int, program_id: int, batch: Batch | None, document_id: int
) -> TreasuryReturn:
    return TreasuryReturn(
        reference=said.number,
        source_id=source_id,
        program_id=program_id,
        batch_id=batch.id if batch is not None else None,
        commodity=said.commodity,
        amount=said.amount,
        document_id=document_id,
        returned_at=act.at,
        statement=returns.canonical_fields(said).decode(),
        act=act.id,
    )


def _fact(said: ReturnFields, moves: tuple[Move, ...]) -> facts.FundsReturned:
    return facts.FundsReturned(
        sts=said.number,
        source=said.source,
        program=said.program,
        commodity=said.commodity,
        amount=said.amount,
        batch=said.batch,
        lines=said.lines,
        document=said.document,
        statement=returns.statement(said),
        moves=moves,
    )


def _check_paper(act: Act, paper: Document, commodity: str, amount: int) -> None:
    kinds = {DocumentKind.RETURN} if commodity == IDR else {DocumentKind.RETURN, DocumentKind.HANDOVER}
    fits = DocumentKind(paper.kind) in kinds and paper.amount in ({amount} if commodity == IDR else {amount, None})
    if not fits or not is_valid_on(paper.valid_from, paper.valid_until, act.on):
        raise rules.ReturnDocumentRefused(document=paper.reference, kind=paper.kind)


def _going(act: Act, batch: Batch, program: Program, source: Source, wanted: Sequence[int]) -> list[BatchLine]:
    """List the failed lines whose value goes back."""
    if batch.program_id != program.id:
        raise rules.ReturnMismatch(batch=batch.reference, source=source.code, amount=0)
    free = queries.returnable_lines(act.session, batch.id, source.id)
    if not wanted:
        return list(free)
    chosen = [line for line in free if line.line_no in set(wanted)]
    if len(chosen) != len(set(wanted)):
        raise rules.ReturnMismatch(batch=batch.reference, source=source.code, amount=0)
    return chosen


def _record_lines(act: Act, row: TreasuryReturn, batch: str, going: Sequence[BatchLine]) -> None:
    for chunk in chunked(going, rules.FACT_LINES):
        outcomes = tuple(LineOutcome(line.line_no, line.amount, line.reason) for line in chunk)
        act.record(facts.LinesReturned(sts=row.reference, batch=batch, returned=outcomes))


def _mark_returned(act: Act, lines: Sequence[BatchLine]) -> None:
    if not lines:
        return
    ids = [line.id for line in lines]
    statement = update(BatchLine).where(BatchLine.id.in_(ids)).values(state=RETURNED)
    act.session.execute(statement.execution_options(synchronize_session=False))
    act.wrote(BatchLine, ids)
