"""The words of the pages for each kind of fact: what was done, in one short Indonesian sentence without particulars.

What a fact says in detail is shown by the pages of the rooms and, byte for byte, by the entry's own page.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from aid_ledger.core import clock


@dataclass(frozen=True, slots=True)
class KindWords:
    """A kind's words, and its look in a timeline: quiet, moving, waiting, good or bad."""

    words: str
    look: str = "quiet"


KIND_WORDS: Final = {
    # The beginning, and the log itself.
    "LogFounded": KindWords("Log dimulai", "good"),
    "SchemaChanged": KindWords("Susunan basis data berubah", "waiting"),
    "RegionsLoaded": KindWords("Kode wilayah dimuat"),
    "FoundingSigned": KindWords("Akhir pendirian ditandatangani", "moving"),
    "FoundingClosed": KindWords("Pendirian ditutup", "good"),
    "RowsWritten": KindWords("Lanjutan catatan baris"),
    "RepairNoted": KindWords("Perbaikan dicatat", "waiting"),
    "LogKeyProposed": KindWords("Kunci log baru diusulkan", "waiting"),
    "LogKeyAnnounced": KindWords("Kunci log baru diumumkan", "moving"),
    "LogKeyWithdrawn": KindWords("Kunci log baru dibatalkan", "bad"),
    "LogKeyTaken": KindWords("Log ditandatangani dengan kunci baru", "good"),
    "ReceiptRootProposed": KindWords("Akar tanda terima baru diusulkan", "waiting"),
    "ReceiptRootAnnounced": KindWords("Akar tanda terima baru diumumkan", "moving"),
    "ReceiptRootWithdrawn": KindWords("Akar tanda terima baru dibatalkan", "bad"),
    "ReceiptRootTaken": KindWords("Tanda terima memakai akar baru", "good"),
    "StampKeyNamed": KindWords("Kunci cap tanda terima ditunjuk", "good"),
    "StampKeyWithdrawn": KindWords("Kunci cap tanda terima dicabut", "bad"),
    "RestoreDeclared": KindWords("Pemulihan basis data dinyatakan", "bad"),
    "BatchRestored": KindWords("Paket disesuaikan dengan log sesudah pemulihan", "waiting"),
    "ReceiptsLost": KindWords("Tanda terima terlupa dicatat", "bad"),
    "WitnessAdded": KindWords("Saksi log ditambahkan", "good"),
    "WitnessPolicyProposed": KindWords("Kebijakan saksi diusulkan", "waiting"),
    "WitnessPolicySet": KindWords("Kebijakan saksi disepakati", "good"),
    "UnwitnessedProposed": KindWords("Jalan tanpa saksi diusulkan", "waiting"),
    "UnwitnessedOpened": KindWords("Jalan tanpa saksi dibuka", "waiting"),
    "UnwitnessedUsed": KindWords("Keluar tanpa saksi, dihitung pada batasnya", "waiting"),
    # Officials.
    "OfficialEnrolled": KindWords("Pejabat didaftarkan"),
    "OfficialSuspended": KindWords("Pejabat dinonaktifkan", "bad"),
    "OfficeOpened": KindWords("Jabatan dibuka"),
    "OfficeHeld": KindWords("Jabatan dipegang", "moving"),
    "RoleRequested": KindWords("Peran diajukan", "waiting"),
    "RoleGranted": KindWords("Peran diberikan", "good"),
    "RoleRefused": KindWords("Peran ditolak", "bad"),
    "RoleRevoked": KindWords("Peran dicabut", "bad"),
    "EnrolmentOpened": KindWords("Tautan pendaftaran dibuat"),
    "PasswordSet": KindWords("Kata sandi dibuat"),
    "OtpDeviceEnrolled": KindWords("Perangkat kode didaftarkan"),
    "FactorResetRequested": KindWords("Pengaturan ulang faktor diminta", "waiting"),
    "FactorResetGranted": KindWords("Pengaturan ulang faktor disetujui", "moving"),
    "FactorResetRefused": KindWords("Pengaturan ulang faktor ditolak", "bad"),
    "RecoveryCodesIssued": KindWords("Kode pemulihan dibuat"),
    "SignedIn": KindWords("Masuk dengan kode"),
    "SignInRefused": KindWords("Kode masuk ditolak", "bad"),
    "SignInFailures": KindWords("Hitungan gagal masuk satu jam", "bad"),
    "OtpUnlocked": KindWords("Penundaan perangkat dicabut"),
    # Where value comes from.
    "DocumentRegistered": KindWords("Dokumen didaftarkan"),
    "CommodityDefined": KindWords("Jenis barang ditetapkan"),
    "SourceOpened": KindWords("Sumber dana dibuka"),
    "DonorRegistered": KindWords("Pemberi didaftarkan"),
    "EmergencyDeclared": KindWords("Status darurat ditetapkan", "moving"),
    "ContributionOffered": KindWords("Pemberian ditawarkan", "waiting"),
    "GratificationScreened": KindWords("Pemberian disaring dari gratifikasi", "moving"),
    "FundsReceived": KindWords("Diterima", "good"),
    "ContributionPublished": KindWords("Pemberian diumumkan"),
    "HistoryDeclared": KindWords("Saldo awal dinyatakan", "moving"),
    # Programmes and purchases.
    "ProgramDefined": KindWords("Program ditetapkan"),
    "RateSet": KindWords("Besaran bantuan ditetapkan"),
    "CeilingSet": KindWords("Pagu ditetapkan"),
    "ExclusionSet": KindWords("Larangan menerima ganda ditetapkan"),
    "FundsAllocated": KindWords("Dialokasikan", "moving"),
    "PolicyProposed": KindWords("Kebijakan persetujuan diusulkan", "waiting"),
    "PolicyChanged": KindWords("Kebijakan persetujuan disepakati", "good"),
    "VendorRegistered": KindWords("Penyedia didaftarkan"),
    "GoodsPurchased": KindWords("Barang dibeli", "moving"),
    "GoodsReceived": KindWords("Barang diterima", "good"),
    "TransferReversed": KindWords("Perpindahan dibalik", "bad"),
    # People, without naming any.
    "RecipientsImported": KindWords("Daftar penerima dimuat", "moving"),
    "PersonCorrected": KindWords("Data penerima diperbaiki"),
    "BankAccountChanged": KindWords("Rekening penerima diganti", "waiting"),
    "CivilStatusRecorded": KindWords("Keadaan kependudukan dicatat"),
    "ExternalAidLoaded": KindWords("Daftar bantuan lain dimuat"),
    "PeopleViewed": KindWords("Data pribadi dilihat"),
    "ViewRefused": KindWords("Permintaan melihat data ditolak", "bad"),
    "IsolationReported": KindWords("Keadaan keluarga dilaporkan"),
    "IsolationChecked": KindWords("Keadaan keluarga diperiksa"),
    "IsolationEnded": KindWords("Keadaan keluarga selesai"),
    # From entitlement to receipt.
    "EntitlementsProposed": KindWords("Penerima diusulkan", "waiting"),
    "EntitlementsDetermined": KindWords("Penerima ditetapkan", "good"),
    "EntitlementHeld": KindWords("Hak ditahan", "waiting"),
    "EntitlementReleased": KindWords("Hak dilepas dari penahanan", "moving"),
    "EntitlementCancelled": KindWords("Hak dibatalkan", "bad"),
    "BatchDrafted": KindWords("Paket penyaluran dibuat"),
    "LineSetAside": KindWords("Satu baris disisihkan", "waiting"),
    "BatchSubmitted": KindWords("Paket penyaluran diajukan", "moving"),
    "LinesFrozen": KindWords("Baris penyaluran dibekukan"),
    "BatchVerified": KindWords("Paket penyaluran diverifikasi", "moving"),
    "BatchRejected": KindWords("Paket penyaluran ditolak atau dikembalikan", "bad"),
    "BatchCancelled": KindWords("Paket penyaluran dibatalkan", "bad"),
    "ChallengeOpened": KindWords("Isi ditunjukkan kepada penyetuju", "waiting"),
    "OtpRejected": KindWords("Kode persetujuan ditolak", "bad"),
    "ApprovalGiven": KindWords("Disetujui dengan kode, menurut server", "good"),
    "AuditorKeyProposed": KindWords("Kunci pemeriksa diajukan", "waiting"),
    "AuditorKeySet": KindWords("Kunci pemeriksa ditetapkan", "good"),
    "OpeningsLodged": KindWords("Pembukaan disegel untuk pemeriksa", "good"),
    "OpeningsGiven": KindWords("Pembukaan tersegel diserahkan kepada pemeriksa"),
    "PaymentInstructed": KindWords("Perintah bayar dibuat", "moving"),
    "FileCollected": KindWords("Berkas penyaluran diambil"),
    "ResultImported": KindWords("Hasil penyalur dimuat"),
    "PaymentsConfirmed": KindWords("Uang atau barang sudah sampai", "good"),
    "PaymentsFailed": KindWords("Pembayaran gagal", "bad"),
    "PaymentsUnknown": KindWords("Pembayaran belum pasti", "waiting"),
    "LinesHeld": KindWords("Baris ditahan", "waiting"),
    "ResendRefused": KindWords("Pengiriman ulang ditolak", "bad"),
    "GoodsHandedOver": KindWords("Barang diserahkan", "good"),
    "HandoverRefused": KindWords("Serah terima ditolak karena saksinya", "bad"),
    "FundsReturned": KindWords("Dikembalikan ke kas", "moving"),
    "LinesReturned": KindWords("Baris gagal dikembalikan ke kas", "moving"),
    "ReturnPrinted": KindWords("STS dicetak"),
    "ReceiptIssued": KindWords("Tanda terima diterbitkan", "good"),
    "ReceiptCancelled": KindWords("Tanda terima dibatalkan", "bad"),
    "ReceiptPrinted": KindWords("Tanda terima dicetak"),
    "ReceiptsPrinted": KindWords("Tanda terima satu desa dicetak"),
    "ManifestSealAsked": KindWords("Segel manifes tanda terima diminta", "waiting"),
    "ManifestSealed": KindWords("Manifes tanda terima disegel", "good"),
    "ManifestSealRefused": KindWords("Segel manifes ditolak", "bad"),
    "ManifestSealUnknown": KindWords("Segel manifes belum pasti", "waiting"),
}
"""Every kind of the vocabulary (audit/facts); a test holds the two together."""

ACCORDING_TO_SERVER: Final = frozenset({"ApprovalGiven", "OtpRejected", "ChallengeOpened", "SignedIn", "SignInRefused"})
"""Kinds that rest on a code whose secret the server holds too: pages say that they hold "menurut server"."""

NEWER: Final = KindWords("Peristiwa lain")
"""For a kind that came after these words."""

_NOBODY: Final = {"public": "Warga", "system": "Sistem", "channel": "Penyalur", "official": "Pejabat"}
DOORS: Final = {"web": "laman", "cli": "baris perintah", "job": "pekerjaan berkala", "init": "pendirian"}


def words_of(kind: str) -> KindWords:
    """Give the words of a kind."""
    return KIND_WORDS.get(kind, NEWER)


def actor_words(actor_type: str, actor_id: str) -> str:
    """Name who acted: an official by login, anybody else by what they are."""
    if actor_type == "channel" and actor_id:
        return f"Penyalur {actor_id}"
    return actor_id or _NOBODY.get(actor_type, "")


def ago(at: dt.datetime) -> str:
    """Say how long ago an instant was, in its largest unit."""
    seconds = max(0, int((clock.now() - at).total_seconds()))
    for unit_s, name in ((86_400, "hari"), (3_600, "jam"), (60, "menit")):
        if seconds >= unit_s:
            return f"{seconds // unit_s} {name} yang lalu"
    return "kurang dari satu menit yang lalu"


WITNESS_ALARMS: Final = {
    "refused": "Saksi ini menolak segel log: yang ditunjukkan kepadanya bukan lanjutan dari yang pernah ia lihat.",
    "ahead": "Saksi ini pernah menandatangani log yang lebih panjang daripada log di basis data ini.",
    "forgot": "Saksi ini kehilangan ingatannya, sehingga tanda tangannya tidak lagi menjamin apa pun.",
}
"""What an alarm of a witness means, by its code in `witnessing.ALARMS`."""
