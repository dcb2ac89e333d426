"""Synthetic recipients: seeded, NIK serial 0000 (never issued), with faults at the rates that audits published.

Nobody in these lists exists. Names are put together from common given names, numbers are random, and places follow the
published distribution of cases per kecamatan. The same seed gives the same list, byte for byte.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

COLUMNS: Final = (
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

DTKS_PEOPLE: Final = 97_000_000
"""People in DTKS as KPK counted them; the audit findings below are shares of it."""

FAULTS: Final = {
    "nik": 10_922_479 / DTKS_PEOPLE,
    "no_kk": 16_373_682 / DTKS_PEOPLE,
    "nama": 5_702 / DTKS_PEOPLE,
    "ganda": 1_060_000 / DTKS_PEOPLE,
}
"""Share of rows with an invalid NIK, an invalid KK, no name, a NIK listed twice (BPK and KPK on DTKS, 2020-2021)."""

EXCLUDED_ROWS: Final = 3
"""Rows of civil servants: 3,539 in West Java were found, but no denominator was published, so three show the rule."""

FIRST_BIRTH: Final = dt.date(1946, 1, 1)
BIRTH_DAYS: Final = 20_000
"""Birthdays from 1946 to 2000: adults of 21 and over on the programme's days."""

MALE: Final = (
    "Agus",
    "Budi",
    "Cecep",
    "Dadang",
    "Eko",
    "Fajar",
    "Gunawan",
    "Hendra",
    "Iwan",
    "Joko",
    "Karta",
    "Lukman",
)
FEMALE: Final = ("Ani", "Bunga", "Cucu", "Dewi", "Euis", "Fitri", "Gita", "Heni", "Imas", "Juju", "Kokom", "Lilis")
SECOND: Final = (
    "Anggraini",
    "Basuki",
    "Cahyono",
    "Darmawan",
    "Effendi",
    "Firmansyah",
    "Gumelar",
    "Hidayat",
    "Irawan",
    "Junaedi",
    "Kusuma",
    "Lestari",
    "Mulyana",
    "Nugraha",
    "Permana",
    "Rahayu",
    "Saputra",
    "Setiawan",
    "Wibowo",
    "Yuliani",
)
WORK: Final = ("Buruh harian lepas", "Pedagang", "Petani", "Pengemudi", "Mengurus rumah tangga", "Karyawan swasta")
BANKS: Final = ("002", "008", "009", "110", "200")
STREETS: Final = ("Kp. Melati", "Kp. Kenanga", "Perum Asri", "Kp. Rawa", "Gang Mawar", "Kp. Utan")


@dataclass(frozen=True, slots=True)
class Village:
    """A desa or kelurahan to place households in."""

    code: str
    name: str


def rows(villages: Sequence[Village], *, count: int, seed: int, with_faults: bool = True) -> Iterator[dict[str, str]]:
    """Make `count` rows of the import's columns, one household each."""
    chance = random.Random(seed)  # noqa: S311 - reproducible test people, no secret
    weights = _weights(villages)
    used: set[str] = set()
    made: list[dict[str, str]] = []
    for number in range(count):
        row = _row(chance, chance.choices(villages, weights)[0], number, used)
        if with_faults:
            _spoil(chance, row, number, made)
        if number < EXCLUDED_ROWS and with_faults:
            row["pekerjaan"] = "PNS"
        made = [row] if number % 100 == 0 else made
        yield row


def as_csv(people: Iterator[dict[str, str]]) -> bytes:
    """Write rows as the CSV file an operator would upload."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(people)
    return text.getvalue().encode()


def _row(chance: random.Random, village: Village, number: int, used: set[str]) -> dict[str, str]:
    is_female = chance.random() < 0.5  # noqa: PLR2004 - half
    district = village.code.replace(".", "")[:6]
    nik, born = _identity(chance, district, is_female=is_female, used=used)
    name = f"{chance.choice(FEMALE if is_female else MALE)} {chance.choice(SECOND)}"
    has_account = chance.random() < 0.8  # noqa: PLR2004 - four of five households hold an account
    return {
        "nik": nik,
        "no_kk": f"{district}010115{number % 10_000:04d}" if number < 10_000 else f"{district}{number:010d}",  # noqa: PLR2004
        "nama": name,
        "tanggal_lahir": born.isoformat(),
        "jenis_kelamin": "P" if is_female else "L",
        "alamat": f"{chance.choice(STREETS)} No. {chance.randint(1, 99)}",
        "rt": f"{chance.randint(1, 9):03d}",
        "rw": f"{chance.randint(1, 12):03d}",
        "kode_desa": village.code,
        "no_hp": f"08{chance.randint(11, 19)}{chance.randint(1_000_000, 9_999_999)}",
        "pekerjaan": chance.choice(WORK),
        "sumber_data": "DTKS" if chance.random() < 0.7 else "NON_DTKS",  # noqa: PLR2004 - the larger part is in DTKS
        "id_dtks": "",
        "bank": chance.choice(BANKS) if has_account else "",
        "no_rekening": f"{chance.randint(10**9, 10**10 - 1)}" if has_account else "",
        "nama_rekening": name.upper() if has_account else "",
    }


def _identity(chance: random.Random, district: str, *, is_female: bool, used: set[str]) -> tuple[str, dt.date]:
    """Draw a birthday whose NIK is not taken: with serial 0000 only district, day and sex tell people apart."""
    while True:
        born = FIRST_BIRTH + dt.timedelta(days=chance.randrange(BIRTH_DAYS))
        day = born.day + (40 if is_female else 0)
        nik = f"{district}{day:02d}{born:%m%y}0000"
        if nik not in used:
            used.add(nik)
            return nik, born


def _spoil(chance: random.Random, row: dict[str, str], number: int, earlier: list[dict[str, str]]) -> None:
    """Give a row the faults that audits found, each at its published rate."""
    if chance.random() < FAULTS["nik"]:
        row["nik"] = chance.choice([row["nik"][:15], row["nik"][:8] + "13" + row["nik"][10:], row["nik"][:15] + "O"])
    elif earlier and chance.random() < FAULTS["ganda"]:
        row["nik"], row["tanggal_lahir"] = earlier[0]["nik"], earlier[0]["tanggal_lahir"]
        row["jenis_kelamin"] = earlier[0]["jenis_kelamin"]
    if chance.random() < FAULTS["no_kk"]:
        row["no_kk"] = row["no_kk"][:14]
    if chance.random() < FAULTS["nama"] or number == 4_999:  # noqa: PLR2004 - the rate alone gives none in 5,000
        row["nama"] = ""


def _weights(villages: Sequence[Village]) -> list[int]:
    """Weigh villages by the published active cases of their kecamatan, at least one each."""
    figures = resources.files("aid_ledger.demo") / "figures" / "covid_kab_bekasi_kasus_aktif_per_kecamatan.csv"
    with figures.open(encoding="utf-8") as file:
        cases = {row["kode_kecamatan"]: int(row["aktif_2021-06-20"]) for row in csv.DictReader(file)}
    return [max(1, cases.get(village.code[:8], 1)) for village in villages]
