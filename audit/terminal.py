"""How the commands ask and tell: what was typed wrongly is a wrong question, and nothing steers the terminal."""

from __future__ import annotations

import functools
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import click

from audit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S: Final = 2
"""How long a check may be silent."""

Answer = TypeVar("Answer")


def asked(read: Callable[[str], Answer]) -> Callable[[str], Answer]:
    """Make a refusal of what the inspector typed a wrong question, not a bad log."""

    @functools.wraps(read)
    def convert(typed: str) -> Answer:
        try:
            return read(typed)
        except AuditError as error:
            raise click.BadParameter(printable(error.sentence)) from error

    return convert


def tell(name: str, value: str) -> None:
    """Print one line of `key: value`."""
    click.echo(f"{name}: {printable(value)}")


@contextmanager
def progress(clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[int, int], None] | None]:
    """Give what tells a waiting person how far a check has come, or None when stderr is no terminal.

    Each line is written over the one before, and the last is wiped away: what stays on the screen is the result.
    """
    if not sys.stderr.isatty():
        yield None
        return
    due_s = clock() + PATIENCE_S
    shown = ""

    def tell_progress(read: int, size: int) -> None:
        nonlocal due_s, shown
        if clock() < due_s:
            return
        due_s = clock() + 1
        shown = f"{read} of {size} entries read"
        click.echo(f"\r{shown}", nl=False, err=True)

    yield tell_progress
    if shown:
        click.echo(f"\r{' ' * len(shown)}\r", nl=False, err=True)


def printable(text: str) -> str:
    """Keep whatever a stranger wrote from steering the inspector's terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
