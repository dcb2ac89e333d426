"""What is typed on the pages of oversight; shape only."""

from __future__ import annotations

from aid_ledger.web.fields import Form, Text, Whole


class TraceFilter(Form):
    """The number to follow."""

    nomor = Text(80)


class PageFilter(Form):
    """Where a list of lines goes on: above an id or a line's number."""

    sesudah = Whole(optional=True)
