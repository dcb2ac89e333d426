"""CSV: what is accepted is read exactly, and what is not is refused in words, never guessed at."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aid_ledger.recipients.importing.refusals import UPLOAD, FileRefused
from tests.unit.recipients.cases import valid_row
from tests.unit.recipients.files import csv_bytes, read_file

HEAD = b"nik,nama,kode_desa\n"
ROW = b"3216010101900000,Contoh,32.16.01.2001\n"
TINY = replace(UPLOAD, file_bytes=20_000, rows=3, columns=4, cell_chars=40)

Save = Callable[[bytes], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Save bytes under a name that lies, since names are not believed."""

    def _save(content: bytes) -> Path:
        path = tmp_path / "daftar.xlsx"
        path.write_bytes(content)
        return path

    return _save


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (codecs.BOM_UTF8, "file.empty"),
        (b"\r\n \n\n", "file.empty"),
        ("\u00a0\n".encode(), "file.empty"),
        (HEAD, "file.no_rows"),
        (HEAD + b"\n,,\n\n", "file.no_rows"),
        (HEAD.strip(), "file.no_rows"),
        ((HEAD + ROW).decode().encode("utf-16"), "file.encoding"),
        ((HEAD + ROW).decode().encode("utf-16-le"), "file.encoding"),
        (HEAD + "3216010101900000,Jos\u00e9,x\n".encode("cp1252"), "file.encoding"),
        (HEAD + b"3216010101900000,\xc3", "file.encoding"),
        (b"%PDF-1.7", "file.kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file.kind"),
        (b"PK\x05\x06" + bytes(18), "file.kind"),
        (ROW + ROW, "columns.no_header"),
        (b"nik\tnama\tkode_desa\n", "columns.no_header"),
        (b"nik,nama,kode_desa,gaji\n" + ROW, "columns.unknown"),
        (b"nik,nama\n1,2\n", "columns.missing"),
        (b"nik,nama,kode_desa,NIK\n1,2,3,4\n", "columns.duplicate"),
        (b"nik,nama,kode_desa,\n1,2,3,4\n", "columns.unnamed"),
        (HEAD + ROW + b"1,2,3,4\n", "file.csv_broken"),
        (HEAD + b'"3216,2,3\n' + ROW, "file.csv_broken"),
        (HEAD + b'"a"b,2,3\n' + ROW, "file.csv_broken"),
        (HEAD.replace(b"\n", b"\r") + ROW.replace(b"\n", b"\r"), "file.csv_broken"),
        (b'"nik,nama,kode_desa\n' + ROW, "file.csv_broken"),
        (HEAD + ROW * 4, "file.too_many_rows"),
        (b"nik,nama,kode_desa,rt,rw\n1,2,3,4,5\n", "file.too_many_columns"),
        (HEAD + b"1," + b"x" * 41 + b",3\n", "file.cell_too_long"),
        (HEAD + b"x" * 20_000, "file.too_large"),
    ],
)
def test_file_that_is_no_list_is_refused_by_code(content: bytes, code: str, save: Save) -> None:
    """Each way of not being a list has its own sentence; none is guessed around."""
    with pytest.raises(FileRefused) as refused:
        read_file(save(content), TINY)

    assert refused.value.code == code


def test_endless_header_is_refused(save: Save) -> None:
    """A header without an end is looked at for 64 KiB and no further."""
    with pytest.raises(FileRefused) as refused:
        read_file(save(b"nik," * 20_000))

    assert refused.value.code == "file.too_many_columns"


def test_broken_row_is_named(save: Save) -> None:
    """An official opens the row the refusal names."""
    with pytest.raises(FileRefused) as refused:
        read_file(save(HEAD + ROW * 7 + b"1,2,3,4\n" + ROW))

    assert refused.value.facts == {"row": 9}


def test_unclosed_quote_swallows_nobody(save: Save) -> None:
    """A quote left open in a last column would make the rows after it part of one cell, and their people vanish."""
    with pytest.raises(FileRefused) as refused:
        read_file(save(HEAD.strip() + b",alamat\n" + ROW.strip() + b',"Jalan\n' + ROW))

    assert refused.value.code == "file.csv_broken"
    assert refused.value.facts == {"row": 2}


def test_row_without_header_is_not_repeated_in_the_refusal(save: Save) -> None:
    """A list without a header begins with a person, who must not end up in a log."""
    with pytest.raises(FileRefused) as refused:
        read_file(save(ROW))

    assert refused.value.facts == {}


def test_digits_of_an_unknown_header_are_hidden(save: Save) -> None:
    """A value that slipped into the header row is not shown either."""
    with pytest.raises(FileRefused) as refused:
        read_file(save(b"nik,nama,kode_desa,0812345\n1,2,3,4\n"))

    assert refused.value.facts == {"names": "\u2022" * 7}


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spellings_of_one_list_read_alike(mark: bytes, delimiter: str, end: str, save: Save) -> None:
    """Mark, delimiter and line end are the program's choice, not the official's meaning."""
    rows = [{**valid_row(number), "alamat": f"Jl. \u201cContoh\u201d {number}, Blok; A"} for number in range(1, 4)]

    sheet = read_file(save(mark + csv_bytes(rows, delimiter=delimiter, end=end)))

    assert sheet.rows.drop("baris").rows(named=True) == rows
    assert sheet.rows["baris"].to_list() == [2, 3, 4]
    assert sheet.numbers.is_empty()


def test_rows_keep_the_numbers_of_the_spreadsheet(save: Save) -> None:
    """Blank rows are passed over but counted, above the header and below, also inside quotes."""
    sheet = read_file(save(b"\n\n" + HEAD + ROW + b"\n,,\n" + b'1,"two\nlines",3\n' + ROW))

    assert sheet.rows["baris"].to_list() == [4, 7, 8]
    assert sheet.rows["nama"].to_list() == ["Contoh", "two\nlines", "Contoh"]


def test_header_is_recognised_in_an_officials_spelling(save: Save) -> None:
    """Case, spaces, dots and dashes of a header do not matter."""
    sheet = read_file(save(b" NIK ,Nama,Kode-Desa,No. KK\n1,2,3,4\n"))

    assert sheet.rows.columns == ["baris", "nik", "no_kk", "nama", "kode_desa"]


def test_short_row_has_empty_cells(save: Save) -> None:
    """Excel leaves out trailing cells; what is not there is empty, and required columns then say so."""
    assert read_file(save(HEAD + b"1\n")).rows.row(0) == (2, "1", None, None)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=200), st.binary(max_size=120).map(lambda noise: HEAD + noise)))
def test_any_bytes_are_rows_or_a_refusal(content: bytes, save: Save) -> None:
    """No file makes the reader fail in a way nobody foresaw."""
    try:
        sheet = read_file(save(content))
    except FileRefused as refused:
        assert refused.code.startswith(("file.", "columns."))  # noqa: PT017 - either outcome is right
    else:
        assert not sheet.rows.is_empty()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.text(alphabet=',;"\n\r\tab 1\u00e9', max_size=80))
def test_any_arrangement_of_quotes_is_rows_or_a_refusal(tail: str, save: Save) -> None:
    """Quotes and line ends in any order do not crash the reader or lose its count of rows."""
    try:
        sheet = read_file(save(HEAD + tail.encode()))
    except FileRefused as refused:
        assert refused.code.startswith("file.")  # noqa: PT017 - either outcome is right
    else:
        assert sheet.rows["baris"].is_sorted()
        assert sheet.rows["baris"].item(0) >= 2
