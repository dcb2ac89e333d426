"""Which objects an entry mentions: the references in its body, kept beside so that an object's page finds its facts.

A mention is a whole string of the body that has the form of a reference (BTC-2026-000123-K). References inside
sentences that officials write are not mentions. Everything here is a function of the entry's bytes, so `audit diff`
recomputes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from aid_ledger.log.models import LogEntry, LogMention

_MENTION: Final = re.compile(rb'"([A-Z]{3}-[0-9]{4}-[0-9]{6,9}-[0-9A-HJKMNP-TV-Y])"(?!:)')
"""A JSON string that is a reference, and no member's name. Quotes inside strings are escaped, so these are its ends."""

_FETCH: Final = 1_000


def references_in(raw: bytes) -> list[str]:
    """List the references an entry mentions, each once, in order."""
    return sorted({match.decode() for match in _MENTION.findall(raw)})


def mentions_of(raw_by_id: dict[int, bytes]) -> list[dict[str, object]]:
    """Give the rows that these entries, by their row ids, have in `log_mentions`."""
    return [
        {"reference": reference, "entry_id": entry_id}
        for entry_id, raw in raw_by_id.items()
        for reference in references_in(raw)
    ]


def misplaced(session: Session) -> Iterator[tuple[str, int, str]]:
    """Compare all mentions with the entries, both ways; yields (reference, entry id, what is wrong).

    Streams entries and mentions side by side in order of entry ids, so that a log of any length fits.
    """
    kept = _kept(session)
    current = next(kept, None)
    query = select(LogEntry.id, LogEntry.raw).order_by(LogEntry.id).execution_options(yield_per=_FETCH)
    for entry_id, raw in session.execute(query):
        while current is not None and current[0] < entry_id:
            yield from ((reference, current[0], "is of no entry") for reference in sorted(current[1]))
            current = next(kept, None)
        found: set[str] = set()
        if current is not None and current[0] == entry_id:
            found = current[1]
            current = next(kept, None)
        expected = set(references_in(bytes(raw)))
        yield from ((reference, entry_id, "is missing") for reference in sorted(expected - found))
        yield from ((reference, entry_id, "is not in the entry") for reference in sorted(found - expected))
    while current is not None:
        yield from ((reference, current[0], "is of no entry") for reference in sorted(current[1]))
        current = next(kept, None)


def _kept(session: Session) -> Iterator[tuple[int, set[str]]]:
    query = select(LogMention.entry_id, LogMention.reference).order_by(LogMention.entry_id)
    rows: Iterator[RowMapping] = iter(session.execute(query.execution_options(yield_per=_FETCH)).mappings())
    for entry_id, group in groupby(rows, key=lambda row: int(row["entry_id"])):
        yield entry_id, {str(row["reference"]) for row in group}
