"""The forms and filters of papers: shape only; what a paper may say is in `rules.py`."""

from __future__ import annotations

from typing import Final

from marshmallow import ValidationError

from aid_ledger.documents.rules import TEXT_LIMIT, DocumentKind
from aid_ledger.web import fields

LAST_ROW: Final = 2**53 - 1
"""The largest row number a page can name; far below what a BIGINT holds."""

KINDS: Final = tuple(kind.value for kind in DocumentKind)


class Row(fields.Whole):
    """The number of a row, as a page's address carries it."""

    def read(self, text: str) -> object:
        """Refuse a number no row can have."""
        number = super().read(text)
        if not isinstance(number, int) or number > LAST_ROW:
            raise ValidationError("Halaman ini tidak ada.")
        return number


class PageFilter(fields.Form):
    """Where the page before stopped."""

    sebelum = Row(optional=True)


class ListFilter(PageFilter):
    """Which kind of paper, and where the page before stopped."""

    jenis = fields.Choice(KINDS, optional=True)


class DocumentForm(fields.Form):
    """A paper's particulars; its scan comes beside."""

    kind = fields.Choice(KINDS)
    number = fields.Text(TEXT_LIMIT)
    title = fields.Text(TEXT_LIMIT)
    signer = fields.Text(TEXT_LIMIT)
    issued_on = fields.Day()
    valid_from = fields.Day(optional=True)
    valid_until = fields.Day(optional=True)
    amount = fields.Money(optional=True)
