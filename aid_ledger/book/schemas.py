"""The forms and filters of the book: shape only."""

from __future__ import annotations

from aid_ledger.book import rules
from aid_ledger.web import fields


class CommodityForm(fields.Form):
    """A good to be counted."""

    code = fields.Text(40)
    unit = fields.Text(40)
    name = fields.Text(rules.WORDS_LIMIT)
    public_name = fields.Text(rules.WORDS_LIMIT)


class CommodityFilter(fields.Form):
    """What the book is asked to count; rupiah unless told."""

    barang = fields.Text(40, optional=True)
