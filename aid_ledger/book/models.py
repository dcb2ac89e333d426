"""Where value is: commodities, accounts, transfers and the balances kept beside them.

An account is one cell of a grid (source, programme or none, stage, commodity). Accounts know sources and programmes
by their codes only, so that the book depends on nothing downstream.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Amount, Count, Moment, PrimaryId, ShortText, State
from aid_ledger.core.db import Base, derived, record


class Commodity(Base):
    """What is counted: IDR (whole rupiah) or a good in whole units, under a neutral public name."""

    __tablename__ = "commodities"
    __table_args__ = ({"info": record("the founding, OPERATOR")},)

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit: Mapped[ShortText]
    name: Mapped[ShortText]
    public_name: Mapped[ShortText]


class Account(Base):
    """One cell of the grid. `programme` is '-' where value is not allocated yet."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("source", "program", "stage", "commodity", name="cell"),
        {"info": record("the book")},
    )

    id: Mapped[PrimaryId]
    source: Mapped[str] = mapped_column(String(40))
    program: Mapped[str] = mapped_column(String(40))
    stage: Mapped[State]
    commodity: Mapped[str] = mapped_column(ForeignKey("commodities.code"))


class Balance(Base):
    """How much an account holds: the sum of its transfers, never below zero but for `world`."""

    __tablename__ = "balances"
    __table_args__ = (
        CheckConstraint("is_world OR amount >= 0", name="never_below_zero"),
        {"info": derived("the book; recomputed by replay and by `book check`")},
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, autoincrement=False)
    is_world: Mapped[bool]
    amount: Mapped[Amount]


class Transfer(Base):
    """One movement of value: balanced by construction, never changed; corrections are reversals."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint("from_account_id <> to_account_id", name="moves"),
        Index("ix_transfers_from", "from_account_id", "id"),
        Index("ix_transfers_to", "to_account_id", "id"),
        Index("ix_transfers_act", "act"),
        {"info": record("the book") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    act: Mapped[str] = mapped_column(String(32))
    from_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    to_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    commodity: Mapped[str] = mapped_column(ForeignKey("commodities.code"))
    amount: Mapped[Amount]
    batch: Mapped[str | None] = mapped_column(String(40), index=True)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("transfers.id"), unique=True)
    at: Mapped[Moment]
    order_in_act: Mapped[Count]
