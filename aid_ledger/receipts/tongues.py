"""The languages a receipt is printed in: its labels, numbers and days. What it states stays as it was stated.

Names of people, offices, programmes and decrees are never translated; the few words that we choose ourselves are. The
keys are the Indonesian words, which is what the page is written in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from num2words import num2words

from aid_ledger.receipts.rules import CHANNEL_WORDS, MONTHS, STEP_WORDS
from aid_ledger.web import formats
from audit.pdf.impressions import ENGLISH, INDONESIAN

LOCALE: Final = "en_GB"

_LABELS: Final = {
    "Tanda Terima Bantuan Uang": "Receipt for Cash Aid",
    "Berita Acara Serah Terima": "Handover Record",
    "Nomor": "Number",
    "Jumlah diterima": "Amount received",
    "Barang yang diserahterimakan": "Goods handed over",
    "Isi": "Contents",
    "Sumber dana": "Source of funds",
    "Diperiksa dan disetujui": "Checked and approved",
    "Tanda tangan di atas kertas": "Signatures on paper",
    "Penerima": "Recipient",
    "NIK": "NIK",
    "Wilayah": "Area",
    "Program": "Programme",
    "Periode": "Period",
    "Diterima": "Received",
    "Melalui": "By",
    "Dasar": "Legal basis",
    "Berkas bayar": "Payment batch",
    "baris": "line",
    "Diserahkan": "Handed over",
    "Tempat": "Place",
    "Penyerah": "Giver",
    "Saksi pertama": "First witness",
    "Saksi kedua": "Second witness",
    "Meterai": "Stamp duty",
    "nomor": "number",
    "dari": "of",
    "Catatan log": "Log entry",
    "Akar log": "Log root",
    "Sertifikat akar": "Root cert.",
    "Periksa keasliannya": "Check that it is genuine",
    "Kode QR menuju halaman pemeriksaan tanda terima ini": "QR code leading to the page that checks this receipt",
    "Pindai kode ini, atau buka": "Scan this code, or open",
    "dan ketik": "and type the",
    "kode": "code",
    "Punya berkas PDF-nya? Kirim di halaman itu: setiap byte diperiksa.": (
        "Have the PDF file? Send it on that page: every byte is checked."
    ),
    "Tanpa internet: perintah aid-audit receipt, dengan sertifikat akar dan kunci log.": (
        "Without internet: the command aid-audit receipt, with the root certificate and the log key."
    ),
    "Tempelkan meterai di sini, atau bubuhkan e-meterai dari penyedianya. Meterai bukan bagian dari isi yang "
    "ditandatangani.": (
        "Affix the stamp here, or have an e-stamp added by its provider. The stamp is no part of what is signed."
    ),
    "Ditandatangani": "Signed by",
    "dengan tanda tangan elektronik tidak tersertifikasi.": "with an uncertified electronic signature.",
    "Keadaan terakhir (masih berlaku, dibatalkan, atau diganti) hanya terlihat di halaman pemeriksaan.": (
        "Whether it still stands, was cancelled or replaced is only seen on the page that checks it."
    ),
    "Tanda tangan elektronik penerbit": "Electronic signature of the issuer",
    "Bukti: isi tanda terima, catatan log, dan pembuktiannya": (
        "Evidence: what the receipt states, its log entry, and the proof of it"
    ),
}
_CHOSEN: Final = {
    STEP_WORDS["verified"]: "Verified",
    STEP_WORDS["approved"]: "Approved with OTP",
    CHANNEL_WORDS["bank"]: "Bank transfer",
    CHANNEL_WORDS["cash"]: "Cash",
    CHANNEL_WORDS["goods"]: "Goods handed over",
}
"""What a receipt states in words that we choose ourselves."""
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Tongue:
    """A language; each is made once and is equal to itself alone."""

    code: str
    labels: Mapping[str, str]

    def say(self, label: str) -> str:
        """Give one of our own words or sentences; raises KeyError for one that has no translation."""
        return self.labels[label] if self.labels else label

    def term(self, text: str) -> str:
        """Give what a receipt states where it is one of the words we choose ourselves, and anything else as it is."""
        return _CHOSEN.get(text, text) if self.labels else text

    def period(self, period: str) -> str:
        """Write a period such as Juli 2021."""
        month, _, year = period.partition(" ")
        return f"{_MONTHS[MONTHS.index(month)]} {year}" if self.labels and month in MONTHS else period

    def count(self, count: int) -> str:
        """Write a count with its thousands apart."""
        return f"{count:,}" if self.labels else formats.jumlah(count)

    def amount(self, amount: int, unit: str) -> str:
        """Write an amount: rupiah when no unit of goods is given."""
        return f"{self.count(amount)} {unit}" if unit else f"Rp{self.count(amount)}"

    def in_words(self, amount: int, unit: str, stated: str) -> str:
        """Write an amount out; in Indonesian as it was stated."""
        return f"{num2words(amount, lang='en')} {unit or 'rupiah'}" if self.labels else stated  # type: ignore[no-untyped-call]

    def date(self, day: dt.date) -> str:
        """Write a day in full."""
        return format_date(day, "EEEE, d MMMM y", locale=LOCALE) if self.labels else formats.tanggal(day)

    def instant(self, instant: dt.datetime, zone: str) -> str:
        """Write a moment in full."""
        return self._moment(instant, zone, "EEEE, d MMMM y, HH:mm") if self.labels else formats.waktu(instant, zone)

    def moment(self, instant: dt.datetime, zone: str) -> str:
        """Write a moment for a table."""
        return self._moment(instant, zone, "d MMM y, HH:mm") if self.labels else formats.waktu_ringkas(instant, zone)

    def _moment(self, instant: dt.datetime, zone: str, form: str) -> str:
        # Babel's English has no WIB; the zone's name is taken as the agency's own pages write it.
        name = formats.waktu_ringkas(instant, zone).rpartition(" ")[2]
        return f"{format_datetime(instant, form, tzinfo=ZoneInfo(zone), locale=LOCALE)} {name}"


TONGUES: Final = MappingProxyType(
    {INDONESIAN: Tongue(INDONESIAN, {}), ENGLISH: Tongue(ENGLISH, MappingProxyType(_LABELS))}
)
