"""The one blueprint of this room's pages, who reads them, and the words that several of them share."""

from __future__ import annotations

from typing import Final

from flask import Blueprint
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR
from aid_ledger.core.roles import Role
from aid_ledger.documents import queries as documents
from aid_ledger.documents.models import Document
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.funding import queries
from aid_ledger.funding.models import Donor
from aid_ledger.funding.rules import DonorKind
from aid_ledger.web import desk, formats

bp = Blueprint("funding", __name__, url_prefix="/sumber")

READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.AUDITOR)

LOOKS: Final = {
    "offered": ("waiting", "clock"),
    "accepted": ("moving", "check"),
    "refused": ("bad", "slash"),
    "received": ("good", "check-circle"),
    "published": ("good", "check-double"),
    "declared": ("quiet", "paper"),
}
"""How each state of a contribution looks: the look and the drawing beside its word."""

Choices = list[tuple[str, str]]


def donor_words(donor: Donor | None) -> str:
    """Name a donor for a page; an individual is masked, since a name is personal data (P6)."""
    if donor is None:
        return "-"
    name = queries.name_of(desk.kit().keys, donor)
    return formats.mask_name(name) if donor.kind == DonorKind.INDIVIDUAL.value else name


def donor_choices(session: Session) -> Choices:
    """Offer the donors."""
    return [
        (donor.reference, f"{donor_words(donor)} ({DonorKind(donor.kind).label})") for donor in queries.donors(session)
    ]


def document_choices(session: Session, *kinds: DocumentKind) -> Choices:
    """Offer the newest papers of some kinds (of all kinds if none is named)."""
    return [(row.reference, document_words(row)) for row in documents.newest_of(session, kinds or tuple(DocumentKind))]


def document_words(document: Document) -> str:
    """Name a paper in a form."""
    return f"{document.number}, {document.title} ({formats.tanggal_ringkas(document.issued_on)})"


def commodity_choices(session: Session, *, money_only: bool) -> Choices:
    """Offer what is counted; a budget source counts rupiah only."""
    return [
        (row.code, f"{row.name} ({row.unit})") for row in book.commodities(session) if not money_only or row.code == IDR
    ]


def amount_words(amount: int, commodity: str, unit: str) -> str:
    """Write an amount of money or of goods."""
    return formats.rupiah(amount) if commodity == IDR else formats.banyaknya(amount, unit)
