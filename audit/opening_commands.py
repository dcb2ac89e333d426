"""`aid-audit openings`: an auditor's key, and holding what was lodged under it against the log.

It names lines, never persons: what is printed may be copied anywhere.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from audit import keyfile
from audit.bundle import verify_place
from audit.errors import AuditError, Finding, SourceFailed
from audit.openings import Inspection, Register
from audit.replay import Replay
from audit.sealing import ReaderSecret
from audit.terminal import BAD, asked, place, policy_file, printable, progress, tell, tell_bad, tell_result, vkey
from audit.verify import verify_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.policy import Policy
    from audit.source import Source

FILE: Final = click.Path(dir_okay=False, path_type=Path)
READABLE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@asked
def secret_file(typed: str) -> ReaderSecret:
    """Read the private half of the auditor's key."""
    return ReaderSecret.parse(keyfile.read(Path(typed)))


@click.group()
def openings() -> None:
    """Hold what stands behind commitments against the log: for auditors it was lodged with."""


@openings.command()
@click.argument("name")
@click.option("--file", "path", type=FILE, required=True, help="New file for the private half; it stays here.")
def key(name: str, path: Path) -> None:
    """Make a key for the auditor NAME and print the public half, which the agency seals openings to."""
    try:
        secret = ReaderSecret.generate(name)
        keyfile.keep(path, secret.format())
    except AuditError as error:
        click.echo(f"refused: {printable(error.sentence)}", err=True)
        sys.exit(BAD)
    tell("key", str(secret.reader()))
    tell("file", str(path))


@openings.command()
@click.argument("files", type=READABLE, nargs=-1, required=True)
@click.option("--key", "secret", type=secret_file, required=True, help="File with the private half of your key.")
@click.option("--source", type=place, required=True, help="The log: an address, a folder or an evidence bundle.")
@click.option("--policy", "trusted", type=policy_file, help="File that says which log and witnesses to believe.")
@click.option("--log-key", type=vkey, help="Verifier key of the log, from the signed minutes, not from the log.")
def check(
    files: Sequence[Path], *, secret: ReaderSecret, source: Source, trusted: Policy | None, log_key: Policy | None
) -> None:
    """Verify the log, open FILES, compute every commitment again, and look for persons paid twice."""
    register = Register()
    with progress() as tell_progress:
        verify = partial(
            verify_log, source, now_s=int(time.time()), trusted=trusted or log_key, tell_progress=tell_progress
        )
        report = verify_place(source, verify, checkers=[Replay(), register])
    tell("anchored", "yes" if report.is_anchored else "no")
    if not report.is_good:
        sys.exit(tell_result(report))
    inspection = Inspection(register, secret)
    findings = [each for path in files for each in inspect(inspection, path)]
    tell("opened", str(inspection.opened))
    if findings := [*inspection.findings, *findings]:
        sys.exit(tell_bad(tuple(findings)))
    tell("result", "good")


def inspect(inspection: Inspection, path: Path) -> list[Finding]:
    """Inspect one file; one that does not open is a finding, and the others are inspected all the same."""
    try:
        with path.open("rb") as file:
            tell("batch", inspection.inspect(file))
    except (AuditError, OSError) as error:
        rule = error.rule if isinstance(error, AuditError) else SourceFailed.default_rule
        return [Finding(rule, None, f"{path.name}: {error}")]
    return []
