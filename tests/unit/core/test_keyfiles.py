"""Private files: refused when anyone else could have read them, and never half-written or overwritten."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from aid_ledger.core.crypto import FieldKeys, decrypt, encrypt
from aid_ledger.core.keyfiles import (
    SIZE_LIMIT,
    KeyFileFault,
    generate_keys,
    load_field_keys,
    read_private,
    rotate,
    write_private,
)

PLACE = {"table": "t", "column": "c", "row": "r"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a key file that does not exist yet, in a folder that does not exist yet."""
    return tmp_path / "keys" / "field-keys.json"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o620, 0o777])
def test_a_file_open_to_others_is_refused(path: Path, mode: int) -> None:
    """Cheat 12: a key that the web server's group could read is a known key."""
    generate_keys(path)
    path.chmod(mode)

    with pytest.raises(KeyFileFault, match="chmod 600"):
        load_field_keys(path)


def test_what_is_no_plain_file_is_refused(path: Path) -> None:
    """Cheat: a link into a folder others write, a named pipe that waits for ever, a folder."""
    generate_keys(path)
    link = path.with_name("link.json")
    link.symlink_to(path)
    pipe = path.with_name("pipe.json")
    os.mkfifo(pipe, 0o600)

    with pytest.raises(KeyFileFault, match="cannot be opened"):
        read_private(link)
    with pytest.raises(KeyFileFault, match="not a plain file"):
        read_private(pipe)
    with pytest.raises(KeyFileFault, match="not a plain file"):
        read_private(path.parent)


def test_a_missing_file_says_what_to_do(path: Path) -> None:
    """Law P7: the error says what to do."""
    with pytest.raises(KeyFileFault, match="aid-ledger init"):
        load_field_keys(path)
    with pytest.raises(KeyFileFault, match="aid-ledger init"):
        rotate(path)
    assert not path.parent.exists()


def test_an_overlong_file_is_refused(path: Path) -> None:
    """Law: a limit on everything."""
    write_private(path, bytes(SIZE_LIMIT))
    assert len(read_private(path)) == SIZE_LIMIT

    write_private(path, bytes(SIZE_LIMIT + 1), replace=True)
    with pytest.raises(KeyFileFault, match="larger than"):
        read_private(path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{}",
        "\udcff",
        '{"version": 1}',
        '{"version": 1, "current": "k1", "keys": [], "lookup": "AA=="}',
        '{"version": 1, "current": "k1", "keys": {"k1": 5}, "lookup": "AA=="}',
        '{"version": 1, "current": "k1", "keys": {"k1": "SECRETSECRET!"}, "lookup": "AA=="}',
        '{"version": 1, "current": "k1", "keys": {"k1": "U0VDUkVU"}, "lookup": "AA=="}',
    ],
)
def test_a_damaged_file_is_refused_without_quoting_it(path: Path, content: str) -> None:
    """Law P6: the message of a damaged key file holds no piece of a key."""
    write_private(path, content.encode(errors="surrogateescape"))

    with pytest.raises(KeyFileFault, match="damaged") as refused:
        load_field_keys(path)
    assert "SECRET" not in str(refused.value)


def test_a_newer_file_is_not_guessed_at(path: Path) -> None:
    """Law: an older program refuses a newer file instead of losing keys from it."""
    write_private(path, b'{"version": 2}')

    with pytest.raises(KeyFileFault, match="version 2"):
        load_field_keys(path)


def test_keys_are_never_overwritten(path: Path) -> None:
    """Cheat and accident: a second `init` would make every stored field unreadable."""
    generate_keys(path)
    before = path.read_bytes()

    with pytest.raises(KeyFileFault, match="never overwritten"):
        generate_keys(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_failed_write_leaves_the_old_file_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law P7: a full disk while rotating leaves the old keys, and no draft with new ones."""
    keys = generate_keys(path)

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            rotate(path)

    assert load_field_keys(path).export() == keys.export()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_new_keys_are_private_and_read_back(path: Path) -> None:
    """Law: file 0600 in a folder 0700, whatever the umask, and the same keys again."""
    former = os.umask(0)
    try:
        keys = generate_keys(path)
    finally:
        os.umask(former)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load_field_keys(path).export() == keys.export()
    assert json.loads(path.read_text())["current"] == "k1"


def test_rotation_keeps_every_older_key(path: Path) -> None:
    """Law: what was sealed before two rotations opens after them, from the file alone."""
    first = encrypt(generate_keys(path), "rahasia", **PLACE)
    second = encrypt(rotate(path), "rahasia", **PLACE)
    keys: FieldKeys = rotate(path)

    assert (keys.current, keys.ids) == ("k3", ("k1", "k2", "k3"))
    assert path.stat().st_mode & 0o777 == 0o600
    for sealed in (first, second):
        assert decrypt(load_field_keys(path), sealed, **PLACE) == "rahasia"
