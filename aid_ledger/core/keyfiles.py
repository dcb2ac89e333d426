"""Private files: written whole or not at all, readable by their owner only, refused when anyone else could read them.

Every secret kept as a file goes through `read_private` and `write_private`: field keys (also loaded, made and rotated
here), the session key, the log and receipt keys. What the bytes mean is known where they are used.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import stat
from pathlib import Path

from aid_ledger.core.crypto import FieldKeys

PRIVATE_MODE = 0o600
FOLDER_MODE = 0o700
OTHERS = 0o077
"""The permission bits of group and others: none may be set on a secret."""

SIZE_LIMIT = 64 * 1024
"""Larger than any key file; stops a device or a dump given as a key file by mistake."""

FILE_VERSION = 1


class KeyFileFault(RuntimeError):
    """A key file is missing, open to others, damaged, or would be overwritten; the message says what to do."""


def load_field_keys(path: Path) -> FieldKeys:
    """Read the field keys.

    Raises:
        KeyFileFault: missing, readable by others, or damaged.
    """
    raw = read_private(path)
    try:
        content = json.loads(raw)
        if content["version"] != FILE_VERSION:
            raise KeyFileFault(f"key file {path} has version {content['version']}; this program reads {FILE_VERSION}")
        keys = {str(key_id): _decode(text) for key_id, text in content["keys"].items()}
        return FieldKeys(current=content["current"], keys=keys, lookup=_decode(content["lookup"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # The cause is not quoted: a parser's message may hold a piece of the key.
        raise KeyFileFault(f"key file {path} is damaged; restore it from its safe copy") from error


def generate_keys(path: Path) -> FieldKeys:
    """Make the first field keys and keep them in a new file.

    Raises:
        KeyFileFault: the file exists; overwriting it would make every stored field unreadable.
    """
    keys = FieldKeys.fresh()
    write_private(path, _file_of(keys))
    return keys


def rotate(path: Path) -> FieldKeys:
    """Add a new current field key to the file; older keys stay until everything is re-encrypted.

    A crash leaves the old file or the new one, both of which open every stored field.

    Raises:
        KeyFileFault: missing, readable by others, or damaged.
    """
    keys = load_field_keys(path).with_next()
    write_private(path, _file_of(keys), replace=True)
    return keys


def read_private(path: Path) -> bytes:
    """Read a secret file after checking, on the open file itself, that only its owner can.

    Raises:
        KeyFileFault: missing, not a plain file, readable by group or others, or too large.
    """
    try:
        # A named pipe would wait for a writer, and a link may point where others can write.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileFault(
            f"key file {path} cannot be opened ({error.strerror}); run `aid-ledger init` or restore it"
        ) from error
    try:
        _require_private(path, os.fstat(descriptor).st_mode)
        content = os.read(descriptor, SIZE_LIMIT + 1)
    finally:
        os.close(descriptor)
    if len(content) > SIZE_LIMIT:
        raise KeyFileFault(f"key file {path} is larger than {SIZE_LIMIT} bytes")
    return content


def write_private(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a secret file durably with mode 0600; a crash leaves no half-written file under this name.

    Raises:
        KeyFileFault: the file exists and `replace` is not given.
    """
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(draft, path, replace=replace)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def _require_private(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise KeyFileFault(f"key file {path} is not a plain file")
    if mode & OTHERS:
        raise KeyFileFault(f"key file {path} can be read by others; run `chmod 600 {path}` and replace its keys")


def _put_in_place(draft: Path, path: Path, *, replace: bool) -> None:
    if replace:
        draft.replace(path)
        return
    try:
        # A hard link fails when the name is taken, where a rename would overwrite.
        path.hardlink_to(draft)
    except FileExistsError as error:
        raise KeyFileFault(f"key file {path} exists already; it is never overwritten") from error


def sync_folder(folder: Path) -> None:
    """Flush a folder to disk: a name in it survives a loss of power only after this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file_of(keys: FieldKeys) -> bytes:
    by_id, lookup = keys.export()
    content = {
        "version": FILE_VERSION,
        "current": keys.current,
        "keys": {key_id: _encode(key) for key_id, key in by_id.items()},
        "lookup": _encode(lookup),
    }
    return (json.dumps(content, indent=1) + "\n").encode()


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
