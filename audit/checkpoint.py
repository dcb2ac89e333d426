"""Checkpoints (C2SP tlog-checkpoint v1.0.0): the sentence a log signs about itself - its name, size and root.

Only the text is handled here. `note.py` signs and checks it, `policy.py` decides whether that is enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audit.errors import MalformedInput
from audit.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from audit.note import decode_base64, encode_base64

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_MIN_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says: under the name `origin`, `size` entries hash to `root`.

    `extensions` are further lines some logs add; ours adds none, and they carry no meaning here.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Write the checkpoint body, the text that is signed."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines)


def parse(text: str) -> Checkpoint:
    """Read a checkpoint body.

    Raises:
        MalformedInput: a line is missing or empty, the size has a leading zero or exceeds 2^63-1, the root is
            not 32 bytes, or an empty log has a root other than SHA-256("").

    """
    stated = parse_shape(text)
    check_empty(stated)
    return stated


def parse_shape(text: str) -> Checkpoint:
    """Read a checkpoint body whose root may still be impossible: a witness must know first who signed it.

    Raises:
        MalformedInput: as `parse`, but for the root of an empty log.

    """
    *lines, last = text.split("\n")
    if last or len(lines) < _MIN_LINES or not all(lines):
        raise MalformedInput("a checkpoint is at least three lines, none empty", rule="checkpoint.form")
    origin, size, root, *extensions = lines
    number = parse_decimal(size)
    decoded = decode_base64(root)
    if len(decoded) != HASH_BYTES:
        raise MalformedInput(f"a root is {HASH_BYTES} bytes", rule="checkpoint.root")
    return Checkpoint(origin, number, decoded, tuple(extensions))


def check_empty(stated: Checkpoint) -> None:
    """Refuse a log of no entries that has another root than nothing has.

    Raises:
        MalformedInput: it has.

    """
    if stated.size == 0 and stated.root != EMPTY_ROOT:
        raise MalformedInput("an empty log has the root of nothing", rule="checkpoint.root")


def parse_decimal(text: str) -> int:
    """Read a size or an index: ASCII digits, no leading zero, at most 2^63-1.

    Raises:
        MalformedInput: the text is no such number.

    """
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise MalformedInput("a number has a leading zero, a stray sign or too many digits", rule="checkpoint.number")
    return int(text)
