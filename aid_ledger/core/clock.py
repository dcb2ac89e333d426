"""The one clock: every instant and every business date in the product comes from here, so that tests can set it.

Instants are aware and in UTC; a business date is a calendar day in the agency's zone. Whether a time may be believed
(a clock set back to revive an expired office) is not decided here but where Acts open, against cosigned times.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Jakarta"
"""The zone of most agencies; an agency in WITA or WIT sets its own in Settings."""

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def now() -> dt.datetime:
    """Tell the instant: aware, UTC, to the microsecond."""
    return _clock.source().astimezone(dt.UTC)


def today(zone: str = DEFAULT_ZONE) -> dt.date:
    """Tell the calendar day in a zone; between 00:00 and 07:00 in Jakarta it is not the UTC day."""
    return now().astimezone(ZoneInfo(zone)).date()


def monotonic() -> float:
    """Tell seconds that never run backwards, for measuring only; a frozen clock does not stop them."""
    return time.monotonic()


def instant_text(instant: dt.datetime) -> str:
    """Write an instant as the log and the embedded database hold it: `2026-11-22T05:49:00.123456Z`.

    There are always six fraction digits, so that text sorts as time.
    """
    if instant.tzinfo is None:
        raise TypeError("an instant needs a time zone")
    # Not strftime: it writes a year below 1000 without its zeros on this platform.
    return instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_instant(text: str) -> dt.datetime:
    """Read exactly what `instant_text` writes, and nothing else.

    Raises:
        ValueError: the text has another shape, or names a time that does not exist.
    """
    if _INSTANT.fullmatch(text) is None:
        raise ValueError(f"not an instant: {text!r}")
    return dt.datetime.fromisoformat(text)


@dataclass(slots=True)
class FrozenClock:
    """A clock that stands still until it is moved; only tests and the simulator hold one."""

    at: dt.datetime

    def advance(self, **span: int) -> dt.datetime:
        """Move forward by a span in the words of `timedelta` (days, hours, minutes, seconds) and tell the new time."""
        self.at += dt.timedelta(**span)
        return self.at

    def move_to(self, at: dt.datetime) -> None:
        """Move to an instant, backwards too: cheats set clocks back."""
        self.at = _aware(at)


@contextmanager
def frozen(at: dt.datetime) -> Iterator[FrozenClock]:
    """Stop the clock for every thread of this process, and set the former clock back afterwards."""
    still = FrozenClock(_aware(at))
    former = _clock.source
    set_clock(lambda: still.at)
    try:
        yield still
    finally:
        _clock.source = former


def set_clock(source: Callable[[], dt.datetime] | None) -> None:
    """Replace the source of time of this process; None sets the machine's clock back."""
    _clock.source = source or _machine_time


def _machine_time() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _aware(at: dt.datetime) -> dt.datetime:
    if at.tzinfo is None:
        raise TypeError("a clock needs a time zone")
    return at


@dataclass(slots=True)
class _Clock:
    source: Callable[[], dt.datetime]


_clock = _Clock(_machine_time)
