"""`aid-audit timestamp`: one token of an authority of time over one checkpoint; and what `verify` says of a log's."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from audit import checkpoint, note, timestamp, timestamps
from audit.errors import AuditError, Finding
from audit.source import read_file
from audit.terminal import asked, tell, tell_bad

if TYPE_CHECKING:
    from audit.checkpoint import Checkpoint
    from audit.source import Source
    from audit.timestamp import Authority, Stamped
    from audit.timestamps import Timestamps

READABLE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@asked
def authority_file(typed: str) -> Authority:
    """Read the certificates of an authority of time."""
    return timestamp.load_authority(read_file(Path(typed), timestamp.MAX_AUTHORITY_BYTES))


@click.command("timestamp")
@click.argument("token", type=READABLE)
@click.option("--checkpoint", "sealed", type=READABLE, required=True, help="The checkpoint it is over, as a log shows.")
@click.option("--ca", "authority", type=authority_file, required=True, help="The authority's certificate (PEM).")
def timestamp_command(token: Path, *, sealed: Path, authority: Authority) -> None:
    """Check the time-stamp TOKEN (RFC 3161) over a checkpoint: what it is over had been there by that time."""
    try:
        stated, over = _check(token, sealed, authority)
    except AuditError as error:
        sys.exit(tell_bad((Finding(error.rule, error.index, error.sentence),)))
    tell("origin", over.origin)
    tell("size", str(over.size))
    tell("root", note.encode_base64(over.root))
    tell("stamped_at", _moment(stated))
    tell("authority", stated.authority)
    tell("serial", str(stated.serial))
    tell("unchecked", "who signed the checkpoint, and what it is over: aid-audit verify tells")
    tell("result", "good")


def tell_timestamps(source: Source, found: Timestamps | None, newest: Checkpoint) -> list[Finding]:
    """Say which tokens lie beside a log that was read, and return what is wrong with them."""
    if found is None:
        if timestamps.are_beside(source):
            tell("timestamps", "unchecked: bring the authority's certificate, --tsa")
        return []
    findings = found.judge(source, newest)
    stamped = [each for each in found.tokens if each.size <= newest.size]
    last = (
        f", {stamped[-1].size} entries {_moment(stamped[-1].stated)} {stamped[-1].stated.authority}" if stamped else ""
    )
    tell("timestamps", f"{len(stamped)}{last}")
    return findings


def _check(token: Path, sealed: Path, authority: Authority) -> tuple[Stamped, Checkpoint]:
    over = checkpoint.parse(note.parse(read_file(sealed, note.MAX_NOTE_BYTES)).text)
    raw = read_file(token, timestamp.MAX_TOKEN_BYTES)
    stated = timestamp.open_token(raw, authority, now_s=int(time.time()))
    timestamp.check_text(stated, over.text())
    return stated, over


def _moment(stated: Stamped) -> str:
    return stated.at.strftime("%Y-%m-%dT%H:%M:%SZ") + (f" +-{stated.accuracy_s}s" if stated.accuracy_s else "")
