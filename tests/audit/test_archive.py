"""Zip files made by enemies: bounded in time and memory, refused by a rule, never unpacked beyond their word."""

from __future__ import annotations

import io
import resource
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import archive
from audit.archive import Archive
from audit.errors import AuditError, SourceFailed
from audit.source import Absent
from tests.audit.hostile_zip import end, end64, listed, member, zipped
from tests.audit.small_bundle import pack

LIMIT = 1_000_000
GROWTH = 64 * 1024 * 1024
"""How much more memory a refusal may take: no bomb below is smaller."""


def opened(tmp_path: Path, raw: bytes) -> Archive:
    """Put bytes on the disk."""
    path = tmp_path / "file.zip"
    path.write_bytes(raw)
    return Archive(path)


def refusal(tmp_path: Path, raw: bytes, name: str = "a") -> tuple[str, str]:
    """Read a member of a hostile file and return rule and sentence of its refusal."""
    with pytest.raises(AuditError) as refused:
        opened(tmp_path, raw).read(name, LIMIT)
    assert refused.value.index is None
    return refused.value.rule, refused.value.sentence.partition(";")[0]


def test_members_come_out_as_they_went_in(tmp_path: Path) -> None:
    """Stored and deflated, empty and not, in order; what is not there is said to be absent."""
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        files = {"a": b"", "tile/0/000.p/7": bytes(224), "b/c.json": b"{}"}
        read = Archive(pack(tmp_path / "good.zip", files, method))
        assert list(read.members) == list(files)
        assert {name: read.read(name, 224) for name in files} == files
        with pytest.raises(Absent, match=r"^nothing is missing$"):
            read.read("nothing", LIMIT)
        with pytest.raises(SourceFailed, match=r"^b/c.json is longer than 1 bytes$") as refused:
            read.read("b/c.json", 1)
        assert refused.value.rule == "source.size"


def test_a_file_made_by_hand_is_read(tmp_path: Path) -> None:
    """What every refusal below begins from."""
    read = opened(tmp_path, zipped(member() + member(b"b"), listed(), listed(b"b", offset=len(member()))))
    assert [read.read(name, LIMIT) for name in ("a", "b")] == [b"content"] * 2
    assert opened(tmp_path, zipped(b"")).members == {}
    made_by_dos = listed().replace(struct.pack("<H", 3 << 8 | 20), struct.pack("<H", 20), 1)
    assert opened(tmp_path, zipped(member(), made_by_dos)).read("a", LIMIT) == b"content"


BROKEN_END = "the end of the file contradicts itself"
GAP_END = "something lies between the list of members and the end"
FORM = "a member is encrypted, or packed or listed in a way that evidence is not"
MORE = "a member carries more than its content"
NAME = "a member's name leads elsewhere"
GOOD = zipped(member(), listed())
LINE = listed()
SQUEEZED = zlib.compressobj(9, zlib.DEFLATED, -15)
SMALL = SQUEEZED.compress(b"content") + SQUEEZED.flush()
LONGER = struct.pack("<HHQ", 1, 8, 0)

HOSTILE: dict[str, tuple[bytes, tuple[str, str]]] = {
    "empty": (b"", ("archive.end", "the file ends in the middle")),
    "no zip": (b"x" * 100, ("archive.end", "the file does not end as a zip file does")),
    "truncated": (GOOD[:-1], ("archive.end", "the file does not end as a zip file does")),
    "comment": (
        member() + LINE + end(1, len(LINE), len(member()), comment=b"x" * 9),
        ("archive.end", "the file does not end as a zip file does"),
    ),
    "announced comment": (
        member() + LINE + end(1, len(LINE), len(member()), comment=b"x")[:-1],
        ("archive.end", "the file does not end as a zip file does"),
    ),
    "disk": (member() + LINE + end(1, len(LINE), len(member()), disk=1), ("archive.end", BROKEN_END)),
    "counts": (member() + LINE + end(1, len(LINE), len(member()), here=2), ("archive.end", BROKEN_END)),
    "before the end": (
        member() + LINE + b"hidden" + end(1, len(LINE), len(member())),
        ("archive.gap", GAP_END),
    ),
    "before the list": (
        zipped(member() + b"hidden", LINE),
        ("archive.gap", "something lies between the last member and the list of members"),
    ),
    "before the first": (
        zipped(b"MZ" + member(), listed(offset=2)),
        ("archive.gap", "a does not begin where the member before it ends"),
    ),
    "overlapping": (
        zipped(member() + member(b"b"), LINE, listed(b"b", offset=0)),
        ("archive.gap", "b does not begin where the member before it ends"),
    ),
    "twice": (zipped(member() * 2, LINE, listed(offset=len(member()))), ("archive.twice", "a comes twice")),
    "listed more": (zipped(member(), LINE, count=2), ("archive.end", "the file ends in the middle")),
    "listed less": (
        zipped(member(), LINE, LINE, count=1),
        ("archive.end", "the list of members is longer or shorter than it says"),
    ),
    "not a list": (zipped(member(), listed(mark=b"PK\1\1")), ("archive.form", FORM)),
    "encrypted": (zipped(member(flags=1), listed(flags=1)), ("archive.form", FORM)),
    "sizes behind": (zipped(member(flags=8), listed(flags=8)), ("archive.form", FORM)),
    "other packing": (zipped(member(method=12), listed(method=12)), ("archive.form", FORM)),
    "remark": (zipped(member(), listed(comment=b"x")), ("archive.form", FORM)),
    "other disk": (zipped(member(), listed(disk=1)), ("archive.form", FORM)),
    "climbing": (zipped(member(b"../a"), listed(b"../a")), ("archive.name", NAME)),
    "climbing inside": (zipped(member(b"b/../a"), listed(b"b/../a")), ("archive.name", NAME)),
    "absolute": (zipped(member(b"/a"), listed(b"/a")), ("archive.name", NAME)),
    "backslash": (zipped(member(b"b\\a"), listed(b"b\\a")), ("archive.name", NAME)),
    "drive": (zipped(member(b"C:a"), listed(b"C:a")), ("archive.name", NAME)),
    "folder": (zipped(member(b"a/"), listed(b"a/")), ("archive.name", NAME)),
    "nameless": (zipped(member(b""), listed(b"")), ("archive.name", NAME)),
    "not ASCII": (zipped(member("é".encode()), listed("é".encode())), ("archive.name", NAME)),
    "long name": (zipped(member(b"a" * 121), listed(b"a" * 121)), ("archive.name", NAME)),
    "name cut off": (
        member() + LINE[:-1] + end(1, len(LINE) - 1, len(member())),
        ("archive.end", "the list of members is longer or shorter than it says"),
    ),
    "symlink": (
        zipped(member(), listed(outer=0o120777 << 16)),
        ("archive.kind", "a is not a regular file"),
    ),
    "extra": (zipped(member(), listed(extra=b"1234")), ("archive.form", MORE)),
    "extra of the right length": (zipped(member(), listed(extra=LONGER)), ("archive.form", MORE)),
    "extra of another kind": (
        zipped(member(), listed(extra=struct.pack("<HHQ", 2, 8, 0), offset=2**32 - 1)),
        ("archive.form", MORE),
    ),
    "packed longer": (
        zipped(member(method=8), listed(method=8, length=7 + 1024 + 1)),
        ("archive.form", "a is longer packed than unpacked"),
    ),
    "stored otherwise": (
        zipped(member(), listed(size=8)),
        ("archive.form", "a is longer packed than unpacked"),
    ),
    "claims": (
        zipped(member(packed=SMALL, method=8, size=2**31), listed(packed=SMALL, method=8, size=2**31)),
        ("archive.ratio", "the members claim more than 100 times the bytes of the file"),
    ),
    "announced in two ways": (
        zipped(member(crc=1), LINE),
        ("archive.header", "a is announced in two ways"),
    ),
    "named in two ways": (zipped(member(b"b"), LINE), ("archive.header", "a is announced in two ways")),
    "extra in its header": (
        zipped(member(b"a", b"nten", extra=b"co"), listed(packed=b"ntenxx")),
        ("archive.header", "a is announced in two ways"),
    ),
    "checksum": (
        zipped(member(crc=1), listed(crc=1)),
        ("archive.checksum", "a is not what its checksum says"),
    ),
    "deflated shorter": (
        zipped(
            member(packed=SMALL, method=8, size=8, crc=zlib.crc32(b"content")),
            listed(packed=SMALL, method=8, size=8, crc=zlib.crc32(b"content")),
        ),
        ("archive.checksum", "a is not what its checksum says"),
    ),
    "deflated longer": (
        zipped(
            member(packed=SMALL, method=8, size=6, crc=zlib.crc32(b"content"[:6])),
            listed(packed=SMALL, method=8, size=6, crc=zlib.crc32(b"content"[:6])),
        ),
        ("archive.checksum", "a is not what its checksum says"),
    ),
    "freight behind": (
        zipped(
            member(packed=SMALL + b"x", method=8, size=7, crc=zlib.crc32(b"content")),
            listed(packed=SMALL + b"x", method=8, size=7, crc=zlib.crc32(b"content")),
        ),
        ("archive.checksum", "a member is longer or shorter than announced"),
    ),
    "not deflate": (
        zipped(member(packed=b"\xff" * 7, method=8), listed(packed=b"\xff" * 7, method=8)),
        ("archive.checksum", "a member is not deflate"),
    ),
    "deflate cut off": (
        zipped(member(packed=SMALL[:-1], method=8, size=7), listed(packed=SMALL[:-1], method=8, size=7)),
        ("archive.checksum", "a member is longer or shorter than announced"),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_by_its_rule(tmp_path: Path, name: str) -> None:
    """Zip slip, overlaps, twins, links, locks, lies about length and checksum, freight in every gap."""
    raw, expected = HOSTILE[name]
    assert refusal(tmp_path, raw) == expected


def test_a_refusal_says_what_can_be_done(tmp_path: Path) -> None:
    """A zip file from an office machine is not evidence of fraud."""
    with pytest.raises(AuditError, match=r"; a zip file made otherwise can be unpacked, and its folder verified$"):
        opened(tmp_path, zipped(member(flags=8), listed(flags=8))).read("a", LIMIT)


# --- long files -----------------------------------------------------------------------------------------------------


def test_many_members_are_read(tmp_path: Path) -> None:
    """More than 65,535 members need the long form of the end."""
    files = {f"{number}": b"x" for number in range(65_536)}
    read = Archive(pack(tmp_path / "many.zip", files, zipfile.ZIP_STORED))
    assert len(read.members) == 65_536
    assert read.read("65535", 1) == b"x"


def test_a_member_beyond_four_gigabytes_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place is written in the long form; the file has a hole where the tiles would be."""
    monkeypatch.setattr(archive, "MAX_RATIO", 1)
    hole = 2**32
    first = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0x21, 0, hole - 31, hole - 31, 1, 0) + b"a"
    where = struct.pack("<HHQ", 1, 8, hole)
    lines = listed(crc=0, size=hole - 31, length=hole - 31) + listed(b"b", extra=where, offset=2**32 - 1)
    path = tmp_path / "long.zip"
    with path.open("wb") as file:
        file.write(first)
        file.seek(hole)
        file.write(member(b"b"))
        start = file.tell()
        file.write(lines + end64(2, len(lines), start, at=start + len(lines)))
    read = Archive(path)
    assert read.read("b", LIMIT) == b"content"
    with pytest.raises(SourceFailed, match=r"^a is longer than 1000000 bytes$"):
        read.read("a", LIMIT)


@pytest.mark.parametrize(
    "tail",
    [
        end64(1, len(LINE), len(member()), at=1),
        end64(1, len(LINE), len(member()), at=len(member() + LINE), length=45),
        end64(1, len(LINE), len(member()), at=len(member() + LINE), disks=2),
        end64(1, len(LINE), len(member()), at=len(member() + LINE)).replace(b"PK\6\6", b"PK\6\5"),
    ],
)
def test_a_long_end_that_contradicts_itself_is_refused(tmp_path: Path, tail: bytes) -> None:
    """Two readers must not read two lists."""
    assert refusal(tmp_path, member() + LINE + tail) == ("archive.end", BROKEN_END)


def test_a_long_end_that_is_right_is_read(tmp_path: Path) -> None:
    """Also where the short one would have done."""
    tail = end64(1, len(LINE), len(member()), at=len(member() + LINE))
    assert opened(tmp_path, member() + LINE + tail).read("a", LIMIT) == b"content"


def test_a_long_end_without_room_is_refused(tmp_path: Path) -> None:
    """The pointer at the long form stands at the very beginning."""
    tail = end64(1, len(LINE), len(member()), at=0)[56:]
    assert refusal(tmp_path, tail) == ("archive.end", "the file ends in the middle")


# --- bombs ----------------------------------------------------------------------------------------------------------


def bomb() -> bytes:
    """Pack 256 megabytes of nothing, announced as one."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(squeeze.compress(bytes(2**20)) for _ in range(256)) + squeeze.flush()
    return zipped(member(packed=packed, method=8, size=LIMIT), listed(packed=packed, method=8, size=LIMIT))


def huge_list() -> bytes:
    """Announce more members than any bundle has, and bring them."""
    return zipped(b"", *[LINE] * 65_534, count=None)[:-22] + end64(2**30, 65_534 * len(LINE), 0, at=65_534 * len(LINE))


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "256 megabytes announced as one": (bomb, "a member is longer or shorter than announced"),
    "a thousand million members": (huge_list, "1073741824 members are more than 262144"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_neither_memory_nor_patience(tmp_path: Path, name: str) -> None:
    """Nothing is unpacked beyond what was announced, no list is read beyond what a bundle has."""
    make, sentence = BOMBS[name]
    raw = make()
    before = peak_bytes()
    assert refusal(tmp_path, raw)[1] == sentence
    assert peak_bytes() - before < GROWTH


def test_a_checkpoint_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    """The limit of what is asked for is the reader's, and stored bytes are seeked over."""
    path, size = tmp_path / "huge.zip", 2**30
    with path.open("wb") as file:
        file.write(member(b"checkpoint", b"", size=0)[:-10])
        file.seek(0)
        file.write(struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0x21, 0, size, size, 10, 0) + b"checkpoint")
        file.seek(40 + size)
        line = listed(b"checkpoint", crc=0, size=size, length=size)
        file.write(line + end(1, len(line), 40 + size))
    before = peak_bytes()
    with pytest.raises(SourceFailed, match=r"^checkpoint is longer than 65536 bytes$"):
        Archive(path).read("checkpoint", 65_536)
    assert peak_bytes() - before < GROWTH


def peak_bytes() -> int:
    """Return the most memory this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A folder in its place, a file that goes away."""
    with pytest.raises(SourceFailed, match=r"^the file cannot be read: Is a directory$"):
        Archive(tmp_path).read("a", LIMIT)
    read = opened(tmp_path, GOOD)
    assert len(read.members) == 1
    (tmp_path / "file.zip").unlink()
    with pytest.raises(SourceFailed, match=r"^a cannot be read: No such file or directory$"):
        read.read("a", LIMIT)


def test_any_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    """Of all that a reader acts upon nothing is said only once."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name in ("a", "b/c"):
            made.writestr(zipfile.ZipInfo(name), b"content" * 9, compress_type=zipfile.ZIP_DEFLATED)
    raw = packed.getvalue()
    for place in range(len(raw)):
        bent = bytearray(raw)
        bent[place] ^= 0xFF
        try:
            read = opened(tmp_path, bytes(bent))
            found = {name: read.read(name, LIMIT) for name in read.members}
        except AuditError:
            continue
        assert found == {"a": b"content" * 9, "b/c": b"content" * 9}, place
