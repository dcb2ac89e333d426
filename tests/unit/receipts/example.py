"""Example receipts, made by the code that makes real ones; `python -m tests.unit.receipts.example` writes the vectors.

The people are invented. The log's key and the witnesses are those of the small logs in tests/audit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization

from aid_ledger.receipts import certificates, fields, page, rendering, signing
from aid_ledger.receipts import returns as return_page
from aid_ledger.receipts.press.printing import PressRoom
from audit import merkle, note, proof
from audit.entry import Actor, Entry, encode_entry
from audit.pdf import returns
from audit.pdf.evidence import Evidence
from audit.pdf.fields import Approver, Handover, HandoverWitness, ReceiptFields, SourceShare
from audit.pdf.impressions import FIRST, Impression
from audit.pdf.returns import ReturnEvidence, ReturnFields
from tests.audit.small_log import WITNESSES, make_checkpoint, make_entries

VECTORS = Path(__file__).parents[2] / "vectors" / "receipts"
AGENCY = "Pemerintah Kabupaten Bekasi"
BASE_URL = "https://bansos.bekasikab.example"
FOUNDED_AT = dt.datetime(2021, 7, 1, 1, 0, tzinfo=dt.UTC)
APPROVED_AT = dt.datetime(2021, 8, 5, 7, 5, tzinfo=dt.UTC)
RECORDED_AT = dt.datetime(2021, 8, 5, 7, 10, 0, 123456, tzinfo=dt.UTC)
SIGNED_AT = dt.datetime(2021, 8, 5, 7, 11, tzinfo=dt.UTC)
ENTRIES = 300
INDEX = 211
SALT = bytes(range(32))


@dataclass(frozen=True)
class Office:
    """An agency's root, its signer, and its two ways to a page: laid out by itself, or pressed."""

    root: certificates.Root
    signer: signing.KeySigner
    issuer: page.Issuer
    printer: rendering.ReceiptPrinter
    room: PressRoom

    @property
    def root_pem(self) -> bytes:
        """Return the root certificate as it is handed to inspectors."""
        return self.root.certificate.public_bytes(serialization.Encoding.PEM)


@cache
def office() -> Office:
    """Found an agency; once per process, for a root key takes a second to find."""
    root = certificates.make_root(AGENCY, FOUNDED_AT)
    key, certificate = certificates.make_signing_certificate(root, AGENCY, FOUNDED_AT)
    issuer = page.Issuer(BASE_URL, root.certificate.fingerprint(hashes.SHA256()))
    signer = signing.KeySigner(certificate, key)
    return Office(root, signer, issuer, rendering.ReceiptPrinter(issuer), PressRoom(issuer))


def money(**changes: object) -> ReceiptFields:
    """Say that somebody received Rp300.000 by bank transfer."""
    payee, nik = fields.masked_payee("Asep Suhendar", "3216010101800000")
    amount = 300_000
    receipt = ReceiptFields(
        number="TTB-2021-000123-K",
        code="JBSWY3DPEHPK3PXP",
        kind=fields.MONEY,
        agency=AGENCY,
        zone="WIB",
        program="jps-2021",
        program_name="Bansos Jaring Pengaman Sosial",
        period="Agustus 2021",
        payee=payee,
        nik=nik,
        village="Desa Sukamaju",
        district="Kecamatan Tambun Utara",
        amount=amount,
        commodity="IDR",
        unit="",
        contents="",
        in_words=fields.amount_in_words(amount),
        paid_on=dt.date(2021, 8, 5),
        channel="Transfer bank, rekening ••••••4321",
        decree="Keputusan Bupati Nomor 360/Kep.245-BPBD/2021",
        batch="BTC-2021-000041-7",
        line="k3v9q2m7x1",
        sources=(
            SourceShare(name="APBD 2021, Belanja Tidak Terduga", amount=200_000),
            SourceShare(name="ASN Peduli", amount=100_000),
        ),
        approvers=(
            Approver(name="Siti Rahmawati", office="PPTK Dinas Sosial", step="Diajukan", at=APPROVED_AT),
            Approver(name="Dedi Kurniawan", office="PPK-SKPD Dinas Sosial", step="Diverifikasi", at=APPROVED_AT),
            Approver(name="Endang Sulastri", office="Pengguna Anggaran", step="Disetujui", at=APPROVED_AT),
        ),
    )
    return replace(receipt, **changes)  # type: ignore[arg-type]  # each test names fields of its own


def goods(**changes: object) -> ReceiptFields:
    """Say that somebody received two packets at the door, before witnesses."""
    receipt = money(
        number="TTB-2021-000124-M",
        code="KRSXG5CTMVRXEZLU",
        kind=fields.GOODS,
        amount=2,
        commodity="paket-sembako",
        unit="paket",
        contents="beras 10 kg, minyak goreng 2 liter, telur 1 kg",
        in_words=fields.amount_in_words(2, "paket"),
        channel="Barang diserahkan",
        sources=(SourceShare(name="Sumbangan perusahaan", amount=2),),
        handovers=(handover(),),
    )
    return replace(receipt, **changes)  # type: ignore[arg-type]  # each test names fields of its own


def handover(**changes: object) -> Handover:
    """Say who gave, where, when, and who saw it."""
    record = Handover(
        number="HND-2021-000019-X",
        giver="Asep Saepudin",
        giver_office="Petugas Posko Desa Sukamaju",
        place="Balai RW 007",
        at=dt.datetime(2021, 8, 5, 3, 20, tzinfo=dt.UTC),
        witnesses=(
            HandoverWitness(name="Ujang Hermawan", office="Ketua RT 003"),
            HandoverWitness(name="Neneng Kurniasih", office="Bhabinkamtibmas"),
        ),
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # each test names fields of its own


def entry_of(receipt: ReceiptFields, salt: bytes = SALT, **changes: str) -> bytes:
    """Write the log's entry that issues a receipt."""
    assert receipt.paid_on is not None
    body: dict[str, str] = {
        "receipt": receipt.line,
        "digest": fields.log_digest(receipt, salt),
        "batch": receipt.batch,
        "program": receipt.program,
        "amount": str(receipt.amount),
        "commodity": receipt.commodity,
        "paid_on": receipt.paid_on.isoformat(),
    }
    return written_entry("ReceiptIssued", {**body, **changes})


def written_entry(kind: str, body: Mapping[str, Any]) -> bytes:
    """Write an entry as the treasurer's deed makes it."""
    return encode_entry(
        Entry(
            kind=kind,
            v=1,
            id="5eed" * 8,
            act="ac7e" * 8,
            ordinal=0,
            actor=Actor(type="official", id="bendahara", office="dinsos", door="web"),
            recorded_at=RECORDED_AT.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            on="2021-08-05",
            body=body,
            rows={},
        )
    )


def setoran(**changes: object) -> ReturnFields:
    """Say that Rp600.000 of two failed lines went back to the treasury."""
    said = ReturnFields(
        number="STS-2021-000007-V",
        agency=AGENCY,
        zone="WIB",
        source="BTT-2021",
        source_name="APBD 2021, Belanja Tidak Terduga",
        program="jps-2021",
        program_name="Bansos Jaring Pengaman Sosial",
        amount=600_000,
        commodity="IDR",
        unit="",
        in_words=fields.amount_in_words(600_000),
        batch="BTC-2021-000041-7",
        lines=2,
        document="DOC-2021-000077-Q",
        document_number="900/STS-114/BPKD/2021",
        document_day=dt.date(2021, 8, 4),
        document_signer="Kuasa BUD, Bank BJB Cabang Cikarang",
        registered_by="Rina Operator",
        returned_by="Hendra Bendahara",
        office="Bendahara Pengeluaran Dinas Sosial",
        at=dt.datetime(2021, 8, 5, 7, 10, tzinfo=dt.UTC),
    )
    return replace(said, **changes)  # type: ignore[arg-type]  # each test names fields of its own


def return_entry_of(said: ReturnFields, **changes: object) -> bytes:
    """Write the log's entry that gives this back."""
    shown = ("source", "program", "commodity", "batch", "lines", "document")
    body = {
        "sts": said.number,
        "amount": str(said.amount),
        "statement": returns.statement(said),
        "moves": [],
        **{name: getattr(said, name) for name in shown},
    }
    return written_entry("FundsReturned", {**body, **changes})


def return_evidence_of(said: ReturnFields) -> ReturnEvidence:
    """Put a return's entry into a small log, and prove that it is there."""
    entry = return_entry_of(said)
    return ReturnEvidence(said, entry, proof_of(entry))


def signed_return(said: ReturnFields) -> bytes:
    """Make the paper of a return, laid out by itself."""
    evidence = return_evidence_of(said)
    these = return_page.particulars_of(evidence, office().issuer, signed_at=SIGNED_AT)
    page_laid_out = office().printer.lay_out(return_page.page_of(evidence, office().issuer), these)
    return signing.sign(page_laid_out, office().signer)


def pressed_return(said: ReturnFields) -> bytes:
    """Make the paper of a return as the product does."""
    seal = signing.Seal(office().signer)
    return office().room.print_return(return_evidence_of(said), signed_at=SIGNED_AT, seal=seal)


def evidence_of(receipt: ReceiptFields, salt: bytes = SALT) -> Evidence:
    """Put a receipt's entry into a small log, and prove that it is there."""
    entry = entry_of(receipt, salt)
    return Evidence(receipt, salt, entry, proof_of(entry))


def proof_of(entry: bytes) -> bytes:
    """Put an entry into a small log, and prove that it is there."""
    leaves = [merkle.leaf_hash(raw) for raw in make_entries(ENTRIES)]
    leaves[INDEX] = merkle.leaf_hash(entry)
    time_s = int(SIGNED_AT.timestamp())
    signed = note.parse(make_checkpoint(ENTRIES, merkle.root(leaves), *WITNESSES[:3], time_s=time_s))
    path = tuple(merkle.inclusion_proof(INDEX, leaves))
    return proof.Proof(INDEX, path, signed).encode()


def laid_out(receipt: ReceiptFields, impression: Impression = FIRST) -> bytes:
    """Lay a receipt out, unsigned."""
    return office().printer.render(evidence_of(receipt), impression, signed_at=SIGNED_AT)


def signed(receipt: ReceiptFields, impression: Impression = FIRST) -> bytes:
    """Make a receipt whole, laid out by itself."""
    return signing.sign(laid_out(receipt, impression), office().signer)


def pressed(receipt: ReceiptFields, impression: Impression = FIRST) -> bytes:
    """Make a receipt as the product does."""
    seal = signing.Seal(office().signer)
    return office().room.print(evidence_of(receipt), impression, signed_at=SIGNED_AT, seal=seal)


WAYS = {"laid out": signed, "pressed": pressed}
"""Both ways to a receipt, by name: what is asked of one is asked of the other."""


RETURN_WAYS = {"laid out": signed_return, "pressed": pressed_return}


def write_vectors() -> None:
    """Write the vectors anew; done only when the profile itself changes, before release 1.0."""
    VECTORS.mkdir(exist_ok=True)
    (VECTORS / "root.pem").write_bytes(office().root_pem)
    (VECTORS / "uang.pdf").write_bytes(signed(money()))
    (VECTORS / "barang.pdf").write_bytes(signed(goods()))
    (VECTORS / "setoran.pdf").write_bytes(pressed_return(setoran()))


if __name__ == "__main__":
    write_vectors()
