"""What the log's pages may be asked for in an address: shape only."""

from __future__ import annotations

from marshmallow import ValidationError

from aid_ledger.core.errors import DomainError
from aid_ledger.core.references import check_reference
from aid_ledger.web import fields


class PageFilter(fields.Form):
    """Where a list goes on: below this position."""

    sebelum = fields.Whole(optional=True)


class Wanted(fields.Text):
    """A position in the log, or a reference, however it was typed; gives an int or the reference as written by us."""

    def read(self, text: str) -> object:
        """Read digits as a position, anything else as a reference."""
        digits = text.replace(".", "").replace(" ", "")
        if digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_POSITION:
            return int(digits)
        try:
            return str(check_reference(text))
        except DomainError as error:
            raise ValidationError(
                "Tulis nomor entri, contoh 48.210, atau rujukan, contoh BTC-2026-000123-K."
            ) from error


LONGEST_POSITION = 18


class Search(fields.Form):
    """What somebody looks for."""

    q = Wanted(64)
