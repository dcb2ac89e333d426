"""What reached whom, for everybody: households and amounts by programme and kecamatan, small counts hidden.

Programmes are summed under their public names, so that those with one neutral name cannot be told apart (THREATS 14).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from aid_ledger.book.models import Commodity
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.programs.models import Program
from aid_ledger.public.suppression import hide
from aid_ledger.regions.models import Region


@dataclass(frozen=True, slots=True)
class Part:
    """What reached one kecamatan; None where the count is hidden."""

    name: str
    households: int | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class Total:
    """What one public name reached in all, of one commodity; None where the count is hidden."""

    name: str
    commodity: str
    unit: str
    households: int | None
    amount: int | None
    parts: Sequence[Part]

    @property
    def has_hidden(self) -> bool:
        """Tell whether a count of this programme is hidden."""
        return self.households is None or any(part.households is None for part in self.parts)


@dataclass(frozen=True, slots=True)
class Counted:
    """Households and amount of one kecamatan, before anything is hidden."""

    district: str
    households: int
    amount: int


def totals(session: Session) -> list[Total]:
    """Sum what arrived, by public name, commodity and kecamatan."""
    village, district = aliased(Region), aliased(Region)
    query = (
        select(
            Program.public_name,
            Commodity.code,
            Commodity.unit,
            district.name,
            func.count(func.distinct(Entitlement.household_id)),
            func.sum(BatchLine.amount),
        )
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Program, Program.id == Batch.program_id)
        .join(Commodity, Commodity.code == Batch.commodity)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(village, village.code == Entitlement.village_code)
        .join(district, district.code == village.parent_code)
        .where(BatchLine.state == "delivered")
        .group_by(Program.public_name, Commodity.code, Commodity.unit, district.code, district.name)
        .order_by(Program.public_name, Commodity.code, district.code)
    )
    gathered: dict[tuple[str, str, str], list[Counted]] = defaultdict(list)
    for name, code, unit, place, households, amount in session.execute(query):
        gathered[name, code, unit].append(Counted(place, households, int(amount)))
    return [shown(*key, counted) for key, counted in gathered.items()]


def shown(name: str, commodity: str, unit: str, counted: Sequence[Counted]) -> Total:
    """Write one programme's table with its small counts hidden."""
    hidden = hide({place: row.households for place, row in enumerate(counted)})
    parts = [
        Part(row.district, None, None) if place in hidden.rows else Part(row.district, row.households, row.amount)
        for place, row in enumerate(counted)
    ]
    households, amount = sum(row.households for row in counted), sum(row.amount for row in counted)
    if hidden.total:
        return Total(name, commodity, unit, None, None, parts)
    return Total(name, commodity, unit, households, amount, parts)
