"""A person who waits is told how far it is; a pipe is told nothing."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

from audit import terminal


class Screen(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        """Say that somebody looks."""
        return True


class Clock:
    """Seconds that pass when a test says so."""

    now_s = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now_s


def test_nothing_is_told_where_nobody_looks() -> None:
    """A script that reads stderr finds faults there, not percentages."""
    with redirect_stderr(io.StringIO()), terminal.progress() as tell:
        assert tell is None


def test_a_quick_check_says_nothing() -> None:
    """Two seconds are no wait."""
    screen, clock = Screen(), Clock()
    with redirect_stderr(screen), terminal.progress(clock) as tell:
        assert tell is not None
        clock.now_s += terminal.PATIENCE_S - 0.1
        tell(256, 512)
    assert screen.getvalue() == ""


def test_a_long_check_tells_how_far_it_is_once_a_second_and_wipes_it_away() -> None:
    """What stays on the screen is the result."""
    screen, clock = Screen(), Clock()
    with redirect_stderr(screen), terminal.progress(clock) as tell:
        assert tell is not None
        clock.now_s += terminal.PATIENCE_S
        tell(256, 1000)
        clock.now_s += 0.75
        tell(512, 1000)
        clock.now_s += 0.25
        tell(768, 1000)
    assert screen.getvalue() == "\r256 of 1000 entries read\r768 of 1000 entries read\r" + " " * 24 + "\r"
