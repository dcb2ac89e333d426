"""What became of a payment, in one vocabulary: the codes of channels and of the field read as our own outcomes.

Pure. When two parts of an answer disagree, or a code is new to us, the outcome is UNKNOWN: a line that nobody is sure
of is asked about again, never sent again. What a line's state becomes is decided in `judging.py`.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

DELIVERED: Final = "delivered"
FAILED: Final = "failed"
UNCERTAIN: Final = "unknown"
ON_HOLD: Final = "on_hold"


class Outcome(Enum):
    """One outcome: the state it leads to, the sentence for people, and what to do next. Its name is the code."""

    SUCCESS = (DELIVERED, "Uang atau barang sudah sampai.", "Terbitkan tanda terima.")

    PENDING = (UNCERTAIN, "Saluran masih memproses.", "Tanyakan lagi kepada saluran.")
    UNKNOWN = (UNCERTAIN, "Saluran tidak memberi kepastian.", "Tanyakan kepada saluran; jangan kirim ulang.")
    DUPLICATE_REFERENCE = (UNCERTAIN, "Saluran sudah mengenal nomor baris ini.", "Tanyakan hasil kiriman aslinya.")
    NOT_FOUND = (UNCERTAIN, "Saluran tidak menemukan kiriman ini.", "Tanyakan lagi sehari setelah dikirim.")

    ACCOUNT_INVALID = (FAILED, "Nomor rekening tidak ada.", "Perbaiki rekening dan periksa pemiliknya.")
    ACCOUNT_DORMANT = (FAILED, "Rekening tidur.", "Pakai rekening atau saluran lain.")
    ACCOUNT_INACTIVE = (FAILED, "Rekening ditutup atau tidak aktif.", "Pakai rekening atau saluran lain.")
    ACCOUNT_ABNORMAL = (FAILED, "Bank menolak rekening ini.", "Perbaiki rekening dan periksa pemiliknya.")
    NAME_MISMATCH = (FAILED, "Nama pemilik rekening berbeda.", "Periksa pemilik rekening.")
    BANK_NOT_SUPPORTED = (FAILED, "Bank tujuan tidak terjangkau.", "Pakai saluran lain.")
    LIMIT_EXCEEDED = (FAILED, "Melewati batas transaksi bank.", "Bayar pada hari lain atau dengan saluran lain.")
    CUT_OFF = (FAILED, "Dikirim setelah batas jam layanan.", "Masukkan ke paket berikutnya.")
    NOT_PERMITTED = (FAILED, "Transaksi tidak diizinkan bank.", "Tanyakan sebabnya kepada bank.")
    SOURCE_INSUFFICIENT = (FAILED, "Saldo rekening kas tidak cukup.", "Isi rekening kas, lalu buat paket baru.")
    SUSPECTED_FRAUD = (FAILED, "Bank mencurigai penipuan.", "Periksa penerima sebelum membayar lagi.")
    REJECTED_FORMAT = (FAILED, "Bank menolak bentuk datanya.", "Perbaiki data, lalu buat paket baru.")
    TECHNICAL = (FAILED, "Bank menolak sebelum memproses.", "Masukkan ke paket berikutnya.")
    OTP_REFUSED = (FAILED, "Kode pengambilan ditolak atau kedaluwarsa.", "Buat kode pengambilan baru.")
    REJECTED = (FAILED, "Saluran menolak tanpa sebab yang dikenal.", "Tanyakan sebabnya kepada saluran.")
    CANCELED = (FAILED, "Saluran membatalkan atau mengembalikan uang.", "Masukkan ke paket berikutnya.")

    RECIPIENT_DECEASED = (FAILED, "Penerima meninggal dunia.", "Catat kematiannya; ahli waris atau kembali ke kas.")
    RECIPIENT_MOVED = (FAILED, "Penerima pindah.", "Catat kepindahannya, atau kembali ke kas.")
    RECIPIENT_NOT_FOUND = (FAILED, "Penerima tidak ditemukan.", "Periksa data penerima.")
    RECIPIENT_NO_DOCUMENT = (FAILED, "Penerima tidak dapat menunjukkan KTP atau KK.", "Jadwalkan lagi.")
    RECIPIENT_REFUSED = (FAILED, "Penerima menolak.", "Kembali ke kas.")
    RECIPIENT_ABSENT = (FAILED, "Penerima tidak ditemui.", "Jadwalkan lagi.")
    EXPIRED_UNCLAIMED = (FAILED, "Tidak diambil sampai batas waktu.", "Setorkan kembali ke kas (STS).")

    RESTORED = (
        UNCERTAIN,
        "Catatan sesudah pengirimannya hilang saat basis data dipulihkan.",
        "Tanyakan; jangan kirim ulang.",
    )

    ACCOUNT_MISMATCH = (ON_HOLD, "Bank menjawab untuk rekening lain.", "Minta penjelasan tertulis dari bank.")
    AMOUNT_MISMATCH = (ON_HOLD, "Bank menjawab untuk jumlah lain.", "Minta penjelasan tertulis dari bank.")

    def __init__(self, state: str, sentence: str, remedy: str) -> None:
        self.state = state
        """The state a line takes by this outcome."""
        self.sentence = sentence
        self.remedy = remedy


FIELD_OUTCOMES: Final = frozenset(outcome for outcome in Outcome if outcome.name.startswith("RECIPIENT_"))
"""What an officer in the field may say of a line that could not be handed over."""

OUR_FINDINGS: Final = frozenset({Outcome.ACCOUNT_MISMATCH, Outcome.AMOUNT_MISMATCH, Outcome.RESTORED})
"""Found by ourselves, comparing an answer or a database; a channel that says so itself is not understood."""

SNAP: Final = {
    "20000": Outcome.SUCCESS,
    "20200": Outcome.PENDING,
    "40000": Outcome.REJECTED_FORMAT,
    "40001": Outcome.REJECTED_FORMAT,
    "40002": Outcome.REJECTED_FORMAT,
    "40100": Outcome.TECHNICAL,
    "40101": Outcome.TECHNICAL,
    "40302": Outcome.LIMIT_EXCEEDED,
    "40303": Outcome.SUSPECTED_FRAUD,
    "40304": Outcome.LIMIT_EXCEEDED,
    "40305": Outcome.ACCOUNT_ABNORMAL,
    "40306": Outcome.CUT_OFF,
    "40309": Outcome.ACCOUNT_DORMANT,
    "40311": Outcome.OTP_REFUSED,
    "40312": Outcome.OTP_REFUSED,
    "40314": Outcome.SOURCE_INSUFFICIENT,
    "40315": Outcome.NOT_PERMITTED,
    "40316": Outcome.NOT_PERMITTED,
    "40318": Outcome.ACCOUNT_INACTIVE,
    "40323": Outcome.LIMIT_EXCEEDED,
    "40400": Outcome.UNKNOWN,
    "40401": Outcome.NOT_FOUND,
    "40403": Outcome.BANK_NOT_SUPPORTED,
    "40411": Outcome.ACCOUNT_INVALID,
    "40413": Outcome.REJECTED_FORMAT,
    "40415": Outcome.OTP_REFUSED,
    "40418": Outcome.DUPLICATE_REFERENCE,
    "40900": Outcome.DUPLICATE_REFERENCE,
    "40901": Outcome.DUPLICATE_REFERENCE,
    "42900": Outcome.TECHNICAL,
    "50000": Outcome.UNKNOWN,
    "50001": Outcome.UNKNOWN,
    "50002": Outcome.UNKNOWN,
    "50400": Outcome.UNKNOWN,
}
"""SNAP BI response codes without the service code in the middle: HTTP status and case (Bank Indonesia, SNAP)."""

SNAP_STATUS: Final = {
    "00": Outcome.SUCCESS,
    "01": Outcome.PENDING,
    "02": Outcome.PENDING,
    "03": Outcome.PENDING,
    "04": Outcome.CANCELED,
    "05": Outcome.CANCELED,
    "06": Outcome.REJECTED,
    "07": Outcome.NOT_FOUND,
}
"""SNAP BI `latestTransactionStatus`."""

BI_FAST: Final = {
    "U000": Outcome.SUCCESS,
    "U002": Outcome.PENDING,
    "U110": Outcome.REJECTED,
    "U112": Outcome.LIMIT_EXCEEDED,
    "U124": Outcome.BANK_NOT_SUPPORTED,
    "U129": Outcome.BANK_NOT_SUPPORTED,
    "U149": Outcome.DUPLICATE_REFERENCE,
    "U155": Outcome.SUSPECTED_FRAUD,
    "U157": Outcome.SUSPECTED_FRAUD,
    "U804": Outcome.ACCOUNT_INVALID,
    "U805": Outcome.ACCOUNT_INACTIVE,
    "U900": Outcome.UNKNOWN,
    "U901": Outcome.UNKNOWN,
    "U999": Outcome.TECHNICAL,
    "K000": Outcome.UNKNOWN,
    "ACSP": Outcome.PENDING,
    "ACTC": Outcome.PENDING,
    "RJCT": Outcome.REJECTED,
    "KSTS": Outcome.UNKNOWN,
}
"""BI-FAST reason codes and ISO 20022 statuses."""

WORDS: Final = {
    "SUCCESS": Outcome.SUCCESS,
    "SUKSES": Outcome.SUCCESS,
    "BERHASIL": Outcome.SUCCESS,
    "FAILED": Outcome.REJECTED,
    "GAGAL": Outcome.REJECTED,
    "REJECTED": Outcome.REJECTED,
    "PENDING": Outcome.PENDING,
    "UNKNOWN": Outcome.UNKNOWN,
    "TIMEOUT": Outcome.UNKNOWN,
}
"""What files say in words."""

_OWN: Final = {outcome.name: outcome for outcome in Outcome if outcome not in OUR_FINDINGS}
_SNAP_LENGTH: Final = 7
"""HTTP status (3), service (2), case (2)."""


def outcome_of(status: str, code: str) -> Outcome:
    """Read an answer's status and code as one outcome; disagreement and anything not understood are UNKNOWN."""
    said, reason = _status(status), _reason(code)
    if said is None and reason is None:
        return Outcome.UNKNOWN
    if said is None or reason is None:
        return _alone(said or reason or Outcome.UNKNOWN, is_reason=said is None, other=status if said is None else code)
    if said.state == reason.state:
        return reason
    for unsure in (reason, said):
        if unsure.state == UNCERTAIN:
            return unsure
    return Outcome.UNKNOWN


def _alone(known: Outcome, *, is_reason: bool, other: str) -> Outcome:
    """Judge by one half of an answer; the other is empty, or there and not understood.

    A status FAILED beside a foreign reason is a failure whose reason we do not know. Anything else beside words that
    we cannot read is not believed.
    """
    if not other.strip():
        return known
    return known if known.state == FAILED and not is_reason else Outcome.UNKNOWN


def _status(text: str) -> Outcome | None:
    word = text.strip().upper()
    return WORDS.get(word) or SNAP_STATUS.get(word) or BI_FAST.get(word) or _OWN.get(word)


def _reason(text: str) -> Outcome | None:
    word = text.strip().upper()
    if word and not word.strip("0"):
        return Outcome.SUCCESS  # Core banking answers "00", "000" or "0000".
    if len(word) == _SNAP_LENGTH and word.isdigit():
        return SNAP.get(word[:3] + word[-2:])
    return BI_FAST.get(word) or _OWN.get(word)
