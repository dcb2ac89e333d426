"""What the book holds against replay: every kept balance is what the facts add up to."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.book.models import Account, Balance
from aid_ledger.book.rules import Stage, account_key
from aid_ledger.log.diff import Difference
from audit.replay import State


def agree(session: Session, state: State) -> Iterator[Difference]:
    """Compare kept balances with replayed ones, both ways."""
    replayed = {cell: amount for cell, amount in state.balances.items() if amount}
    accounts = {account.id: account for account in session.scalars(select(Account))}
    for balance in session.scalars(select(Balance).order_by(Balance.account_id)):
        account = accounts.get(balance.account_id)
        if account is None:
            yield Difference("balances", str(balance.account_id), "belongs to no account")
            continue
        key = account_key(account.source, account.program, account.stage)
        expected = replayed.pop((key, account.commodity), 0)
        if balance.amount != expected or balance.is_world != (account.stage == Stage.WORLD.value):
            sentence = f"{key} holds {balance.amount} {account.commodity}, the facts say {expected}"
            yield Difference("balances", str(balance.account_id), sentence)
    for (key, commodity), amount in replayed.items():
        yield Difference("balances", key, f"{key} should hold {amount} {commodity}, but has no balance")
