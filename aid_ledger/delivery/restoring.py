"""What delivery does after a restore: instructions and answers that were forgotten are written again from their facts.

So an inquiry finds its instruction, the same answer a second time is still the same answer, and a line that arrived can
get its receipt. Witnesses of a handover are not in the log: such a line has its outcome, and no handover.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.act import Act
from aid_ledger.delivery.models import Instruction, LineResult, ResultFile
from aid_ledger.delivery.outcomes import DELIVERED
from aid_ledger.delivery.service.settling import close_if_settled
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.log.recover import Loss, LostDeed
from aid_ledger.officials.models import Official
from audit.entry import Entry
from audit.facts import paying as facts

SENT = "sent"


def restore(act: Act, loss: Loss) -> None:
    """Write instructions, result files and results of lines that the backup lacks."""
    batches = {batch.reference: batch for batch in act.session.scalars(select(Batch).where(Batch.state == SENT))}
    collected = {fact.instruction: entry for entry, fact in loss.of(facts.FileCollected)}
    touched: set[str] = set()
    for deed in loss.deeds:
        match deed.fact:
            case facts.PaymentInstructed() as fact if fact.batch in batches:
                _instruction(act, deed, fact, batches[fact.batch], collected.get(fact.instruction))
            case facts.ResultImported() as fact:
                _result(act, deed, fact)
            case _ if (told := _outcomes(deed)) is not None and told[0] in batches:
                _results(act, deed, batches[told[0]], *told[1:])
                touched.add(told[0])
    for reference in sorted(touched):
        close_if_settled(act, batches[reference])
    act.session.flush()


def _instruction(
    act: Act, deed: LostDeed, fact: facts.PaymentInstructed, batch: Batch, collected: Entry | None
) -> None:
    act.session.add(
        Instruction(
            reference=fact.instruction,
            batch_id=batch.id,
            channel=fact.channel,
            value_on=dt.date.fromisoformat(deed.entry.on),
            file_sha256=_bytes(fact.file),
            lines=fact.lines,
            total=fact.total,
            state=SENT,
            instructed_by_id=_official(act, deed),
            instructed_at=clock.parse_instant(deed.entry.recorded_at),
            act=deed.entry.act,
            collected_at=clock.parse_instant(collected.recorded_at) if collected else None,
        )
    )
    act.session.flush()


def _result(act: Act, deed: LostDeed, fact: facts.ResultImported) -> None:
    instruction = act.session.scalars(select(Instruction).where(Instruction.reference == fact.instruction)).first()
    if instruction is None:
        return
    act.session.add(
        ResultFile(
            reference=fact.result,
            instruction_id=instruction.id,
            file_sha256=_bytes(fact.file),
            count=fact.count,
            matched=fact.matched,
            is_inquiry=fact.inquiry,
            imported_by_id=_official(act, deed),
            imported_at=clock.parse_instant(deed.entry.recorded_at),
        )
    )
    act.session.flush()


def _outcomes(deed: LostDeed) -> tuple[str, str, Sequence[facts.LineOutcome]] | None:
    """Give a deed's batch, result file ("" of a handover) and outcomes; None if it told none."""
    match deed.fact:
        case facts.PaymentsConfirmed(batch=batch, result=result, confirmed=told):
            return batch, result, told
        case facts.PaymentsFailed(batch=batch, result=result, failed=told):
            return batch, result, told
        case facts.PaymentsUnknown(batch=batch, result=result, unknown=told):
            return batch, result, told
        case facts.LinesHeld(batch=batch, result=result, held=told):
            return batch, result, told
        case facts.GoodsHandedOver(batch=batch, handed=told):
            return batch, "", told
        case _:
            return None


def _results(act: Act, deed: LostDeed, batch: Batch, result: str, told: Sequence[facts.LineOutcome]) -> None:
    """Write what was said of each line, and why it is in its state."""
    numbers = [outcome.line for outcome in told]
    query = select(BatchLine).where(BatchLine.batch_id == batch.id, BatchLine.line_no.in_(numbers))
    lines = {line.line_no: line for line in act.session.scalars(query)}
    file_id = act.session.scalars(select(ResultFile.id).where(ResultFile.reference == result)).first()
    for outcome in told:
        line = lines[outcome.line]
        line.reason = "" if line.state == DELIVERED else outcome.outcome
        act.session.add(
            LineResult(
                line_id=line.id,
                result_id=file_id,
                outcome=outcome.outcome,
                channel_code="",
                channel_reference="",
                amount=outcome.amount,
                account_confirmed=None,
                processed_at=None,
                recorded_at=clock.parse_instant(deed.entry.recorded_at),
            )
        )
    act.session.flush()


def _official(act: Act, deed: LostDeed) -> int:
    """Find who did it; whoever the backup does not know is stood for by the one who recovers."""
    found = act.session.scalars(select(Official.id).where(Official.login == deed.entry.actor.id)).first()
    return found or act.actor.official_id or 0


def _bytes(digest: str) -> bytes:
    return base64.urlsafe_b64decode(digest + "=")
