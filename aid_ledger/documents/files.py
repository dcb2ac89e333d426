"""Where files lie: `<folder>/<first two digits>/<sha256>`, outside the web root, named by what they contain.

A file is on the disk, down to its folder's entry, before the Act that mentions it commits. A crash in between leaves a
file nobody mentions: harmless, and found in its place when the same bytes come again. A crash while writing leaves a
`.part` file that nothing reads. Nothing is deleted here: the log mentions files by digest for ever.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from aid_ledger.documents.rules import FileAltered, FileMissing

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600


def store(folder: Path, content: bytes) -> str:
    """Put bytes on the disk for good and return their SHA-256 in hexadecimal; storing them again changes nothing."""
    digest = hashlib.sha256(content).hexdigest()
    target = _place(folder, digest)
    if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == digest:
        return digest
    return store_pieces(folder, [content])


def store_pieces(folder: Path, pieces: Iterable[bytes]) -> str:
    """Put a file on the disk piece by piece, for what is too long to be held, and return its SHA-256."""
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    # Written beside and renamed: a reader finds the whole file or none.
    part = folder / f".{uuid.uuid4().hex}.part"
    hashed = hashlib.sha256()
    with part.open("xb") as file:
        os.fchmod(file.fileno(), _PRIVATE_FILE)
        for piece in pieces:
            hashed.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    target = _place(folder, hashed.hexdigest())
    target.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    part.replace(target)
    for changed in (target.parent, folder):
        _sync_folder(changed)
    return target.name


def read(folder: Path, digest: str) -> bytes:
    """Give a stored file's bytes, if they are still the ones the log holds.

    Raises:
        FileMissing: nothing lies there.
        FileAltered: something else lies there.
    """
    try:
        content = _place(folder, digest).read_bytes()
    except FileNotFoundError:
        raise FileMissing(file=digest) from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise FileAltered(file=digest)
    return content


def copy(folder: Path, digest: str, target: Path) -> None:
    """Copy a stored file piece by piece, if it is still the one the log holds.

    Raises:
        FileMissing: nothing lies there.
        FileAltered: something else lies there.
    """
    try:
        with _place(folder, digest).open("rb") as kept:
            if hashlib.file_digest(kept, "sha256").hexdigest() != digest:
                raise FileAltered(file=digest)
            kept.seek(0)
            with target.open("wb") as copied:
                shutil.copyfileobj(kept, copied)
    except FileNotFoundError:
        raise FileMissing(file=digest) from None


def _place(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / digest


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
