"""The forms of the posko: shape only; what an isolation may be is in `rules.py`."""

from __future__ import annotations

from aid_ledger.isolation import rules
from aid_ledger.web import fields

PLACE_PARTS = 4
"""Village, RW, RT and number: where the page before stopped."""


class ListFilter(fields.Form):
    """Which village, and where the page before stopped."""

    desa = fields.Text(13, optional=True)
    sesudah = fields.Text(60, optional=True)


class SearchForm(fields.Form):
    """Somebody's NIK or reference; it arrives by POST, so that no address says who is ill."""

    sought = fields.Text(40)


class ReportForm(fields.Form):
    """An isolation as the posko takes it in."""

    person = fields.Text(40)
    origin = fields.Choice([each.value for each in rules.Origin])
    place = fields.Choice([each.value for each in rules.IsolationPlace])
    started_on = fields.Day()
    health_centre = fields.Text(rules.NAME_LIMIT)
    tested_on = fields.Day(optional=True)


class CheckForm(fields.Form):
    """What one pillar found."""

    pillar = fields.Choice([each.value for each in rules.Pillar])
    outcome = fields.Choice([each.value for each in rules.Outcome])
    checker_name = fields.Text(rules.NAME_LIMIT)
    checked_on = fields.Day()
    note = fields.Text(rules.NOTE_LIMIT, optional=True)


class EndForm(fields.Form):
    """The last day of an isolation."""

    ends_on = fields.Day()


def place_in(text: str | None) -> tuple[str, str, str, int] | None:
    """Read where the page before stopped; None at the beginning, and where the address was made up."""
    parts = (text or "").split("/")
    if len(parts) != PLACE_PARTS or not parts[3].isdecimal():
        return None
    return parts[0], parts[1], parts[2], int(parts[3])
