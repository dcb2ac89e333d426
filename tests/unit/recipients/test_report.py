"""The report is for somebody with a spreadsheet open: a row, a column, a code, a sentence, and nothing to run."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import polars as pl
import pytest

import aid_ledger.recipients as room
from aid_ledger.core.prison import FileUnreadable
from aid_ledger.recipients.importing.checking import DUPLICATE, check
from aid_ledger.recipients.importing.expressions import doubts, rules_for
from aid_ledger.recipients.importing.refusals import REFUSALS, FileRefused
from aid_ledger.recipients.importing.report import Separator, summarise, write_report
from aid_ledger.recipients.intake import DOUBTS
from aid_ledger.recipients.messages import MESSAGES
from aid_ledger.recipients.rules import Yardstick
from tests.unit.recipients.cases import TODAY, YARDSTICK, valid_row
from tests.unit.recipients.test_checking import sheet_of


@pytest.mark.parametrize("separator", list(Separator))
def test_report_lists_row_column_code_and_sentence(separator: Separator, tmp_path: Path) -> None:
    """The columns are a promise to programs, the separator a courtesy to Excel."""
    problems = check([sheet_of([{**valid_row(), "rt": "X", "nama": "Contoh 2"}])], YARDSTICK).problems
    target = tmp_path / "report.csv"

    write_report(problems, target, separator)

    content = target.read_bytes()
    assert content.isascii()
    assert content.endswith(b"\r\n")
    assert list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=separator.value)) == [
        ["baris", "kolom", "kode", "pesan"],
        ["2", "rt", "rt.format", MESSAGES["rt.format"].text],
        ["2", "nama", "nama.karakter_tidak_lazim", MESSAGES["nama.karakter_tidak_lazim"].text],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_report_holds_nothing_a_spreadsheet_would_run(start: str) -> None:
    """Should a sentence ever begin like a formula, it is made text."""
    line = {"baris": 2, "kolom": "nama", "kode": f"{start}1", "pesan": f"{start}HYPERLINK(1)"}
    target = io.BytesIO()

    write_report(pl.DataFrame([line]), target)

    cells = list(csv.reader(io.StringIO(target.getvalue().decode(), newline="")))[1]
    assert cells == ["2", "nama", f"'{start}1", f"'{start}HYPERLINK(1)"]


def test_summary_counts_errors_and_warnings_apart() -> None:
    """An official sees first what stops rows, most frequent first."""
    rows = [{**valid_row(1), "rt": "X"}, {**valid_row(2), "rt": "X", "rw": "Y"}, {**valid_row(3), "nama": "Contoh 3"}]

    summary = summarise(check([sheet_of(rows)], YARDSTICK))

    assert (summary.rows_read, summary.rows_good, summary.rows_refused) == (3, 1, 2)
    assert [(item.code, item.count) for item in summary.errors] == [("rt.format", 2), ("rw.format", 1)]
    assert [(item.code, item.count) for item in summary.warnings] == [("nama.karakter_tidak_lazim", 1)]
    assert not summary.is_truncated


def test_every_code_has_a_sentence_and_every_sentence_a_code() -> None:
    """Nobody is refused in a code alone, and no sentence waits for a refusal that cannot happen."""
    knowing = Yardstick(TODAY, frozenset(), frozenset())
    cells = {rule.code for rule in (*rules_for(knowing), DUPLICATE, *doubts(knowing))}
    files = {refusal.code for refusal in REFUSALS} | {FileUnreadable.code}

    assert set(MESSAGES) == cells | files | set(DOUBTS)
    assert set(REFUSALS) == set(FileRefused.__subclasses__())


def test_sentences_are_plain_and_end_in_what_to_do() -> None:
    """Every refusal helps: a sentence, a remedy, both whole, in letters every program opens alike."""
    for code, message in MESSAGES.items():
        assert message.text.isascii(), code
        assert message.sentence.endswith("."), code
        assert message.remedy.endswith("."), code
        assert not message.text.startswith(tuple("=+-@")), code


def test_codes_raised_in_rules_are_codes_of_the_table() -> None:
    """A code misspelled where it is raised would reach an official without its sentence."""
    source = Path(room.__file__).with_name("rules.py").read_text(encoding="utf-8")
    raised = {
        str(call.args[-1].value)
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"CellRefused", "_matching"}
        and isinstance(call.args[-1], ast.Constant)
    }

    assert len(raised) >= 12
    assert raised <= set(MESSAGES)
