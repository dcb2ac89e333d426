"""How the commands ask and tell: what was typed wrongly is a wrong question, and nothing steers the terminal."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

import click

from audit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def printable(text: str) -> str:
    """Keep whatever a stranger wrote from steering the inspector's terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
