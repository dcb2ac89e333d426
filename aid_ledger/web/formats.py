"""How numbers, dates, states and personal data look to an Indonesian reader.

Every function here is pure and becomes a Jinja filter of the same name through ``register``. Nothing
here knows Flask, a database or who is asking: *whether* somebody may see a value unmasked is the
guard's question, and reading what people typed is the schemas' (``read_rupiah`` is shared with them
because it must be the exact inverse of ``rupiah``).

A float is refused everywhere: 0.1 + 0.2 is not money.
"""

import datetime as dt
import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_currency, format_decimal
from jinja2 import Environment
from num2words import num2words

LOCALE: Final = "id_ID"
DEFAULT_ZONE: Final = "Asia/Jakarta"
BULLET: Final = "•"
MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
QUARTER: Final = re.compile(r"([0-9]{4})-T([1-4])")
FILE_FAULTS: Final = {
    "short": "berkasnya kosong atau terpotong",
    "long": "barisnya terlalu panjang",
    "header": "baris judulnya lain",
    "unreadable": "hurufnya tidak terbaca, mungkin bukan CSV",
    "cells": "banyaknya kolom tidak sama",
    "footer": "baris #TOTAL di akhir tidak ada",
}
ABBREVIATION: Final = 4
FINGERPRINT_GROUPS: Final = 4
FINGERPRINT_GROUP_SIZE: Final = 4
NIK_LENGTH: Final = 16
LONGEST_TERBILANG_IDR: Final = 10**18 - 1  # beyond it num2words has no Indonesian word

STATUS_WORDS: Final = MappingProxyType(
    {
        "draft": "draf",
        "submitted": "diajukan",
        "verified": "diverifikasi",
        "approved": "disetujui",
        "sent": "dikirim",
        "unknown": "belum pasti",
        "delivered": "sampai",
        "failed": "gagal",
        "sent_back": "dikembalikan ke pembuat",
        "returned": "kembali ke kas",
        "rejected": "ditolak",
        "cancelled": "dibatalkan",
        "proposed": "diusulkan",
        "determined": "ditetapkan",
        "on_hold": "ditahan",
        "set_aside": "disisihkan",
    }
)

STAGE_WORDS: Final = MappingProxyType(
    {
        "received": "diterima",
        "allocated": "dialokasikan",
        "reserved": "dicadangkan",
        "in_transit": "dalam perjalanan",
        "delivered": "sampai",
        "returned": "kembali ke kas",
        "spent": "dibelanjakan",
        "lost": "hilang atau rusak",
    }
)

_GROUPED_DIGITS: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+|[0-9]{1,19}")
_SHORT_SCALES: Final = ((10**3, "rb"), (10**6, "jt"), (10**9, "M"), (10**12, "T"))
_HUNDREDTH: Final = Decimal("0.01")


def _whole(value: object) -> int:
    """Return ``value`` if it is a true integer; refuse float, Decimal, bool and text."""
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"a whole number is needed here, not {type(value).__name__}"
        raise TypeError(message)
    return value


# Money and numbers


def rupiah(amount_idr: int) -> str:
    """Write whole rupiah: ``Rp1.234.567``, ``-Rp1.234``."""
    # Babel's own IDR pattern shows ",00"; the state pays whole rupiah.
    return format_currency(_whole(amount_idr), "IDR", format="¤#,##0", currency_digits=False, locale=LOCALE)


def rupiah_ringkas(amount_idr: int) -> str:
    """Write rupiah shortly for a chart: ``Rp1,53 M``. The table beside it shows the full figure."""
    whole = _whole(amount_idr)
    if abs(whole) < _SHORT_SCALES[0][0]:
        return rupiah(whole)
    sign = "-" if whole < 0 else ""
    shorts = [
        ((Decimal(abs(whole)) / scale).quantize(_HUNDREDTH, ROUND_HALF_UP), word) for scale, word in _SHORT_SCALES
    ]
    # A thousand of one scale is one of the next; beyond the largest scale the number just grows.
    short, word = next((pair for pair in shorts if pair[0] < 1000), shorts[-1])  # noqa: PLR2004
    return f"{sign}Rp{format_decimal(short, locale=LOCALE)} {word}"


def read_rupiah(typed: str) -> int:
    """Read what a person typed for money: ``1234567``, ``1.234.567``, ``Rp 1.234.567``.

    Raises:
        ValueError: for anything else, such as ``1.5``, ``1,50`` or a negative amount. Guessing what
            a half-written amount means is how ten million becomes one hundred million.
    """
    digits = typed.strip()
    if digits[:2].lower() == "rp":
        digits = digits[2:].lstrip(" \u00a0")
    if not _GROUPED_DIGITS.fullmatch(digits):
        message = "not an amount in whole rupiah"
        raise ValueError(message)
    return int(digits.replace(".", ""))


def terbilang(amount_idr: int) -> str:
    """Write whole rupiah in words: ``dua ratus ribu rupiah``."""
    whole = _whole(amount_idr)
    if not 0 <= whole <= LONGEST_TERBILANG_IDR:
        message = "only amounts from nought to under one trillion million rupiah have words here"
        raise ValueError(message)
    words = str(num2words(whole, lang="id"))  # type: ignore[no-untyped-call]
    if whole // 1000 % 1000 == 1:
        # The library says "satu juta satu ribu"; Indonesian says "satu juta seribu".
        words = words.replace("satu ribu", "seribu")
    return f"{words} rupiah"


def jumlah(count: int) -> str:
    """Write a count with dots between thousands: ``1.243``."""
    # As Babel writes it in this locale, whose rules take it longer than all the rest of a receipt's page.
    return f"{_whole(count):,}".replace(",", ".")


def banyaknya(count: int, unit: str) -> str:
    """Write a quantity with its unit: ``1.243 keluarga``."""
    return f"{jumlah(count)} {unit}"


def persen(part: int, whole: int) -> str:
    """Write ``part`` of ``whole`` as a percentage with at most one decimal: ``42,9%``.

    What is unfinished never reads ``100%`` and what has begun never reads ``0%``; nothing of nothing
    is ``-``.
    """
    part, whole = _whole(part), _whole(whole)
    if whole <= 0 or part < 0:
        return "-"
    tenths = int((Decimal(part) * 1000 / whole).quantize(Decimal(1), ROUND_HALF_UP))
    if tenths == 0 and part > 0:
        tenths = 1
    if tenths >= 1000 and part < whole:  # noqa: PLR2004 - one thousand tenths are one hundred percent.
        tenths = 999
    return f"{format_decimal(Decimal(tenths) / 10, locale=LOCALE)}%"


# Dates and times


def _local_date(value: object) -> dt.date:
    """Return a calendar date; refuse an instant, whose date depends on where one stands."""
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        message = f"a calendar date is needed here, not {type(value).__name__}"
        raise TypeError(message)
    return value


def _local_time(value: object, zone: str) -> dt.datetime:
    """Return an instant in ``zone``; refuse a time that does not say where it was read."""
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        message = "a time with its zone is needed here"
        raise TypeError(message)
    return value.astimezone(ZoneInfo(zone))


def tanggal(day: dt.date) -> str:
    """Write a date in full: ``Kamis, 5 Agustus 2021``."""
    return format_date(_local_date(day), "EEEE, d MMMM y", locale=LOCALE)


def tanggal_ringkas(day: dt.date) -> str:
    """Write a date for a table: ``5 Agu 2021``."""
    return format_date(_local_date(day), "d MMM y", locale=LOCALE)


def waktu(instant: dt.datetime, zone: str = DEFAULT_ZONE) -> str:
    """Write an instant in full: ``Kamis, 5 Agustus 2021, 14.05 WIB``."""
    return format_datetime(_local_time(instant, zone), "EEEE, d MMMM y, HH.mm z", tzinfo=ZoneInfo(zone), locale=LOCALE)


def waktu_ringkas(instant: dt.datetime, zone: str = DEFAULT_ZONE) -> str:
    """Write an instant for a table: ``5 Agu 2021, 14.05 WIB``."""
    return format_datetime(_local_time(instant, zone), "d MMM y, HH.mm z", tzinfo=ZoneInfo(zone), locale=LOCALE)


def bulan(day: dt.date) -> str:
    """Write the month of a date, for a period: ``Agustus 2021``."""
    return format_skeleton("yMMMM", _local_date(day), locale=LOCALE)


def periode(period: str) -> str:
    """Write a period for people: ``Agustus 2021``, ``triwulan III 2021``, ``tahun 2021``."""
    if found := MONTH.fullmatch(period):
        return bulan(dt.date(int(found[1]), int(found[2]), 1))
    if found := QUARTER.fullmatch(period):
        return f"triwulan {('I', 'II', 'III', 'IV')[int(found[2]) - 1]} {found[1]}"
    return f"tahun {period}"


def sisa_waktu(seconds: int) -> str:
    """Write an estimate of the time left: ``kira-kira 3 menit lagi``."""
    left_s = max(_whole(seconds), 0)
    if left_s < 60:  # noqa: PLR2004 - a minute.
        return "kurang dari satu menit lagi"
    minutes = -(-left_s // 60)
    if minutes < 60:  # noqa: PLR2004 - an hour.
        return f"kira-kira {minutes} menit lagi"
    hours, rest = divmod(minutes, 60)
    return f"kira-kira {hours} jam {rest} menit lagi" if rest else f"kira-kira {hours} jam lagi"


# States


def kata_status(code: str) -> str:
    """Give the one Indonesian word of a state; an unknown state is our mistake (``KeyError``)."""
    return STATUS_WORDS[str(code)]


def kata_tahap(code: str) -> str:
    """Give the one Indonesian word of a stage of value; an unknown stage is our mistake."""
    return STAGE_WORDS[str(code)]


def nama_saksi(names: Iterable[str] | str) -> str:
    """Name witnesses for people, given as a list or as one text with commas: `KPK, Inspektorat`.

    A name of up to four letters is an abbreviation.
    """
    listed = names.split(", ") if isinstance(names, str) else names
    return ", ".join(name.upper() if len(name) <= ABBREVIATION else name[:1].upper() + name[1:] for name in listed)


def kata_galat_berkas(reason: str) -> str:
    """Say what is wrong with a file that an agreed form describes; any other reason is the name of a column."""
    return FILE_FAULTS.get(str(reason), f"isi kolom {reason}")


# Personal data. What cannot be recognised is hidden whole: a mask must never leak by surprise.


def _is_nik(nik: str) -> bool:
    return len(nik) == NIK_LENGTH and nik.isascii() and nik.isdigit()


def mask_nik_official(nik: str) -> str:
    """Mask a NIK for officials: region and last two digits stay, ``3216••••••••••00``."""
    if not _is_nik(nik):
        return BULLET * NIK_LENGTH
    return nik[:4] + BULLET * 10 + nik[-2:]


def mask_nik_public(nik: str) -> str:
    """Mask a NIK in public: only the last two digits stay, ``••••••••••••••00``."""
    if not _is_nik(nik):
        return BULLET * NIK_LENGTH
    return BULLET * 14 + nik[-2:]


def mask_name(name: str) -> str:
    """Mask a name word by word: ``A*** S******``."""
    return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())


def mask_phone(phone: str) -> str:
    """Mask a phone number: ``0812••••••78``; a short one is hidden whole."""
    if len(phone) < 10:  # noqa: PLR2004 - below it the six digits shown would be most of the number.
        return BULLET * 10
    return phone[:4] + BULLET * (len(phone) - 6) + phone[-2:]


def mask_account(account: str) -> str:
    """Mask a bank account: only the last four digits stay, ``••••••4321``; a short one none."""
    if len(account) < 8:  # noqa: PLR2004 - below it four digits would be half of the number or more.
        return BULLET * 8
    return BULLET * (len(account) - 4) + account[-4:]


# Digests


def fingerprint(digest: bytes | str) -> str:
    """Write the first 64 bits of a digest in four groups of four: ``9f2c 01ab 77de 5a10``.

    Raises:
        ValueError: when the digest is not hexadecimal or shorter than 64 bits.
    """
    plain = bytes(digest) if isinstance(digest, bytes | bytearray) else bytes.fromhex(digest)
    text = plain.hex()[: FINGERPRINT_GROUPS * FINGERPRINT_GROUP_SIZE]
    if len(text) < FINGERPRINT_GROUPS * FINGERPRINT_GROUP_SIZE:
        message = "a fingerprint needs at least 64 bits of digest"
        raise ValueError(message)
    starts = range(0, len(text), FINGERPRINT_GROUP_SIZE)
    return " ".join(text[start : start + FINGERPRINT_GROUP_SIZE] for start in starts)


FILTERS: Final = (
    rupiah,
    rupiah_ringkas,
    terbilang,
    jumlah,
    banyaknya,
    persen,
    tanggal,
    tanggal_ringkas,
    waktu,
    waktu_ringkas,
    bulan,
    periode,
    kata_galat_berkas,
    sisa_waktu,
    kata_status,
    kata_tahap,
    nama_saksi,
    mask_nik_official,
    mask_nik_public,
    mask_name,
    mask_phone,
    mask_account,
    fingerprint,
)


def register(environment: Environment, *, zone: str = DEFAULT_ZONE) -> None:
    """Make every format a filter of ``environment``; times are shown in the agency's ``zone``."""
    for filter_function in FILTERS:
        environment.filters[filter_function.__name__] = filter_function
    environment.filters["waktu"] = lambda instant: waktu(instant, zone)
    environment.filters["waktu_ringkas"] = lambda instant: waktu_ringkas(instant, zone)
