"""What becomes of batches after a restore: each is brought to what the log says of it, and nobody can be paid twice.

A batch that may have left is made to claim its entitlements again, line by line as it was frozen; a line without an
outcome is unknown until an inquiry. A batch that was still under way goes back to its maker, or, if the backup does
not know it, is withdrawn: it never left, since nothing leaves before its entries are sealed.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from aid_ledger.book import service as book
from aid_ledger.book.rules import Movement, Place, Stage
from aid_ledger.core import clock
from aid_ledger.core.act import Act
from aid_ledger.core.bulk import chunked
from aid_ledger.core.columns import fresh_salt
from aid_ledger.disbursement.models import Batch, BatchLine, BatchSource, Entitlement
from aid_ledger.disbursement.rules import RESERVING
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Source
from aid_ledger.log.recover import Loss
from aid_ledger.log.rules import PayeesForgotten
from aid_ledger.officials.models import Official
from aid_ledger.programs.models import ApprovalPolicy, Program
from aid_ledger.regions.models import Region
from audit.entry import Entry
from audit.facts.paying import BatchSubmitted, LineSetAside, PaymentInstructed
from audit.facts.restoring import BatchRestored
from audit.replay import Line
from audit.replay.state import Batch as Replayed

RESTORED = "RESTORED"
"""Why a line is unknown after a restore: an outcome of `delivery.outcomes`."""

IDS_PER_QUERY = 5_000
"""Below every database's limit on parameters."""

SENT, SENT_BACK, WITHDRAWN, SET_ASIDE = "sent", "sent_back", "withdrawn", "set_aside"


Submission = tuple[Entry, BatchSubmitted]


@dataclass(frozen=True, slots=True)
class Touched:
    """A batch of which something was forgotten: as the log has it, and as the backup has it, None if it does not."""

    reference: str
    known: Replayed
    row: Batch | None
    is_sent_lost: bool
    """Whether it was sent in the lost part."""


def restore(act: Act, loss: Loss) -> None:
    """Bring every touched batch to the log's word.

    Raises:
        PayeesForgotten: a batch was sent to payees whom the backup does not know.
    """
    touched = _touched(act, loss)
    _set_aside_again(act, loss)
    # Claims end before new ones begin: a line that failed may have been paid by a later batch.
    for each in sorted(touched, key=lambda each: each.known.state == SENT):
        if each.known.state == SENT:
            continue
        _end(act, each)
    sent = [each for each in touched if each.known.state == SENT]
    submissions = {fact.batch: (entry, fact) for entry, fact in loss.of(BatchSubmitted)}
    for each in sent:
        if each.row is not None:
            _settle_lines(act, each)
    for each in sent:
        _claim(act, each, submissions.get(each.reference))
        if each.is_sent_lost:
            act.record(BatchRestored(batch=each.reference, outcome=SENT, moves=()))


def _touched(act: Act, loss: Loss) -> list[Touched]:
    named = {str(getattr(deed.fact, "batch", "")) for deed in loss.deeds}
    sent = {fact.batch for _entry, fact in loss.of(PaymentInstructed)}
    rows = {batch.reference: batch for batch in act.session.scalars(select(Batch).where(Batch.reference.in_(named)))}
    return [
        Touched(reference, known, rows.get(reference), reference in sent)
        for reference, known in sorted(loss.state.batches.items())
        if reference in named
    ]


def _set_aside_again(act: Act, loss: Loss) -> None:
    for _entry, fact in loss.of(LineSetAside):
        line = act.session.scalars(
            select(BatchLine)
            .join(Batch, Batch.id == BatchLine.batch_id)
            .where(Batch.reference == fact.batch, BatchLine.line_no == fact.line, BatchLine.state == "listed")
        ).first()
        if line is not None:
            line.state, line.reason = SET_ASIDE, fact.reason
    act.session.flush()


def _end(act: Act, each: Touched) -> None:
    """Take a batch that has not left to where it reserves and claims nothing."""
    row, known = each.row, each.known
    is_reserving = known.state in RESERVING
    if row is not None and is_reserving and (row.state, row.digest) == (known.state, _bytes(known.digest)):
        return
    if row is not None and not is_reserving:
        row.state = known.state
        if known.state not in {"draft", SENT_BACK}:
            for line in _lines(act, row).values():
                line.state = known.state if line.state == "listed" else line.state
        act.session.flush()
        return
    moves = book.move(act, _freed(known), batch=each.reference) if is_reserving else ()
    if row is not None:
        row.state = SENT_BACK
        act.session.flush()
    act.record(BatchRestored(batch=each.reference, outcome=SENT_BACK if row is not None else WITHDRAWN, moves=moves))


def _freed(known: Replayed) -> list[Movement]:
    return [
        Movement(
            Place(source, Stage.RESERVED, known.program),
            Place(source, Stage.ALLOCATED, known.program),
            known.commodity,
            amount,
        )
        for source, amount in sorted(known.sources.items())
    ]


def _settle_lines(act: Act, each: Touched) -> None:
    """Bring the lines that the backup has to what they were frozen as, and to what became of them."""
    if each.row is None:
        return
    for number, line in _lines(act, each.row).items():
        frozen = each.known.lines.get(number)
        if frozen is None:
            line.state, line.reason = SET_ASIDE, line.reason or "by_hand"
            continue
        state, reason = _became(each, frozen)
        if line.state != state:
            line.state, line.reason = state, reason
        line.amount, line.commitment = frozen.amount, _bytes(frozen.commitment)
    act.session.flush()


def _claim(act: Act, each: Touched, submission: Submission | None) -> None:
    """Make the lines that the backup lacks, under a batch that it may lack as well."""
    known = each.known
    held = {} if each.row is None else _lines(act, each.row)
    missing = {number: line for number, line in known.lines.items() if number not in held}
    entitled = _entitlements(act, [line.entitlement for line in missing.values()])
    row = each.row or _recreate(act, each, submission, entitled)
    if len(entitled) != len(missing):
        raise PayeesForgotten(batch=each.reference)
    sources = {source.code: source.id for source in act.session.scalars(select(Source))}
    for number, line in missing.items():
        state, reason = _became(each, line)
        act.session.add(
            BatchLine(
                batch_id=row.id,
                line_no=number,
                entitlement_id=line.entitlement,
                person_id=entitled[line.entitlement].person_id,
                # Which account was approved is sealed in the commitment: an answer is held against what the bank wrote.
                bank_account_id=None,
                source_id=sources[line.source],
                amount=line.amount,
                state=state,
                reason=reason,
                commitment=_bytes(line.commitment),
                salt=fresh_salt(),
                public_id=secrets.token_hex(8),
            )
        )
    if row.state not in {SENT, "delivered"}:
        row.state, row.digest, row.lines, row.total = SENT, _bytes(known.digest), known.count, known.total
        row.approvers_needed = known.approvers_needed
    if submission is not None:
        entry, _fact = submission
        row.submit_act, row.submitted_at = entry.act, clock.parse_instant(entry.recorded_at)
        row.submitted_by_id = _official(act, entry.actor.id)
    _share(act, row, known.sources, sources)
    act.session.flush()


def _became(each: Touched, line: Line) -> tuple[str, str]:
    """Give a line's state and reason: what the log says, but unknown if it was sent and nothing more is known."""
    if each.is_sent_lost and line.state == SENT:
        return "unknown", RESTORED
    return line.state, ""


def _recreate(act: Act, each: Touched, submission: Submission | None, entitled: Mapping[int, Entitlement]) -> Batch:
    """Make a batch that the backup does not know, from the fact of its submission and the entitlements it claims.

    Raises:
        PayeesForgotten: something that it rests on is gone as well.
    """
    if submission is None:
        raise PayeesForgotten(batch=each.reference)
    (entry, fact), session = submission, act.session
    program = session.scalars(select(Program).where(Program.code == fact.program)).first()
    decree = session.scalars(select(Document).where(Document.reference == fact.decree)).first()
    policy = session.scalars(select(ApprovalPolicy).where(ApprovalPolicy.reference == fact.policy)).first()
    region = _region_of(act, [entitlement.village_code for entitlement in entitled.values()])
    maker = _official(act, entry.actor.id)
    if program is None or decree is None or region is None or maker is None:
        raise PayeesForgotten(batch=each.reference)
    row = Batch(
        reference=each.reference,
        program_id=program.id,
        period=fact.period,
        commodity=fact.commodity,
        channel=fact.channel,
        region_code=region,
        state="draft",
        lines=0,
        total=0,
        decree_id=decree.id,
        policy_id=policy.id if policy else None,
        approvers_needed=0,
        made_by_id=maker,
        made_at=clock.parse_instant(entry.recorded_at),
    )
    session.add(row)
    session.flush()
    return row


def _region_of(act: Act, villages: Iterable[str]) -> str | None:
    """Name the smallest region that holds all these villages; None without any, or if the tree has none."""
    paths = {tuple(village.split(".")) for village in villages}
    if not paths:
        return None
    common: list[str] = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    while common:
        code = ".".join(common)
        if act.session.get(Region, code) is not None:
            return code
        common.pop()
    return None


def _share(act: Act, row: Batch, amounts: Mapping[str, int], sources: Mapping[str, int]) -> None:
    """Say which source pays how much, as the batch was submitted."""
    kept = {share.source_id: share for share in act.session.scalars(select(BatchSource).filter_by(batch_id=row.id))}
    for code, amount in amounts.items():
        share = kept.pop(sources[code], None)
        if share is None:
            act.session.add(BatchSource(batch_id=row.id, source_id=sources[code], amount=amount))
        else:
            share.amount = amount
    for share in kept.values():
        act.session.delete(share)


def _lines(act: Act, row: Batch) -> dict[int, BatchLine]:
    return {line.line_no: line for line in act.session.scalars(select(BatchLine).filter_by(batch_id=row.id))}


def _entitlements(act: Act, ids: list[int]) -> dict[int, Entitlement]:
    found: dict[int, Entitlement] = {}
    for chunk in chunked(ids, IDS_PER_QUERY):
        found |= {each.id: each for each in act.session.scalars(select(Entitlement).where(Entitlement.id.in_(chunk)))}
    return found


def _official(act: Act, login: str) -> int | None:
    return act.session.scalars(select(Official.id).where(Official.login == login)).first()


def _bytes(digest: str) -> bytes:
    return base64.urlsafe_b64decode(digest + "=") if digest else b""
