"""Writing movements: cells locked in the order of account numbers, balances shifted, transfers beside them.

Two statements a deed on PostgreSQL, whatever the number of movements: this is what every payment waits for. What may
move, and whether there is enough, is decided in `service`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

from sqlalchemy import ARRAY, BindParameter, Column, Table, bindparam, func, insert, select, tuple_, update
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
    post_ = _post_at_once if dialect_of(act.session) == "postgresql" else _post_in_turn
    act.wrote(Transfer, post_(act, lines, amounts, batch))


def _array(name: str, column: Column[Any]) -> BindParameter[Any]:
    """Bind a list of values as this column takes them one by one."""
    return bindparam(name, type_=ARRAY(column.type))


_SHIFTS = (
    func.unnest(_array("accounts", _BALANCES.c.account_id), _array("amounts", _BALANCES.c.amount))
    .table_valued("account_id", "amount", name="shift")
    .render_derived()
)
_LINES = (
    func.unnest(
        _array("origins", _TRANSFERS.c.from_account_id),
        _array("targets", _TRANSFERS.c.to_account_id),
        _array("commodities", _TRANSFERS.c.commodity),
        _array("moved", _TRANSFERS.c.amount),
        _array("reverses", _TRANSFERS.c.reverses_id),
        _array("orders", _TRANSFERS.c.order_in_act),
    )
    .table_valued("origin", "target", "commodity", "amount", "reverses", "order_in_act", name="line")
    .render_derived()
)
_POSTING = (
    insert(_TRANSFERS)
    .from_select(
        [
            *("act", "batch", "at", "from_account_id", "to_account_id"),
            *("commodity", "amount", "reverses_id", "order_in_act"),
        ],
        select(
            *(
                bindparam(column.name, type_=column.type)
                for column in (_TRANSFERS.c.act, _TRANSFERS.c.batch, _TRANSFERS.c.at)
            ),
            *(_LINES.c.origin, _LINES.c.target, _LINES.c.commodity),
            *(_LINES.c.amount, _LINES.c.reverses, _LINES.c.order_in_act),
        ).order_by(_LINES.c.order_in_act),
    )
    .add_cte(
        update(_BALANCES)
        .where(_BALANCES.c.account_id == _SHIFTS.c.account_id)
        .values(amount=_SHIFTS.c.amount)
        .cte("shifted")
    )
    .returning(_TRANSFERS.c.id)
)


def _post_at_once(act: Act, lines: Sequence[Line], amounts: Mapping[int, int], batch: str | None) -> list[int]:
    """Write everything in one statement: a balance and the transfer that changed it are on the server together."""
    written = act.session.execute(
        _POSTING,
        {
            "act": act.id,
            "batch": batch,
            "at": act.at,
            "accounts": list(amounts),
            "amounts": list(amounts.values()),
            "origins": [line.origin for line in lines],
            "targets": [line.target for line in lines],
            "commodities": [line.commodity for line in lines],
            "moved": [line.amount for line in lines],
            "reverses": [line.reverses for line in lines],
            "orders": [line.order_in_act for line in lines],
        },
    )
    return [row[0] for row in written]


_SHIFTING = update(_BALANCES).where(_BALANCES.c.account_id == bindparam("account")).values(amount=bindparam("held"))
_WRITING = insert(_TRANSFERS).returning(_TRANSFERS.c.id)


def _post_in_turn(act: Act, lines: Sequence[Line], amounts: Mapping[int, int], batch: str | None) -> list[int]:
    """Do the same where no statement can do both: the embedded database is no journey away."""
    act.session.execute(_SHIFTING, [{"account": account, "held": held} for account, held in amounts.items()])
    return [
        act.session.execute(
            _WRITING,
            {
                "act": act.id,
                "from_account_id": line.origin,
                "to_account_id": line.target,
                "commodity": line.commodity,
                "amount": line.amount,
                "batch": batch,
                "reverses_id": line.reverses,
                "at": act.at,
                "order_in_act": line.order_in_act,
            },
        ).scalar_one()
        for line in lines
    ]
