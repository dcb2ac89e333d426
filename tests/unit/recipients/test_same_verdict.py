"""The schema and the bulk expressions are two mouths of one law: every cell gets the same verdict, code and form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from aid_ledger.recipients import rules
from aid_ledger.recipients.importing.checking import Checked, check
from aid_ledger.recipients.importing.columns import ROW
from aid_ledger.recipients.importing.sheet import NUMBERS, ROW_TYPE, Sheet
from aid_ledger.recipients.importing.workbook import as_text
from aid_ledger.recipients.rules import COLUMNS, Yardstick
from aid_ledger.recipients.schemas import RecipientRow
from tests.unit.recipients.cases import CASES, STRICT, YARDSTICK, Case, valid_row

Verdict = tuple[frozenset[tuple[str, str]], Mapping[str, object] | None]


def by_schema(row: Mapping[str, object], yardstick: Yardstick) -> Verdict:
    """Ask the schema: refusals as (column, code), and the stored form when there are none."""
    try:
        form = RecipientRow(yardstick).load(row)
    except ValidationError as refused:
        messages = refused.messages_dict
        return frozenset((column, codes[0]) for column, codes in messages.items()), None
    return frozenset(), {column: form.get(column) for column in COLUMNS}


def in_bulk(rows: Sequence[Mapping[str, object]], yardstick: Yardstick) -> list[Verdict]:
    """Ask the expressions about many rows at once, through the same cell texts a workbook gives."""
    numbers: list[tuple[int, str]] = []
    cells = [[("" if row[column] is None else row[column]) for column in COLUMNS] for row in rows]
    texts = as_text(cells, names=COLUMNS, first_row=1, numbers=numbers).with_row_index(ROW, 1)
    sheet = Sheet(texts.with_columns(pl.col(ROW).cast(ROW_TYPE)), pl.DataFrame(numbers, schema=NUMBERS, orient="row"))
    return verdicts_of(check([sheet], yardstick), len(rows))


def verdicts_of(checked: Checked, count: int) -> list[Verdict]:
    """Gather errors by row; being in the list twice is the list's fault, not the row's."""
    found: dict[int, set[tuple[str, str]]] = {row: set() for row in range(1, count + 1)}
    errors = checked.problems.filter((pl.col("tingkat") == "galat") & (pl.col("kode") != "nik.ganda"))
    for row, column, code in errors.select(ROW, "kolom", "kode").iter_rows():
        found[row].add((column, code))
    forms = {form[ROW]: form for form in checked.good.iter_rows(named=True)}
    return [
        (frozenset(codes), {column: forms[row][column] for column in COLUMNS} if row in forms else None)
        for row, codes in found.items()
    ]


ROWS = [{**valid_row(number), case.column: case.value} for number, case in enumerate(CASES, start=1)]


def test_table_is_large_enough_to_mean_something() -> None:
    """Every column is in the table with an accepted and a refused cell, and there are at least 120 cases."""
    assert len(CASES) >= 120
    assert {case.column for case in CASES if case.code is None} == set(COLUMNS)
    assert {case.column for case in CASES if case.code is not None} == set(COLUMNS)


@pytest.mark.parametrize("place", range(len(CASES)), ids=lambda place: f"{CASES[place].column}-{place}")
def test_schema_gives_the_verdict_of_the_table(place: int) -> None:
    """The single source of field rules answers with exactly the code of the table, and with nothing else."""
    case = CASES[place]

    codes, _ = by_schema(ROWS[place], YARDSTICK)

    assert codes == expected(case)


def test_expressions_give_the_verdict_of_the_table() -> None:
    """A list of a million meets the same rules as a single form."""
    answers = in_bulk(ROWS, YARDSTICK)

    wrong = [(case, codes) for case, (codes, _) in zip(CASES, answers, strict=True) if codes != expected(case)]
    assert wrong == []


def test_expressions_store_what_the_schema_stores() -> None:
    """What is accepted is also written alike: padded, folded, composed, with +62 and real dates."""
    answers = in_bulk(ROWS, YARDSTICK)

    for row, case, (_, form) in zip(ROWS, CASES, answers, strict=True):
        if case.code is None and form is not None:
            assert form == by_schema(row, YARDSTICK)[1], case
    assert sum(form is not None for _, form in answers) > 50


def expected(case: Case) -> frozenset[tuple[str, str]]:
    """Name the column a code is reported at; it is the case's own."""
    return frozenset() if case.code is None else frozenset({(case.column, case.code)})


@pytest.mark.parametrize(
    ("bank", "account", "holder", "lacking"),
    [
        (None, None, None, None),
        ("008", "12345", None, None),
        ("008", "12345", "Contoh", None),
        ("008", None, None, "no_rekening"),
        (None, "12345", None, "bank"),
        (None, None, "Contoh", "no_rekening"),
        (None, "12345", "Contoh", "bank"),
        ("008", None, "Contoh", "no_rekening"),
    ],
)
def test_account_and_bank_come_together(
    bank: str | None, account: str | None, holder: str | None, lacking: str | None
) -> None:
    """Half an account is money that waits for somebody to fill in the other half."""
    row = {**valid_row(), "bank": bank, "no_rekening": account, "nama_rekening": holder}
    codes = frozenset({(lacking, "rekening.tidak_lengkap")}) if lacking else frozenset()

    assert by_schema(row, YARDSTICK)[0] == codes
    assert in_bulk([row], YARDSTICK)[0][0] == codes


def test_test_serial_is_refused_outside_practice() -> None:
    """Serial 0000 was never issued: where real aid is paid it is a ghost."""
    row = valid_row()

    assert by_schema(row, STRICT)[0] == {("nik", "nik.seri_uji")}
    assert in_bulk([row], STRICT)[0][0] == {("nik", "nik.seri_uji")}


def test_unknown_member_is_refused_by_the_schema() -> None:
    """What nobody asked for is not silently dropped."""
    with pytest.raises(ValidationError) as refused:
        RecipientRow(YARDSTICK).load({**valid_row(), "gaji": "1"})

    assert list(refused.value.messages_dict) == ["gaji"]


def test_absent_required_column_is_an_empty_one() -> None:
    """Leaving a required member out is no way around its rule."""
    with pytest.raises(ValidationError) as refused:
        RecipientRow(YARDSTICK).load({})

    assert refused.value.messages_dict == {c: [f"{c}.kosong"] for c in ("nik", "nama", "kode_desa")}


DIGITS_AND_NOISE = st.text(alphabet="0123456789 .-+/\u00a0\tELPlp", max_size=20)
ANY_TEXT = st.text(max_size=30)
CELL = st.one_of(
    ANY_TEXT, DIGITS_AND_NOISE, st.dates().map(dt.date.isoformat), st.sampled_from(["", "-", "DTKS", "008"])
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELL)), min_size=1, max_size=12))
def test_any_text_gets_one_verdict(rows: list[dict[str, str]]) -> None:
    """No text exists on which the two disagree, in code or in stored form, except for being in the list twice."""
    answers = in_bulk(rows, YARDSTICK)

    for row, (codes, form) in zip(rows, answers, strict=True):
        schema_codes, schema_form = by_schema(row, YARDSTICK)
        assert codes == schema_codes, row
        if form is not None:
            assert form == schema_form


ODD_NAMES = st.text(alphabet="ab12.-'\u2019/()[]^\\&_\u00e9\u0301", max_size=8).map("Contoh {}x".format)
BIRTHS = st.dates(rules.FIRST_BIRTH, YARDSTICK.today)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(BIRTHS, BIRTHS, st.booleans(), st.sampled_from(["L", "P", ""]), ODD_NAMES), min_size=1))
def test_doubts_are_the_same_in_bulk(people: list[tuple[dt.date, dt.date, bool, str, str]]) -> None:
    """A birth date or sex that disagrees with the NIK warns in both, and refuses the row in neither."""
    rows: list[dict[str, object]] = []
    for number, (in_nik, born, is_female, sex, name) in enumerate(people, start=1):
        nik = f"{100_000 + number}{in_nik.day + 40 * is_female:02}{in_nik:%m%y}0000"
        about = {"nama": name, "tanggal_lahir": born.isoformat(), "jenis_kelamin": sex}
        rows.append({**valid_row(), "nik": nik, **about})

    sheet = Sheet(
        pl.DataFrame(rows).with_row_index(ROW, 1).with_columns(pl.col(ROW).cast(ROW_TYPE)), NUMBERS.to_frame()
    )
    knowing = Yardstick(YARDSTICK.today, YARDSTICK.villages, frozenset({"100002", "100003"}), allow_test=True)
    checked = check([sheet], knowing)

    assert checked.good.height == len(rows)
    found = {(row, column): code for row, column, code in checked.problems.select(ROW, "kolom", "kode").iter_rows()}
    expected_doubts = {
        (number, column): code
        for number, row in enumerate(rows, start=1)
        for column, code in rules.doubts(
            nik=rules.parse_nik(str(row["nik"]), today=knowing.today, allow_test=True),
            name_text=str(rules.clean_text(str(row["nama"]))),
            born=dt.date.fromisoformat(str(row["tanggal_lahir"])),
            sex_letter=str(row["jenis_kelamin"]) or None,
            known_districts=knowing.districts,
        ).items()
    }
    assert found == expected_doubts
