"""The forms of this room: shape only; what may come in is in `rules.py`."""

from __future__ import annotations

from typing import Final

from aid_ledger.funding.rules import (
    NAME_LIMIT,
    REASON_LIMIT,
    Addressee,
    DonorKind,
    EmergencyLevel,
    SourceKind,
)
from aid_ledger.web import fields

REFERENCE_LIMIT: Final = 40
OFFICE_LIMIT: Final = 80
ACCEPT: Final = "accept"
REFUSE: Final = "refuse"


class SourceForm(fields.Form):
    """A new source."""

    code = fields.Text(REFERENCE_LIMIT)
    kind = fields.Choice([kind.value for kind in SourceKind])
    name = fields.Text(NAME_LIMIT)
    year = fields.Whole()
    custodian_office = fields.Text(OFFICE_LIMIT)
    approver_office = fields.Text(OFFICE_LIMIT, optional=True)


class DonorForm(fields.Form):
    """A giver."""

    kind = fields.Choice([kind.value for kind in DonorKind])
    name = fields.Text(NAME_LIMIT)
    show_name = fields.Tick()


class OfferForm(fields.Form):
    """What is offered."""

    donor = fields.Text(REFERENCE_LIMIT, optional=True)
    commodity = fields.Text(REFERENCE_LIMIT)
    amount = fields.Whole()
    document = fields.Text(REFERENCE_LIMIT)


class HistoryForm(fields.Form):
    """What lay there before."""

    commodity = fields.Text(REFERENCE_LIMIT)
    amount = fields.Whole()
    document = fields.Text(REFERENCE_LIMIT)


class ScreeningForm(fields.Form):
    """The outcome of a screening."""

    addressee = fields.Choice([each.value for each in Addressee])
    decision = fields.Choice([ACCEPT, REFUSE])
    reason = fields.Text(REASON_LIMIT)


class ReceiptForm(fields.Form):
    """When it came, and for BTT under which need plan."""

    received_on = fields.Day()
    need_plan = fields.Text(REFERENCE_LIMIT, optional=True)


class EmergencyForm(fields.Form):
    """An emergency status."""

    level = fields.Choice([level.value for level in EmergencyLevel])
    decree = fields.Text(REFERENCE_LIMIT)
    since = fields.Day()
    until = fields.Day(optional=True)
