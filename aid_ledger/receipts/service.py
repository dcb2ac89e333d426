"""Issuing receipts for delivered lines, opening what they state, cancelling and replacing them, counting their papers.

A receipt is a fact with a salted digest of its fields; the PDF is only its shape on paper and is made by `press`
when somebody asks for it. In the log a receipt goes by the random id of its line, which is also printed on it. What it
states is gathered by `stating.py`.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, replace

from aid_ledger.core import crypto
from aid_ledger.core.act import Act
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.numbering import reserve_references
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import queries as batches
from aid_ledger.leaving import service as leaving
from aid_ledger.leaving.rules import RECEIPT_LINES
from aid_ledger.officials import powers
from aid_ledger.receipts import fields as stated
from aid_ledger.receipts import queries, rules
from aid_ledger.receipts.fields import ReceiptFields
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.queries import Delivered, Issue
from aid_ledger.receipts.stating import Named, fields_of
from aid_ledger.recipients import payees
from aid_ledger.recipients.payees import Payee
from audit import naming
from audit.facts import paying as facts

CODE_FIELD = "receipts.code"
"""The field name under which the keyed hash of a receipt's code is made."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A receipt's fields and salt in plaintext."""

    fields: ReceiptFields
    salt: bytes


def issue_receipts(
    act: Act, batch_reference: str, *, limit: int = rules.ISSUE_LIMIT, between: tuple[int, int] | None = None
) -> int:
    """Issue receipts for delivered lines that have none yet; returns how many. Safe to repeat until it returns 0.

    `between` are the first and the last line to look at, for a job that goes through a batch in order.

    Raises:
        BatchNotFound: there is no such batch.
    """
    # The batch's row is held: two who issue at once come one after the other, and the second finds nothing left.
    batch = batches.lock_batch(act.session, batch_reference)
    waiting = queries.delivered_without_receipt(act.session, batch.id, limit=limit, between=between)
    issue = queries.issue_of(act.session, batch)

    if not waiting:
        return 0
    opened = payees.open_payees(act.session, act.kit.keys, [each.line.person_id for each in waiting])
    numbers = reserve_references(act, "RCP", len(waiting))
    issued = [
        _issue(act, issue, delivered, opened[delivered.line.person_id], number)
        for delivered, number in zip(waiting, numbers, strict=True)
    ]
    again = queries.left_open(act.session, [each.line.id for each in waiting if each.receipts])
    act.session.add_all(receipt for receipt, _fact in issued)
    act.session.flush()
    for receipt, _fact in issued:
        if receipt.line_id in again:
            again[receipt.line_id].replaced_by_id = receipt.id
    act.session.flush()
    for receipt, fact in issued:
        act.record(fact, receipt)
    return len(issued)


def open_receipt(keys: FieldKeys, receipt: Receipt) -> Opened:
    """Decrypt what a receipt states."""
    return read_opened(crypto.decrypt(keys, receipt.fields, table="receipts", column="fields", row=receipt.seal))


def read_opened(plain: str) -> Opened:
    """Read what was decrypted."""
    members = json.loads(plain)
    return Opened(ReceiptFields.from_json(members["fields"]), base64.b64decode(members["salt"]))


def seal_fields(keys: FieldKeys, opened: Opened, seal: str) -> bytes:
    """Encrypt what a receipt states, for the one row that has this seal."""
    plain = json.dumps({"fields": opened.fields.to_json(), "salt": base64.b64encode(opened.salt).decode()})
    return crypto.encrypt(keys, plain, table="receipts", column="fields", row=seal)


def cancel_receipt(act: Act, reference: str, *, reason: str) -> Receipt:
    """Cancel a receipt; whoever shows it later is told so.

    Raises:
        ReceiptNotFound: there is no such receipt.
        ReceiptNotStanding: it was cancelled before.
        RoleMissing: the official is no treasurer of the batch's region.
    """
    batch = queries.batch_of(act.session, queries.receipt(act.session, reference))
    powers.require_role(act, Role.TREASURER, region=batch.region_code)
    receipt = queries.lock_receipt(act.session, reference)

    if receipt.state != rules.ISSUED:
        raise rules.ReceiptNotStanding(receipt=reference)

    receipt.state, receipt.ended_at, receipt.end_act, receipt.reason = rules.CANCELLED, act.at, act.id, reason

    act.record(facts.ReceiptCancelled(receipt=receipt.public_id, replaced_by="", reason=reason))
    return receipt


def replace_receipt(act: Act, reference: str, *, reason: str) -> Receipt:
    """End a receipt that states something wrong, and issue one in its place; gives the new one.

    What it states is gathered anew from what is on record now: amount, source and day are the line's, and nothing of it
    is typed. Whoever shows the old one is led to the new one.

    Raises:
        ReceiptNotFound: there is no such receipt.
        ReceiptNotStanding: it was cancelled or replaced before.
        RoleMissing: the official is no treasurer of the batch's region.
        NothingToReplace: the new one would state the same.
    """
    batch = queries.batch_of(act.session, queries.receipt(act.session, reference))
    powers.require_role(act, Role.TREASURER, region=batch.region_code)
    old = queries.lock_receipt(act.session, reference)
    delivered = queries.delivered_line(act.session, old.line_id)
    payee = payees.open_payees(act.session, act.kit.keys, [delivered.line.person_id])[delivered.line.person_id]

    if old.state != rules.ISSUED:
        raise rules.ReceiptNotStanding(receipt=reference)
    [number] = reserve_references(act, "RCP", 1)
    new, issued = _issue(act, queries.issue_of(act.session, batch), delivered, payee, number)
    if _says_the_same(open_receipt(act.kit.keys, old).fields, open_receipt(act.kit.keys, new).fields):
        raise rules.NothingToReplace(receipt=reference)

    old.state, old.ended_at, old.end_act, old.reason = rules.REPLACED, act.at, act.id, reason
    # The line's place has to be free before the new one takes it.
    act.session.flush()
    act.session.add(new)
    act.session.flush()
    old.replaced_by_id = new.id
    act.session.flush()

    act.record(facts.ReceiptCancelled(receipt=old.public_id, replaced_by=new.public_id, reason=reason), old)
    act.record(issued, new)
    return new


def record_print(act: Act, reference: str, *, copy: int) -> bool:
    """Record that a receipt was printed once more; only then may the paper leave, on which the number stands already.

    Says whether the number was still free: where somebody else has printed meanwhile, nothing is recorded, and the
    paper is made again with the next one. So no two papers have one number, and no number is recorded of which there
    was no paper. A crash after the commit leaves a number whose paper nobody got: one too many, never one too few.

    Raises:
        ReceiptNotFound: there is no such receipt.
        ReceiptNotStanding: it was cancelled or replaced.
        NotSealed, NotWitnessed, WaySpent: neither the quorum nor an open way lets it out.
    """
    receipt = queries.lock_receipt(act.session, reference)

    if receipt.state != rules.ISSUED:
        raise rules.ReceiptNotStanding(receipt=reference)
    if copy != receipt.copies + 1:
        return False
    leaving.let_leave(act, [receipt.issue_act], what=receipt.public_id, amount=0, lines=RECEIPT_LINES)

    receipt.copies = copy

    act.record(facts.ReceiptPrinted(receipt=receipt.public_id, copy=copy))
    return True


def code_hash(keys: FieldKeys, code: str) -> bytes:
    """Hash a receipt's random code for the look-up."""
    return crypto.lookup_hash(keys, CODE_FIELD, code)


def _issue(
    act: Act, issue: Issue, delivered: Delivered, payee: Payee, number: str
) -> tuple[Receipt, facts.ReceiptIssued]:
    public_id = naming.name_of(delivered.line.public_id, delivered.receipts + 1)
    fields = fields_of(act, issue, delivered, payee, Named(number, public_id))
    salt, seal = stated.new_salt(), secrets.token_hex(16)
    digest = stated.log_digest(fields, salt)
    receipt = Receipt(
        reference=number,
        public_id=public_id,
        code_hash=code_hash(act.kit.keys, fields.code),
        line_id=delivered.line.id,
        seal=seal,
        fields=seal_fields(act.kit.keys, Opened(fields, salt), seal),
        digest=base64.urlsafe_b64decode(digest + "="),
        state=rules.ISSUED,
        copies=0,
        issued_at=act.at,
        issue_act=act.id,
        reason="",
    )
    fact = facts.ReceiptIssued(
        receipt=public_id,
        digest=digest,
        batch=issue.batch.reference,
        program=issue.program.code,
        amount=delivered.line.amount,
        commodity=issue.batch.commodity,
        paid_on=fields.paid_on,
    )
    return receipt, fact


def _says_the_same(one: ReceiptFields, other: ReceiptFields) -> bool:
    return replace(one, number=other.number, code=other.code, line=other.line) == other
