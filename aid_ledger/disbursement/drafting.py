"""Putting a batch together: which entitlements, which account, which source; what cannot be paid is set aside.

Streams: a kabupaten's round is 100,000 lines. Lines are numbered in random order (their numbers are public) and loaded
in bulk. A line that cannot be paid is kept in the batch as `set_aside` with its reason, so that the rest goes on.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, select

from aid_ledger.core.act import Act
from aid_ledger.core.bulk import chunked, load_rows
from aid_ledger.disbursement.digests import LINES_PER_CHUNK, payee_commitment
from aid_ledger.disbursement.models import DEAD_LINE_STATES, Batch, BatchLine, Entitlement, EntitlementRun
from aid_ledger.disbursement.rules import LINES_LIMIT, BatchTooLarge
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import Program
from aid_ledger.recipients import payees
from aid_ledger.recipients.models import BankAccount
from aid_ledger.recipients.payees import Payee

COLUMNS = (
    "batch_id",
    "line_no",
    "entitlement_id",
    "person_id",
    "bank_account_id",
    "source_id",
    "amount",
    "state",
    "reason",
    "salt",
    "commitment",
    "public_id",
)


@dataclass
class Purse:
    """What one source still has for this programme while lines are given out."""

    source_id: int
    left: int


def insert_lines(act: Act, batch: Batch, program: Program) -> None:
    """Insert a line for every payable entitlement of the batch's region, and set its counts and total.

    Raises:
        BatchTooLarge: more lines than one batch may hold.

    """
    wanted = _payable(act, batch)
    if len(wanted) > LINES_LIMIT:
        raise BatchTooLarge(lines=len(wanted), limit=LINES_LIMIT)
    purses = _purses(act, program)
    rows = _rows(act, batch, wanted, purses)
    load_rows(act, BatchLine, COLUMNS, rows)
    ids = act.session.scalars(select(BatchLine.id).where(BatchLine.batch_id == batch.id)).all()
    act.wrote(BatchLine, ids)


def _payable(act: Act, batch: Batch) -> Sequence[Row[tuple[int, int, int]]]:
    """List determined entitlements of the region without a live line, in random order: (id, person, amount)."""
    live = (
        select(BatchLine.id)
        .where(BatchLine.entitlement_id == Entitlement.id, BatchLine.state.not_in(DEAD_LINE_STATES))
        .exists()
    )
    query = (
        select(Entitlement.id, Entitlement.person_id, Entitlement.amount)
        .join(EntitlementRun, EntitlementRun.id == Entitlement.run_id)
        .where(
            Entitlement.program_id == batch.program_id,
            Entitlement.period == batch.period,
            Entitlement.state == "determined",
            EntitlementRun.decree_id == batch.decree_id,
            Entitlement.village_code.startswith(batch.region_code, autoescape=True),
            ~live,
        )
        .order_by(func.random())
    )
    return act.session.execute(query).all()


def _purses(act: Act, program: Program) -> list[Purse]:
    return [
        Purse(source.id, held if ceiling is None else min(held, ceiling))
        for source, held, ceiling in programs.paying_sources(act.session, program)
    ]


def _rows(
    act: Act, batch: Batch, wanted: Iterable[Row[tuple[int, int, int]]], purses: list[Purse]
) -> Iterator[tuple[object, ...]]:
    """Make the rows, a chunk of plaintext at a time."""
    shared = _shared_accounts(act) if batch.channel == "bank" else frozenset()
    line_no = 0
    for chunk in chunked(wanted, LINES_PER_CHUNK):
        opened = payees.open_payees(act.session, act.kit.keys, [row.person_id for row in chunk])
        for row in chunk:
            line_no += 1
            payee = opened[row.person_id]
            reason = _obstacle(batch, payee, shared)
            source_id = None if reason else _take(purses, row.amount)
            if source_id is None and not reason:
                reason = "no_funds"
            yield _row(batch, row, line_no, payee, source_id or purses[0].source_id, reason)


def _row(
    batch: Batch, row: Row[tuple[int, int, int]], line_no: int, payee: Payee, source_id: int, reason: str
) -> tuple[object, ...]:
    salt = secrets.token_bytes(32)
    with_account = batch.channel == "bank"
    return (
        batch.id,
        line_no,
        row.id,
        row.person_id,
        payee.account_id if with_account else None,
        source_id,
        row.amount,
        "set_aside" if reason else "listed",
        reason,
        salt,
        payee_commitment(salt, payee, with_account=with_account),
        secrets.token_hex(8),
    )


def _obstacle(batch: Batch, payee: Payee, shared: frozenset[int]) -> str:
    if batch.channel != "bank":
        return ""
    if payee.account_id is None:
        return "no_account"
    return "shared_account" if payee.account_id in shared else ""


def _take(purses: list[Purse], amount: int) -> int | None:
    """Take a line's amount out of the first source that still has it; None if none has."""
    for purse in purses:
        if purse.left >= amount:
            purse.left -= amount
            return purse.source_id
    return None


def _shared_accounts(act: Act) -> frozenset[int]:
    """Find current accounts whose number is held by people of two or more households (red flag 16)."""
    held = (
        select(BankAccount.number_hash)
        .where(BankAccount.is_current.is_(True))
        .group_by(BankAccount.bank_code, BankAccount.number_hash)
        .having(func.count(func.distinct(BankAccount.person_id)) > 1)
    )
    query = select(BankAccount.id).where(BankAccount.is_current.is_(True), BankAccount.number_hash.in_(held))
    return frozenset(act.session.scalars(query))


def count_lines(act: Act, batch: Batch) -> Counter[int]:
    """Sum the batch's live lines by source, and set its count and total from them."""
    query = (
        select(BatchLine.source_id, func.count(), func.sum(BatchLine.amount))
        .where(BatchLine.batch_id == batch.id, BatchLine.state != "set_aside")
        .group_by(BatchLine.source_id)
    )
    by_source: Counter[int] = Counter()
    batch.lines = 0
    for source_id, count, total in act.session.execute(query):
        by_source[source_id] = int(total)
        batch.lines += count
    batch.total = by_source.total()
    return by_source
