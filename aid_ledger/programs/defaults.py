"""Programmes an agency of 2021 knows, as plain figures: a founding or a demonstration may load them by the services.

Nothing here is in force by itself: `load_defaults` defines what is missing, under a document that the agency names,
and every amount says where it was published. The names of JPS BERANI tell of an illness, so its codes and public
names do not (THREATS 14). BLT of an agency's own has no published amount here; its decree sets one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from aid_ledger.book import service as book
from aid_ledger.book.models import Commodity
from aid_ledger.book.rules import IDR
from aid_ledger.core.act import Act
from aid_ledger.programs import service
from aid_ledger.programs.models import Program

PACKAGE_A, PACKAGE_B = "PAKET_A", "PAKET_B"


@dataclass(frozen=True, slots=True)
class Good:
    """Something counted, under a neutral public name."""

    code: str
    unit: str
    name: str
    public_name: str


@dataclass(frozen=True, slots=True)
class Default:
    """A programme as it is commonly run; `rates` are (since, amount per household and payment)."""

    code: str
    name: str
    public_name: str
    aliases: str
    commodity: str
    sources: tuple[str, ...]
    starts_on: dt.date
    rates: tuple[tuple[dt.date, int], ...] = ()
    exclusions: tuple[str, ...] = ()
    needs_isolation: bool = False


GOODS: Final = (
    Good(IDR, "rupiah", "Rupiah", "Rupiah"),
    # Beras, sarden, minyak, mi, gula; some Rp270,000 each (megapolitan.okezone.com, 2021-07-23).
    Good(PACKAGE_A, "paket", "Paket isolasi mandiri (beras, sarden, minyak, mi, gula)", "Paket sembako A"),
    # Rp50,000, Rp75,000 or Rp100,000 each (wartakota.tribunnews.com, 2021-07-30; gobekasi.id, 2021-08-02).
    Good(PACKAGE_B, "paket", "Paket ASN Berbagi", "Paket sembako B"),
)

DEFAULTS: Final = (
    Default(
        code="BST",
        name="Bantuan Sosial Tunai (BST)",
        public_name="Bantuan Sosial Tunai",
        # A meeting of 5 August 2021 wrote "Bantuan Sosial Tunai (BLT)": which was meant is not known, so both are here.
        aliases="BST, Bantuan Sosial Tunai (BLT)",
        commodity=IDR,
        sources=("apbd", "btt"),
        starts_on=dt.date(2020, 4, 1),
        rates=(
            (dt.date(2020, 4, 1), 600_000),  # Kemensos, first phase of 2020, three months (poskota.net).
            (dt.date(2021, 1, 1), 300_000),  # Kemensos, 2021, a month (kompas.com, poskota.net).
        ),
    ),
    Default(
        code="BLT",
        name="Bantuan Langsung Tunai (BLT)",
        public_name="Bantuan Langsung Tunai",
        aliases="BLT, BLT daerah",
        commodity=IDR,
        sources=("apbd", "btt"),
        starts_on=dt.date(2021, 1, 1),
    ),
    Default(
        code="BLT_DESA",
        name="BLT Dana Desa",
        public_name="BLT Dana Desa",
        aliases="BLT Desa, BLT-DD",
        commodity=IDR,
        sources=("dana_desa",),
        starts_on=dt.date(2020, 4, 1),
        rates=(
            (dt.date(2020, 4, 1), 600_000),  # Permendes 6/2020, April to June 2020 (secondary pages).
            (dt.date(2021, 1, 1), 300_000),  # Twelve months of 2021; common knowledge, the text of PMK 222/2020 unread.
        ),
        exclusions=("PKH", "BPNT"),  # Permendes 6/2020: for those without PKH and BPNT (secondary pages).
    ),
    Default(
        code="JPS_A",
        name="JPS BERANI bagi warga isolasi mandiri",
        public_name="Bansos JPS",
        aliases="JPS BERANI isoman, paket isoman",
        commodity=PACKAGE_A,
        sources=("apbd", "btt"),
        starts_on=dt.date(2021, 7, 1),
        rates=((dt.date(2021, 7, 1), 1),),  # One package per isolation (megapolitan.okezone.com, 2021-07-23).
        needs_isolation=True,
    ),
    Default(
        code="JPS_B",
        name="JPS BERANI bagi warga terdampak Covid-19",
        public_name="Bansos JPS",
        aliases="JPS BERANI terdampak",
        commodity=PACKAGE_A,
        sources=("apbd", "btt"),
        starts_on=dt.date(2021, 7, 1),
        rates=((dt.date(2021, 7, 1), 1),),  # One package per household; house rule, no published figure was found.
        exclusions=("JPS_A",),
    ),
    Default(
        code="GOTONG_ROYONG",
        name="Bansos Gotong Royong dari ASN Peduli dan CSR Perusahaan",
        public_name="Bansos Gotong Royong",
        aliases="ASN Berbagi, ASN Peduli, CSR Perusahaan",
        commodity=PACKAGE_B,
        sources=("asn_peduli", "csr"),
        starts_on=dt.date(2021, 7, 29),
        rates=((dt.date(2021, 7, 29), 1),),  # One package a week (wartakota.tribunnews.com, 2021-07-30).
        # For people outside DTKS, BLT and the list of isolation packages (wartakota, gobekasi.id).
        exclusions=("DTKS", "BLT", "BLT_DESA", "JPS_A"),
    ),
)


def load_defaults(act: Act, *, document: str, only: Collection[str] = ()) -> list[Program]:
    """Define the programmes that are missing, with their goods, rates and exclusions; `only` limits them by code.

    `document` is the decree that puts them in force. Running it again adds nothing.

    Raises:
        DocumentNotFound: no such document.

    """
    wanted = [each for each in DEFAULTS if not only or each.code in only]
    there = set(act.session.scalars(select(Program.code)))
    _count(act, {IDR, *(each.commodity for each in wanted)})
    return [_define(act, each, document) for each in wanted if each.code not in there]


def _count(act: Act, commodities: set[str]) -> None:
    for good in GOODS:
        if good.code in commodities and act.session.get(Commodity, good.code) is None:
            book.define_commodity(act, code=good.code, unit=good.unit, name=good.name, public_name=good.public_name)


def _define(act: Act, chosen: Default, document: str) -> Program:
    program = service.define_program(
        act,
        code=chosen.code,
        name=chosen.name,
        public_name=chosen.public_name,
        aliases=chosen.aliases,
        pillar="pemulihan",
        unit="household",
        commodity=chosen.commodity,
        allowed_sources=chosen.sources,
        needs_isolation=chosen.needs_isolation,
        is_managed=True,
        starts_on=chosen.starts_on,
        legal_basis=document,
    )
    for since, amount in chosen.rates:
        service.set_rate(act, program=chosen.code, amount=amount, since=since, document=document)
    for other in chosen.exclusions:
        service.exclude(act, program=chosen.code, other=other)
    return program
