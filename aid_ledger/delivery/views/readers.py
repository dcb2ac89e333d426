"""The one blueprint of this room's pages, who reads them, and what several of them share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flask import Blueprint
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR
from aid_ledger.core.roles import Role
from aid_ledger.delivery.models import Instruction, LineResult
from aid_ledger.delivery.outcomes import Outcome
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.disbursement.rules import SET_ASIDE_REASONS, BatchNotFound
from aid_ledger.officials.powers import covers
from aid_ledger.programs.models import Program
from aid_ledger.web import desk, formats

bp = Blueprint("delivery", __name__, url_prefix="/pengiriman")

READERS: Final = (Role.TREASURER, Role.AUDITOR)
WATCHERS: Final = (Role.TREASURER, Role.AUDITOR, Role.OPERATOR, Role.VERIFIER, Role.APPROVER)
"""Who may follow a batch on its way."""

HANDERS: Final = (Role.FIELD, Role.TREASURER)

CHANNEL_WORDS: Final = {"bank": "Transfer bank", "cash": "Tunai", "goods": "Barang lewat posko"}

LINE_STATES: Final = ("sent", "unknown", "on_hold", "delivered", "failed", "returned", "set_aside")
"""The states of lines in the order their numbers are shown."""

LOOKS: Final = {"delivered": "good", "failed": "bad", "unknown": "waiting", "on_hold": "waiting"}

NOT_CONFIRMED: Final = "rekening tidak dikonfirmasi bank"


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as tables show it; it names nobody."""

    line_no: int
    state: str
    amount: str
    reason: str
    remedy: str
    channel_reference: str
    account: str


def batch_in_reach(session: Session, reference: str, roles: Iterable[Role] = WATCHERS) -> Batch:
    """Fetch a batch in the area of one of these roles of the reader; raises BatchNotFound, as for any other."""
    batch = batches.batch(session, reference)
    if not any(covers(area, batch.region_code) for area in areas(roles)):
        raise BatchNotFound(batch=reference)
    return batch


def areas(roles: Iterable[Role]) -> list[str]:
    """List the areas over which the reader holds one of these roles."""
    held = desk.official.areas
    return [area for role in roles for area in held.get(role, ())]


def amount_words(session: Session, amount: int, commodity: str) -> str:
    """Write an amount of money or of goods."""
    if commodity == IDR:
        return formats.rupiah(amount)
    return formats.banyaknya(amount, book.commodity(session, commodity).unit)


def total_words(session: Session, batch: Batch) -> str:
    """Write what a batch comes to: `1.243 keluarga, Rp372.900.000`."""
    return f"{formats.banyaknya(batch.lines, 'keluarga')}, {amount_words(session, batch.total, batch.commodity)}"


def program_of(session: Session, batch: Batch) -> Program:
    """Fetch a batch's programme."""
    return session.get_one(Program, batch.program_id)


def line_rows(
    session: Session, batch: Batch, lines: Iterable[BatchLine], heard: dict[int, LineResult]
) -> list[LineRow]:
    """Write lines for a table."""
    return [
        LineRow(
            line_no=line.line_no,
            state=line.state,
            amount=amount_words(session, line.amount, batch.commodity),
            reason=reason_words(line.reason),
            remedy=remedy_words(line.reason),
            channel_reference=heard[line.id].channel_reference if line.id in heard else "",
            account=account_words(batch, line, heard.get(line.id)),
        )
        for line in lines
    ]


def reason_words(reason: str) -> str:
    """Say why a line is where it is; "" where nothing is to be said."""
    if reason in Outcome.__members__:
        return Outcome[reason].sentence
    return SET_ASIDE_REASONS.get(reason, reason)


def remedy_words(reason: str) -> str:
    """Say what to do about a line."""
    return Outcome[reason].remedy if reason in Outcome.__members__ else ""


def account_words(batch: Batch, line: BatchLine, heard: LineResult | None) -> str:
    """Say what the bank said of the account; absence is said aloud (THREATS 7)."""
    if batch.channel != "bank" or heard is None or line.state not in {"delivered", "on_hold"}:
        return ""
    if heard.account_confirmed is None:
        return NOT_CONFIRMED
    return "dikonfirmasi bank" if heard.account_confirmed else "rekening lain"


def sha256_words(instruction: Instruction) -> str:
    """Write a file's SHA-256 in groups that two people can read to each other."""
    digits = instruction.file_sha256.hex()
    return " ".join(digits[start : start + 8] for start in range(0, len(digits), 8))
