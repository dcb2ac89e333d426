"""The paper of a return (Surat Tanda Setoran): what proves it, and the deed of printing it. Its page is `returns.py`.

A receipt is for a line; this paper is for a deed that gave lines back, and names nobody who was to receive them. What
it says was written down and digested in that deed (`delivery/stating.py`).
"""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from aid_ledger.core.act import Act
from aid_ledger.delivery import queries as delivery
from aid_ledger.delivery.models import TreasuryReturn
from aid_ledger.leaving import service as leaving
from aid_ledger.leaving.rules import RECEIPT_LINES
from aid_ledger.log import queries as log
from aid_ledger.log import quorum
from aid_ledger.log.rules import EntryNotFound
from audit.facts import paying as facts
from audit.pdf.returns import ReturnEvidence, ReturnFields


def fields_of(row: TreasuryReturn) -> ReturnFields:
    """Read what a return's paper says; raises MalformedInput if somebody wrote something else into its row."""
    return ReturnFields.from_json(json.loads(row.statement)).check()


def evidence_of(session: Session, row: TreasuryReturn) -> ReturnEvidence:
    """Gather a return's evidence, under the newest checkpoint of a quorum if there is one that covers it.

    Raises:
        NotSealed: an entry of its Act does not lie under a checkpoint yet.
        EntryNotFound: no entry returned it, so somebody wrote it into the database.

    """
    sealed = quorum.require_sealed(session, row.act, is_charged=True)
    entry = next((each for each in sealed if each.kind == facts.FundsReturned.KIND), None)
    if entry is None or entry.position is None:
        raise EntryNotFound(act=row.act)
    vouched = quorum.newest_vouched(session, above=entry.position)
    proof = log.proof_text(session, entry.position, under=vouched.checkpoint if vouched else None)
    return ReturnEvidence(fields_of(row), entry.raw, proof.encode())


def record_print(act: Act, reference: str) -> TreasuryReturn:
    """Record that the paper of a return is printed; only then may it leave.

    Raises:
        ReturnNotFound: there is no such return.
        NotSealed, NotWitnessed, WaySpent: neither the quorum nor an open way lets it out.
    """
    row = delivery.treasury_return(act.session, reference)
    leaving.let_leave(act, [row.act], what=reference, amount=0, lines=RECEIPT_LINES)

    act.record(facts.ReturnPrinted(sts=reference))
    return row
