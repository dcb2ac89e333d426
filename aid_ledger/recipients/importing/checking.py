"""Rows of text in; rows that keep every rule, and a list of what is wrong with the others, out.

Runs outside the prison, part by part, so that a full sheet never stands in memory twice. Problems name row, column and
code and never repeat a value. The rules themselves are in `expressions.py`; what becomes of good rows is decided by
the service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from aid_ledger.recipients.importing import expressions
from aid_ledger.recipients.importing.columns import ROW
from aid_ledger.recipients.importing.expressions import Rule
from aid_ledger.recipients.importing.reading import reading
from aid_ledger.recipients.importing.refusals import UPLOAD, Limits
from aid_ledger.recipients.importing.sheet import ROW_TYPE, Sheet
from aid_ledger.recipients.messages import MESSAGES
from aid_ledger.recipients.rules import COLUMNS, Yardstick

PROBLEMS_KEPT = 200_000
"""Lines of a report an office could still work through; beyond it only the counts go on."""
DUPLICATE = Rule("nik", "nik.ganda", pl.lit(value=False))
COUNTED = ("nik", "no_kk")
"""Columns whose problems tell the length of what was typed, which helps and names nobody."""
GOOD = pl.Schema({ROW: ROW_TYPE, **{column: pl.Date if column == "tanggal_lahir" else pl.String for column in COLUMNS}})
FINDINGS = pl.Schema({ROW: ROW_TYPE, "rule": pl.UInt8, "n": pl.UInt32})


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a list.

    `good` has `baris` and every column in stored form; `problems` has baris, kolom, kode, tingkat (galat or
    peringatan) and pesan, in the order of rows, at most PROBLEMS_KEPT of them; `counts` counts all of them by code.
    """

    good: pl.DataFrame
    problems: pl.DataFrame
    counts: dict[str, int]
    rows_read: int

    @property
    def rows_refused(self) -> int:
        """Count the rows with at least one error."""
        return self.rows_read - self.good.height

    @property
    def is_truncated(self) -> bool:
        """Tell whether problems beyond the limit were counted but not listed."""
        return sum(self.counts.values()) > self.problems.height


def check_file(source: Path, yardstick: Yardstick, limits: Limits = UPLOAD) -> Checked:
    """Read a file in a prison and check its rows.

    Raises:
        FileRefused: The file as a whole cannot become rows.
        FileUnreadable: The parser crashed or exceeded its limits.
    """
    with reading(source, limits) as parts:
        return check(parts, yardstick)


def check(parts: Iterable[Sheet], yardstick: Yardstick) -> Checked:
    """Check parts of one list, in order, and find the NIKs it holds twice."""
    tally = _Tally(expressions.rules_for(yardstick), expressions.doubts(yardstick))
    for part in parts:
        _check_part(part, tally)
    _refuse_duplicates(tally)
    good = pl.concat(tally.good, rechunk=False) if tally.good else pl.DataFrame(schema=GOOD)
    counts = Counter({tally.known[number - 1].code: 0 for number in tally.counts})
    for number, count in tally.counts.items():
        counts[tally.known[number - 1].code] += count
    return Checked(good, _described(tally), dict(sorted(counts.items())), tally.rows_read)


@dataclass(slots=True)
class _Tally:
    """What is known so far. Rules are numbered from 1 in `known`, so that a verdict is one byte and 0 means valid."""

    refusals: tuple[Rule, ...]
    doubts: tuple[Rule, ...]
    good: list[pl.DataFrame] = field(default_factory=list)
    niks: list[pl.DataFrame] = field(default_factory=list)
    findings: list[pl.DataFrame] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    rows_read: int = 0
    kept: int = 0

    @property
    def known(self) -> tuple[Rule, ...]:
        return (*self.refusals, DUPLICATE, *self.doubts)

    def number(self, rule: Rule) -> int:
        return next(n for n, known in enumerate(self.known, start=1) if known is rule)

    def note(self, found: pl.DataFrame) -> None:
        """Count every finding, keep as many as a report may hold."""
        for number, count in found.group_by("rule").len().iter_rows():
            self.counts[number] += count
        room = max(PROBLEMS_KEPT - self.kept, 0)
        if room and not found.is_empty():
            self.findings.append(found.sort(ROW, "rule").head(room).cast(FINDINGS))
            self.kept += min(room, found.height)


def _check_part(part: Sheet, tally: _Tally) -> None:
    unusual = expressions.unusual_columns(part.rows)
    cells = part.rows.with_columns(pl.lit(None, pl.String).alias(name) for name in COLUMNS if name not in part.rows)
    clean = cells.select(ROW, *(expressions.clean(column, is_unusual=column in unusual) for column in COLUMNS))
    verdicts = [_verdict(column, tally, hides_nothing=column not in unusual) for column in COLUMNS]
    judged = clean.lazy().with_columns(verdicts).collect()
    judged = _override_numbers(judged, part.numbers, tally)
    marks = [_mark(column) for column in COLUMNS]
    is_good = pl.all_horizontal(pl.col(marks) == 0)

    faults = [
        judged.filter(pl.col(mark) != 0).select(ROW, pl.col(mark).alias("rule"), _length(column))
        for column, mark in zip(COLUMNS, marks, strict=True)
        if judged.get_column(mark).max()
    ]
    forms = judged.lazy().select(ROW, *(expressions.stored(column) for column in COLUMNS), *marks).collect()
    tally.note(pl.concat([pl.DataFrame(schema=FINDINGS), *faults, *_doubtful(forms, tally)]))
    tally.niks.append(forms.filter(pl.col(_mark("nik")) == 0).select(ROW, pl.col("nik").cast(pl.UInt64)))
    tally.good.append(forms.filter(is_good).drop(marks))
    tally.rows_read += part.rows.height


def _mark(column: str) -> str:
    return f"!{column}"


def _length(column: str) -> pl.Expr:
    counted = pl.col(column).str.len_chars() if column in COUNTED else pl.lit(None, pl.UInt32)
    return counted.cast(pl.UInt32).alias("n")


def _verdict(column: str, tally: _Tally, *, hides_nothing: bool) -> pl.Expr:
    """Chain the rules of a column: the number of the first that is broken, or 0."""
    verdict = pl.lit(0, pl.UInt8)
    for rule in reversed(tally.refusals):
        is_needless = hides_nothing and rule.code == "teks.karakter_kendali"
        if rule.column == column and not is_needless:
            verdict = pl.when(rule.broken).then(pl.lit(tally.number(rule), pl.UInt8)).otherwise(verdict)
    return verdict.alias(_mark(column))


def _override_numbers(judged: pl.DataFrame, numbers: pl.DataFrame, tally: _Tally) -> pl.DataFrame:
    """Refuse identifiers the spreadsheet kept as numbers, whatever their digits look like now."""
    for column in numbers.get_column("kolom").unique().sort():
        rule = next(rule for rule in tally.refusals if rule.column == column and rule.code == f"{column}.angka_excel")
        rows = numbers.filter(pl.col("kolom") == column).get_column(ROW)
        is_number = pl.col(ROW).is_in(rows.implode())
        judged = judged.with_columns(
            pl.when(is_number).then(pl.lit(tally.number(rule), pl.UInt8)).otherwise(_mark(column)).alias(_mark(column))
        )
    return judged


def _doubtful(forms: pl.DataFrame, tally: _Tally) -> list[pl.DataFrame]:
    found = []
    for rule in tally.doubts:
        compared = {_mark(rule.column), _mark("nik")} if rule.column != "nama" else {_mark("nama")}
        rows = forms.filter(pl.all_horizontal(pl.col(sorted(compared)) == 0) & rule.broken)
        if not rows.is_empty():
            number = pl.lit(tally.number(rule), pl.UInt8).alias("rule")
            found.append(rows.select(ROW, number, pl.lit(None, pl.UInt32).alias("n")))
    return found


def _refuse_duplicates(tally: _Tally) -> None:
    """Refuse the second and later rows of a NIK, naming the first, even when the first has faults of its own."""
    if not tally.niks:
        return
    niks = pl.concat(tally.niks).sort("nik", ROW)
    tally.niks.clear()
    repeated = niks.filter(pl.col("nik") == pl.col("nik").shift())
    if repeated.is_empty():
        return
    first = niks.join(repeated, on="nik", how="semi").group_by("nik").agg(pl.col(ROW).min().alias("n"))
    later = repeated.join(first, on="nik")
    number = pl.lit(tally.number(DUPLICATE), pl.UInt8).alias("rule")
    tally.note(later.select(ROW, number, pl.col("n").cast(pl.UInt32)))
    tally.good = [part.join(later, on=ROW, how="anti", maintain_order="left") for part in tally.good]


def _described(tally: _Tally) -> pl.DataFrame:
    """Put words to the findings: the sentence of the code, with its number where it has one."""
    table = pl.DataFrame(
        [(number, rule.column, rule.code, *_words(rule.code)) for number, rule in enumerate(tally.known, start=1)],
        schema={"rule": pl.UInt8, "kolom": pl.String, "kode": pl.String, "tingkat": pl.String, "pesan": pl.String},
        orient="row",
    )
    findings = pl.concat([pl.DataFrame(schema=FINDINGS), *tally.findings]).sort(ROW, "rule")
    described = findings.join(table, on="rule", how="left", maintain_order="left")
    sentence = (
        pl.when(pl.col("n").is_not_null())
        .then(pl.col("pesan").str.replace("{n}", pl.col("n").cast(pl.String), literal=True))
        .otherwise("pesan")
    )
    return described.select(ROW, "kolom", "kode", "tingkat", sentence.alias("pesan"))


def _words(code: str) -> tuple[str, str]:
    message = MESSAGES[code]
    return "peringatan" if message.is_warning else "galat", message.text
