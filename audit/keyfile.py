"""Private keys in files: made once with mode 0600, never written over, and refused when others can read them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from audit.errors import MalformedInput, SourceFailed

if TYPE_CHECKING:
    from pathlib import Path

MAX_KEY_BYTES: Final = 4_096
RULE: Final = "key.file"
_PRIVATE_MODE: Final = 0o600
_OTHERS: Final = 0o077


def keep(path: Path, text: str) -> None:
    """Write a key into a new file, down to the disk.

    Raises:
        SourceFailed: the file exists or cannot be made.

    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{text}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SourceFailed(f"key file {path} cannot be made: {error.strerror}", rule=RULE) from error


def read(path: Path) -> str:
    """Read a key, after checking on the open file that nobody but its owner can.

    Raises:
        SourceFailed: it is missing, no plain file, or readable by others.
        MalformedInput: it is not text.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise SourceFailed(f"key file {path} cannot be opened: {error.strerror}", rule=RULE) from error
    try:
        mode = os.fstat(descriptor).st_mode
        raw = os.read(descriptor, MAX_KEY_BYTES) if stat.S_ISREG(mode) else b""
    finally:
        os.close(descriptor)
    if mode & _OTHERS:
        raise SourceFailed(f"key file {path} can be read by others: chmod 600 it", rule=RULE)
    try:
        return raw.decode().strip()
    except UnicodeError as error:
        raise MalformedInput(f"key file {path} holds no key", rule=RULE) from error
