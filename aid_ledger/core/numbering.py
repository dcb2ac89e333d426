"""Where the numbers in references come from: one counter per prefix and year, held until the Act ends.

Numbers are unique, not free of gaps: an Act that fails gives its number back or loses it. Positions in the log never
come from here.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.act import Act
from aid_ledger.core.db import Base, housekeeping
from aid_ledger.core.references import make_reference


class Counter(Base):
    """The last number handed out for a prefix and a year."""

    __tablename__ = "counters"
    __table_args__ = (
        {"info": housekeeping("hands out numbers; a repeated one is refused by the reference's own key")},
    )

    prefix: Mapped[str] = mapped_column(String(5), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)


def next_reference(act: Act, prefix: str) -> str:
    """Hand out the next reference of a prefix in the Act's year, such as BTC-2026-000123 with its check character."""
    return reserve_references(act, prefix, 1)[0]


def skip_to(act: Act, prefix: str, year: int, number: int) -> None:
    """Let the next reference of a prefix and year come after `number`: some up to it were handed out and forgotten."""
    counter = act.session.get(Counter, (prefix, year), with_for_update=True)
    if counter is None:
        act.session.add(Counter(prefix=prefix, year=year, last=number))
    else:
        counter.last = max(counter.last, number)
    act.session.flush()


def reserve_references(act: Act, prefix: str, count: int) -> list[str]:
    """Hand out `count` references at once; the counter's row stays locked until the Act ends."""
    year = act.on.year
    dialect = act.session.connection().dialect.name
    insert = postgres_insert if dialect == "postgresql" else sqlite_insert
    first_use = insert(Counter).values(prefix=prefix, year=year, last=count)
    upsert = first_use.on_conflict_do_update(
        index_elements=[Counter.prefix, Counter.year], set_={"last": Counter.last + count}
    )
    act.session.execute(upsert)
    query = select(Counter.last).where(Counter.prefix == prefix, Counter.year == year)
    last = act.session.scalars(query.execution_options(populate_existing=True)).one()
    return [make_reference(prefix, year, number) for number in range(last - count + 1, last + 1)]
