"""The forms of this room: shape only; what a programme may be is in `rules.py`."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import ValidationError, post_load
from marshmallow import fields as shapes

from aid_ledger.programs.rules import APPROVERS_LIMIT, PILLARS, SOURCE_KINDS, WORDS_LIMIT
from aid_ledger.web import fields

REFERENCE_LIMIT: Final = 40
STEPS: Final = 4
"""Steps of a policy that the form offers; each rises above the one before."""


class ProgramForm(fields.Form):
    """A programme."""

    code = fields.Text(REFERENCE_LIMIT)
    name = fields.Text(WORDS_LIMIT)
    public_name = fields.Text(WORDS_LIMIT)
    aliases = fields.Text(WORDS_LIMIT, optional=True)
    pillar = fields.Choice(PILLARS)
    commodity = fields.Text(REFERENCE_LIMIT)
    allowed_sources = shapes.List(fields.Choice(SOURCE_KINDS), load_default=tuple)
    needs_isolation = fields.Tick()
    is_managed = fields.Tick()
    starts_on = fields.Day()
    ends_on = fields.Day(optional=True)
    legal_basis = fields.Text(REFERENCE_LIMIT, optional=True)

    @post_load
    def complete(self, values: dict[str, Any], **_: object) -> dict[str, Any]:
        """Give the service what the form does not ask: one payment per household, and no alias as an empty text."""
        sources = tuple(values["allowed_sources"])
        if not sources:
            raise ValidationError("Pilih sedikitnya satu jenis sumber dana.", "allowed_sources")
        return values | {"allowed_sources": sources, "aliases": values["aliases"] or "", "unit": "household"}


class RateForm(fields.Form):
    """What one payment is, from a day on."""

    amount = fields.Whole()
    since = fields.Day()
    document = fields.Text(REFERENCE_LIMIT)


class CeilingForm(fields.Form):
    """The most that may be committed from a source."""

    source = fields.Text(REFERENCE_LIMIT)
    amount = fields.Whole()
    document = fields.Text(REFERENCE_LIMIT)


class ExclusionForm(fields.Form):
    """Another programme, ours or not."""

    other = fields.Text(REFERENCE_LIMIT)


class AllocationForm(fields.Form):
    """Value of a source set aside."""

    source = fields.Text(REFERENCE_LIMIT)
    commodity = fields.Text(REFERENCE_LIMIT)
    amount = fields.Whole()
    document = fields.Text(REFERENCE_LIMIT)


class PolicyForm(fields.Form):
    """How many approve, in steps: the first from nothing, the others from an amount."""

    program = fields.Text(REFERENCE_LIMIT, optional=True)
    since = fields.Day(optional=True)
    approvers_1 = fields.Whole()
    from_2 = fields.Money(optional=True)
    approvers_2 = fields.Whole(optional=True)
    from_3 = fields.Money(optional=True)
    approvers_3 = fields.Whole(optional=True)
    from_4 = fields.Money(optional=True)
    approvers_4 = fields.Whole(optional=True)

    @post_load
    def gather(self, values: dict[str, Any], **_: object) -> dict[str, Any]:
        """Make the pairs that the service takes; half a pair is an error beside its missing half."""
        limits = [(0, int(values["approvers_1"]))]
        for step in range(2, STEPS + 1):
            total, approvers = values[f"from_{step}"], values[f"approvers_{step}"]
            if (total is None) != (approvers is None):
                raise ValidationError("Isi keduanya, atau kosongkan keduanya.", f"from_{step}")
            if total is not None:
                limits.append((int(total), int(approvers)))
        if any(approvers > APPROVERS_LIMIT for _total, approvers in limits):
            raise ValidationError(f"Penyetuju paling banyak {APPROVERS_LIMIT} orang.")
        return {"program": values["program"], "since": values["since"], "limits": tuple(limits)}
