"""Which objects an entry mentions: the references in its body, kept beside so that an object's page finds its facts.

A mention is a whole string of the body that has the form of a reference (BTC-2026-000123-K). References inside
sentences that officials write are not mentions. Sources, programmes and officials have codes and no references; the
few kinds that shape them mention them as `source/CSR-2021`, `program/BST` and `official/kadinsos`. Everything here is
a function of the entry's bytes, so `audit diff` recomputes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from aid_ledger.log.models import LogEntry, LogMention
from audit.facts.custody import StampKeyNamed, StampKeyWithdrawn
from audit.facts.founding import SchemaChanged

_MENTION: Final = re.compile(rb'"([A-Z]{3}-[0-9]{4}-[0-9]{6,9}-[0-9A-HJKMNP-TV-Y])"(?!:)')
"""A JSON string that is a reference, and no member's name. Quotes inside strings are escaped, so these are its ends."""

CODED: Final = ("source", "program", "official")
"""Fields of a body whose value is the code of an object with a page of its own."""

SHAPING: Final = frozenset(
    {
        *("SourceOpened", "ContributionOffered", "FundsReceived", "HistoryDeclared", "FundsReturned"),
        *("ProgramDefined", "RateSet", "CeilingSet", "ExclusionSet", "FundsAllocated"),
        *("PolicyProposed", "PolicyChanged", "GoodsPurchased"),
        *("OfficialEnrolled", "OfficialSuspended", "OfficeHeld", "EnrolmentOpened", "PasswordSet", "OtpDeviceEnrolled"),
        *("RoleRequested", "RoleGranted", "RoleRevoked", "FactorResetRequested", "FactorResetGranted"),
        *("RecoveryCodesIssued", "SignInRefused", "OtpUnlocked", "FoundingSigned"),
    }
)
"""Kinds that mention objects by code: those that shape them, not the thousands that pay by them or sign in."""

SCHEMA: Final = "log/schema"
"""What every SchemaChanged mentions, so that the newest is found without reading the log."""

STAMPS: Final = "log/stamps"
"""What every fact on a key that stamps receipts mentions, for the same reason."""

_FIXED: Final = {SchemaChanged.KIND: SCHEMA, StampKeyNamed.KIND: STAMPS, StampKeyWithdrawn.KIND: STAMPS}

_FETCH: Final = 1_000


def about(field: str, code: str) -> str:
    """Write the mention of an object by its code: `about("program", "BST")`."""
    return f"{field}/{code}"


def references_in(kind: str, raw: bytes) -> list[str]:
    """List what an entry mentions, each once, in order."""
    found = {match.decode() for match in _MENTION.findall(raw)}
    if kind in SHAPING:
        found |= _codes_in(raw)
    if kind in _FIXED:
        found.add(_FIXED[kind])
    return sorted(found)


def _codes_in(raw: bytes) -> set[str]:
    try:
        body = json.loads(raw)["body"]
        return {about(field, str(body[field])) for field in CODED if body.get(field)}
    except (ValueError, KeyError, TypeError, AttributeError):
        # Only a forged entry looks so; `audit diff` names it by its bytes.
        return set()


def mentions_of(entries: Iterable[tuple[int, str, bytes]]) -> list[dict[str, object]]:
    """Give the rows that entries (row id, kind, bytes) have in `log_mentions`."""
    return [
        {"reference": reference, "entry_id": entry_id}
        for entry_id, kind, raw in entries
        for reference in references_in(kind, raw)
    ]


def misplaced(session: Session) -> Iterator[tuple[str, int, str]]:
    """Compare all mentions with the entries, both ways; yields (reference, entry id, what is wrong).

    Streams entries and mentions side by side in order of entry ids, so that a log of any length fits.
    """
    kept = _kept(session)
    current = next(kept, None)
    query = select(LogEntry.id, LogEntry.kind, LogEntry.raw).order_by(LogEntry.id).execution_options(yield_per=_FETCH)
    for entry_id, kind, raw in session.execute(query):
        while current is not None and current[0] < entry_id:
            yield from ((reference, current[0], "is of no entry") for reference in sorted(current[1]))
            current = next(kept, None)
        found: set[str] = set()
        if current is not None and current[0] == entry_id:
            found = current[1]
            current = next(kept, None)
        expected = set(references_in(kind, bytes(raw)))
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
