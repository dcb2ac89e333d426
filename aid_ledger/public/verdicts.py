"""The five answers of the public check, the reasons behind them, and the words for both. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aid_ledger.receipts.opinion import Opinion
from audit.pdf.fields import ReceiptFields
from audit.pdf.returns import ReturnFields


class Verdict(Enum):
    """What a check may come to; the words are promised to the public and stand nowhere else."""

    GENUINE = "Asli"
    CANCELLED = "Asli, tetapi sudah dibatalkan"
    REPLACED = "Asli, tetapi sudah diganti"
    FALSE = "Tidak asli"
    UNDECIDED = "Tidak dapat diperiksa"


class Reason(Enum):
    """Why a receipt is not genuine, or why nobody can tell: one sentence each."""

    NONE = ""
    CODE_UNKNOWN = (
        "Kode ini tidak ada dalam catatan kami. Paling sering sebabnya salah ketik: yang diperiksa adalah 16 huruf dan "
        "angka di samping gambar QR, bukan nomor yang diawali RCP. Cocokkan satu per satu, lalu coba sekali lagi."
    )
    NUMBER_UNKNOWN = (
        "Nomor setoran ini tidak ada dalam catatan kami. Cocokkan huruf dan angkanya, lalu coba sekali lagi."
    )
    NOT_OURS = "Berkas ini bukan tanda terima yang dibuat oleh sistem ini."
    CHANGED = "Isi berkas ini diubah setelah ditandatangani."
    SIGNATURE = "Tanda tangannya bukan tanda tangan instansi ini, atau tidak berlaku."
    LOG = "Isi tanda terima ini tidak cocok dengan log."
    PAGE = "Yang tertulis pada halaman berkas ini bukan yang terbukti: mungkin halaman tanda terima lain."
    TIME = "Waktu penandatanganannya tidak mungkin."
    NOT_SEALED = "Tanda terima ini baru diterbitkan dan belum disegel di log. Coba lagi beberapa menit lagi."
    RECORD_DIFFERS = (
        "Catatan server ini tidak cocok dengan log atau dengan berkas Anda. Ini bukan kesalahan Anda: laporkanlah."
    )
    READERS_DISAGREE = (
        "Dua program pembaca yang berbeda tidak sependapat tentang tanda tangan berkas ini, sehingga tidak kami "
        "nyatakan asli. Ini bukan kesalahan Anda: laporkanlah."
    )
    PRINT_UNKNOWN = (
        "Tanda tangan dan catatan log di dalam berkas ini sah, tetapi nomor cetakannya tidak ada dalam catatan server "
        "ini. Cetakan itu dibuat tanpa dicatat: laporkanlah."
    )
    STATE_UNKNOWN = (
        "Tanda tangan dan catatan log di dalam berkas ini sah, tetapi server ini tidak mengenalnya, sehingga tidak "
        "dapat menyatakan apakah tanda terima masih berlaku."
    )
    NOT_PDF = (
        "Berkas ini bukan PDF. Bila ini foto atau tangkapan layar, ketik saja 16 huruf dan angka di samping gambar QR."
    )
    UNREADABLE = "Berkas ini tidak dapat dibaca dalam batas waktu dan ukuran kami."
    TOO_LARGE = "Berkas ini lebih besar dari 2 MB. Tanda terima kami tidak pernah sebesar itu."
    TOO_SLOW = (
        "Berkas ini tidak selesai terkirim dalam satu menit. Coba di tempat yang sinyalnya lebih baik, atau periksa di "
        "ponsel ini tanpa mengirimnya."
    )
    NOTHING_GIVEN = "Belum ada kode atau berkas yang diberikan."
    BUSY = "Terlalu banyak pemeriksaan saat ini. Coba lagi beberapa menit lagi."
    NO_ROOT = (
        "Sertifikat akar tanda terima tidak tersedia di server ini, sehingga berkas tidak dapat diperiksa di sini."
    )
    NO_STAMPS = "Belum ada kunci cap tanda terima yang tersegel di log, sehingga cap QR belum dapat diperiksa."
    FAULT = "Pemeriksaan terhenti karena kesalahan pada sistem kami, bukan karena tanda terima Anda."


RULES: Final[Mapping[str, Reason]] = {
    "receipt.changed": Reason.CHANGED,
    "receipt.certificate": Reason.SIGNATURE,
    "receipt.purpose": Reason.SIGNATURE,
    "receipt.validity": Reason.SIGNATURE,
    "receipt.signature": Reason.SIGNATURE,
    "receipt.revoked": Reason.SIGNATURE,
    "receipt.digest": Reason.LOG,
    "receipt.entry": Reason.LOG,
    "receipt.evidence": Reason.LOG,
    "receipt.proof": Reason.LOG,
    "receipt.salt": Reason.LOG,
    "receipt.fields": Reason.LOG,
    "receipt.sources": Reason.LOG,
    "receipt.page": Reason.PAGE,
    "receipt.copy": Reason.PAGE,
    "receipt.time": Reason.TIME,
}
"""Checks of the verifier that have a sentence of their own; most forgeries are simply no file of ours."""

LOG_RULES: Final = ("proof", "signature", "checkpoint", "note", "entry", "quorum")
OUR_RULES: Final = {
    "receipt.root": Reason.NO_ROOT,
    "receipt.policy": Reason.NO_ROOT,
    "receipt.crl": Reason.NO_ROOT,
    "entry.unknown_kind": Reason.FAULT,
}
"""Checks that fail through us, not through the file: they decide nothing."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Where the log holds a receipt, as proven just now; `signer` is "" when only a code was given."""

    position: int
    size: int
    sealed_at: dt.datetime
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one check. Fields, proof and what became of a receipt are there only where it is genuine."""

    verdict: Verdict
    reason: Reason = Reason.NONE
    fields: ReceiptFields | ReturnFields | None = None
    proof: Proof | None = None
    ended_at: dt.datetime | None = None
    end_reason: str = ""
    replaced_by: str = ""
    second: Opinion | None = None
    """What a reader of other people says of the file; there only where our own verifier has accepted one."""
    copies: int = 0
    """How often the receipt was printed, as this server has recorded it."""

    @property
    def returned(self) -> ReturnFields | None:
        """Give what the paper of a return says; None where it is a receipt, or nothing of ours."""
        return self.fields if isinstance(self.fields, ReturnFields) else None

    @property
    def is_genuine(self) -> bool:
        """Tell whether it is a receipt of ours, standing or not."""
        return self.verdict in {Verdict.GENUINE, Verdict.CANCELLED, Verdict.REPLACED}


def refused(reason: Reason) -> Finding:
    """Answer that a receipt is not genuine."""
    return Finding(Verdict.FALSE, reason)


def undecided(reason: Reason) -> Finding:
    """Answer that nobody can tell."""
    return Finding(Verdict.UNDECIDED, reason)


def of_rule(rule: str) -> Finding:
    """Answer by the check of the verifier that failed."""
    if rule in OUR_RULES:
        return undecided(OUR_RULES[rule])
    if rule in RULES:
        return refused(RULES[rule])
    return refused(Reason.LOG if rule.partition(".")[0] in LOG_RULES else Reason.NOT_OURS)
