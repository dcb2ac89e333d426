"""What becomes of receipts after a restore: those that were forgotten may be issued anew, once; cancelled stay so.

Papers that had left stay counted, so that the next print of a receipt has a number that no paper has.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.act import Act
from aid_ledger.core.bulk import chunked
from aid_ledger.core.numbering import reserve_references
from aid_ledger.log.recover import Loss
from aid_ledger.receipts import rules
from aid_ledger.receipts.models import Receipt
from audit.facts.paying import ReceiptCancelled, ReceiptIssued, ReceiptPrinted, ReceiptsPrinted
from audit.facts.restoring import LostReceipt, ReceiptsLost

FACT_RECEIPTS: Final = 500
"""Receipts in one fact: what its list may hold."""


def restore(act: Act, loss: Loss) -> None:
    """Name the receipts that are lost, use up their numbers, and cancel again what was cancelled."""
    lost = [LostReceipt(fact.receipt, fact.batch, fact.amount) for _entry, fact in loss.of(ReceiptIssued)]
    if lost:
        # The log knows a receipt by its line, not by the number on the paper: as many numbers are not given again.
        reserve_references(act, "RCP", len(lost))
    for chunk in chunked(lost, FACT_RECEIPTS):
        act.record(ReceiptsLost(lost=tuple(chunk)))
    for entry, cancelled in loss.of(ReceiptCancelled):
        receipt = act.session.scalars(select(Receipt).where(Receipt.public_id == cancelled.receipt)).first()
        if receipt is not None:
            # The one in its place was issued in the same act, so it is lost as well, and waited for again.
            receipt.state = rules.REPLACED if cancelled.replaced_by else rules.CANCELLED
            receipt.reason, receipt.end_act = cancelled.reason, entry.act
            receipt.ended_at = clock.parse_instant(entry.recorded_at)
    papers = [(printed.receipt, printed.copy) for _entry, printed in loss.of(ReceiptPrinted)]
    papers += [(each.receipt, each.copy) for _entry, file in loss.of(ReceiptsPrinted) for each in file.printed]
    for name, copy in papers:
        receipt = act.session.scalars(select(Receipt).where(Receipt.public_id == name)).first()
        if receipt is not None:
            receipt.copies = max(receipt.copies, copy)
    act.session.flush()
