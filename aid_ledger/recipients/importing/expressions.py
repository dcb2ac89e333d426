"""The field rules as polars expressions, for lists too long to walk row by row.

Patterns, limits and codes are those of `recipients/rules.py`; `tests/unit/recipients/test_same_verdict.py` feeds one
table of cases to the schema and to these expressions and demands one answer. Expressions read columns of clean text
(`clean`), give one verdict per cell (`rules_for`) and the stored form (`stored`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from aid_ledger.recipients import rules
from aid_ledger.recipients.rules import COLUMNS, IDENTIFIERS, REQUIRED, Yardstick

UNUSUAL = r"[^\x20-\x7e]|  "
"""Text that plain trimming cannot clean: blanks within, characters beyond ASCII, controls."""
UNUSUAL_NAME = r"[^\p{L}\p{M}" + rules.USUAL_NAME_MARKS.replace("-", r"\-").replace("(", r"\(") + "]"
ENOUGH_LETTERS = r"\P{L}*".join([r"\p{L}"] * rules.NAME_LETTERS_MIN)
DAY = "(?:0[1-9]|[1256][0-9]|4[1-9]|%s)"
NIK_DAYS = "|".join(
    (
        DAY % "[37][01]" + "(?:0[13578]|1[02])[0-9]{2}",
        DAY % "[37]0" + "(?:0[469]|11)[0-9]{2}",
        "(?:0[1-9]|1[0-9]|2[0-8]|4[1-9]|5[0-9]|6[0-8])02[0-9]{2}",
        "[26]902(?:[02468][048]|[13579][26])",
    )
)
"""DDMMYY of a NIK that exists in 19xx or 20xx, 40 added to a woman's day: by length of month, then 29 February.

A two-digit year divisible by four is a leap year in 20xx, and in 19xx but for 1900; no day of 19xx lies in the
future. So a day exists in either century exactly when it exists in the later one.
"""
NIK_TEXT = pl.col("nik")


@dataclass(frozen=True, slots=True)
class Rule:
    """One way a cell of a column can be wrong: `broken` is true on the rows that are."""

    column: str
    code: str
    broken: pl.Expr


def unusual_columns(cells: pl.DataFrame) -> frozenset[str]:
    """Name the columns that hold any text needing more than trimming; most lists have none or two."""
    present = [column for column in COLUMNS if column in cells.columns]
    found = cells.select(pl.col(present).str.contains(UNUSUAL).any()).row(0)
    return frozenset(column for column, is_unusual in zip(present, found, strict=True) if is_unusual)


def clean(column: str, *, is_unusual: bool) -> pl.Expr:
    """Mirror `rules.clean_text`; null where the cell holds nothing."""
    text = pl.col(column)
    if is_unusual:
        text = text.str.normalize("NFC").str.replace_all(rules.BLANK_RUN, " ")
    text = text.str.strip_chars(" ")
    return pl.when((text != "") & (text != rules.NO_ENTRY)).then(text).alias(column)


def rules_for(yardstick: Yardstick) -> tuple[Rule, ...]:
    """List every refusal of a cell, per column in the order they are tried; the first that holds is the verdict."""
    own = _own(yardstick)
    return tuple(
        rule
        for column in COLUMNS
        for rule in (*_common(column), *(Rule(column, code, broken) for code, broken in own[column]))
    )


def _common(column: str) -> list[Rule]:
    found = [Rule(column, f"{column}.kosong", pl.col(column).is_null())] if column in REQUIRED else []
    found.append(Rule(column, "teks.karakter_kendali", pl.col(column).str.contains(rules.CONTROL)))
    if column in IDENTIFIERS:
        found.append(Rule(column, f"{column}.angka_excel", _is(column, rules.SCIENTIFIC)))
    return found


def _own(yardstick: Yardstick) -> Mapping[str, Sequence[tuple[str, pl.Expr]]]:
    account = ~_matches(_joined("no_rekening"), rules.ACCOUNT)
    return {
        "nik": _nik(yardstick),
        "no_kk": [("no_kk.format", ~_is("no_kk", rules.KK_DIGITS))],
        "nama": [_too_long("nama"), ("nama.pendek", ~pl.col("nama").str.contains(ENOUGH_LETTERS))],
        "tanggal_lahir": _birth_date(yardstick),
        "jenis_kelamin": [("jenis_kelamin.pilihan", ~_upper("jenis_kelamin").is_in(list(rules.SEXES)))],
        "alamat": [_too_long("alamat")],
        "rt": [("rt.format", ~_is("rt", rules.NEIGHBOURHOOD))],
        "rw": [("rw.format", ~_is("rw", rules.NEIGHBOURHOOD))],
        "kode_desa": _village(yardstick),
        "no_hp": [("no_hp.format", ~_matches(_joined("no_hp"), rules.PHONE))],
        "pekerjaan": [_too_long("pekerjaan")],
        "sumber_data": [("sumber_data.pilihan", ~_source().is_in(list(rules.SOURCES)))],
        "id_dtks": [_too_long("id_dtks")],
        "bank": [("bank.format", ~_is("bank", rules.BANK)), _account_lacks("bank")],
        "no_rekening": [("no_rekening.format", account), _account_lacks("no_rekening")],
        "nama_rekening": [_too_long("nama_rekening")],
    }


def _is(column: str, pattern: str) -> pl.Expr:
    return _matches(pl.col(column), pattern)


def _matches(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.contains(f"^(?:{pattern})$")


def _upper(column: str) -> pl.Expr:
    return pl.col(column).str.to_uppercase()


def _joined(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all(rules.SEPARATORS, "")


def _source() -> pl.Expr:
    return _upper("sumber_data").str.replace_all("[ -]", "_")


def _too_long(column: str) -> tuple[str, pl.Expr]:
    return f"{column}.panjang", pl.col(column).str.len_chars() > rules.LONGEST[column]


def _nik(yardstick: Yardstick) -> list[tuple[str, pl.Expr]]:
    exists = _is("nik", f"[0-9]{{6}}(?:{NIK_DAYS})[0-9]{{4}}")
    found = [("nik.format", ~_is("nik", rules.NIK_DIGITS)), ("nik.tanggal", ~exists)]
    if not yardstick.allow_test:
        found.append(("nik.seri_uji", NIK_TEXT.str.ends_with(rules.TEST_SERIAL)))
    return found


def _nik_part(place: int) -> pl.Expr:
    return NIK_TEXT.str.slice(place, 2).cast(pl.Int16, strict=False)


def _nik_is_female() -> pl.Expr:
    return _nik_part(6) > rules.FEMALE_DAY_OFFSET


def _nik_day() -> pl.Expr:
    return _nik_part(6) - pl.when(_nik_is_female()).then(rules.FEMALE_DAY_OFFSET).otherwise(0)


def _birth_date(yardstick: Yardstick) -> list[tuple[str, pl.Expr]]:
    shape = f"{rules.ISO_DATE}|{rules.LOCAL_DATE}"
    born = _born()
    return [
        ("tanggal_lahir.format", ~_is("tanggal_lahir", shape)),
        ("tanggal_lahir.tidak_ada", pl.col("tanggal_lahir").is_not_null() & (born.is_null() | (born.dt.year() < 1))),
        ("tanggal_lahir.terlalu_lama", born < rules.FIRST_BIRTH),
        ("tanggal_lahir.masa_depan", born > yardstick.today),
    ]


def _born() -> pl.Expr:
    text = pl.col("tanggal_lahir")
    turned = pl.concat_str(text.str.slice(6), text.str.slice(3, 2), text.str.slice(0, 2), separator="-")
    return (
        pl.when(_is("tanggal_lahir", rules.LOCAL_DATE))
        .then(turned)
        .otherwise(text)
        .str.to_date("%Y-%m-%d", strict=False)
    )


def _village(yardstick: Yardstick) -> list[tuple[str, pl.Expr]]:
    known = pl.Series(sorted(yardstick.villages), dtype=pl.String)
    return [
        ("kode_desa.format", ~_is("kode_desa", rules.VILLAGE_CODE)),
        ("kode_desa.tidak_dikenal", ~pl.col("kode_desa").is_in(known.implode())),
    ]


def _account_lacks(column: str) -> tuple[str, pl.Expr]:
    """Mirror `rules.incomplete_account` for the column that would be named."""
    has = {name: pl.col(name).is_not_null() for name in ("bank", "no_rekening", "nama_rekening")}
    if column == "bank":
        return "rekening.tidak_lengkap", has["no_rekening"] & ~has["bank"]
    return "rekening.tidak_lengkap", ~has["no_rekening"] & (has["bank"] | has["nama_rekening"])


def stored(column: str) -> pl.Expr:
    """Give the stored form of a clean column; meaningless where its verdict is a refusal."""
    match column:
        case "tanggal_lahir":
            expression = _born()
        case "jenis_kelamin":
            expression = _upper(column)
        case "rt" | "rw":
            expression = pl.col(column).str.zfill(3)
        case "no_hp":
            expression = _joined(column).str.replace(rules.PHONE_PREFIX, "+62")
        case "no_rekening":
            expression = _joined(column)
        case "sumber_data":
            expression = _source()
        case _:
            expression = pl.col(column)
    return expression.alias(column)


def doubts(yardstick: Yardstick) -> tuple[Rule, ...]:
    """Mirror `rules.doubts` on stored columns; each is read only where the cells it compares are valid."""
    born, sex = pl.col("tanggal_lahir"), pl.col("jenis_kelamin")
    same_day = (
        (born.dt.day() == _nik_day()) & (born.dt.month() == _nik_part(8)) & (born.dt.year() % 100 == _nik_part(10))
    )
    found = [
        Rule("nama", "nama.karakter_tidak_lazim", pl.col("nama").str.contains(UNUSUAL_NAME)),
        Rule("tanggal_lahir", "tanggal_lahir.beda_nik", ~same_day),
        Rule("jenis_kelamin", "jenis_kelamin.beda_nik", (sex == "P") != _nik_is_female()),
    ]
    if yardstick.districts is not None:
        known = pl.Series(sorted(yardstick.districts), dtype=pl.String)
        found.insert(0, Rule("nik", "nik.wilayah_tidak_dikenal", ~NIK_TEXT.str.slice(0, 6).is_in(known.implode())))
    return tuple(found)
