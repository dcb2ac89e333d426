"""Listing the lines of a batch: which entitlements, which account, which source; what cannot be paid is set aside.

Streams: a kabupaten's round is 100,000 lines. Lines are numbered in random order (their numbers are public) and loaded
in bulk. A line that cannot be paid is kept in the batch as `set_aside` with its reason, so that the rest goes on.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session

from aid_ledger.core.act import Act
from aid_ledger.core.bulk import load_rows
from aid_ledger.core.crypto import new_salt
from aid_ledger.disbursement.digests import BY_ACCOUNT, line_commitment
from aid_ledger.disbursement.models import DEAD_LINE_STATES, Batch, BatchLine, BatchSource, Entitlement, EntitlementRun
from aid_ledger.disbursement.rules import NothingAllocated, check_size
from aid_ledger.funding.models import Source
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import Program
from aid_ledger.recipients.models import BankAccount, Person

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

PUBLIC_ID_BYTES = 8
"""Lines are named in public by random ids: 64 bits do not meet among the lines of one agency."""

Wanted: TypeAlias = "Row[int, int, int, str, bytes, int | None, bytes | None]"
"""An entitlement to be listed: id, person, amount, whether the person is still there, what their row commits to; and
the current account with its commitment, for channels that pay to one."""

NOT_ACTIVE = "not_active"


@dataclass
class Purse:
    """What one source still has for this programme while lines are given out."""

    source_id: int
    left: int


def insert_lines(act: Act, batch: Batch, program: Program) -> None:
    """Insert a line for every payable entitlement of the batch's region, live or set aside with its reason.

    Raises:
        BatchTooLarge: more lines than one batch may hold.
        NothingAllocated: no source has anything for the programme.

    """
    purses = _purses(act, program)
    if not purses:
        raise NothingAllocated(program=program.code)
    _hold_runs(act, batch)
    wanted = act.session.execute(_payable(batch)).all()
    check_size(len(wanted))
    load_rows(act, BatchLine, COLUMNS, _rows(act, batch, wanted, purses))
    ids = act.session.scalars(select(BatchLine.id).where(BatchLine.batch_id == batch.id)).all()
    act.wrote(BatchLine, ids)


def set_shares(act: Act, batch: Batch) -> dict[Source, int]:
    """Count a batch's live lines anew: its lines, total, and what each source pays, in the order of sources."""
    query = (
        select(BatchLine.source_id, func.count(), func.sum(BatchLine.amount))
        .where(BatchLine.batch_id == batch.id, BatchLine.state != "set_aside")
        .group_by(BatchLine.source_id)
        .order_by(BatchLine.source_id)
    )
    counted = [(source_id, count, int(total)) for source_id, count, total in act.session.execute(query)]
    batch.lines = sum(count for _source, count, _total in counted)
    batch.total = sum(total for _source, _count, total in counted)
    kept = {row.source_id: row for row in act.session.scalars(select(BatchSource).filter_by(batch_id=batch.id))}
    for source_id, _count, total in counted:
        row = kept.pop(source_id, None)
        if row is None:
            act.session.add(BatchSource(batch_id=batch.id, source_id=source_id, amount=total))
        else:
            row.amount = total
    for row in kept.values():
        act.session.delete(row)
    act.session.flush()
    return {act.session.get_one(Source, source_id): total for source_id, _count, total in counted}


def unpayable(session: Session, batch: Batch) -> Sequence[tuple[BatchLine, str]]:
    """List live lines whose payee can no longer be paid as drafted, each with the obstacle, in order."""
    live = BatchLine.batch_id == batch.id, BatchLine.state == "listed"
    is_gone = Person.state != "active"
    if batch.channel not in BY_ACCOUNT:
        gone = select(BatchLine).join(Person, Person.id == BatchLine.person_id).where(*live, is_gone)
        return [(line, NOT_ACTIVE) for line in session.scalars(gone.order_by(BatchLine.line_no))]
    is_shared = BankAccount.id.in_(_shared_accounts())
    current = and_(BankAccount.person_id == Person.id, BankAccount.is_current.is_(True))
    suspects = (
        select(BatchLine, Person.state, BankAccount.id, is_shared)
        .join(Person, Person.id == BatchLine.person_id)
        .outerjoin(BankAccount, current)
        .where(*live, or_(is_gone, BankAccount.id.is_(None), is_shared))
    )
    found = {
        line: _obstacle(batch, state, account_id, frozenset({account_id} if shared else ()))
        for line, state, account_id, shared in session.execute(suspects.order_by(BatchLine.line_no))
    }
    return list(found.items())


def _shared_accounts() -> Select[int]:
    """Select current accounts whose number is held in two or more households (red flag 16)."""
    held = (
        select(BankAccount.bank_code, BankAccount.number_hash)
        .join(Person, Person.id == BankAccount.person_id)
        .where(BankAccount.is_current.is_(True))
        .group_by(BankAccount.bank_code, BankAccount.number_hash)
        .having(func.min(Person.household_id) != func.max(Person.household_id))
        .subquery()
    )
    is_held = and_(held.c.bank_code == BankAccount.bank_code, held.c.number_hash == BankAccount.number_hash)
    return select(BankAccount.id).join(held, is_held).where(BankAccount.is_current.is_(True))


def _hold_runs(act: Act, batch: Batch) -> None:
    """Hold the runs this batch draws from, so that two drafts at once come one after another."""
    runs = select(EntitlementRun.id).where(
        EntitlementRun.program_id == batch.program_id,
        EntitlementRun.period == batch.period,
        EntitlementRun.decree_id == batch.decree_id,
    )
    act.session.execute(runs.order_by(EntitlementRun.id).with_for_update()).all()


def _payable(batch: Batch) -> Select[int, int, int, str, bytes, int | None, bytes | None]:
    """Select determined entitlements of the region without a live line, in random order."""
    live = (
        select(BatchLine.id)
        .where(BatchLine.entitlement_id == Entitlement.id, BatchLine.state.not_in(DEAD_LINE_STATES))
        .exists()
    )
    account: ColumnElement[bool] = and_(BankAccount.person_id == Person.id, BankAccount.is_current.is_(True))
    if batch.channel not in BY_ACCOUNT:
        account = false()
    return (
        select(
            Entitlement.id,
            Entitlement.person_id,
            Entitlement.amount,
            Person.state,
            Person.commitment,
            BankAccount.id,
            BankAccount.commitment,
        )
        .join(EntitlementRun, EntitlementRun.id == Entitlement.run_id)
        .join(Person, Person.id == Entitlement.person_id)
        .outerjoin(BankAccount, account)
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


def _purses(act: Act, program: Program) -> list[Purse]:
    return [
        Purse(source.id, held if ceiling is None else min(held, ceiling))
        for source, held, ceiling in programs.paying_sources(act.session, program)
    ]


def _rows(act: Act, batch: Batch, wanted: Iterable[Wanted], purses: list[Purse]) -> Iterator[tuple[object, ...]]:
    """Make the rows of all lines, in the random order in which they are wanted."""
    shared = frozenset(act.session.scalars(_shared_accounts())) if batch.channel in BY_ACCOUNT else frozenset()
    for line_no, row in enumerate(wanted, start=1):
        entitlement_id, person_id, amount, state, person, account_id, account = row
        reason = _obstacle(batch, state, account_id, shared)
        source_id = None if reason else _take(purses, amount)
        if source_id is None:
            source_id, reason = purses[0].source_id, reason or "no_funds"
        salt = new_salt()
        yield (
            batch.id,
            line_no,
            entitlement_id,
            person_id,
            account_id,
            source_id,
            amount,
            "set_aside" if reason else "listed",
            reason,
            salt,
            line_commitment(salt, person, account),
            secrets.token_hex(PUBLIC_ID_BYTES),
        )


def _obstacle(batch: Batch, state: str, account_id: int | None, shared: frozenset[int]) -> str:
    if state != "active":
        return NOT_ACTIVE
    if batch.channel not in BY_ACCOUNT:
        return ""
    if account_id is None:
        return "no_account"
    return "shared_account" if account_id in shared else ""


def _take(purses: list[Purse], amount: int) -> int | None:
    """Take a line's amount out of the first source that still has it; None if none has."""
    for purse in purses:
        if purse.left >= amount:
            purse.left -= amount
            return purse.source_id
    return None
