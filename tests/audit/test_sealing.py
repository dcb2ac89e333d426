"""Sealed files: one key opens them, any change is noticed, and a mistyped key is no key."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from audit import keyfile
from audit.errors import AuditError, MalformedInput, SourceFailed
from audit.note import encode_base64
from audit.sealing import KEY_BYTES, MAGIC, PIECE_BYTES, TAG_BYTES, ReaderKey, ReaderSecret, seal, unseal

SECRET = ReaderSecret("inspektorat", bytes(range(32)))
OTHER = ReaderSecret("bpkp", bytes(range(1, 33)))
HEAD = len(MAGIC) + KEY_BYTES
WHOLE = PIECE_BYTES + TAG_BYTES


def sealed(raw: bytes) -> bytes:
    """Seal bytes in uneven pieces."""
    return b"".join(seal([raw[:7], b"", raw[7:]], SECRET.reader()))


def opened(raw: bytes, secret: ReaderSecret = SECRET) -> bytes:
    """Open a file."""
    return b"".join(unseal(io.BytesIO(raw), secret))


def refusal(raw: bytes, secret: ReaderSecret = SECRET) -> tuple[str, str]:
    """Say why a file does not open."""
    with pytest.raises(AuditError) as refused:
        opened(raw, secret)
    return refused.value.rule, refused.value.sentence


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_only_the_key_opens_it(size: int) -> None:
    """Whatever its length; the same bytes never look alike."""
    raw = os.urandom(size)
    file = sealed(raw)
    assert opened(file) == raw
    assert sealed(raw) != file
    assert len(file) == HEAD + size + TAG_BYTES * max(1, -(-size // PIECE_BYTES))
    sentence = "piece 0 does not open with this key: it is another reader's, or was changed"
    assert refusal(file, OTHER) == ("sealing.tag", sentence)


LONG = bytes(2 * PIECE_BYTES + 100)


def test_pieces_cannot_be_changed_moved_cut_off_or_added() -> None:
    """Each tamper with the file, by the first piece it spoils."""
    file = sealed(LONG)
    first, second, last = file[HEAD : HEAD + WHOLE], file[HEAD + WHOLE : HEAD + 2 * WHOLE], file[HEAD + 2 * WHOLE :]
    tampered = {
        0: [file[:HEAD] + second + first + last, file[:HEAD], file[: HEAD + 5], file[:HEAD] + last],
        1: [file[: HEAD + 2 * WHOLE], file[: HEAD + WHOLE] + last],
        2: [file + b"x", file[:-1], file + last, file[:-1] + bytes([file[-1] ^ 1])],
    }
    for piece, files in tampered.items():
        for each in files:
            sentence = f"piece {piece} does not open with this key: it is another reader's, or was changed"
            assert refusal(each) == ("sealing.tag", sentence)


def test_what_is_no_sealed_file_is_said() -> None:
    """Too short, another mark, and a public key that would give a known secret."""
    file = sealed(b"x")
    for raw in (b"", file[: HEAD - 1], b"x" + file[1:]):
        assert refusal(raw) == ("sealing.form", "not a sealed file")
    assert refusal(MAGIC + bytes(32) + file[HEAD:]) == ("sealing.key", "a key of small order is nobody's")
    with pytest.raises(MalformedInput, match=r"^a key of small order is nobody's$"):
        next(seal([b""], ReaderKey("x", bytes(32))))


def test_a_key_is_typed_from_paper() -> None:
    """One letter wrong and it is refused, because what is sealed to nobody's key is lost."""
    text = str(SECRET.reader())
    assert text == "openings+inspektorat+d0c1d3ac+j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8="
    assert ReaderKey.parse(text) == SECRET.reader()
    assert ReaderSecret.parse(SECRET.format()) == SECRET
    assert encode_base64(SECRET.secret) not in repr(SECRET)
    wrong = {
        text.replace("inspektorat", "lnspektorat"): "the key of lnspektorat was mistyped",
        text[:-4] + "AAA=": "the key of inspektorat was mistyped",
        text.replace("openings", "opening"): "a key for openings is openings+name+check+key",
        text.replace("inspektorat", "Inspektorat"): "a key for openings is openings+name+check+key",
        "openings+inspektorat": "a key for openings is openings+name+check+key",
        SECRET.format(): "a key for openings is openings+name+check+key",
        "openings+x+00000000+AAAA": "the key of x was mistyped",
    }
    for typed, sentence in wrong.items():
        with pytest.raises(MalformedInput) as refused:
            ReaderKey.parse(typed)
        assert (refused.value.rule, refused.value.sentence) == ("sealing.key", sentence)
    with pytest.raises(MalformedInput, match=r"^a key for openings is PRIVATE-openings\+name\+check\+key$"):
        ReaderSecret.parse(text)


@pytest.mark.parametrize("name", ["", "Inspektorat", "a b", "-x", "x" * 41])
def test_a_name_is_short_and_plain(name: str) -> None:
    """It is printed on paper and typed."""
    with pytest.raises(MalformedInput, match=r"^a name is short, of a-z, 0-9, dots and hyphens$") as refused:
        ReaderSecret.generate(name)
    assert refused.value.rule == "sealing.key"
    assert ReaderSecret.generate("kpk.go.id").secret != ReaderSecret.generate("kpk.go.id").secret


# --- the file of a key ----------------------------------------------------------------------------------------------


def test_a_key_file_is_private_and_never_written_over(tmp_path: Path) -> None:
    """Mode 0600 from its first byte on."""
    path = tmp_path / "key"
    keyfile.keep(path, "secret")
    assert (keyfile.read(path), stat.S_IMODE(path.stat().st_mode)) == ("secret", 0o600)
    with pytest.raises(SourceFailed) as refused:
        keyfile.keep(path, "other")
    assert (refused.value.rule, refused.value.sentence) == ("key.file", f"key file {path} cannot be made: File exists")
    assert path.read_text() == "secret\n"


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Missing, open, a folder, or no text."""
    path = tmp_path / "key"
    with pytest.raises(SourceFailed, match=r"cannot be opened: No such file or directory$"):
        keyfile.read(path)
    keyfile.keep(path, "secret")
    path.chmod(0o640)
    with pytest.raises(SourceFailed, match=r"can be read by others: chmod 600 it$") as refused:
        keyfile.read(path)
    assert refused.value.rule == "key.file"
    path.chmod(0o600)
    path.write_bytes(b"\xff")
    with pytest.raises(MalformedInput, match=r"holds no key$") as malformed:
        keyfile.read(path)
    assert malformed.value.rule == "key.file"
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    assert keyfile.read(folder) == ""
