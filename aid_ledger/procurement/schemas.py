"""The forms of this room: shape only; what may be bought is in `rules.py`."""

from __future__ import annotations

from typing import Final

from aid_ledger.documents.schemas import PageFilter
from aid_ledger.procurement.rules import NUMBER_LIMIT, WORDS_LIMIT
from aid_ledger.web import fields

REFERENCE_LIMIT: Final = 40


class VendorForm(fields.Form):
    """A company that may sell to the agency."""

    name = fields.Text(WORDS_LIMIT)
    business_number = fields.Text(NUMBER_LIMIT)
    deed_on = fields.Day()


class PurchaseForm(fields.Form):
    """What is bought, from whom, and what pays it: `purse` is a source and a programme, as the form offers them."""

    vendor = fields.Text(REFERENCE_LIMIT)
    purse = fields.Text(2 * REFERENCE_LIMIT + 1)
    quantity = fields.Whole()
    price = fields.Money()
    contract = fields.Text(REFERENCE_LIMIT)


class ArrivalForm(fields.Form):
    """Goods that came."""

    quantity = fields.Whole()
    bast = fields.Text(REFERENCE_LIMIT)


class ListFilter(PageFilter):
    """Where the page before stopped."""
