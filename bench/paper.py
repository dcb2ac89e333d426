"""A batch of households with their log, made up: what every side of the bench of receipts makes receipts of.

The people are drawn from a seed, so that each process makes the same ones for itself. Keys lie in a folder, so that all
sides sign with the same: an RSA key of 2048 bits, or one on P-256 for ours alone.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aid_ledger.receipts import certificates, fields
from aid_ledger.receipts.page import Issuer
from aid_ledger.receipts.signing import KeySigner
from aid_ledger.receipts.stamping import StampKey
from audit import merkle, note, proof
from audit.checkpoint import Checkpoint
from audit.entry import Actor, Entry, encode_entry
from audit.note import SigningKey
from audit.pdf.evidence import Evidence
from audit.pdf.fields import Approver, ReceiptFields, SourceShare

AGENCY: Final = "Pemerintah Kabupaten Bekasi"
BASE_URL: Final = "https://bansos.bekasikab.example"
ORIGIN: Final = "bansos.bekasikab.example/log"
KEYS: Final = ("rsa", "p256")
FOUNDED_AT: Final = dt.datetime(2021, 7, 1, 1, tzinfo=dt.UTC)
PAID_AT: Final = dt.datetime(2021, 8, 5, 7, 10, tzinfo=dt.UTC)
SIGNED_AT: Final = PAID_AT + dt.timedelta(minutes=1)
SEED: Final = 2026
PER_FOLDER: Final = 1_000
"""Files in one folder, when a batch is written."""
RSA_BITS: Final = 2_048
RSA_EXPONENT: Final = 65_537
GIVEN: Final = (
    "Asep",
    "Siti",
    "Ujang",
    "Neneng",
    "Dedi",
    "Endang",
    "Rahmat",
    "Kurnia",
    "Yayah",
    "Muhammad",
    "I Gusti Ayu",
)
FAMILY: Final = ("Suhendar", "Rahmawati", "Hermawan", "Kurniasih", "Zainuddin Abdurrahman", "Wulandari", "Nurjanah")
PLACES: Final = (
    "Sukamaju",
    "Sriamur",
    "Karang Satria",
    "Satria Jaya",
    "Jejalen Jaya",
    "Srimukti",
    "Setia Mekar Tambun Utara",
)
SMALL: Final = 2_000
"""Households of the log that short turns take their receipts from."""
AMOUNTS: Final = (200_000, 300_000, 600_000, 900_000)
APPROVERS: Final = (
    Approver(name="Siti Rahmawati", office="PPTK Dinas Sosial", step="Diajukan", at=PAID_AT),
    Approver(name="Dedi Kurniawan", office="PPK-SKPD Dinas Sosial", step="Diverifikasi", at=PAID_AT),
    Approver(name="Endang Sulastri", office="Pengguna Anggaran", step="Disetujui dengan OTP", at=PAID_AT),
)


def found(folder: Path) -> None:
    """Found an agency: a root, a signing certificate of each kind under it, and the log's key."""
    root = certificates.make_root(AGENCY, FOUNDED_AT)
    (folder / "root.pem").write_bytes(root.certificate.public_bytes(serialization.Encoding.PEM))
    made: dict[str, certificates.SigningPrivateKey] = {
        "rsa": rsa.generate_private_key(public_exponent=RSA_EXPONENT, key_size=RSA_BITS),
        "p256": ec.generate_private_key(ec.SECP256R1()),
    }
    for kind, key in made.items():
        _, certificate = certificates.make_signing_certificate(root, AGENCY, FOUNDED_AT, key=key)
        (folder / f"{kind}.key").write_bytes(certificates.to_pem(key))
        (folder / f"{kind}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "log.key").write_text(note.format_skey(SigningKey.generate(ORIGIN)))


def signer_of(folder: Path, kind: str) -> KeySigner:
    """Load a key with its certificate."""
    return KeySigner.load((folder / f"{kind}.key").read_bytes(), (folder / f"{kind}.pem").read_bytes())


def issuer_of(signer_folder: Path) -> Issuer:
    """Say where receipts are checked, and under which root."""
    root = (signer_folder / "root.pem").read_bytes()
    certificate = x509.load_pem_x509_certificate(root)
    stamps = StampKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    return Issuer(BASE_URL, certificate.fingerprint(hashes.SHA256()), stamps)


@dataclass(frozen=True)
class Batch:
    """So many households, each with an entry in a log that holds nothing else."""

    folder: Path
    households: int

    def evidence(self, number: int) -> Evidence:
        """Give what one household's receipt proves itself with."""
        said, salt = fields_of(number), _salt(number)
        path = tuple(_path(number, self._levels))
        return Evidence(said, salt, _entry(said, salt, number), proof.Proof(number, path, self._signed).encode())

    @cached_property
    def _levels(self) -> list[list[bytes]]:
        """Hash the whole tree, level by level; a hash without a sibling goes up as it is (RFC 9162 section 2.1.1)."""
        levels = [list(self._leaves())]
        while len(levels[-1]) > 1:
            below = levels[-1]
            pairs = [merkle.node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
            levels.append(pairs + below[len(pairs) * 2 :])
        return levels

    @cached_property
    def _signed(self) -> note.Note:
        stated = Checkpoint(ORIGIN, self.households, self._levels[-1][0])
        key = note.parse_skey((self.folder / "log.key").read_text())
        return note.parse(note.sign(stated.text(), key))

    def _leaves(self) -> Iterator[bytes]:
        for number in range(self.households):
            yield merkle.leaf_hash(_entry(fields_of(number), _salt(number), number))


def fields_of(number: int) -> ReceiptFields:
    """Draw a household and what it received."""
    draw = random.Random(SEED + number)  # noqa: S311 - invented people
    nik = f"32160{draw.randrange(10**11):011}"
    payee, masked = fields.masked_payee(f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}", nik)
    amount = draw.choice(AMOUNTS)
    return ReceiptFields(
        number=f"RCP-2021-{number:06}-K",
        code="".join(draw.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16)),
        kind=fields.MONEY,
        agency=AGENCY,
        zone="WIB",
        program="jps-2021",
        program_name="Bansos Jaring Pengaman Sosial",
        period="Agustus 2021",
        payee=payee,
        nik=masked,
        village=f"Desa {draw.choice(PLACES)}",
        district="Kecamatan Tambun Utara",
        amount=amount,
        commodity="IDR",
        unit="",
        contents="",
        in_words=fields.amount_in_words(amount),
        paid_on=dt.date(2021, 8, 5),
        channel="Transfer bank",
        decree="Keputusan Bupati Nomor 360/Kep.245-BPBD/2021",
        batch="BTC-2021-000041-7",
        line=f"{draw.getrandbits(80):020x}",
        sources=(SourceShare(name="APBD 2021, Belanja Tidak Terduga", amount=amount),),
        approvers=APPROVERS,
    )


def _salt(number: int) -> bytes:
    return random.Random(-SEED - number).randbytes(32)  # noqa: S311 - hides nobody


def _entry(said: ReceiptFields, salt: bytes, number: int) -> bytes:
    """Write the log's entry that issues a receipt."""
    return encode_entry(
        Entry(
            kind="ReceiptIssued",
            v=1,
            id=f"{number:032x}",
            act=f"{number // 250:032x}",
            ordinal=number % 250,
            actor=Actor(type="official", id="bendahara", office="dinsos", door="web"),
            recorded_at=PAID_AT.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            on="2021-08-05",
            body={
                "receipt": said.line,
                "digest": fields.log_digest(said, salt),
                "batch": said.batch,
                "program": said.program,
                "amount": str(said.amount),
                "commodity": said.commodity,
                "paid_on": "2021-08-05",
            },
            rows={},
        )
    )


def _path(number: int, levels: list[list[bytes]]) -> Iterator[bytes]:
    """Give the siblings on the way from a leaf to the root."""
    for level in levels[:-1]:
        if number ^ 1 < len(level):
            yield level[number ^ 1]
        number >>= 1
