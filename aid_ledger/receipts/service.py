"""Issuing receipts for delivered lines, opening what they state, cancelling them.

A receipt is a fact with a salted digest of its fields; the PDF is only its shape on paper and is made by `press`
when somebody asks for it. In the log a receipt goes by the random id of its line, which is also printed on it.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aid_ledger.book.rules import IDR
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
from aid_ledger.receipts.fields import (
    GOODS,
    MONEY,
    Approver,
    Handover,
    HandoverWitness,
    ReceiptFields,
    SourceShare,
)
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.queries import Delivered, Given, Issue
from aid_ledger.recipients import payees
from aid_ledger.recipients.payees import Payee
from audit.facts import paying as facts

CODE_FIELD = "receipts.code"
"""The field name under which the keyed hash of a receipt's code is made."""

ZONE_WORDS = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


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
    act.session.add_all(receipt for receipt, _fact in issued)
    act.session.flush()
    for receipt, fact in issued:
        act.record(fact, receipt)
    return len(issued)


def open_receipt(keys: FieldKeys, receipt: Receipt) -> Opened:
    """Decrypt what a receipt states."""
    plain = crypto.decrypt(keys, receipt.fields, table="receipts", column="fields", row=receipt.seal)
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
    fields = _fields(act, issue, delivered, payee, number)
    salt, seal, public_id = stated.new_salt(), secrets.token_hex(16), delivered.line.public_id
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


def _fields(act: Act, issue: Issue, delivered: Delivered, payee: Payee, number: str) -> ReceiptFields:
    name, nik = stated.masked_payee(payee.name, payee.nik)
    is_money = issue.batch.commodity == IDR
    unit = "" if is_money else issue.commodity.unit
    # Where somebody was ill is health data: receipts of isolation programmes name no place (THREATS 14).
    hides_place = issue.program.needs_isolation
    at = delivered.result.processed_at or delivered.result.recorded_at
    return ReceiptFields(
        number=number,
        code=stated.new_code(),
        kind=MONEY if is_money else GOODS,
        agency=issue.agency.name,
        zone=ZONE_WORDS[issue.agency.zone],
        program=issue.program.code,
        program_name=issue.program.public_name,
        period=rules.period_words(issue.batch.period),
        payee=name,
        nik=nik,
        village="" if hides_place else delivered.village,
        district="" if hides_place else delivered.district,
        amount=delivered.line.amount,
        commodity=issue.batch.commodity,
        unit=unit,
        contents="" if is_money else issue.commodity.public_name,
        in_words=stated.amount_in_words(delivered.line.amount, unit),
        paid_on=min(at, act.at).astimezone(ZoneInfo(issue.agency.zone)).date(),
        channel=rules.CHANNEL_WORDS[issue.batch.channel],
        decree=issue.decree.number,
        batch=issue.batch.reference,
        # The verifier demands that the paper and the log's entry name the same line.
        line=delivered.line.public_id,
        sources=(SourceShare(name=delivered.source.name, amount=delivered.line.amount),),
        approvers=tuple(
            Approver(name=official.name, office=step.office_title, step=rules.STEP_WORDS[step.step], at=step.taken_at)
            for step, official in issue.steps
        ),
        handovers=() if delivered.given is None or is_money else (_handover(delivered.given, hides_place=hides_place),),
    )


def _handover(given: Given, *, hides_place: bool) -> Handover:
    """State a handover; where no place is named, neither are offices, which tell it as well (Ketua RT 003)."""
    row = given.handover
    seen = ((row.witness_one, row.office_one), (row.witness_two, row.office_two))
    return Handover(
        number=row.reference,
        giver=given.by,
        giver_office="" if hides_place else given.office,
        place="" if hides_place else row.place,
        at=row.handed_at,
        witnesses=tuple(HandoverWitness(name=name, office="" if hides_place else office) for name, office in seen),
    )
