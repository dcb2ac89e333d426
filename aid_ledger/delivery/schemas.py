"""The forms of this room: shape only; what is allowed is in `rules.py`, `judging.py` and the services."""

from __future__ import annotations

from typing import Final

from marshmallow import fields as shapes

from aid_ledger.core.money import MAX_AMOUNT
from aid_ledger.delivery import rules
from aid_ledger.delivery.outcomes import FIELD_OUTCOMES
from aid_ledger.web import fields

REFERENCE_LIMIT: Final = 40
REASON_LIMIT: Final = 200


class NothingForm(fields.Form):
    """A button without fields."""


class AnswerForm(fields.Form):
    """A result file's own question: is it the answer to an inquiry?"""

    is_inquiry = fields.Tick()


class LinesFilter(fields.Form):
    """Which lines of a batch are shown, and from where on."""

    keadaan = fields.Choice(
        ["listed", "sent", "unknown", "on_hold", "delivered", "failed", "returned", "set_aside"], optional=True
    )
    sesudah = shapes.Integer(load_default=0, validate=lambda number: 0 <= number <= MAX_AMOUNT)


class PageFilter(fields.Form):
    """From where on a list is shown."""

    sesudah = shapes.Integer(load_default=0, validate=lambda number: 0 <= number <= MAX_AMOUNT)


class DueFilter(fields.Form):
    """Which due return a form is about."""

    batch = fields.Text(REFERENCE_LIMIT)
    source = fields.Text(REFERENCE_LIMIT)
    document = fields.Text(REFERENCE_LIMIT, optional=True)
    """Chosen on the form, which is shown again when it cannot be taken."""


class ReturnForm(fields.Form):
    """What goes back, and on which paper."""

    batch = fields.Text(REFERENCE_LIMIT)
    source = fields.Text(REFERENCE_LIMIT)
    document = fields.Text(REFERENCE_LIMIT)


class HandoverForm(fields.Form):
    """A handover before witnesses."""

    lines = shapes.List(shapes.Integer(), load_default=list)
    place = fields.Text(rules.TEXT_LIMIT)
    witness_one = fields.Text(rules.TEXT_LIMIT)
    office_one = fields.Text(rules.TEXT_LIMIT)
    witness_two = fields.Text(rules.TEXT_LIMIT)
    office_two = fields.Text(rules.TEXT_LIMIT)
    note = fields.Text(rules.NOTE_LIMIT, optional=True)


class NotHandedForm(fields.Form):
    """Why a household could not be given anything."""

    outcome = fields.Choice([outcome.name for outcome in FIELD_OUTCOMES])


class LookForm(fields.Form):
    """Why an officer wants to see names."""

    reason = fields.Text(REASON_LIMIT)
