"""The one-page "Ringkasan Korsupgah": where value is per source, programme and kecamatan, and whether the log stands.

Reads only. Money of sources in the regional treasury (APBD) and donated money are never added up together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from aid_ledger.book import queries as book
from aid_ledger.book.models import Commodity
from aid_ledger.book.queries import Holding
from aid_ledger.book.rules import IDR, Stage
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.funding.models import Source
from aid_ledger.log import queries as log
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import Program
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.queries import of_line
from aid_ledger.regions.models import Agency, Region

SHOWN_STAGES = tuple(stage for stage in Stage if stage is not Stage.WORLD)
"""Columns of the tables, in the order value passes through them."""

NEVER_PAID = ("set_aside", "rejected", "cancelled")
"""Lines in these states were taken out before anything was sent; their households are not counted."""


@dataclass(frozen=True, slots=True)
class StageRow:
    """What one source or programme holds of one commodity, by stage; whole rupiah or whole units."""

    code: str
    name: str
    in_rkud: bool
    commodity: Commodity
    amounts: dict[str, int]

    @property
    def total(self) -> int:
        """Everything that came in and is still accounted for, wherever it is now."""
        return sum(self.amounts.values())


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """How a programme's lines fared; `failed` counts those that did not arrive, wherever their value went."""

    program: Program
    commodity: Commodity
    households: int
    delivered: int
    failed: int
    unknown: int
    under_way: int
    delivered_amount: int
    receipts: int


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """What reached one kecamatan of one programme."""

    code: str
    name: str
    program: Program
    commodity: Commodity
    households: int
    delivered: int
    amount: int


@dataclass(frozen=True, slots=True)
class LogState:
    """The log at the moment of the summary; `signed_at` None before the first checkpoint."""

    size: int
    root: str
    signed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything on the page, as of one moment."""

    agency: Agency
    at: dt.datetime
    sources: Sequence[StageRow]
    programs: Sequence[ProgramRow]
    districts: Sequence[DistrictRow]
    unbalanced: int
    log: LogState
    stages: Sequence[Stage] = field(default=SHOWN_STAGES)


def summarise(session: Session, at: dt.datetime) -> Summary:
    """Gather the summary in one read-only transaction, so that its parts agree with each other."""
    commodities = {row.code: row for row in session.scalars(select(Commodity))}
    known = {program.id: program for program in programs.programs(session)}
    return Summary(
        agency=session.get_one(Agency, 1),
        at=at,
        sources=_sources(session, commodities),
        programs=_programs(session, known, commodities),
        districts=_districts(session, known, commodities),
        unbalanced=len(book.unbalanced(session)),
        log=_log(session),
    )


def _sources(session: Session, commodities: dict[str, Commodity]) -> list[StageRow]:
    held = book.holdings(session)
    rows = []
    for source in session.scalars(select(Source).order_by(Source.in_rkud.desc(), Source.id)):
        of_source = [holding for holding in held if holding.source == source.code]
        for code in _money_first(of_source):
            amounts = book.by_stage([holding for holding in of_source if holding.commodity == code])
            rows.append(StageRow(source.code, source.name, source.in_rkud, commodities[code], amounts))
    return rows


def _money_first(holdings: Sequence[Holding]) -> list[str]:
    return sorted({holding.commodity for holding in holdings}, key=lambda code: (code != IDR, code))


def _programs(session: Session, known: dict[int, Program], commodities: dict[str, Commodity]) -> list[ProgramRow]:
    state = BatchLine.state
    query = (
        select(
            Batch.program_id,
            Batch.commodity,
            func.count(func.distinct(Entitlement.household_id)),
            func.sum(case((state == "delivered", 1), else_=0)),
            func.sum(case((state.in_(("failed", "returned")), 1), else_=0)),
            func.sum(case((state.in_(("unknown", "on_hold")), 1), else_=0)),
            func.sum(case((state.in_(("listed", "sent")), 1), else_=0)),
            func.sum(case((state == "delivered", BatchLine.amount), else_=0)),
            func.count(Receipt.id),
        )
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .outerjoin(Receipt, of_line())
        .where(state.not_in(NEVER_PAID))
        .group_by(Batch.program_id, Batch.commodity)
        .order_by(Batch.program_id)
    )
    return [
        ProgramRow(known[program_id], commodities[commodity], *(int(count) for count in counts))
        for program_id, commodity, *counts in session.execute(query)
    ]


def _districts(session: Session, known: dict[int, Program], commodities: dict[str, Commodity]) -> list[DistrictRow]:
    village, district = aliased(Region), aliased(Region)
    delivered = BatchLine.state == "delivered"
    query = (
        select(
            district.code,
            district.name,
            Batch.program_id,
            Batch.commodity,
            func.count(func.distinct(Entitlement.household_id)),
            func.sum(case((delivered, 1), else_=0)),
            func.sum(case((delivered, BatchLine.amount), else_=0)),
        )
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(village, village.code == Entitlement.village_code)
        .join(district, district.code == village.parent_code)
        .where(BatchLine.state.not_in(NEVER_PAID))
        .group_by(district.code, district.name, Batch.program_id, Batch.commodity)
        .order_by(district.code, Batch.program_id)
    )
    return [
        DistrictRow(code, name, known[program_id], commodities[commodity], *(int(count) for count in counts))
        for code, name, program_id, commodity, *counts in session.execute(query)
    ]


def _log(session: Session) -> LogState:
    newest = log.newest_checkpoint(session)
    if newest is None:
        return LogState(0, "", None)
    return LogState(newest.size, bytes(newest.root).hex(), newest.signed_at)
