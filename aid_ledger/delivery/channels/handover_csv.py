"""The list a field officer carries: who receives what in which village, the NIK masked, the end under control totals.

It holds only what the approval bound, so that a recipient who moves to another RT does not unseal the list; the page
adds where they live now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from aid_ledger.delivery.channels.cells import csv_line
from aid_ledger.delivery.channels.footer import ControlTotals

COLUMNS: Final = (
    "batch_ref",
    "line_no",
    "partner_ref",
    "village_code",
    "name",
    "nik_masked",
    "amount",
    "unit",
    "recipient_token",
    "value_date",
)


@dataclass(frozen=True, slots=True)
class Receiver:
    """One household on the list."""

    line_no: int
    partner_ref: str
    village_code: str
    name: str
    nik_masked: str
    amount: int
    recipient_token: str


def write(batch: str, unit: str, value_date: dt.date, receivers: Iterable[Receiver]) -> Iterator[bytes]:
    """Write a list, a line at a time."""
    totals = ControlTotals()
    yield csv_line(COLUMNS)
    for receiver in receivers:
        line = csv_line(
            [
                batch,
                receiver.line_no,
                receiver.partner_ref,
                receiver.village_code,
                receiver.name,
                receiver.nik_masked,
                receiver.amount,
                unit,
                receiver.recipient_token,
                value_date.isoformat(),
            ]
        )
        totals.add(line, receiver.amount)
        yield line
    yield totals.line()
