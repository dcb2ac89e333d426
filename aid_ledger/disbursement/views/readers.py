"""The one blueprint of this room's pages, who reads them, how far they see, and the words that several pages share."""

from __future__ import annotations

from typing import Final

from flask import Blueprint
from sqlalchemy.orm import Session

from aid_ledger.book.rules import IDR
from aid_ledger.core.roles import Role
from aid_ledger.funding.views.readers import Choices, amount_words, document_choices
from aid_ledger.officials.powers import covers
from aid_ledger.programs import queries as programs
from aid_ledger.recipients.views.readers import my_areas
from aid_ledger.regions import queries as regions
from aid_ledger.web import desk, formats

__all__ = ["amount_words", "document_choices", "my_areas"]

bp = Blueprint("disbursement", __name__, url_prefix="/penyaluran")

READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.AUDITOR)
CHANNEL_WORDS: Final = {
    "bank": "Transfer bank",
    "cash": "Tunai, diserahkan petugas",
    "goods": "Barang, diserahkan petugas",
}


def period_words(period: str) -> str:
    """Write a period for people."""
    return formats.periode(period)


def total_words(total: int, commodity: str, unit: str) -> str:
    """Write a total in words where it is money; goods are counted."""
    return formats.terbilang(total) if commodity == IDR else formats.banyaknya(total, unit)


def channels_of(commodity: str) -> list[tuple[str, str]]:
    """Offer the channels that carry what a programme gives."""
    return [(code, CHANNEL_WORDS[code]) for code in (("bank", "cash") if commodity == IDR else ("goods",))]


def program_choices(session: Session) -> Choices:
    """Offer the programmes that are managed here and run today."""
    today = desk.today()
    return [
        (each.code, f"{each.name} ({each.code})")
        for each in programs.programs(session)
        if each.is_managed and each.starts_on <= today and (each.ends_on is None or today <= each.ends_on)
    ]


def region_choices(session: Session) -> list[tuple[str, Choices]]:
    """Offer the regions in which the official works: the whole agency, then each kecamatan with its villages."""
    areas = my_areas((Role.OPERATOR,))
    own = regions.region(session, regions.agency(session).code)

    def mine(code: str) -> bool:
        return any(covers(area, code) for area in areas)

    groups = [("Seluruh daerah", [(own.code, own.name)])] if mine(own.code) else []
    for district in regions.parts_of(session, own.code):
        villages = [(each.code, each.name) for each in regions.parts_of(session, district.code) if mine(each.code)]
        whole = [(district.code, f"Seluruh {district.name}")] if mine(district.code) else []
        if whole or villages:
            groups.append((district.name, [*whole, *villages]))
    return groups


def holds(*roles: Role) -> bool:
    """Tell whether the official behind this request holds one of these roles."""
    return not desk.official.roles.isdisjoint(roles)
