"""Which plate prints which receipt. What fits no plate is laid out by itself, slower and no less valid.

Whether a receipt is pressed or laid out depends on nothing but itself, so the same receipt always gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from aid_ledger.receipts import returns
from aid_ledger.receipts.layout import LAYOUT
from aid_ledger.receipts.page import Issuer, Page, Shape, page_of
from aid_ledger.receipts.press.cutting import NotEngraved
from aid_ledger.receipts.press.engraving import ANY, engrave
from aid_ledger.receipts.press.form import NotOnPlate
from aid_ledger.receipts.press.plate import Plate
from aid_ledger.receipts.rendering import RECEIPT, Design, ReceiptPrinter
from aid_ledger.receipts.signing import Seal, sign_with
from aid_ledger.receipts.varying import Particulars, particulars_of
from audit.pdf.evidence import Evidence
from audit.pdf.impressions import FIRST, Impression
from audit.pdf.returns import ReturnEvidence

PLATES: Final = 64
"""Plates kept, each of some 80 kB: a batch needs a handful, for its longest names take a line more."""


class PressRoom:
    """Prints receipts of one agency under one root, for as many threads as ask."""

    def __init__(self, issuer: Issuer, design: Design = RECEIPT) -> None:
        self.issuer = issuer
        self._printer = ReceiptPrinter(issuer, design)
        self._plates: OrderedDict[Shape, Plate | None] = OrderedDict()
        self._choosing = threading.Lock()

    def print(self, evidence: Evidence, impression: Impression = FIRST, *, signed_at: dt.datetime, seal: Seal) -> bytes:
        """Print a receipt, for the first time or once more, and sign it.

        Raises:
            MalformedInput: the evidence breaks its schema.

        """
        these = particulars_of(evidence, self.issuer, impression, signed_at=signed_at)
        return self._press(page_of(evidence, self.issuer, impression), these, seal)

    def print_return(self, evidence: ReturnEvidence, *, signed_at: dt.datetime, seal: Seal) -> bytes:
        """Print the paper of a return and sign it.

        Raises:
            MalformedInput: the evidence breaks its schema.

        """
        these = returns.particulars_of(evidence, self.issuer, signed_at=signed_at)
        return self._press(returns.page_of(evidence, self.issuer), these, seal)

    def _press(self, page: Page, these: Particulars, seal: Seal) -> bytes:
        plate = self.plate_for(page)
        if plate is not None:
            try:
                return plate.print(page.lines(), these, seal)
            except NotOnPlate:
                pass
        with LAYOUT:
            laid_out = self._printer.lay_out(page, these)
        return sign_with(seal, laid_out)

    def lay_out(self, page: Page, address: str) -> bytes:
        """Lay out a page that fits no plate, without evidence; under the lock of the layout engine."""
        return self._printer.lay_out(page, replace(ANY, address=address))

    def plate_for(self, page: Page) -> Plate | None:
        """Give the plate for a page, engraved when its shape is first met; None if there can be none."""
        shape = page.shape()
        with self._choosing:
            if shape in self._plates:
                self._plates.move_to_end(shape)
                return self._plates[shape]
        with LAYOUT:
            plate = self._engrave(page)
        with self._choosing:
            self._plates[shape] = plate
            while len(self._plates) > PLATES:
                self._plates.popitem(last=False)
        return plate

    def _engrave(self, page: Page) -> Plate | None:
        try:
            return engrave(page, self._printer)
        except NotEngraved:
            return None
