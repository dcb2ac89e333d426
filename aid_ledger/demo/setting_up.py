"""The first half of the story: papers, sources, programmes, goods and recipients of Kabupaten Bekasi in 2021.

Figures are published ones: BTT of Rp50 billion, 6,300 isolation packages for Rp1.8 billion, 5,150 packages from civil
servants, BST of Rp300,000. Numbers of documents are made up, and say so.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

from aid_ledger.book import service as book
from aid_ledger.book.rules import IDR
from aid_ledger.demo.stage import Stage
from aid_ledger.documents import service as documents
from aid_ledger.funding import service as funding
from aid_ledger.procurement import service as procurement
from aid_ledger.programs import service as programs

BTT_BUDGET: Final = "Belanja Tidak Terduga (BTT)"
"""The budget line of the published figures."""

ISOLATION_PACKAGES: Final = 6_300
ISOLATION_PACKAGE_IDR: Final = 270_000
ISOLATION_BUDGET_IDR: Final = 1_800_000_000
ASN_PACKAGES: Final = 5_150
CSR_MONEY_IDR: Final = 750_000_000
CSR_RICE_KG: Final = 8_000
BST_IDR: Final = 300_000
BST_CEILING_IDR: Final = 2_000_000_000
TWO_APPROVERS_FROM_IDR: Final = 500_000_000

BTT, APBD, CSR, ASN = "BTT-2021", "APBD-2021", "CSR-2021", "ASN-PEDULI-2021"
BST, ISOLATION, GIFTS = "BST", "JPS_A", "GOTONG_ROYONG"
PACKAGE_A, PACKAGE_B, RICE = "PAKET_A", "PAKET_B", "BERAS_KG"
YEAR: Final = 2021
SINCE: Final = dt.date(2021, 1, 4)


@dataclass
class Papers:
    """Documents of the story by a short name, as references."""

    references: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Give a document's reference."""
        return self.references[name]


def file_papers(stage: Stage) -> Papers:
    """Register the documents that everything else rests on."""
    papers = Papers()
    for name, kind, number, title, issued in (
        ("darurat", "sk", "360/CONTOH-01/2020", "Penetapan Status Tanggap Darurat", dt.date(2020, 3, 20)),
        ("rkb", "rkb", "900/CONTOH-02/2021", "Rencana Kebutuhan Belanja JPS BERANI", dt.date(2021, 7, 1)),
        ("dpa", "dpa", "DPA/CONTOH-03/2021", "DPA Dinas Sosial Perubahan", SINCE),
        ("csr", "surat_penawaran", "CSR/CONTOH-04/2021", "Penawaran bantuan perusahaan", dt.date(2021, 7, 20)),
        ("csr_beras", "surat_penawaran", "CSR/CONTOH-05/2021", "Penawaran beras perusahaan", dt.date(2021, 7, 20)),
        ("asn", "surat_penawaran", "KORPRI/CONTOH-06/2021", "Gerakan ASN Berbagi", dt.date(2021, 7, 28)),
        ("sk_bst", "sk", "460/CONTOH-07/2021", "Penetapan Penerima BST", dt.date(2021, 7, 26)),
        ("sk_jps", "sk", "460/CONTOH-08/2021", "Penetapan Penerima Bansos JPS", dt.date(2021, 7, 26)),
        ("sk_gotong", "sk", "460/CONTOH-09/2021", "Penetapan Penerima Bansos Gotong Royong", dt.date(2021, 7, 28)),
        ("kontrak", "perjanjian", "027/CONTOH-10/2021", "Pembelian paket kepada Bulog", dt.date(2021, 7, 12)),
        ("bast", "bast", "BAST/CONTOH-11/2021", "Serah terima paket dari Bulog", dt.date(2021, 7, 22)),
    ):
        document = stage.do(
            "operator",
            documents.register_document,
            kind=kind,
            number=number,
            title=title,
            signer="Pj. Bupati Bekasi",
            issued_on=issued,
            valid_from=issued,
            amount=BTT_IDR if kind == "rkb" else None,
        )
        papers.references[name] = document.reference
    return papers


def open_sources(stage: Stage, papers: Papers) -> None:
    """Open the four sources and take in what each was given; donations are screened by a second official."""
    for code, kind, name in (
        (BTT, "btt", "Belanja Tidak Terduga 2021"),
        (APBD, "apbd", "APBD Dinas Sosial 2021"),
        (CSR, "csr", "CSR Perusahaan 2021"),
        (ASN, "asn_peduli", "ASN Peduli 2021"),
    ):
        stage.do(
            "operator",
            funding.open_source,
            code=code,
            kind=kind,
            name=name,
            year=YEAR,
            custodian_office="BENDAHARA",
            approver_office="KPA",
        )
    stage.do(
        "operator",
        funding.declare_emergency,
        level="tanggap_darurat",
        decree=papers["darurat"],
        since=dt.date(2020, 3, 20),
    )
    company = stage.do(
        "operator", funding.register_donor, kind="company", name="PT Contoh Kawasan Industri", show_name=True
    )
    servants = stage.do("operator", funding.register_donor, kind="asn", name="Korpri Kabupaten Bekasi", show_name=True)
    _receive(stage, BTT, None, IDR, BTT_IDR, papers["rkb"], need_plan=papers["rkb"])
    _receive(stage, APBD, None, IDR, ISOLATION_BUDGET_IDR, papers["dpa"])
    _receive(stage, CSR, company.reference, IDR, CSR_MONEY_IDR, papers["csr"])
    _receive(stage, CSR, company.reference, RICE, CSR_RICE_KG, papers["csr_beras"])
    _receive(stage, ASN, servants.reference, PACKAGE_B, ASN_PACKAGES, papers["asn"])


def define_goods(stage: Stage) -> None:
    """Define what is counted, under public names that tell of no illness."""
    for code, unit, name, public in (
        (IDR, "rupiah", "Rupiah", "Rupiah"),
        (PACKAGE_A, "paket", "Paket isolasi mandiri (beras, sarden, minyak, mi, gula)", "Paket sembako A"),
        (PACKAGE_B, "paket", "Paket ASN Berbagi", "Paket sembako B"),
        (RICE, "kg", "Beras", "Beras"),
    ):
        stage.do("operator", book.define_commodity, code=code, unit=unit, name=name, public_name=public)


def define_programs(stage: Stage, papers: Papers) -> None:
    """Define three programmes, what they pay, from what, up to where, and to whom not."""
    for code, name, public, commodity, sources, isolation in (
        (BST, "Bantuan Sosial Tunai (BST)", "Bantuan Sosial Tunai", IDR, ("apbd", "btt"), False),
        (ISOLATION, "JPS BERANI isolasi mandiri", "Bansos JPS", PACKAGE_A, ("apbd", "btt"), True),
        (GIFTS, "Bansos Gotong Royong ASN Berbagi", "Bansos Gotong Royong", PACKAGE_B, ("csr", "asn_peduli"), False),
    ):
        stage.do(
            "operator",
            programs.define_program,
            code=code,
            name=name,
            public_name=public,
            aliases="BLT, BST" if code == BST else "",
            pillar="pemulihan",
            unit="household",
            commodity=commodity,
            allowed_sources=sources,
            needs_isolation=isolation,
            is_managed=True,
            starts_on=SINCE,
            ends_on=None,
            legal_basis=papers["darurat"],
        )
    for program, amount in ((BST, BST_IDR), (ISOLATION, 1), (GIFTS, 1)):
        stage.do("operator", programs.set_rate, program=program, amount=amount, since=SINCE, document=papers["dpa"])
    stage.do("operator", programs.set_ceiling, program=BST, source=BTT, amount=BST_CEILING_IDR, document=papers["rkb"])
    for program, other in ((GIFTS, "DTKS"), (GIFTS, BST), (GIFTS, ISOLATION)):
        stage.do("operator", programs.exclude, program=program, other=other)
    limits = ((0, 1), (TWO_APPROVERS_FROM_IDR, 2))
    stage.do("sekda", programs.propose_policy, limits=limits, since=SINCE)


def allocate_and_buy(stage: Stage, papers: Papers) -> None:
    """Set value aside, buy the isolation packages, and take them into stock against a BAST."""
    for source, program, commodity, amount, paper in (
        (BTT, BST, IDR, BST_CEILING_IDR, "rkb"),
        (APBD, ISOLATION, IDR, ISOLATION_BUDGET_IDR, "dpa"),
        (ASN, GIFTS, PACKAGE_B, ASN_PACKAGES, "asn"),
    ):
        stage.do(
            "operator",
            programs.allocate,
            source=source,
            program=program,
            commodity=commodity,
            amount=amount,
            document=papers[paper],
        )
    vendor = stage.do(
        "operator",
        procurement.register_vendor,
        name="Perum Bulog (contoh)",
        deed_on=dt.date(2003, 1, 20),
        business_number="CONTOH-0001",
    )
    purchase = stage.do(
        "operator",
        procurement.purchase_goods,
        vendor=vendor.reference,
        source=APBD,
        program=ISOLATION,
        commodity=PACKAGE_A,
        quantity=ISOLATION_PACKAGES,
        price=ISOLATION_PACKAGES * ISOLATION_PACKAGE_IDR,
        contract=papers["kontrak"],
    )
    stage.do("posko", procurement.receive_goods, purchase.reference, quantity=ISOLATION_PACKAGES, bast=papers["bast"])


def _receive(  # noqa: PLR0913, PLR0917 - one contribution's particulars
    stage: Stage,
    source: str,
    donor: str | None,
    commodity: str,
    amount: int,
    document: str,
    need_plan: str | None = None,
) -> None:
    offered = stage.do(
        "operator",
        funding.offer_contribution,
        source=source,
        donor=donor,
        commodity=commodity,
        amount=amount,
        document=document,
    )
    if donor is not None:
        words = "Diberikan kepada lembaga, bukan kepada pejabat."
        stage.do("verifikator", funding.screen_contribution, offered.reference, accept=True, reason=words)
    stage.do("bendahara", funding.receive_contribution, offered.reference, received_on=stage.day, need_plan=need_plan)
    if donor is not None:
        stage.do("operator", funding.publish_contribution, offered.reference)


def _btt_budget() -> int:
    """Read the published BTT budget of Kabupaten Bekasi in 2021."""
    figures = resources.files("aid_ledger.demo") / "figures" / "anggaran_bansos_btt_riil.csv"
    with figures.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if (row["pemda"], row["pos"]) == ("Kabupaten Bekasi", BTT_BUDGET):
                return int(row["pagu_rp"])
    message = "the published figures name no BTT budget of Kabupaten Bekasi"
    raise RuntimeError(message)


BTT_IDR: Final = _btt_budget()
"""Rp50,000,000,000 (Ditjen Bina Keuda Kemendagri, 15 July 2021, via idntimes.com)."""
