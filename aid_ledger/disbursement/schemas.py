"""The forms of this room: shape only; what may be paid is in `rules.py`."""

from __future__ import annotations

from typing import Final

from aid_ledger.disbursement.rules import BY_HAND, CHANNELS, REASON_MAX, TRANSITIONS
from aid_ledger.web import fields

REFERENCE_LIMIT: Final = 40
REGION_LIMIT: Final = 13
PERIOD_LIMIT: Final = 7
LINE_STATES: Final = (
    *("listed", "set_aside", "sent", "unknown", "delivered", "failed", "on_hold", "returned"),
    *("rejected", "cancelled"),
)


class ListFilter(fields.Form):
    """Which state, and where the page before stopped."""

    keadaan = fields.Choice(TRANSITIONS, optional=True)
    sebelum = fields.Whole(optional=True)


class RunsFilter(fields.Form):
    """Where the page before stopped."""

    sebelum = fields.Whole(optional=True)


class LinesFilter(fields.Form):
    """Which lines of a batch, and where the page before stopped."""

    keadaan = fields.Choice(LINE_STATES, optional=True)
    sesudah = fields.Whole(optional=True)


class RunForm(fields.Form):
    """For whom entitlements are worked out."""

    program = fields.Text(REFERENCE_LIMIT)
    period = fields.Text(PERIOD_LIMIT)
    region = fields.Text(REGION_LIMIT)


class DecreeForm(fields.Form):
    """The decree that makes a run due."""

    decree = fields.Text(REFERENCE_LIMIT)


class DraftForm(fields.Form):
    """How a batch is paid; the rest is the run's."""

    channel = fields.Choice(CHANNELS)


class SetAsideForm(fields.Form):
    """Why a line stands aside."""

    reason = fields.Choice(BY_HAND)


class SubmitForm(fields.Form):
    """What the page showed when the button was pressed."""

    lines = fields.Whole()
    total = fields.Whole()


class ReasonForm(fields.Form):
    """Why a batch is withdrawn."""

    reason = fields.Text(REASON_MAX)
