"""Sources with value in them, made through the services by the officials who do it: offered, screened, received."""

from __future__ import annotations

import itertools

from aid_ledger.book import service as book
from aid_ledger.book.models import Commodity
from aid_ledger.book.rules import IDR
from aid_ledger.core import clock
from aid_ledger.core.act import Act
from aid_ledger.funding import queries, service
from aid_ledger.funding.rules import SourceKind
from tests.benches import Bench
from tests.builders.documents import PDF, paper
from tests.builders.officials import Founded

CUSTODIAN = "BENDAHARA"
"""The office of `treasurer`, who alone receives into the sources made here."""

OFFERER, SCREENER, RECEIVER = "operator", "verifier", "treasurer"

_numbers = itertools.count(1)


def received(
    bench: Bench, founded: Founded, source_kind: str = "btt", amount: int = 1_000_000_000, commodity: str = IDR
) -> str:
    """Open a source with so much received into it today, and give its code."""
    code = opened(founded, source_kind)
    reference = offered(founded, code, amount=amount, commodity=commodity)
    if SourceKind(source_kind).is_donated:
        with founded.act(SCREENER) as act:
            service.screen_contribution(act, reference, accept=True, reason="Ditujukan kepada pemerintah daerah.")
    plan = need_plan(founded, amount) if source_kind == SourceKind.UNEXPECTED.value else None
    with founded.act(RECEIVER) as act:
        service.receive_contribution(act, reference, received_on=act.on, need_plan=plan)
    return code


def opened(founded: Founded, source_kind: str) -> str:
    """Open a source without anything in it, and rupiah as what it counts; give its code."""
    code = f"{source_kind.upper()}-{clock.today().year}-{next(_numbers)}"
    with founded.act(OFFERER) as act:
        counted(act, IDR)
        service.open_source(
            act,
            code=code,
            kind=source_kind,
            name=f"Sumber uji {code}",
            year=act.on.year,
            custodian_office=CUSTODIAN,
            approver_office="KPA",
        )
    return code


def offered(founded: Founded, source: str, *, amount: int, commodity: str = IDR) -> str:
    """Register an offer into a source, with a donor where it needs one; give the contribution's reference."""
    with founded.act(OFFERER) as act:
        counted(act, commodity)
        is_gift = SourceKind(queries.source(act.session, source).kind).is_donated
        donor = (
            service.register_donor(act, kind="company", name="PT Contoh Makmur", show_name=True) if is_gift else None
        )
        made = service.offer_contribution(
            act,
            source=source,
            donor=donor.reference if donor else None,
            commodity=commodity,
            amount=amount,
            document=paper(act, "surat_penawaran" if is_gift else "sp2d", content=PDF).reference,
        )
        return made.reference


def need_plan(founded: Founded, amount: int) -> str:
    """Declare an emergency of this year by decree and register a need plan (RKB); give the plan's reference."""
    with founded.act(OFFERER) as act:
        decree = paper(act, "sk")
        service.declare_emergency(act, level="tanggap_darurat", decree=decree.reference, since=decree.valid_from)
        return paper(act, "rkb", amount=amount).reference


def counted(act: Act, commodity: str) -> None:
    """Define a commodity unless it is."""
    if act.session.get(Commodity, commodity) is None:
        is_rupiah = commodity == IDR
        unit = "rupiah" if is_rupiah else "paket"
        name = "Rupiah" if is_rupiah else f"Barang uji {commodity}"
        book.define_commodity(act, code=commodity, unit=unit, name=name, public_name=name)
