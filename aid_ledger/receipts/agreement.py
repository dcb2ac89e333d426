"""What the receipts hold against replay: each receipt was issued by a fact, and each fact left a receipt."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.log.diff import Difference
from aid_ledger.receipts.models import Receipt
from audit.replay import State

ROWS_PER_FETCH = 1_000


def agree(session: Session, state: State) -> Iterator[Difference]:
    """Compare stored receipts with issued ones, both ways; what each says is held by its row's digest."""
    issued = set(state.receipts)
    query = select(Receipt.id, Receipt.public_id).order_by(Receipt.id).execution_options(yield_per=ROWS_PER_FETCH)
    for key, public_id in session.execute(query):
        if public_id not in issued:
            yield Difference("receipts", str(key), f"receipt {public_id} was never issued, or is stored twice")
        issued.discard(public_id)
    for public_id in sorted(issued):
        yield Difference("receipts", public_id, f"receipt {public_id} was issued but is not stored")
