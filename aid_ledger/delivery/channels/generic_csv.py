"""The transfer file of the profile `generic-csv`: one line per payment, a header above, control totals below.

UTF-8, comma, CRLF. It carries no NIK. Equal payments make equal bytes, so the file of an instruction can be written
again and compared with the hash that was sealed.
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
    "amount",
    "currency",
    "bank_code",
    "account_no",
    "account_name",
    "recipient_token",
    "remark",
    "value_date",
)

REMARK_LIMIT: Final = 50
"""As long as SNAP BI takes it."""

NAME_LIMIT: Final = 100
"""As long as SNAP BI takes `beneficiaryAccountName`."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment as the channel is told of it."""

    line_no: int
    partner_ref: str
    amount: int
    bank_code: str
    account_no: str
    account_name: str
    recipient_token: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What all payments of a file share."""

    batch: str
    currency: str
    remark: str
    value_date: dt.date


def write(sheet: Sheet, transfers: Iterable[Transfer]) -> Iterator[bytes]:
    """Write a file, a line at a time."""
    totals = ControlTotals()
    yield csv_line(COLUMNS)
    for transfer in transfers:
        line = csv_line(
            [
                sheet.batch,
                transfer.line_no,
                transfer.partner_ref,
                transfer.amount,
                sheet.currency,
                transfer.bank_code,
                transfer.account_no,
                transfer.account_name[:NAME_LIMIT],
                transfer.recipient_token,
                sheet.remark[:REMARK_LIMIT],
                sheet.value_date.isoformat(),
            ]
        )
        totals.add(line, transfer.amount)
        yield line
    yield totals.line()
