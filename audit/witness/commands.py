"""`aid-audit witness`: making the key of a witness, and running it.

It ends with 1 when it must not run (no memory, a memory that is not its own, a key that others can read) and with 2
when it was asked wrongly.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from audit import note
from audit.errors import AuditError, MalformedInput
from audit.note import COSIGNATURE, ED25519
from audit.terminal import asked, printable, tell
from audit.witness.memory import Memory, Witness, make_key, read_key
from audit.witness.server import WitnessServer

if TYPE_CHECKING:
    from audit.note import VerifierKey

REFUSED: Final = 1
MAX_LOG_KEYS: Final = 16
"""All are kept in the state file, which is read within a limit; a key a year makes sixteen years."""
FILE: Final = click.Path(dir_okay=False, path_type=Path)


@asked
def log_vkey(typed: str) -> VerifierKey:
    """Read the verifier key of the log to watch."""
    key = note.parse_vkey(typed)
    if key.algorithm != ED25519:
        raise MalformedInput(f"the key of {key.name} cosigns; a log's key does not")
    return key


@click.group()
def witness() -> None:
    """Watch a log: swear to what it looked like, and refuse whatever contradicts that."""


@witness.command("key")
@click.argument("name")
@click.option("--file", "path", type=FILE, default=Path("witness.key"), show_default=True, help="File for the key.")
def make(name: str, path: Path) -> None:
    """Make a key for the witness NAME and print the public half, which goes into policies."""
    try:
        public = make_key(path, name)
    except AuditError as error:
        _refuse(error)
    tell("vkey", str(public))
    tell("file", str(path))


@witness.command()
@click.option(
    "--log-key",
    "log_keys",
    type=log_vkey,
    required=True,
    multiple=True,
    help="Verifier key of the log, from signed paper. When a key follows another, give both, the older one first.",
)
@click.option("--key", "key_file", type=FILE, required=True, help="File with the key of this witness.")
@click.option("--state", type=FILE, required=True, help="File in which it remembers. Keep it on a disk that lasts.")
@click.option("--port", type=click.IntRange(0, 65_535), required=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--new", "is_new", is_flag=True, help="This witness has never cosigned anything: make its state.")
def serve(
    *, log_keys: tuple[VerifierKey, ...], key_file: Path, state: Path, port: int, host: str, is_new: bool
) -> None:
    """Cosign the checkpoints of one log for as long as it only grows."""
    if len({each.name for each in log_keys}) > 1 or len(set(log_keys)) < len(log_keys) or len(log_keys) > MAX_LOG_KEYS:
        raise click.BadParameter(f"give at most {MAX_LOG_KEYS} different keys of one log", param_hint="--log-key")
    with ExitStack() as held:
        try:
            key = read_key(key_file)
            memory = held.enter_context(closing(Memory(state, log_keys=log_keys, witness=key.verifier(COSIGNATURE))))
            if is_new:
                memory.make()
            watching = Witness(memory, log_keys=log_keys, key=key, now_s=lambda: int(time.time()))
            server = held.enter_context(WitnessServer((host, port), watching, _say))
        except AuditError as error:
            _refuse(error)
        except OSError as error:
            _refuse(MalformedInput(f"{host} port {port}: {error.strerror}"))
        tell("vkey", str(key.verifier(COSIGNATURE)))
        tell("log", log_keys[0].name)
        tell("size", str(watching.last.stated.size if watching.last else 0))
        tell("address", f"http://{host}:{server.server_port}")
        tell("shows", watching.address)
        sys.stdout.flush()
        server.serve_forever()


def _say(line: str) -> None:
    click.echo(printable(line), err=True)


def _refuse(error: AuditError) -> NoReturn:
    click.echo(f"refused: {printable(error.sentence)}", err=True)
    sys.exit(REFUSED)
