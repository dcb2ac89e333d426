"""What a receipt says on A6: who received what, its code and where the log holds it, in letters of a readable size.

Only of money: a handover record of goods is signed by four people, for whom there is no room. Sources, approvals, the
root hash and the certificate are not on it. They are in the receipt's own file, which is the
proof; the sheets of a print file say once, on the cover, what all of them have in common.
"""

from __future__ import annotations

from typing import Final

from aid_ledger.receipts import breaking
from aid_ledger.receipts.breaking import wrap
from aid_ledger.receipts.page import Issuer, Page, Row, amount_of, duty_of, grouped, row_texts, wording_of
from aid_ledger.receipts.placing import Placed
from aid_ledger.receipts.tongues import TONGUES
from aid_ledger.web import formats
from audit.pdf import impressions
from audit.pdf.fields import ReceiptFields
from audit.pdf.impressions import INDONESIAN, Impression

_LEFT_OUT: Final = frozenset({"Dasar"})


def small_page_at(fields: ReceiptFields, placed: Placed, issuer: Issuer, impression: Impression) -> Page:
    """Write everything the small page shows."""
    # Print files are in Indonesian.
    (index, stated), tongue = placed, TONGUES[INDONESIAN]
    rows = [(label, value) for label, value in row_texts(fields, tongue) if label not in _LEFT_OUT]
    return Page(
        tongue=tongue,
        wording=wording_of(fields),
        agency=fields.agency,
        check_page=issuer.check_page,
        fingerprint="",
        duty=duty_of(fields, issuer.duty, tongue),
        number=wrap(fields.number, breaking.SMALL_NUMBER),
        copy=wrap(impressions.sentence(impression), breaking.SMALL_COPY),
        amount=wrap(amount_of(fields.amount, fields.unit), breaking.SMALL_AMOUNT),
        in_words=wrap(fields.in_words, breaking.SMALL_IN_WORDS),
        contents=(),
        rows=tuple(Row(label, wrap(value, breaking.SMALL_ROW)) for label, value in rows),
        sources=(),
        steps=(),
        code=wrap(grouped(fields.code, 4, "-"), breaking.SMALL_CODE),
        place=wrap(f"{stated.origin}, nomor {formats.jumlah(index)}", breaking.SMALL_PLACE),
        root=(),
    )
