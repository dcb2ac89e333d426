"""The words a page has for each fact about a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aid_ledger.core.roles import Role
from aid_ledger.log.timeline import ENTRY_ADDRESS
from aid_ledger.officials.listing import PersonFact

TITLES: Final = {
    "OfficialEnrolled": ("Terdaftar sebagai pejabat", "quiet"),
    "OfficialSuspended": ("Dinonaktifkan", "bad"),
    "OfficeHeld": ("Memegang jabatan {office} ({status})", "moving"),
    "RoleRequested": ("Peran {role} diajukan", "waiting"),
    "RoleGranted": ("Peran {role} diberikan", "good"),
    "RoleRefused": ("Permintaan peran ditolak", "bad"),
    "RoleRevoked": ("Peran {role} dicabut", "bad"),
    "EnrolmentOpened": ("Tautan sekali pakai dibuat", "quiet"),
    "PasswordSet": ("Kata sandi dibuat", "quiet"),
    "OtpDeviceEnrolled": ("Perangkat {device} didaftarkan", "good"),
    "RecoveryCodesIssued": ("{count} kode pemulihan dibuat", "quiet"),
    "FactorResetRequested": ("Pengaturan ulang {factor} diminta", "waiting"),
    "FactorResetGranted": ("Pengaturan ulang {factor} disetujui", "moving"),
    "FactorResetRefused": ("Pengaturan ulang ditolak", "bad"),
    "SignInRefused": ("Kode salah saat masuk", "bad"),
    "OtpUnlocked": ("Penundaan perangkat dicabut", "quiet"),
    "FoundingSigned": ("Menandatangani akhir pendirian", "good"),
}
FACTORS: Final = {"password": "kata sandi", "device": "perangkat"}


def fact_of(fact: PersonFact, names: Mapping[str, str]) -> dict[str, object]:
    """Describe a fact for the timeline of a page; a kind without words of its own shows its name."""
    title, look = TITLES.get(fact.kind, (fact.kind, "quiet"))
    words = {name: str(value) for name, value in fact.body.items()}
    if "role" in words:
        words["role"] = Role(words["role"]).label
    words["factor"] = FACTORS.get(words.get("factor", ""), "")
    note = words.get("decree") or words.get("reason") or ""
    return {
        "title": title.format_map(words),
        "by": names.get(fact.actor, fact.actor) or "Pendirian",
        "office": fact.office,
        "at": fact.at,
        "entry": fact.position,
        "proof_url": "" if fact.position is None else f"{ENTRY_ADDRESS}{fact.position}",
        "note": note,
        "look": look,
    }
