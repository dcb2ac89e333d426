"""What became of a code, in words: why it was refused and what to do now. The codes are those of the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aid_ledger.approvals import rules


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused code: what happened, and what helps."""

    sentence: str
    remedy: str


RESTART: Final = "Mulai lagi dari daftar, baca isinya sekali lagi, lalu masukkan kode yang baru."

REFUSALS: Final[Mapping[str, Refusal]] = {
    "wrong_code": Refusal(
        "Kode itu bukan kode Anda saat ini.",
        "Ketik enam angka yang sedang tampil di aplikasi autentikator; pastikan jam telepon Anda tepat.",
    ),
    "used_code": Refusal(
        "Kode itu sudah pernah dipakai, misalnya untuk masuk.",
        "Tunggu sampai angka di aplikasi berganti (paling lama 30 detik), lalu ketik yang baru.",
    ),
    "locked": Refusal(
        "Alat autentikator Anda sedang dijeda karena kode terlalu sering salah.",
        "Tunggu jedanya habis, atau minta Admin membukanya. Jika bukan Anda yang mencoba, laporkan kepada Inspektorat.",
    ),
    "too_new": Refusal(
        "Alat autentikator Anda terlalu baru untuk menyetujui.",
        "Alat baru dapat menyetujui setelah masa tunggunya habis; lihat halaman akun Anda.",
    ),
    "no_device": Refusal(
        "Akun Anda tidak lagi memiliki alat autentikator.",
        "Mintalah Admin mengajukan pendaftaran ulang.",
    ),
    f"{rules.ENDED}{rules.EXPIRED}": Refusal("Waktu lima menit sudah habis.", RESTART),
    f"{rules.ENDED}{rules.EXHAUSTED}": Refusal("Lima kali mencoba sudah habis untuk halaman ini.", RESTART),
    f"{rules.ENDED}{rules.REPLACED}": Refusal(
        "Anda membuka halaman persetujuan lain sesudah ini.", "Hanya yang terakhir dibuka yang menerima kode."
    ),
    f"{rules.ENDED}{rules.VOID}": Refusal("Isi yang ditampilkan di sini sudah tidak berlaku.", RESTART),
    f"{rules.ENDED}{rules.ACCEPTED}": Refusal(
        "Halaman ini sudah menerima kode Anda.", "Tidak ada yang dicatat dua kali; lihat apa yang sudah dicatat."
    ),
    rules.BATCH_CHANGED: Refusal(
        "Isi paket tidak lagi sama dengan yang diajukan: nama, rekening, jumlah, atau barisnya berubah.",
        "Tidak ada yang disetujui. Tolak atau kembalikan paket itu, dan beri tahu pemeriksa.",
    ),
    rules.BATCH_STATE: Refusal(
        "Salah satu paket sudah tidak menunggu persetujuan: disetujui, ditolak, atau ditarik kembali.",
        "Tidak ada yang disetujui. Mulai lagi dari daftar dengan paket yang masih menunggu.",
    ),
    rules.POWER_GONE: Refusal(
        "Peran atau jabatan Anda untuk wilayah ini baru saja berakhir.",
        "Tidak ada yang disetujui. Hubungi Admin bila ini keliru.",
    ),
    rules.NOT_SEPARATE: Refusal(
        "Anda atau yang Anda wakili sudah ikut menangani salah satu paket.",
        "Tidak ada yang disetujui. Mintalah penyetuju lain.",
    ),
}
"""Every reason a code is refused for; tests hold this list against the services'."""

BARRED: Final[Mapping[str, str]] = {
    "same_person": "Anda, atau pejabat yang Anda wakili, sudah menangani langkah lain dari paket ini.",
    "shaped": "Anda ikut membentuk isi paket ini (daftar penerima, rekening, besaran, atau aturannya).",
}
"""Why an official may not take the next step of a batch."""
