"""What time it is at least, by the word of the witnesses: the floor that Acts stand on (THREATS 9).

The times are those that witnesses wrote into their cosignatures. Whoever can edit our note of them can also stop the
clock; then the verifier names the entries, since the cosignatures themselves are out of reach.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.db import reading
from aid_ledger.log.models import WitnessState
from aid_ledger.log.rules import quorum_of

ASKED_EVERY_S: Final = 1.0
"""A floor that is a second old is a second too low, and the slack is five minutes."""


def sworn_time(session: Session) -> dt.datetime | None:
    """Tell the newest time that a quorum of our witnesses has reached; None without a quorum that ever cosigned."""
    times = session.scalars(select(WitnessState.cosigned_at)).all()
    sworn = sorted((each for each in times if each is not None), reverse=True)
    needed = quorum_of(len(times))
    return sworn[needed - 1] if 0 < needed <= len(sworn) else None


class SwornFloor:
    """The floor of one process: asks the database once a second at most, and never goes down."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked_s = float("-inf")
        self._sworn: dt.datetime | None = None

    def __call__(self) -> dt.datetime | None:
        """Tell the newest time a quorum has sworn to, as far as this process has heard."""
        at_s = clock.monotonic()
        if at_s - self._asked_s >= ASKED_EVERY_S:
            with reading(self._engine) as session:
                sworn = sworn_time(session)
            # Two threads may ask at once; each only ever raises what it finds.
            self._sworn = max(filter(None, (self._sworn, sworn)), default=None)
            self._asked_s = at_s
        return self._sworn
