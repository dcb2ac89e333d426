"""One table of cells and the answer each must get, whoever is asked: the schema or the bulk expressions.

A case is column, value as a form or a spreadsheet cell would hold it, and the code of the refusal (None: accepted).
All NIKs here end in 0000, a serial that was never issued.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from aid_ledger.recipients.rules import Yardstick

TODAY = dt.date(2026, 11, 22)
VILLAGE = "32.16.01.2001"
YARDSTICK = Yardstick(TODAY, frozenset({VILLAGE, "32.75.01.1003"}), allow_test=True)
STRICT = Yardstick(TODAY, frozenset({VILLAGE}))


@dataclass(frozen=True, slots=True)
class Case:
    """A cell and its verdict."""

    column: str
    value: object
    code: str | None


def valid_row(number: int = 1) -> dict[str, object]:
    """Give a row that keeps every rule; numbers give different people, all men born on 1 January 1990."""
    return {
        "nik": f"{900_000 + number:06}0101900000",
        "no_kk": "9000010101200000",
        "nama": "Contoh Warga",
        "tanggal_lahir": "1990-01-01",
        "jenis_kelamin": "L",
        "alamat": "Jalan Melati 1",
        "rt": "001",
        "rw": "012",
        "kode_desa": VILLAGE,
        "no_hp": "081234567890",
        "pekerjaan": "Buruh harian",
        "sumber_data": "DTKS",
        "id_dtks": "CONTOH-1",
        "bank": "008",
        "no_rekening": "1234567890",
        "nama_rekening": "Contoh Warga",
    }


def _cases() -> Iterator[Case]:
    for column, groups in TABLE.items():
        for code, values in groups.items():
            full = None if code == "ok" else code if "." in code else f"{column}.{code}"
            for value in values:
                yield Case(column, value, full)


HIDDEN = "teks.karakter_kendali"
TABLE: dict[str, dict[str, list[object]]] = {
    "nik": {
        "ok": [
            "3216010101900000",
            " 3216010102900000 ",
            "\u00a03216010103900000\n",
            "3216014101900000",
            "3216017101900000",
            "3216012902000000",
            "3216016902960000",
            "0000013112990000",
        ],
        "kosong": ["", "   ", "-", None, "\t"],
        "angka_excel": [3216010101900000, 3216010101900000.0, "3,21601E+15", "3.21601e15", "3E+15"],
        "format": [
            "321601010190000",
            "32160101019000000",
            "321601010190000O",
            "3216 0101 0190 0000",
            "'3216010101900000",
            "\uff13216010101900000",
            "\u0663216010101900000",
            "=3216010101900000",
            "3216010101900000.0",
        ],
        "tanggal": [
            "3216013201900000",
            "3216017201900000",
            "3216010001900000",
            "3216014001900000",
            "3216013104900000",
            "3216010113900000",
            "3216010100900000",
            "3216012902010000",
            "3216017102900000",
            "3216013002960000",
        ],
        HIDDEN: ["3216010101900000\u200b", "\ufeff3216010101900000", "3216\x00010101900000", "\u202e3216010101900000"],
    },
    "no_kk": {
        "ok": ["9000010101200000", None, "", "-", " 9000010101200000"],
        "format": ["900001010120000", "90000101012000001", "KK", "9000-0101-0120-0000"],
        "angka_excel": [9000010101200000, 1.5, True, "9.00001E+15"],
        HIDDEN: ["9000010101200000\x07"],
    },
    "nama": {
        "ok": [
            "Siti",
            "A B",
            "  Siti   Contoh ",
            "O'Contoh",
            "Ny. Contoh-Warga",
            "Al\u00ed",
            "\u00c9a",
            "a" * 100,
            "=SUM(A1)",
        ],
        "kosong": ["", None, "-", " \u00a0 "],
        "pendek": ["A", "1234", "A.", "= + -", "\u0301\u0301", "9"],
        "panjang": ["a" * 101, "1" * 101],
        HIDDEN: ["Siti\x0bContoh", "Siti\u202eContoh", "Siti\u200dContoh", "Siti\x85Contoh"],
    },
    "tanggal_lahir": {
        "ok": [
            "1990-01-01",
            "01-01-1990",
            "2000-02-29",
            "29-02-1996",
            "1900-01-01",
            "2026-11-22",
            None,
            "-",
            dt.date(1990, 1, 1),
            dt.datetime(1990, 1, 1, tzinfo=dt.UTC),
        ],
        "format": [
            "1990/01/01",
            "1-1-1990",
            "90-01-01",
            "1 Januari 1990",
            "1990-1-1",
            32874,
            dt.datetime(1990, 1, 1, 5, 4, tzinfo=dt.UTC),
            "1990-01-01T00:00",
            "+990-01-01",
        ],
        "tidak_ada": ["2001-02-29", "29-02-1900", "31-04-1990", "1990-13-01", "00-01-1990", "0000-01-01", "1990-00-10"],
        "terlalu_lama": ["1899-12-31", "31-12-1899", "0001-01-01"],
        "masa_depan": ["2026-11-23", "01-01-2027", "9999-12-31"],
        HIDDEN: ["1990-01-01\u200e"],
    },
    "jenis_kelamin": {
        "ok": ["L", "P", "l", "p", " L ", None],
        "pilihan": ["LP", "M", "W", "Laki-laki", 1, True, "\u2113"],
    },
    "alamat": {
        "ok": ["Jl. Contoh\nBlok A", "=HYPERLINK(1)", "-", "x" * 200, 12],
        "panjang": ["x" * 201],
        HIDDEN: ["Jalan\x1bMelati"],
    },
    "rt": {
        "ok": ["1", "01", "001", "000", 3, 3.0, None, " 7 "],
        "format": ["0001", "RT 1", "1.5", 1.5, -1, "1/2", "\u0661"],
    },
    "rw": {"ok": ["9", "99", "999", ""], "format": ["1000", "A", 1000, -0.5]},
    "kode_desa": {
        "ok": [VILLAGE, f" {VILLAGE} ", "32.75.01.1003"],
        "kosong": ["", None, "-"],
        "format": ["3216012001", "32.16.01", "32.16.01.4001", "32.16.01.201", "32,16,01,2001", 32.16, 3216012001],
        "tidak_dikenal": ["32.16.01.2999", "11.01.01.2001"],
    },
    "no_hp": {
        "ok": [
            "081234567890",
            "+6281234567890",
            "6281234567890",
            "0812-3456-7890",
            "0812 3456.7890",
            "081111111",
            None,
            "-",
        ],
        "format": ["021555555", "0801234567", "08123456", "0812345678901234", "81234567890", "0812O4567890", "--"],
        "angka_excel": [81234567890, 81234567890.0, "8,12E+10"],
    },
    "pekerjaan": {"ok": ["Petani", None, "y" * 60], "panjang": ["y" * 61]},
    "sumber_data": {
        "ok": ["DTKS", "dtsen", "NON_DTKS", "non dtks", "Non-DTKS", None],
        "pilihan": ["USULAN", "NONDTKS", "DTKS2", 1, "NON__DTKS"],
    },
    "id_dtks": {"ok": ["A1", None, "z" * 30], "panjang": ["z" * 31], "angka_excel": [123, "1E+20"]},
    "bank": {
        "ok": ["008", "114"],
        "format": ["8", "0008", "BRI", 8, "00 8"],
        "rekening.tidak_lengkap": [None, "", "-"],
    },
    "no_rekening": {
        "ok": ["1234567890", "1234-5678-90", "12 345", "1" * 20],
        "format": ["1234", "1" * 21, "12345X", "..", "--"],
        "angka_excel": [1234567890, 12.5, "1,23E+09"],
        "rekening.tidak_lengkap": [None, "", "-"],
    },
    "nama_rekening": {"ok": ["Contoh", None, "n" * 100], "panjang": ["n" * 101]},
}

CASES = tuple(_cases())
