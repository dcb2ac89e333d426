"""What a print file says besides its receipts: its cover, and the list by which they are handed out.

A print file holds the receipts of one batch in one village. Of a programme for people in isolation it names no place,
neither a village nor a street: where somebody was ill is health data (THREATS 14).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aid_ledger.receipts import breaking
from aid_ledger.receipts.breaking import Column, Lines, wrap
from aid_ledger.receipts.page import ZONE_NAMES, amount_of
from aid_ledger.receipts.placing import Placed
from aid_ledger.receipts.words import spell
from aid_ledger.web import formats
from audit import note
from audit.checkpoint import Checkpoint
from audit.pdf.fields import ReceiptFields

ROWS: Final = 17
"""Households on a page of the list: their boxes are as high as a thumb is wide."""
_NAME_LINES: Final = 2


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a print file is: `village` and `district` are empty where no place is named.

    `amount` is the sum of its receipts, in rupiah if `unit` is empty. `copy` is the highest number of a print among
    them: 1 if none was printed before.
    """

    agency: str
    zone: str
    batch: str
    program: str
    period: str
    village: str
    district: str
    layout: str
    copy: int
    count: int
    amount: int
    unit: str
    contents: str
    checkpoint: Checkpoint
    printed_by: str
    printed_at: dt.datetime

    @property
    def title(self) -> str:
        """Write the title of the file."""
        return f"Tanda terima {self.batch}" + (f", {self.village}" if self.village else "")

    @property
    def place(self) -> str:
        """Name the village and its district; "" where none is named."""
        return f"{self.village}, {self.district}" if self.village else ""

    @property
    def total(self) -> str:
        """Write the sum in figures."""
        return amount_of(self.amount, self.unit)

    @property
    def in_words(self) -> str:
        """Write the sum out."""
        return f"{spell(self.amount)} {self.unit or 'rupiah'}"

    @property
    def moment(self) -> str:
        """Write when it was printed."""
        return formats.waktu(self.printed_at, ZONE_NAMES[self.zone])

    @property
    def root(self) -> str:
        """Write the root hash that all receipts lie under."""
        return note.encode_base64(self.checkpoint.root)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A receipt on its way into a file: what it says, where the log holds it, its street, which print of it this is."""

    fields: ReceiptFields
    placed: Placed
    street: str
    copy: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A receipt as the list names it; `street` is empty where no place is named."""

    number: str
    payee: str
    street: str
    amount: str
    copy: int


def listed(fields: ReceiptFields, street: str, copy: int) -> Listed:
    """Write how a receipt stands in the list: its payee is masked as on the paper."""
    return Listed(fields.number, fields.payee, street, amount_of(fields.amount, fields.unit), copy)


@dataclass(frozen=True, slots=True)
class ListRow:
    """One receipt's row; all are lines, one for each text but two for a name."""

    order: str
    number: str
    again: str
    payee: Lines
    street: str
    amount: str

    def lines(self) -> list[str]:
        """List them in their order."""
        return [self.order, self.number, self.again, *self.payee, self.street, self.amount]


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list; pages of as many rows differ in nothing but the letters of their lines."""

    agency: str
    title: str
    subtitle: str
    foot: str
    rows: tuple[ListRow, ...]
    has_streets: bool

    def lines(self) -> list[str]:
        """List the lines that vary."""
        return [self.agency, self.title, self.subtitle, self.foot, *(line for row in self.rows for line in row.lines())]

    def each(self, change: Callable[[str], str]) -> ListPage:
        """Return the page with every line changed, in their order."""
        agency, title, subtitle, foot = map(change, (self.agency, self.title, self.subtitle, self.foot))
        rows = []
        for row in self.rows:
            order, number, again, *payee, street, amount = [change(line) for line in row.lines()]
            rows.append(ListRow(order, number, again, tuple(payee), street, amount))
        return ListPage(agency, title, subtitle, foot, tuple(rows), self.has_streets)

    def ending_right(self) -> list[Lines]:
        """List what stands at the right end of its column."""
        return [(row.amount,) for row in self.rows]

    def narrow(self) -> Lines:
        """Nothing is set in the narrow face."""
        return ()

    def shape(self) -> tuple[int, bool]:
        """Tell which pages are printed from one form."""
        return len(self.rows), self.has_streets


def list_pages(bundle: Bundle, found: list[Listed]) -> list[ListPage]:
    """Lay the list out in pages; it is cut where a text is too long, for the receipt itself says it whole."""
    pages = [found[start : start + ROWS] for start in range(0, len(found), ROWS)]
    again = f" \u00b7 cetakan ke-{bundle.copy}" if bundle.copy > 1 else ""
    where = f"{bundle.place} \u00b7 " if bundle.village else ""
    subtitle = f"{where}{bundle.batch} \u00b7 {bundle.program} \u00b7 {bundle.period}"
    return [
        ListPage(
            agency=_one(bundle.agency, breaking.SUBTITLE),
            title=_one(f"Daftar penyerahan tanda terima{again}", breaking.TITLE),
            subtitle=_one(subtitle, breaking.SUBTITLE),
            foot=_one(f"Halaman {number} dari {len(pages)} \u00b7 dicetak {bundle.moment}", breaking.SUBTITLE),
            rows=tuple(_row(number * ROWS - ROWS + place, each) for place, each in enumerate(page, start=1)),
            has_streets=bool(bundle.village),
        )
        for number, page in enumerate(pages, start=1)
    ]


def _row(order: int, each: Listed) -> ListRow:
    payee = wrap(each.payee, breaking.PAYEE)[:_NAME_LINES]
    return ListRow(
        order=_one(formats.jumlah(order), breaking.ORDER),
        number=_one(each.number, breaking.LISTED),
        again=_one(f"cetakan ke-{each.copy}" if each.copy > 1 else "", breaking.AGAIN),
        payee=payee + ("",) * (_NAME_LINES - len(payee)),
        street=_one(each.street, breaking.STREET),
        amount=_one(each.amount, breaking.SUM),
    )


def _one(text: str, column: Column) -> str:
    """Keep of a text what fits one line; "" if there is none."""
    return next(iter(wrap(text, column)), "")
