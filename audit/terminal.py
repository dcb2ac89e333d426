"""How the commands ask and tell: what was typed wrongly is a wrong question, and nothing steers the terminal."""

from __future__ import annotations

import functools
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from audit import policy
from audit.bundle import open_place
from audit.errors import AuditError
from audit.policy import Policy
from audit.source import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.errors import Finding
    from audit.source import Source
    from audit.verify import Report

PATIENCE_S: Final = 2
"""How long a check may be silent."""

GOOD: Final = 0
BAD: Final = 1
NEWER: Final = 3
_MAX_SHOWN: Final = 20

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


@asked
def place(typed: str) -> Source:
    """Open an address, a folder or an evidence bundle that holds a log."""
    return open_place(typed)


@asked
def vkey(typed: str) -> Policy:
    """Read the verifier key of a log, as it is printed on paper."""
    return Policy.of_log_key(typed)


@asked
def policy_file(typed: str) -> Policy:
    """Read a file that says whom to believe."""
    return policy.parse(read_file(Path(typed), policy.MAX_POLICY_BYTES))


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


def tell_result(report: Report) -> int:
    """Say how it went and return the exit code; what is bad is bad even if something newer is there too."""
    if report.findings:
        return tell_bad(report.findings)
    if report.newer is not None:
        return tell_newer(report.newer)
    tell("result", "good")
    return GOOD


def tell_bad(findings: tuple[Finding, ...]) -> int:
    """Say what is wrong, the first of it in full, and return the exit code."""
    worst, *others = findings
    tell("result", "bad")
    tell("first_bad_index", place_of(worst))
    tell("rule", worst.rule)
    tell("reason", worst.sentence)
    for each in others[:_MAX_SHOWN]:
        tell("also", f"{place_of(each)} {each.rule} {each.sentence}")
    if len(others) > _MAX_SHOWN:
        tell("also", f"{len(others) - _MAX_SHOWN} more")
    return BAD


def tell_newer(newer: Finding) -> int:
    """Say what this package is too old to judge, and return the exit code."""
    tell("result", "newer")
    tell("first_newer_index", place_of(newer))
    tell("rule", newer.rule)
    tell("reason", newer.sentence)
    return NEWER


def place_of(finding: Finding) -> str:
    """Write which entry a finding is about."""
    return "unknown" if finding.index is None else str(finding.index)
