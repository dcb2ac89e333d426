"""What the receipt of a delivered line states, gathered from what is on record: nothing of it is ever typed."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aid_ledger.book.rules import IDR
from aid_ledger.core.act import Act
from aid_ledger.receipts import fields as stated
from aid_ledger.receipts import rules
from aid_ledger.receipts.fields import GOODS, MONEY, Approver, Handover, HandoverWitness, ReceiptFields, SourceShare
from aid_ledger.receipts.queries import Delivered, Given, Issue
from aid_ledger.recipients.payees import Payee
from aid_ledger.regions.rules import ZONE_WORDS


@dataclass(frozen=True, slots=True)
class Named:
    """What a receipt is called: by people, and in the log."""

    number: str
    public_id: str


def fields_of(act: Act, issue: Issue, delivered: Delivered, payee: Payee, named: Named) -> ReceiptFields:
    """Write what the receipt of a delivered line states."""
    name, nik = stated.masked_payee(payee.name, payee.nik)
    is_money = issue.batch.commodity == IDR
    unit = "" if is_money else issue.commodity.unit
    # Where somebody was ill is health data: receipts of isolation programmes name no place (THREATS 14).
    hides_place = issue.program.needs_isolation
    at = delivered.result.processed_at or delivered.result.recorded_at
    return ReceiptFields(
        number=named.number,
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
        # The verifier demands that the paper and the log's entry name the same receipt.
        line=named.public_id,
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
