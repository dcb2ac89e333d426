"""What a channel answered: read whole, matched whole, judged line by line, settled in bulk. Or refused and untouched.

A result file answers for every line of its instruction; an inquiry's answer for some. The same file a second time is
the same answer and changes nothing; so does a second SUCCESS for a line that has arrived.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.approvals.separation import require_separate
from aid_ledger.core.act import Act
from aid_ledger.core.bulk import load_rows
from aid_ledger.core.columns import fresh_salt
from aid_ledger.core.crypto import FieldKeys, decrypt
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.delivery import judging, queries, rules, sealed_file
from aid_ledger.delivery.channels import answers
from aid_ledger.delivery.channels.answers import Answer
from aid_ledger.delivery.judging import Effect, Said
from aid_ledger.delivery.models import Instruction, LineResult, ResultFile
from aid_ledger.delivery.outcomes import outcome_of
from aid_ledger.delivery.service.settling import Settled, settle
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.digests import encode_digest
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.funding.models import Source
from aid_ledger.officials.powers import require_office, require_role
from aid_ledger.recipients import payees
from aid_ledger.recipients.models import BankAccount
from audit.facts import paying as facts

PREFIX = "RES"

RESULT_COLUMNS = (
    "line_id",
    "result_id",
    "outcome",
    "channel_code",
    "channel_reference",
    "amount",
    "account_confirmed",
    "processed_at",
    "recorded_at",
    "salt",
)

LINES_PER_FETCH = 2_000
"""Accounts decrypted at a time: few enough that their plaintext never stands in memory together."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A line that was sent, as it stands now."""

    id: int
    line_no: int
    amount: int
    state: str
    source: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that changes its line."""

    settled: Settled
    answer: Answer
    is_account_same: bool | None


def import_results(act: Act, instruction_reference: str, content: bytes, *, is_inquiry: bool = False) -> ResultFile:
    """Read a channel's answer and settle its lines; the same file again gives the same record and changes nothing.

    Raises: InstructionNotFound, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch, ChannelRefused, AnswerElsewhere,
        AnswerMalformed, AnswerTooLarge, ControlTotalWrong, FileUnreadable, AnswerSetWrong, InquiryNeeded,
        AnswerContradicts.
    """
    instruction = queries.instruction(act.session, instruction_reference)
    batch = batches.lock_batch(act.session, act.session.get_one(Batch, instruction.batch_id).reference)
    digest = answers.file_digest(content)

    treasurer = require_role(act, Role.TREASURER, region=batch.region_code)
    require_office(act, treasurer)
    require_separate(act, batch, treasurer)
    rules.check_channel(instruction.channel, sealed_file.BY_FILE)
    known = queries.result_by_digest(act.session, digest)
    if known is not None:
        return _same(known, instruction)
    told = answers.imprisoned(content)
    matched = _match(act.session, batch, told, is_whole=not is_inquiry)
    judged = _judge(act, instruction, matched, is_inquiry=is_inquiry)

    result = ResultFile(
        reference=next_reference(act, PREFIX),
        instruction_id=instruction.id,
        file_sha256=digest,
        count=len(told),
        matched=len(judged),
        is_inquiry=is_inquiry,
        imported_by_id=treasurer,
        imported_at=act.at,
    )
    act.session.add(result)
    act.session.flush()
    _insert_line_results(act, result, judged)

    act.record(
        facts.ResultImported(
            result=result.reference,
            instruction=instruction.reference,
            file=encode_digest(digest),
            count=result.count,
            matched=result.matched,
            inquiry=is_inquiry,
        )
    )
    if judged:
        settle(act, batch, [each.settled for each in judged], result=result.reference)
    return result


def _same(known: ResultFile, instruction: Instruction) -> ResultFile:
    if known.instruction_id != instruction.id:
        raise rules.AnswerElsewhere(result=known.reference)
    return known


def _match(session: Session, batch: Batch, told: list[Answer], *, is_whole: bool) -> list[tuple[Awaited, Answer]]:
    """Find the line of every answer; a foreign reference, a second one or a missing one refuses the file."""
    awaited = {line.line_no: line for line in _awaited(session, batch)}
    found: dict[int, tuple[Awaited, Answer]] = {}
    foreign = 0
    for answer in told:
        line_no = rules.line_of(batch.reference, answer.partner_ref)
        if line_no is None or line_no not in awaited or line_no in found:
            foreign += 1
            continue
        found[line_no] = (awaited[line_no], answer)
    missing = awaited.keys() - found.keys() if is_whole else set()
    if foreign or missing:
        raise rules.AnswerSetWrong(
            batch=batch.reference, foreign=foreign, missing=len(missing), lines=rules.shown(missing) or "-"
        )
    return list(found.values())


def _awaited(session: Session, batch: Batch) -> Iterator[Awaited]:
    query = (
        select(BatchLine.id, BatchLine.line_no, BatchLine.amount, BatchLine.state, Source.code)
        .join(Source, Source.id == BatchLine.source_id)
        .where(BatchLine.batch_id == batch.id, BatchLine.state != "set_aside")
    )
    return (Awaited(*row) for row in session.execute(query))


def _judge(
    act: Act, instruction: Instruction, matched: list[tuple[Awaited, Answer]], *, is_inquiry: bool
) -> list[Judged]:
    """Judge every answer; give those that change their line."""
    age = act.at - instruction.instructed_at
    echoed = {line.id: answer.account_no for line, answer in matched if answer.account_no is not None}
    same = _accounts_same(act.session, act.kit.keys, instruction.batch_id, echoed)
    refused: dict[Effect, list[int]] = defaultdict(list)
    judged = []
    for line, answer in matched:
        said = Said(outcome_of(answer.status, answer.code), answer.amount, same.get(line.id))
        verdict = judging.judge(said, state=line.state, approved=line.amount, is_inquiry=is_inquiry, age=age)
        if verdict.effect is Effect.CHANGES:
            settled = Settled(line.id, line.line_no, line.amount, line.source, verdict.outcome, answer.amount)
            judged.append(Judged(settled, answer, same.get(line.id)))
        elif verdict.effect is not Effect.NOTHING:
            refused[verdict.effect].append(line.line_no)
    _refuse(instruction, refused)
    return judged


def _refuse(instruction: Instruction, refused: dict[Effect, list[int]]) -> None:
    contradicting, asking = refused.get(Effect.CONTRADICTS), refused.get(Effect.NEEDS_INQUIRY)
    if contradicting:
        raise rules.AnswerContradicts(instruction=instruction.reference, lines=rules.shown(contradicting))
    if asking:
        raise rules.InquiryNeeded(instruction=instruction.reference, lines=rules.shown(asking))


def _accounts_same(session: Session, keys: FieldKeys, batch_id: int, echoed: dict[int, str]) -> dict[int, bool]:
    """Tell of every echoed line whether the account is the one the approval bound; a line without one is another."""
    if not echoed:
        return {}
    query = (
        select(BatchLine.id, BankAccount.number, BankAccount.seal)
        .join(BankAccount, BankAccount.id == BatchLine.bank_account_id)
        .where(BatchLine.batch_id == batch_id)
        .execution_options(yield_per=LINES_PER_FETCH)
    )
    same = dict.fromkeys(echoed, False)
    for row in session.execute(query):
        if row.id in echoed:
            approved = decrypt(keys, row.number, table=payees.ACCOUNTS, column="number", row=row.seal)
            same[row.id] = _digits(approved) == _digits(echoed[row.id])
    return same


def _digits(account: str) -> str:
    """Write an account number without the blanks, dots and hyphens that people group it by."""
    return "".join(character for character in account if character not in " .-")


def _insert_line_results(act: Act, result: ResultFile, judged: list[Judged]) -> None:
    rows = (
        (
            each.settled.id,
            result.id,
            each.settled.outcome.name,
            each.answer.code,
            each.answer.channel_ref,
            each.answer.amount,
            each.is_account_same,
            _utc(each.answer.processed_at),
            act.at,
            fresh_salt(),
        )
        for each in judged
    )
    load_rows(act, LineResult, RESULT_COLUMNS, rows)
    act.wrote(LineResult, act.session.scalars(select(LineResult.id).where(LineResult.result_id == result.id)).all())


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    return moment.astimezone(dt.UTC) if moment is not None else None
