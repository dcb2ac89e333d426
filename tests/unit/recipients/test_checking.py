"""A list is checked as a whole: who is in it twice, what is kept, what is told about it, and that nobody is quoted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aid_ledger.recipients.importing import checking
from aid_ledger.recipients.importing.checking import GOOD, check, check_file
from aid_ledger.recipients.importing.columns import ROW
from aid_ledger.recipients.importing.fingerprint import content_digest
from aid_ledger.recipients.importing.sheet import NUMBERS, ROW_TYPE, Sheet
from aid_ledger.recipients.messages import MESSAGES
from aid_ledger.recipients.rules import COLUMNS, FIRST_BIRTH, SOURCES
from tests.unit.recipients.cases import CASES, TODAY, VILLAGE, YARDSTICK, valid_row
from tests.unit.recipients.files import csv_bytes, write_xlsx


def sheet_of(rows: Sequence[Mapping[str, object]]) -> Sheet:
    """Make a sheet of texts, its first row numbered 2 as under a header."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).with_row_index(ROW, 2)
    return Sheet(frame.with_columns(pl.col(ROW).cast(ROW_TYPE)), NUMBERS.to_frame())


def parts_of(rows: Sequence[Mapping[str, object]], size: int) -> Iterator[Sheet]:
    """Cut a list into parts, as a large file comes out of the prison."""
    for part in sheet_of(rows).rows.iter_slices(size):
        yield Sheet(part, NUMBERS.to_frame())


def test_nik_twice_refuses_the_later_rows_and_names_the_first() -> None:
    """One person on two lines of a list is paid twice unless somebody is told which line came first."""
    rows = [valid_row(1), valid_row(2), valid_row(1), {**valid_row(2), "nik": f" {valid_row(2)['nik']}"}, valid_row(1)]

    checked = check([sheet_of(rows)], YARDSTICK)

    assert checked.good[ROW].to_list() == [2, 3]
    assert checked.counts == {"nik.ganda": 3}
    assert checked.problems.select(ROW, "kolom", "pesan").rows() == [
        (row, "nik", f"NIK ini sudah ada di baris {first}. Hapus salah satu baris, atau perbaiki NIK yang keliru.")
        for row, first in ((4, 2), (5, 3), (6, 2))
    ]


def test_nik_twice_is_found_across_parts() -> None:
    """Distance in the list hides nobody: parts are checked one by one, people over the whole."""
    rows = [valid_row(number) for number in range(1, 8)] + [valid_row(1)]

    checked = check(parts_of(rows, size=3), YARDSTICK)

    assert checked.counts == {"nik.ganda": 1}
    assert checked.problems.item(0, ROW) == 9
    assert checked.good.height == 7


def test_nik_twice_is_found_even_if_the_first_row_has_other_faults() -> None:
    """A broken first line must not let the second pass as the only one: mending the first would pay twice."""
    checked = check([sheet_of([{**valid_row(1), "rt": "X"}, valid_row(1)])], YARDSTICK)

    assert checked.problems.select(ROW, "kode").rows() == [(2, "rt.format"), (3, "nik.ganda")]
    assert checked.good.is_empty()


def test_warned_row_is_kept() -> None:
    """A NIK keeps its first region and date for life; disagreement is for a person to look at, not to refuse."""
    row = {**valid_row(), "tanggal_lahir": "1991-01-01", "jenis_kelamin": "P", "nama": "Contoh 2"}

    checked = check([sheet_of([row])], YARDSTICK)

    assert checked.good.height == 1
    assert checked.problems["tingkat"].unique().to_list() == ["peringatan"]
    assert set(checked.counts) == {"tanggal_lahir.beda_nik", "jenis_kelamin.beda_nik", "nama.karakter_tidak_lazim"}


def test_length_of_a_wrong_nik_is_told() -> None:
    """Fifteen characters instead of sixteen is a hint; the characters themselves would be a person."""
    checked = check([sheet_of([{**valid_row(), "nik": "321601010190000"}])], YARDSTICK)

    assert checked.problems.item(0, "pesan").startswith("NIK harus tepat 16 angka, tanpa huruf; di sini 15 karakter.")


def test_no_problem_repeats_what_was_typed() -> None:
    """A report travels by mail and chat: it names rows and rules, never a person's value."""
    rows = [{**valid_row(n), c.column: str(c.value or "")} for n, c in enumerate(CASES, start=1) if c.code is not None]

    told = check([sheet_of(rows)], YARDSTICK).problems.select("kode", "pesan").rows()

    assert len({code for code, _ in told}) > 30
    for code, sentence in told:
        pattern = re.escape(MESSAGES[code].text).replace(re.escape("{n}"), "[0-9]{1,3}")
        assert re.fullmatch(pattern, sentence), code


def test_problems_beyond_the_limit_are_counted_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list with millions of faults must not fill the server's memory with its report."""
    monkeypatch.setattr(checking, "PROBLEMS_KEPT", 5)
    rows = [{**valid_row(number), "rt": "X", "rw": "Y"} for number in range(1, 8)]

    checked = check(parts_of(rows, size=2), YARDSTICK)

    assert checked.counts == {"rt.format": 7, "rw.format": 7}
    assert checked.problems[ROW].to_list() == [2, 2, 3, 3, 4]
    assert checked.is_truncated
    assert checked.rows_refused == checked.rows_read == 7


def test_nothing_read_is_nothing_good() -> None:
    """A list without parts has the shape of an outcome all the same."""
    checked = check([], YARDSTICK)

    assert checked.good.schema == GOOD
    assert (checked.rows_read, checked.counts, checked.problems.height) == (0, {}, 0)


def test_same_file_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """An import repeated by mistake or on purpose is recognised by its content."""
    path = tmp_path / "a.csv"
    path.write_bytes(csv_bytes([valid_row(number) for number in range(1, 50)]))

    once, twice = (check_file(path, YARDSTICK).good for _ in range(2))

    assert once.equals(twice)
    assert content_digest(once) == content_digest(twice)


def test_digest_sees_the_list_not_the_program_that_saved_it(tmp_path: Path) -> None:
    """Saving the list as XLSX, with semicolons or with spaces around is no new list; one digit is."""
    rows = [valid_row(number) for number in range(1, 5)]
    comma, semicolon = tmp_path / "a.csv", tmp_path / "b.csv"
    comma.write_bytes(csv_bytes(rows))
    semicolon.write_bytes(csv_bytes([{**row, "nama": f" {row['nama']} "} for row in rows], delimiter=";", end="\n"))
    sheet = write_xlsx(tmp_path / "c.xlsx", [tuple(COLUMNS), *(tuple(row.values()) for row in rows)], above=2)
    other = check([sheet_of([*rows[:3], {**rows[3], "no_rekening": "1234567891"}])], YARDSTICK).good

    digests = {content_digest(check_file(path, YARDSTICK).good) for path in (comma, semicolon, sheet)}

    assert len(digests) == 1
    assert content_digest(other) not in digests


def test_digest_never_changes() -> None:
    """The digest of yesterday's import must recognise it after an upgrade of any library."""
    good = check([sheet_of([valid_row(1), valid_row(2)])], YARDSTICK).good

    assert content_digest(good) == "fd2aaa5a0fabdb75a446029a281843b36d307e3a5aa7fb10664c9d60130a70e4"


NAMES = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij' .", min_size=1, max_size=60).map("Contoh {}".format)
OPTIONAL = {
    "no_kk": st.integers(0, 10**16 - 1).map("{:016}".format),
    "jenis_kelamin": st.sampled_from(["L", "P", "l", "p"]),
    "alamat": st.text(alphabet="ABCxyz =+@,;019", max_size=100),
    "rt": st.integers(0, 999).map(str),
    "rw": st.integers(0, 999).map("{:03}".format),
    "no_hp": st.builds(
        "{}8{}".format, st.sampled_from(["+62", "62", "0"]), st.integers(10**6, 10**10 - 1).map("9{}".format)
    ),
    "sumber_data": st.sampled_from(SOURCES),
    "id_dtks": st.integers(0, 10**20).map("DTKS-{}".format),
}
BIRTH = st.dates(FIRST_BIRTH, TODAY)


@st.composite
def valid_rows(draw: st.DrawFn) -> list[dict[str, str]]:
    """Draw a list in which every row keeps every rule and every person is there once."""
    rows = []
    for number in range(draw(st.integers(1, 12))):
        born = draw(BIRTH)
        row = dict.fromkeys(COLUMNS, "")
        row |= {column: draw(st.just("") | texts) for column, texts in OPTIONAL.items()}
        row |= {
            "nik": f"{700_000 + number}{born.day + 40 * draw(st.booleans()):02}{born:%m%y}0000",
            "nama": draw(NAMES),
            "kode_desa": VILLAGE,
            "tanggal_lahir": draw(
                st.sampled_from([born.isoformat(), f"{born.day:02}-{born.month:02}-{born.year}", ""])
            ),
        }
        if draw(st.booleans()):
            row |= {"bank": "008", "no_rekening": draw(st.integers(10**4, 10**20 - 1).map(str))}
        rows.append(row)
    return rows


@settings(max_examples=40, deadline=None)
@given(rows=valid_rows())
def test_row_made_by_the_rules_is_accepted(rows: list[dict[str, str]]) -> None:
    """Whoever fills in the template as it says is never turned away."""
    checked = check([sheet_of(rows)], YARDSTICK)

    assert checked.problems.filter(pl.col("tingkat") == "galat").is_empty()
    assert checked.good["nik"].to_list() == [row["nik"] for row in rows]


@settings(max_examples=15, deadline=None)
@given(rows=valid_rows())
def test_good_rows_are_good_again(rows: list[dict[str, str]]) -> None:
    """What is stored keeps the rules it passed: writing it out and reading it back changes nothing."""
    good = check([sheet_of(rows)], YARDSTICK).good
    again = [{c: _text(value) for c, value in row.items() if c != ROW} for row in good.iter_rows(named=True)]

    assert content_digest(check([sheet_of(again)], YARDSTICK).good) == content_digest(good)


def _text(value: object) -> str | None:
    return value.isoformat() if isinstance(value, dt.date) else value if isinstance(value, str) else None
