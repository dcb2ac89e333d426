"""Field rules of a recipient, one pure function per column: clean text in, stored form out, or a refusal by code.

The patterns and limits named here are the only ones: the schema calls these functions and the bulk expressions of
`importing/expressions.py` are built from the same constants. Sentences for the codes are in `messages.py`; whether
a file can be read at all is decided in `importing/`. Nothing here asks a clock or a database.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

COLUMNS = (
    "nik",
    "no_kk",
    "nama",
    "tanggal_lahir",
    "jenis_kelamin",
    "alamat",
    "rt",
    "rw",
    "kode_desa",
    "no_hp",
    "pekerjaan",
    "sumber_data",
    "id_dtks",
    "bank",
    "no_rekening",
    "nama_rekening",
)
"""The template, in its order."""
REQUIRED = ("nik", "nama", "kode_desa")
IDENTIFIERS = ("nik", "no_kk", "no_hp", "no_rekening", "id_dtks")
"""Columns whose digits are a name, not a quantity: a number type has already lost zeros or digits."""

NIK_DIGITS = "[0-9]{16}"
"""House rule after DOMAIN practice: ASCII digits only; full-width and Arabic digits are refused, not folded."""
KK_DIGITS = "[0-9]{16}"
VILLAGE_CODE = r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[123][0-9]{3}"
"""Kemendagri form PP.KK.CC.VVVV; the first digit of the village says kelurahan (1), desa (2) or Papua's third kind."""
PHONE = r"(?:\+62|62|0)8[1-9][0-9]{6,10}"
PHONE_PREFIX = r"^(?:\+62|62|0)"
ACCOUNT = "[0-9]{5,20}"
BANK = "[0-9]{3}"
NEIGHBOURHOOD = "[0-9]{1,3}"
ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
LOCAL_DATE = "[0-9]{2}-[0-9]{2}-[0-9]{4}"
SCIENTIFIC = r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+"
"""What a spreadsheet writes for a long number: the digits are gone, so the remedy differs from a typing mistake."""

BLANK_RUN = "[ \t\r\n\u00a0]+"
CONTROL = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
"""Controls, zero-width characters and direction overrides: they show one thing and store another."""
SEPARATORS = "[ .-]"
NO_ENTRY = "-"
"""Officials write a dash for "none"; it is read as an empty cell in every column."""

SEXES = ("L", "P")
SOURCES = ("DTKS", "DTSEN", "NON_DTKS")
FIRST_BIRTH = dt.date(1900, 1, 1)
"""House rule: nobody older than the oldest century a NIK's two-digit year may mean here."""
TEST_SERIAL = "0000"
"""Serials start at 0001 (PP 40/2019 practice), so 0000 was never issued to a person."""
NAME_LETTERS_MIN = 2
LONGEST = {"nama": 100, "alamat": 200, "pekerjaan": 60, "id_dtks": 30, "nama_rekening": 100}

HONORIFICS = frozenset({"H", "HJ", "KH", "DR", "DRS", "DRA", "IR", "ALM", "ALMH", "BPK", "IBU", "SDR", "SDRI"})
USUAL_NAME_MARKS = " .,'\u2019`/()-"
FEMALE_DAY_OFFSET = 40


LONG_NUMBER = re.compile(r"(?:[0-9][ .-]?){9,}[0-9]")
"""Ten digits or more, grouped or not: a NIK, a KK, a phone or an account, none of which belongs in a reason."""


class CellRefused(ValueError):
    """One cell breaks its rule; the schema turns it into a validation message carrying the code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What rows are measured against: the business date, the places this office knows, and whether this is practice.

    `districts` holds six-digit kecamatan codes without dots, current and historical, of the whole country; None means
    they are not known here, and no NIK is doubted for its region.
    """

    today: dt.date
    villages: frozenset[str]
    districts: frozenset[str] | None = None
    allow_test: bool = False


@dataclass(frozen=True, slots=True)
class ParsedNIK:
    """What a NIK says of itself. The century of the birth date is not in it: `birth_dates` holds every possible one."""

    digits: str
    region: str
    is_female: bool
    birth_dates: tuple[dt.date, ...]

    @property
    def is_test(self) -> bool:
        """Tell whether the serial is one that was never issued."""
        return self.digits.endswith(TEST_SERIAL)


def clean_text(raw: str) -> str | None:
    """Compose, fold blanks to single spaces and trim; None means the cell holds nothing (or a lone dash)."""
    text = re.sub(BLANK_RUN, " ", unicodedata.normalize("NFC", raw)).strip(" ")
    return None if text in {"", NO_ENTRY} else text


def number_text(value: object) -> str:
    """Write a number, a truth value or a date as the text an official would have typed for it."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime() if value.time() == dt.time():
            return value.date().isoformat()
        case dt.date() | dt.time():
            return value.isoformat()
    return str(value)


def has_control(text: str) -> bool:
    """Tell whether a cleaned text hides control or direction characters."""
    return re.search(CONTROL, text) is not None


def parse_nik(text: str, *, today: dt.date, allow_test: bool) -> ParsedNIK:
    """Read a NIK's parts, refusing shapes, days that exist in no century and serials never issued.

    The region is not judged: a NIK keeps the region of its first registration for life, unknown ones only warn.

    Raises:
        CellRefused: `nik.angka_excel`, `nik.format`, `nik.tanggal` or `nik.seri_uji`.
    """
    _refuse_scientific("nik", text)
    if not re.fullmatch(NIK_DIGITS, text):
        raise CellRefused("nik.format")
    day, month, year = int(text[6:8]), int(text[8:10]), int(text[10:12])
    is_female = day > FEMALE_DAY_OFFSET
    dates = tuple(_dates(day - FEMALE_DAY_OFFSET * is_female, month, year, today))
    if not dates:
        raise CellRefused("nik.tanggal")
    if text.endswith(TEST_SERIAL) and not allow_test:
        raise CellRefused("nik.seri_uji")
    return ParsedNIK(text, text[:6], is_female, dates)


def _dates(day: int, month: int, year: int, today: dt.date) -> Iterator[dt.date]:
    for century in (1900, 2000):
        try:
            born = dt.date(century + year, month, day)
        except ValueError:
            continue
        if born <= today:
            yield born


def _refuse_scientific(column: str, text: str) -> None:
    if re.fullmatch(SCIENTIFIC, text):
        raise CellRefused(f"{column}.angka_excel")


def family_card(text: str) -> str:
    """Check a family card number: sixteen digits and nothing else is promised of it."""
    _refuse_scientific("no_kk", text)
    return _matching(KK_DIGITS, text, "no_kk.format")


def _matching(pattern: str, text: str, code: str) -> str:
    if not re.fullmatch(pattern, text):
        raise CellRefused(code)
    return text


def name(text: str) -> str:
    """Check a person's name: at least two letters, at most a hundred characters, any script."""
    bounded("nama", text)
    if sum(character.isalpha() for character in text) < NAME_LETTERS_MIN:
        raise CellRefused("nama.pendek")
    return text


def bounded(column: str, text: str) -> str:
    """Check a free text against the longest its column keeps."""
    if len(text) > LONGEST[column]:
        raise CellRefused(f"{column}.panjang")
    return text


def dtks_id(text: str) -> str:
    """Check an identifier of DTKS; no public format exists, so only lost digits and length are refused."""
    _refuse_scientific("id_dtks", text)
    return bounded("id_dtks", text)


def birth_date(text: str, *, today: dt.date) -> dt.date:
    """Read `YYYY-MM-DD` or `DD-MM-YYYY`.

    Raises:
        CellRefused: `tanggal_lahir.` format, tidak_ada, terlalu_lama or masa_depan.
    """
    if re.fullmatch(LOCAL_DATE, text):
        text = f"{text[6:]}-{text[3:5]}-{text[:2]}"
    elif not re.fullmatch(ISO_DATE, text):
        raise CellRefused("tanggal_lahir.format")
    try:
        born = dt.date.fromisoformat(text)
    except ValueError:
        raise CellRefused("tanggal_lahir.tidak_ada") from None
    if born < FIRST_BIRTH:
        raise CellRefused("tanggal_lahir.terlalu_lama")
    if born > today:
        raise CellRefused("tanggal_lahir.masa_depan")
    return born


def sex(text: str) -> str:
    """Read L (laki-laki) or P (perempuan) in either case."""
    letter = text.upper()
    if letter not in SEXES:
        raise CellRefused("jenis_kelamin.pilihan")
    return letter


def neighbourhood(column: str, text: str) -> str:
    """Write an RT or RW as the three digits it is: text with leading zeros, unique only inside its village."""
    return _matching(NEIGHBOURHOOD, text, f"{column}.format").zfill(3)


def village(text: str, *, known: frozenset[str]) -> str:
    """Check a village code against the form and against the codes this office knows."""
    _matching(VILLAGE_CODE, text, "kode_desa.format")
    if text not in known:
        raise CellRefused("kode_desa.tidak_dikenal")
    return text


def phone(text: str) -> str:
    """Write a mobile number as +62…, whatever separators and prefix it was typed with."""
    _refuse_scientific("no_hp", text)
    digits = _matching(PHONE, re.sub(SEPARATORS, "", text), "no_hp.format")
    return re.sub(PHONE_PREFIX, "+62", digits)


def source(text: str) -> str:
    """Read which register a person was taken from."""
    word = re.sub("[ -]", "_", text.upper())
    if word not in SOURCES:
        raise CellRefused("sumber_data.pilihan")
    return word


def bank(text: str) -> str:
    """Check a bank's three-digit code; leading zeros belong to it."""
    return _matching(BANK, text, "bank.format")


def account(text: str) -> str:
    """Write a bank account number as its digits."""
    _refuse_scientific("no_rekening", text)
    return _matching(ACCOUNT, re.sub(SEPARATORS, "", text), "no_rekening.format")


def incomplete_account(*, has_bank: bool, has_account: bool, has_holder: bool) -> str | None:
    """Name the column a bank account lacks; None means the three columns fit together (or are all empty)."""
    if has_account:
        return None if has_bank else "bank"
    return "no_rekening" if has_bank or has_holder else None


def doubts(
    *,
    nik: ParsedNIK,
    name_text: str,
    born: dt.date | None,
    sex_letter: str | None,
    known_districts: frozenset[str] | None,
) -> Mapping[str, str]:
    """List what deserves a second look in cells that are each valid: column to code; none of it refuses the row.

    A NIK survives moving house and corrections of birth date, so disagreement with it is a doubt, never an error.
    """
    found: dict[str, str] = {}
    if known_districts is not None and nik.region not in known_districts:
        found["nik"] = "nik.wilayah_tidak_dikenal"
    if any(not _is_usual(character) for character in name_text):
        found["nama"] = "nama.karakter_tidak_lazim"
    if born is not None and born not in nik.birth_dates:
        found["tanggal_lahir"] = "tanggal_lahir.beda_nik"
    if sex_letter is not None and (sex_letter == "P") is not nik.is_female:
        found["jenis_kelamin"] = "jenis_kelamin.beda_nik"
    return found


def _is_usual(character: str) -> bool:
    return character in USUAL_NAME_MARKS or unicodedata.category(character)[0] in "LM"


def name_key(text: str) -> str:
    """Write a name ready for comparing: capitals without accents, letters only, honorifics at its ends left out."""
    plain = unicodedata.normalize("NFKD", text).upper()
    words = re.sub(
        r"[^A-Z]+", " ", "".join(c for c in plain if not unicodedata.combining(c) and c not in "'\u2019`")
    ).split()
    while len(words) > 1 and words[0] in HONORIFICS:
        words.pop(0)
    while len(words) > 1 and words[-1] in HONORIFICS:
        words.pop()
    return " ".join(words)


EXCLUDED_WORK = (
    "PNS",
    "ASN",
    "CPNS",
    "PPPK",
    "TNI",
    "POLRI",
    "PEGAWAI NEGERI",
    "PEGAWAI PEMERINTAH DENGAN PERJANJIAN KERJA",
    "APARATUR SIPIL NEGARA",
    "TENTARA NASIONAL",
    "KEPOLISIAN",
    "ANGGOTA DPR",
    "ANGGOTA DPD",
    "ANGGOTA DPRD",
    "ANGGOTA BPK",
    "ANGGOTA MAHKAMAH KONSTITUSI",
    "KEPALA DESA",
    "PERANGKAT DESA",
)
"""Occupations whose households get no aid (RF-12): those paid by the state, as KTPs and lists write them."""
EXCLUDED_OFFICES = frozenset({"GUBERNUR", "BUPATI", "WALIKOTA", "WALI KOTA", "LURAH", "CAMAT"})
"""Excluded when they are the whole occupation: whoever drives for a bupati is not one."""
NO_LONGER = frozenset({"PENSIUNAN", "PENSIUN", "PURNAWIRAWAN", "MANTAN", "BEKAS", "EKS"})
"""Words that say the occupation is past."""


def is_excluded_work(text: str | None) -> bool:
    """Tell whether an occupation excludes from aid, as far as its words say; lists of officials are matched apart."""
    words = [] if text is None else re.sub(r"[^A-Z]+", " ", text.upper()).split()
    if NO_LONGER.intersection(words):
        return False
    spoken = f" {' '.join(words)} "
    if spoken.strip().removeprefix("WAKIL ") in EXCLUDED_OFFICES:
        return True
    return any(f" {work} " in spoken for work in EXCLUDED_WORK)
