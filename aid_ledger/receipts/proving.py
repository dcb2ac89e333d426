"""What a receipt proves itself with, gathered for whoever prints it or checks it: fields, salt, entry and proof."""

from __future__ import annotations

from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys
from aid_ledger.log import queries as log
from aid_ledger.log import quorum
from aid_ledger.receipts import queries, service
from aid_ledger.receipts.models import Receipt
from audit.facts.paying import ReceiptIssued
from audit.pdf.evidence import Evidence


def evidence_of(session: Session, keys: FieldKeys, receipt: Receipt) -> Evidence:
    """Gather a receipt's evidence, under the newest checkpoint of a quorum if there is one that covers it.

    Whether the paper may leave without one is for the deed that hands it over (`service.record_print`).

    Raises:
        NotSealed: an entry of the Act that issued it does not lie under a checkpoint yet.
        EntryNotFound: no entry issued it, so somebody wrote it into the database.
        IntegrityFailed: its fields were altered or moved.

    """
    sealed = quorum.require_sealed(session, receipt.issue_act, is_charged=True)
    entry = queries.entry_about(receipt, sealed, ReceiptIssued.KIND)
    opened = service.open_receipt(keys, receipt)
    position = entry.position if entry.position is not None else -1
    vouched = quorum.newest_vouched(session, above=position)
    proof = log.proof_text(session, position, under=vouched.checkpoint if vouched else None)
    return Evidence(fields=opened.fields, salt=opened.salt, entry=entry.raw, proof=proof.encode())
