"""The answer to a check as the page reads it, once it has checked a stamp and asks what became of the receipt."""

from __future__ import annotations

from aid_ledger.public.verdicts import Finding
from aid_ledger.web import formats
from audit import stamp
from audit.note import encode_base64
from audit.pdf.fields import ReceiptFields


def to_json(finding: Finding, *, zone: str) -> dict[str, str]:
    """Write a finding. `stamp` is what this server would state of the receipt, in base64; "" where it knows none.

    The page compares it with the stamp on the paper, of which the server is never told.
    """
    stated = ""
    if isinstance(finding.fields, ReceiptFields) and finding.proof is not None:
        stated = encode_base64(stamp.write(stamp.stamp_of(finding.fields, finding.proof.position)))
    return {
        "verdict": finding.verdict.name,
        "words": finding.verdict.value,
        "reason": finding.reason.value,
        "stamp": stated,
        "ended_at": formats.waktu(finding.ended_at, zone) if finding.ended_at else "",
        "why": finding.end_reason,
        "replaced_by": finding.replaced_by,
        "copies": str(finding.copies),
    }
