"""Loading rows that carry a seal, and learning the numbers the database gave them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import func, select

from aid_ledger.core.act import Act
from aid_ledger.core.bulk import load_rows
from aid_ledger.recipients.models import BankAccount, Household, Person

Sealed = type[Household] | type[Person] | type[BankAccount]


def load_sealed(act: Act, rows_of: Sealed, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, int]:
    """Load rows, tell the Act, and give their numbers by seal. `columns` names the seal."""
    # The new rows are those above the highest number before that bear our seals; another Act's are not visible.
    before = act.session.scalar(select(func.max(rows_of.id))) or 0
    place = columns.index("seal")
    ours: set[str] = set()

    def noting() -> Iterator[Sequence[Any]]:
        for row in rows:
            ours.add(row[place])
            yield row

    load_rows(act, rows_of, columns, noting())
    query = select(rows_of.seal, rows_of.id).where(rows_of.id > before)
    found = {row.seal: row.id for row in act.session.execute(query) if row.seal in ours}
    act.wrote(rows_of, found.values())
    return found
