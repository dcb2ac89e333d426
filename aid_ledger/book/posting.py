"""Writing movements: cells locked in the order of account numbers, balances shifted, transfers beside them.

This is what every payment waits for, so that it says as little to the database as it can. What may move, and whether
there is enough, is decided in `service`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

from sqlalchemy import Table, bindparam, case, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from aid_ledger.book.models import Account, Balance, Transfer
from aid_ledger.core.act import Act
from aid_ledger.core.db import dialect_of

Cell: TypeAlias = tuple[str, str, str, str]
"""One cell of the grid: source, programme, stage, commodity."""


class Held(NamedTuple):
    """What a locked account holds."""

    account_id: int
    amount: int
    is_world: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A transfer to be written; `reverses` is the transfer it undoes, if any."""

    origin: int
    target: int
    commodity: str
    amount: int
    order_in_act: int
    reverses: int | None = None


_ACCOUNTS = cast("Table", Account.__table__)
_BALANCES = cast("Table", Balance.__table__)
_TRANSFERS = cast("Table", Transfer.__table__)

_WANTED = (
    select(_ACCOUNTS.c.id)
    .join(_BALANCES, _BALANCES.c.account_id == _ACCOUNTS.c.id)
    .where(
        tuple_(_ACCOUNTS.c.source, _ACCOUNTS.c.program, _ACCOUNTS.c.stage, _ACCOUNTS.c.commodity).in_(
            bindparam("cells", expanding=True)
        )
    )
    .cte("wanted")
)
_LOCKING = (
    select(
        *(_ACCOUNTS.c.source, _ACCOUNTS.c.program, _ACCOUNTS.c.stage, _ACCOUNTS.c.commodity),
        *(_ACCOUNTS.c.id, _BALANCES.c.amount, _BALANCES.c.is_world),
    )
    .join(_BALANCES, _BALANCES.c.account_id == _ACCOUNTS.c.id)
    .where(
        _ACCOUNTS.c.id.in_(select(_WANTED.c.id)),
        select(func.count()).select_from(_WANTED).scalar_subquery() == bindparam("count"),
    )
    .order_by(_ACCOUNTS.c.id)
    .with_for_update(of=_BALANCES)
)
"""Locks all cells or none: who holds one balance and waits for somebody to open another may wait in a ring."""


def lock(session: Session, cells: Collection[Cell]) -> dict[Cell, Held]:
    """Lock the balances of all these cells, in the order of account numbers; nothing if one is not open yet."""
    rows = session.execute(_LOCKING, {"cells": list(cells), "count": len(cells)})
    return {(row[0], row[1], row[2], row[3]): Held(row[4], row[5], row[6]) for row in rows}


def post(act: Act, lines: Sequence[Line], amounts: Mapping[int, int], *, batch: str | None) -> None:
    """Write the transfers in order, and what the locked accounts hold after them; tells the Act."""
    rows = [_row(act, line, batch) for line in lines]
    if len(lines) == 1 and dialect_of(act.session) == "postgresql":
        (line,) = lines
        row = rows[0] | {"left": amounts[line.origin], "held": amounts[line.target]}
        act.wrote(Transfer, [act.session.execute(_ONE, row).scalar_one()])
        return
    act.session.execute(_SHIFTING, [{"account": account, "held": held} for account, held in amounts.items()])
    act.wrote(Transfer, act.session.execute(_MANY, rows).scalars())


def _row(act: Act, line: Line, batch: str | None) -> dict[str, Any]:
    return {
        "act": act.id,
        "from_account_id": line.origin,
        "to_account_id": line.target,
        "commodity": line.commodity,
        "amount": line.amount,
        "batch": batch,
        "reverses_id": line.reverses,
        "at": act.at,
        "order_in_act": line.order_in_act,
    }


_SHIFTING = update(_BALANCES).where(_BALANCES.c.account_id == bindparam("account")).values(amount=bindparam("held"))
_MANY = insert(_TRANSFERS).returning(_TRANSFERS.c.id, sort_by_parameter_order=True)

_ENDS = {name: bindparam(name, type_=_TRANSFERS.c[name].type) for name in ("from_account_id", "to_account_id")}
_ONE = (
    insert(_TRANSFERS)
    .values(
        {column: _ENDS.get(column.name, bindparam(column.name)) for column in _TRANSFERS.c if not column.primary_key}
    )
    .add_cte(
        update(_BALANCES)
        .where(_BALANCES.c.account_id.in_(_ENDS.values()))
        .values(
            amount=case(
                (_BALANCES.c.account_id == _ENDS["from_account_id"], bindparam("left", type_=_BALANCES.c.amount.type)),
                else_=bindparam("held", type_=_BALANCES.c.amount.type),
            )
        )
        .cte("shifted")
    )
    .returning(_TRANSFERS.c.id)
)
"""A movement and both its balances in one statement, which PostgreSQL alone can say. Most deeds move once."""
