"""SQLAlchemy-Continuum: models whose every version is kept, as an application with history would use it.

A transfer locks its two accounts, checks and changes their balances, and adds a row; Continuum adds a version of each
of the three and a transaction row. `strategy` is its own option: `validity` is its default, `subquery` writes less.
Run by bench/sides.py.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, configure_mappers, mapped_column

from bench.sides import serve, timed

# Installed by the bench lock only, and listening before the first model is made: hence by name, and here.
import_module("sqlalchemy_continuum").make_versioned(user_cls=None, options={"strategy": sys.argv[2]})


class Base(DeclarativeBase):
    """The registry of this side's tables."""


class Account(Base):
    """Where value is, with its balance."""

    __tablename__ = "account"
    __versioned__: dict[str, Any] = {}  # noqa: RUF012 - as Continuum's documentation writes it
    __table_args__ = (CheckConstraint("balance >= 0"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[str] = mapped_column(String(80), unique=True)
    balance: Mapped[int] = mapped_column(BigInteger)


class Transfer(Base):
    """One movement of value."""

    __tablename__ = "transfer"
    __versioned__: dict[str, Any] = {}  # noqa: RUF012 - as above

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    from_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    to_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    commodity: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[str] = mapped_column(String(40))


class Continuum:
    """The turns of this side."""

    def __init__(self, url: str) -> None:
        configure_mappers()
        self.engine = create_engine(url)
        Base.metadata.create_all(self.engine)

    def fund(self, amount: int) -> dict[str, Any]:
        """Make the two accounts and put value into the first."""
        with Session(self.engine) as session:
            session.add_all(
                [Account(id=1, code="received", balance=amount), Account(id=2, code="allocated", balance=0)]
            )
            session.commit()
        return {}

    def post(self, count: int, amount: int) -> dict[str, Any]:
        """Move value `count` times, each in a transaction of its own."""
        outcome: dict[str, Any] = {"rows": count}
        before = self._versions()
        with timed(outcome):
            for _ in range(count):
                self._transfer(amount)
        assert self._versions() - before == count
        return outcome

    def _transfer(self, amount: int) -> None:
        with Session(self.engine) as session:
            locked = select(Account).where(Account.id.in_((1, 2))).order_by(Account.id).with_for_update()
            origin, target = session.scalars(locked).all()
            assert origin.balance >= amount
            origin.balance -= amount
            target.balance += amount
            session.add(
                Transfer(
                    from_account_id=origin.id,
                    to_account_id=target.id,
                    commodity="IDR",
                    amount=amount,
                    document="DOC-2026-000001",
                )
            )
            session.commit()

    def _versions(self) -> int:
        """Count the kept versions of transfers, so that nobody skips the history."""
        versions = Base.metadata.tables["transfer_version"]
        with self.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(versions)) or 0


if __name__ == "__main__":
    side = Continuum(sys.argv[1])
    serve({"fund": side.fund, "post": side.post})
