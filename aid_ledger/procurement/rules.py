"""What a purchase refuses. Pure."""

from __future__ import annotations

from aid_ledger.core.errors import DomainError, Kind


class VendorNotFound(DomainError):
    """No such vendor."""

    kind = Kind.NOT_FOUND
    code = "vendor.not_found"


class PurchaseNotFound(DomainError):
    """No such purchase."""

    kind = Kind.NOT_FOUND
    code = "purchase.not_found"


class PurchaseRefused(DomainError):
    """A purchase buys a positive quantity of a good for a positive price."""

    kind = Kind.INVALID
    code = "purchase.refused"


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


def check_purchase(*, commodity: str, quantity: int, price: int) -> None:
    """Refuse buying money, nothing, or for nothing; raises PurchaseRefused."""
    if commodity == "IDR" or quantity <= 0 or price <= 0:
        raise PurchaseRefused(commodity=commodity, quantity=quantity, price=price)


def check_arrival(*, ordered: int, received: int, arriving: int) -> None:
    """Refuse more goods than were ordered; raises DeliveredMoreThanOrdered or PurchaseRefused."""
    if arriving <= 0:
        raise PurchaseRefused(quantity=arriving)
    if received + arriving > ordered:
        raise DeliveredMoreThanOrdered(ordered=ordered, received=received, arriving=arriving)
