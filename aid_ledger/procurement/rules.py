"""What a purchase refuses. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Final

from aid_ledger.book.rules import IDR
from aid_ledger.core.act import on_constraint
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.money import MAX_AMOUNT

CONTRACT: Final = "perjanjian"
"""The kind of document that a purchase rests on."""

HANDOVER_RECORD: Final = "bast"
"""The kind of document that goods are taken in against."""

WORDS_LIMIT: Final = 300
NUMBER_LIMIT: Final = 60


class VendorNotFound(DomainError):
    """No such vendor."""

    kind = Kind.NOT_FOUND
    code = "vendor.not_found"


class VendorRefused(DomainError):
    """A vendor has a name, a business number, and a deed of a day that has been."""

    kind = Kind.INVALID
    code = "vendor.refused"


class VendorTaken(DomainError):
    """A vendor with this business number is registered: one company, one name."""

    kind = Kind.CONFLICT
    code = "vendor.taken"


class PurchaseNotFound(DomainError):
    """No such purchase."""

    kind = Kind.NOT_FOUND
    code = "purchase.not_found"


class PurchaseRefused(DomainError):
    """A purchase buys a positive quantity of a good for a positive price."""

    kind = Kind.INVALID
    code = "purchase.refused"


class ContractNeeded(DomainError):
    """Money goes to a vendor under a contract and nothing else."""

    kind = Kind.INVALID
    code = "purchase.contract_needed"


class DeliveredMoreThanOrdered(DomainError):
    """More goods would be taken in than the contract ordered (red flag 60 the other way round)."""

    kind = Kind.CONFLICT
    code = "purchase.more_than_ordered"


class ReceiverIsBuyer(DomainError):
    """Whoever bought the goods cannot also sign for their arrival."""

    kind = Kind.NOT_ALLOWED
    code = "purchase.receiver_is_buyer"


class HandoverRecordNeeded(DomainError):
    """Goods are taken in against a BAST and nothing else."""

    kind = Kind.INVALID
    code = "purchase.bast_needed"


class HandoverRecordUsed(DomainError):
    """Goods of this purchase were taken in against this BAST before."""

    kind = Kind.CONFLICT
    code = "purchase.bast_used"


on_constraint("uq_vendors_business_number", VendorTaken)
on_constraint("uq_goods_receipts_purchase_id_document_id", HandoverRecordUsed)


def check_vendor(*, name: str, business_number: str, deed_on: dt.date, today: dt.date) -> None:
    """Refuse a vendor without a name or number, or founded tomorrow; raises VendorRefused."""
    for field, is_good in (
        ("name", 0 < len(name.strip()) <= WORDS_LIMIT),
        ("business_number", 0 < len(business_number.strip()) <= NUMBER_LIMIT),
        ("deed_on", deed_on <= today),
    ):
        if not is_good:
            raise VendorRefused(field=field)


def check_purchase(*, commodity: str, quantity: int, price: int) -> None:
    """Refuse buying money, nothing, or for nothing; a float is a TypeError.

    Raises:
        PurchaseRefused: one of them.

    """
    for number in (quantity, price):
        _check_whole(number)
    if commodity == IDR or not 0 < quantity <= MAX_AMOUNT or not 0 < price <= MAX_AMOUNT:
        raise PurchaseRefused(commodity=commodity, quantity=int(quantity), price=int(price))


def check_arrival(*, ordered: int, received: int, arriving: int) -> None:
    """Refuse more goods than were ordered; a float is a TypeError.

    Raises:
        PurchaseRefused: nothing arrives.
        DeliveredMoreThanOrdered: with what came before, more than the contract ordered.

    """
    _check_whole(arriving)
    if arriving <= 0:
        raise PurchaseRefused(quantity=int(arriving))
    if received + arriving > ordered:
        raise DeliveredMoreThanOrdered(ordered=ordered, received=received, arriving=arriving)


def _check_whole(number: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"goods and money are whole numbers, not {type(number).__name__}")
