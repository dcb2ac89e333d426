"""The form of this room: shape only; how narrow a way must be is in `rules.py`."""

from __future__ import annotations

from aid_ledger.leaving.rules import REASON_LIMIT
from aid_ledger.web import fields


class WayForm(fields.Form):
    """A way on without witnesses."""

    reason = fields.Text(REASON_LIMIT)
    cap = fields.Money()
    lines = fields.Whole()
    hours = fields.Whole()


class NothingForm(fields.Form):
    """A button without a question."""
