"""Reading the book: accounts, balances, what moved, and the proof that kept balances equal the sum of transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, or_, select, union_all
from sqlalchemy.orm import Session

from aid_ledger.book.models import Account, Balance, Commodity, Transfer
from aid_ledger.book.rules import CommodityUnknown, Movement, Place, Stage, account_key
from aid_ledger.log.models import LogEntry, LogPosition

PAGE_SIZE = 50
"""Transfers on one page of an account."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one account holds; `amount` in whole rupiah or whole units."""

    source: str
    program: str
    stage: str
    commodity: str
    amount: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One transfer as seen from an account: what came (positive) or went (negative), and from or to where."""

    transfer: Transfer
    other: Account
    amount: int
    position: int | None
    """Where the Act that moved it begins in the log; None while it waits to be sealed."""


@dataclass(frozen=True, slots=True)
class Unbalanced:
    """An account whose kept balance is not the sum of its transfers."""

    account: str
    commodity: str
    kept: int
    summed: int


def commodity(session: Session, code: str) -> Commodity:
    """Fetch a commodity; raises CommodityUnknown."""
    found = session.get(Commodity, code)
    if found is None:
        raise CommodityUnknown(commodity=code)
    return found


def account(session: Session, place: Place, commodity: str) -> Account | None:
    """Find an account; None if nothing has ever moved there."""
    return session.scalars(
        select(Account).where(
            Account.source == place.source,
            Account.program == place.program,
            Account.stage == place.stage.value,
            Account.commodity == commodity,
        )
    ).first()


def balance(session: Session, place: Place, commodity: str) -> int:
    """Tell what an account holds; 0 if nothing has ever moved there."""
    found = account(session, place, commodity)
    if found is None:
        return 0
    return session.scalar(select(Balance.amount).where(Balance.account_id == found.id)) or 0


def holdings(
    session: Session, *, source: str | None = None, program: str | None = None, commodity: str | None = None
) -> list[Holding]:
    """List what accounts hold (without `world` and empty ones), by source, programme, stage."""
    query = (
        select(Account, Balance.amount)
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.stage != Stage.WORLD.value, Balance.amount != 0)
        .order_by(Account.source, Account.program, Account.id)
    )
    for column, wanted in ((Account.source, source), (Account.program, program), (Account.commodity, commodity)):
        if wanted is not None:
            query = query.where(column == wanted)
    return [
        Holding(row.source, row.program, row.stage, row.commodity, amount) for row, amount in session.execute(query)
    ]


def by_stage(holdings: Sequence[Holding]) -> dict[str, int]:
    """Sum holdings of one commodity by stage, in the order value passes through them."""
    return {
        stage.value: sum(each.amount for each in holdings if each.stage == stage.value)
        for stage in Stage
        if stage is not Stage.WORLD
    }


def commodities(session: Session) -> list[Commodity]:
    """List what is counted, by code."""
    return list(session.scalars(select(Commodity).order_by(Commodity.code)))


def statement(session: Session, account_id: int, *, before: int = 0) -> list[Leg]:
    """List an account's transfers, newest first, one more than a page; `before` is the last one shown (0: the top)."""
    begins = (
        select(func.min(LogPosition.position))
        .join(LogEntry, LogPosition.entry_id == LogEntry.id)
        .where(LogEntry.act == Transfer.act)
        .correlate(Transfer)
        .scalar_subquery()
    )
    is_in = Transfer.to_account_id == account_id
    query = (
        select(Transfer, Account, case((is_in, Transfer.amount), else_=-Transfer.amount), begins)
        .join(Account, Account.id == case((is_in, Transfer.from_account_id), else_=Transfer.to_account_id))
        .where(or_(is_in, Transfer.from_account_id == account_id))
        .order_by(Transfer.id.desc())
        .limit(PAGE_SIZE + 1)
    )
    if before:
        query = query.where(Transfer.id < before)
    return [Leg(*row) for row in session.execute(query)]


def transfers_of_act(session: Session, act_id: str) -> list[Transfer]:
    """List what an Act moved, in order."""
    return list(session.scalars(select(Transfer).where(Transfer.act == act_id).order_by(Transfer.order_in_act)))


def movement_of(session: Session, transfer: Transfer) -> Movement:
    """Read a transfer back as the movement it was."""
    origin = session.get_one(Account, transfer.from_account_id)
    target = session.get_one(Account, transfer.to_account_id)
    return Movement(_place(origin), _place(target), transfer.commodity, transfer.amount)


def unbalanced(session: Session) -> list[Unbalanced]:
    """List every account whose kept balance differs from its transfers, or that went below zero. Empty is good."""
    legs = union_all(
        select(Transfer.to_account_id.label("account_id"), Transfer.amount.label("amount")),
        select(Transfer.from_account_id, -Transfer.amount),
    ).subquery()
    summed = select(legs.c.account_id, func.sum(legs.c.amount).label("total")).group_by(legs.c.account_id).subquery()
    total = func.coalesce(summed.c.total, 0)
    below = case((Account.stage == Stage.WORLD.value, False), else_=total < 0)
    query = (
        select(Account, func.coalesce(Balance.amount, 0), total)
        .outerjoin(Balance, Balance.account_id == Account.id)
        .outerjoin(summed, summed.c.account_id == Account.id)
        .where((func.coalesce(Balance.amount, 0) != total) | below)
        .order_by(Account.id)
    )
    return [
        Unbalanced(account_key(row.source, row.program, row.stage), row.commodity, int(kept), int(total))
        for row, kept, total in session.execute(query)
    ]


def _place(row: Account) -> Place:
    return Place(row.source, Stage(row.stage), row.program)
