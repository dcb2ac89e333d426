"""The floor under the clock: an Act's time may be believed only within what others have sworn (THREATS 9).

A clock set back would bring an expired office back to life, so no Act opens while it is far behind the newest time that
witnesses swore. An Act that takes too long would claim a time long before its entries are sworn to. Both are held again
by whoever verifies the log. Who swore what is known to the `log` room; `app` hands it down as a Floor.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

CLOCK_SLACK: Final = dt.timedelta(minutes=5)
"""How far this clock may be behind those of the witnesses (house rule; the same leeway they have)."""

LONGEST_ACT: Final = dt.timedelta(minutes=30)
"""From an Act's time to its commit; a million recipients take a third of it. A verifier allows two hours in all."""

Floor = Callable[[], dt.datetime | None]
"""Tells the newest time a quorum outside has sworn to; None where nobody has."""


class ClockBehind(DomainError):
    """The machine's clock is behind what witnesses have sworn: it was set back, or has stopped."""

    kind = Kind.UNAVAILABLE
    code = "clock.behind"


class ActTooLong(DomainError):
    """A deed took so long that its time would not be believed; nothing of it was kept."""

    kind = Kind.UNAVAILABLE
    code = "clock.act_too_long"


def no_floor() -> dt.datetime | None:
    """Be the floor where nobody swears to anything: the founding, and tools without witnesses."""
    return None


def check_not_behind(at: dt.datetime, sworn: dt.datetime | None) -> None:
    """Refuse to begin at a time that others know to be over; raises ClockBehind."""
    if sworn is not None and at < sworn - CLOCK_SLACK:
        raise ClockBehind(behind_s=int((sworn - at).total_seconds()))


def check_not_too_long(at: dt.datetime, now: dt.datetime) -> None:
    """Refuse to commit what began too long ago; raises ActTooLong."""
    if now - at > LONGEST_ACT:
        raise ActTooLong(minutes=int(LONGEST_ACT.total_seconds() // 60))
