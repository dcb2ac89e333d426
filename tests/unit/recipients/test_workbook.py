"""XLSX: the archive is doubted before it is opened, cells are taken as stored, and nothing is ever evaluated."""

from __future__ import annotations

import datetime as dt
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aid_ledger.core.prison import FileUnreadable
from aid_ledger.recipients.importing.checking import check_file
from aid_ledger.recipients.importing.reading import reading
from aid_ledger.recipients.importing.refusals import UPLOAD, FileRefused
from aid_ledger.recipients.rules import COLUMNS
from tests.unit.recipients.cases import YARDSTICK, valid_row
from tests.unit.recipients.files import XML, read_file, write_archive, write_xlsx

HEAD = ("nik", "nama", "kode_desa")
PERSON = ("3216010101900000", "Contoh", "32.16.01.2001")


def refusal_of(path: Path) -> FileRefused:
    """Read and give the refusal; the test fails when there is none."""
    with pytest.raises(FileRefused) as refused:
        read_file(path)
    return refused.value


@pytest.mark.parametrize("name", ["../evil.xml", "xl/../../evil.xml", "/etc/cron.d/evil", "xl\\evil.xml", "C:evil.xml"])
def test_member_that_leads_outside_is_refused(name: str, tmp_path: Path) -> None:
    """No name in an archive may point out of it, even though nothing here is ever unpacked to disk."""
    assert refusal_of(write_archive(tmp_path / "a.xlsx", {name: b"x"})).code == "file.archive"


def test_bomb_that_tells_its_size_is_refused_unopened(tmp_path: Path) -> None:
    """Forty megabytes of zeros in forty kilobytes: a list never shrinks a thousandfold."""
    path = write_archive(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": bytes(40 * 2**20)})

    assert path.stat().st_size < 2**17
    assert refusal_of(path).code == "file.archive"


def test_bomb_that_lies_about_its_size_dies_in_prison(tmp_path: Path) -> None:
    """A directory may claim anything; a sheet of gigabytes then meets the memory limit, and the server lives."""
    rows = b"<row><c t='inlineStr'><is><t>" + b"x" * 2**20 + b"</t></is></c></row>"
    with zipfile.ZipFile(write_xlsx(tmp_path / "seed.xlsx", [HEAD, PERSON])) as seed:
        members = {name: seed.read(name) for name in seed.namelist()}
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=False) as sheet:
            sheet.write(f"{XML}<worksheet><sheetData>".encode())
            for _ in range(700):
                sheet.write(rows)
    declare_size(path, "xl/worksheets/sheet1.xml", 1_000)

    with pytest.raises((FileUnreadable, FileRefused)), reading(path) as parts:
        pytest.fail(f"a bomb was read as {sum(1 for _ in parts)} parts")


def declare_size(path: Path, name: str, size: int) -> None:
    """Rewrite the directory's word about how large one member is when unpacked."""
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(name.encode()))
    content[place + 24 : place + 28] = struct.pack("<L", size)
    path.write_bytes(content)


def test_grid_with_one_far_cell_is_refused(tmp_path: Path) -> None:
    """One cell in the last corner makes a grid of seventeen billion; the parser is ended, not the machine."""
    path = write_xlsx(tmp_path / "a.xlsx", [HEAD, PERSON])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    members["xl/worksheets/sheet1.xml"] = members["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", far)

    with pytest.raises((FileUnreadable, FileRefused)), reading(write_archive(path, members)):
        pytest.fail("a grid without an end was read")


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    """Each member costs the reader work before any size is known."""
    path = write_archive(tmp_path / "a.xlsx", {f"xl/media/{number}": b"" for number in range(1_000)})

    assert refusal_of(path).code == "file.archive"


def test_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    """A ZIP of anything else is not a list."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nik.csv", "nik,nama,kode_desa\n")

    assert refusal_of(path).code == "file.kind"


def test_archive_with_one_name_twice_is_refused(tmp_path: Path) -> None:
    """Two readers could each believe another of the two; a list must be one list."""
    path = write_archive(tmp_path / "a.xlsx", {})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/workbook.xml", "x")

    assert refusal_of(path).code == "file.archive"


def test_archive_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    """A directory that admits to more than any list needs is believed."""
    path = write_archive(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": b"x"})
    declare_size(path, "xl/worksheets/sheet1.xml", 2**30)

    assert refusal_of(path).facts == {"reason": "terlalu besar setelah dibuka"}


def test_workbook_without_sheets_is_no_list(tmp_path: Path) -> None:
    """A workbook may hold charts only, or nothing."""
    kinds = "http://schemas.openxmlformats.org"
    members = {
        "xl/workbook.xml": f'{XML}<workbook xmlns="{kinds}/spreadsheetml/2006/main"><sheets/></workbook>',
        "xl/_rels/workbook.xml.rels": f'{XML}<Relationships xmlns="{kinds}/package/2006/relationships"/>',
    }
    path = write_archive(tmp_path / "a.xlsx", {name: text.encode() for name, text in members.items()})

    assert refusal_of(path).code == "file.kind"


def test_hidden_first_sheet_is_refused(tmp_path: Path) -> None:
    """What the official saw on opening the file must be what is recorded."""
    assert refusal_of(write_xlsx(tmp_path / "a.xlsx", [HEAD, PERSON], hidden_first=True)).code == "file.sheet_hidden"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "file.empty"),
        ([HEAD], "file.no_rows"),
        ([HEAD, ("", " ", "")], "file.no_rows"),
        ([PERSON], "columns.no_header"),
        ([(*HEAD, "gaji"), PERSON], "columns.unknown"),
        ([HEAD[:2], PERSON[:2]], "columns.missing"),
        ([(*HEAD, "Nama"), PERSON], "columns.duplicate"),
        ([(*HEAD, None), (*PERSON, "x")], "columns.unnamed"),
        ([[f"k{number}" for number in range(65)], PERSON], "file.too_many_columns"),
        ([HEAD, ("x" * 501, "y", "z")], "file.cell_too_long"),
    ],
)
def test_sheet_that_is_no_list_is_refused_by_code(rows: list[tuple[object, ...]], code: str, tmp_path: Path) -> None:
    """The same laws as for CSV."""
    assert refusal_of(write_xlsx(tmp_path / "a.xlsx", rows)).code == code


def test_rows_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    """The limit counts rows under the header, wherever that stands."""
    path = write_xlsx(tmp_path / "a.xlsx", [HEAD, *[PERSON] * 4], above=2)

    with pytest.raises(FileRefused) as refused:
        read_file(path, replace(UPLOAD, rows=3))

    assert refused.value.code == "file.too_many_rows"


def test_identifier_stored_as_number_is_an_error_of_its_row(tmp_path: Path) -> None:
    """Excel keeps fifteen digits of a number: a NIK kept as one may belong to somebody else."""
    row = {
        **valid_row(),
        "nik": 3216010101900000,
        "no_kk": 9000010101200000,
        "no_hp": 81234567890,
        "no_rekening": 12345,
    }
    people = [tuple(COLUMNS), tuple(row.values()), tuple(valid_row(2).values())]

    checked = check_file(write_xlsx(tmp_path / "a.xlsx", people), YARDSTICK)

    errors = checked.problems.filter(pl.col("tingkat") == "galat").select("baris", "kode").rows()
    assert errors == [(2, f"{column}.angka_excel") for column in ("nik", "no_kk", "no_hp", "no_rekening")]
    assert checked.good["baris"].to_list() == [3]


def test_cells_are_taken_as_stored(tmp_path: Path) -> None:
    """Dates become dates, small numbers their digits, and rows keep the numbers Excel shows."""
    row = {**valid_row(), "tanggal_lahir": dt.date(1990, 1, 1), "rt": 3, "rw": 12.0, "alamat": 7}
    rows = [tuple(COLUMNS), tuple(None for _ in COLUMNS), tuple(row.values())]

    good = check_file(write_xlsx(tmp_path / "a.xlsx", rows, above=1), YARDSTICK).good

    assert good.select("baris", "tanggal_lahir", "rt", "rw", "alamat").rows() == [
        (4, dt.date(1990, 1, 1), "003", "012", "7")
    ]


def test_formulas_are_text_and_never_run(tmp_path: Path) -> None:
    """A cell that looks like a formula is somebody's odd address, kept as it is."""
    odd = {**valid_row(), "alamat": '=HYPERLINK("http://x.example","y")', "pekerjaan": "+cmd|' /C calc'!A0"}

    good = check_file(write_xlsx(tmp_path / "a.xlsx", [tuple(odd), tuple(odd.values())]), YARDSTICK).good

    assert good.select("alamat", "pekerjaan").row(0) == (odd["alamat"], odd["pekerjaan"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=300))
def test_any_archive_bytes_are_a_refusal(noise: bytes, tmp_path: Path) -> None:
    """What begins like an archive and is none is refused, whatever follows."""
    path = tmp_path / "noise"
    path.write_bytes(b"PK\x03\x04" + noise)

    assert refusal_of(path).code in {"file.kind", "file.archive"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_flipped_bit_is_rows_or_a_refusal(place: int, bit: int, tmp_path: Path) -> None:
    """A damaged upload is refused, or read as if the bit did not matter; it never crashes the reader."""
    seed = tmp_path / "seed.xlsx"
    if not seed.exists():
        write_xlsx(seed, [HEAD, PERSON])
    content = bytearray(seed.read_bytes())
    content[place % len(content)] ^= 1 << bit
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content)
    try:
        sheet = read_file(damaged)
    except FileRefused as refused:
        assert refused.code.startswith(("file.", "columns."))  # noqa: PT017 - either outcome is right
    else:
        assert sheet.rows.height == 1
