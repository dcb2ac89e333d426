"""What the page of a batch says of time: the first token of an authority over all of its receipts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from aid_ledger.log import timestamping
from aid_ledger.receipts import queries
from aid_ledger.settings import Settings
from audit.timestamp import Stamped


@dataclass(frozen=True, slots=True)
class Timing:
    """How it stands: `stated` is what the token over the checkpoint of `size` says, None as long as there is none."""

    size: int
    stated: Stamped | None


def of_batch(session: Session, batch_id: int, settings: Settings) -> Timing | None:
    """Look for the token over a batch's receipts; None where none is asked for, or nothing was issued."""
    position = queries.last_position(session, batch_id)
    if not settings.timestamp_url or position is None:
        return None
    size, stated = timestamping.over(session, position, settings) or (0, None)
    return Timing(size, stated)
