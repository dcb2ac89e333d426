"""What is typed and chosen on the pages of receipts; shape only."""

from __future__ import annotations

from typing import Final

from aid_ledger.receipts.imposing import LAYOUTS
from aid_ledger.web.fields import Choice, Form, Secret, Text, Whole
from audit.pdf.impressions import ENGLISH, INDONESIAN

REASON_LIMIT: Final = 300
"""What the log's fact takes."""


class ListFilter(Form):
    """Where a list of batches goes on, below a batch's id; and the number that was searched for in vain."""

    sebelum = Whole(optional=True)
    nomor = Text(optional=True)


class BatchFilter(Form):
    """Where a list of receipts goes on: above a receipt's id."""

    sesudah = Whole(optional=True)


class SearchFilter(Form):
    """The number of a receipt or of a batch."""

    nomor = Text(40)


class PrintForm(Form):
    """Which village's receipts are printed, and how they stand on paper; no village where no place is named."""

    village = Text(13, optional=True)
    layout = Choice(tuple(LAYOUTS))


class LanguageFilter(Form):
    """In which language a receipt is printed; Indonesian where nothing is said."""

    bahasa = Choice((INDONESIAN, ENGLISH), optional=True)


class CancelForm(Form):
    """Why a receipt no longer stands."""

    reason = Text(REASON_LIMIT)


class ReplaceForm(Form):
    """What was wrong on a receipt; it stands on the same page as the reason to cancel."""

    replace_reason = Text(REASON_LIMIT)


class SealForm(Form):
    """What the certifier asks of an official, and the asking before whose outcome nobody knows."""

    who = Text(80, optional=True)
    secret = Secret()
    after = Text(40, optional=True)
