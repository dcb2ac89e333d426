"""Listing the lines of a batch: which entitlements, which account, which source; what cannot be paid is set aside.

A kabupaten's round is 100,000 lines: the database makes them itself, in one statement. Lines are numbered in random
order (their numbers are public). A line that cannot be paid is kept in the batch as `set_aside` with its reason, so
that the rest goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    select,
    true,
)
from sqlalchemy.orm import Session

from aid_ledger.core.act import Act
from aid_ledger.core.bulk import take_room
from aid_ledger.core.db import Id
from aid_ledger.core.sqlfunctions import RandomName, RandomSalt
from aid_ledger.disbursement.digests import BY_ACCOUNT, kept_commitment
from aid_ledger.disbursement.models import DEAD_LINE_STATES, Batch, BatchLine, BatchSource, Entitlement, EntitlementRun
from aid_ledger.disbursement.rules import NothingAllocated, check_size
from aid_ledger.funding.models import Source
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import Program
from aid_ledger.recipients.models import BankAccount, Person
from aid_ledger.recipients.payees import current_account

NOT_ACTIVE = "not_active"
NO_FUNDS = "no_funds"


@dataclass
class Purse:
    """What one source still has for this programme while lines are given out."""

    source_id: int
    left: int


@dataclass(frozen=True)
class Portion:
    """So many lines of one amount are paid by one source: those up to this rank that no earlier portion has taken."""

    amount: int
    up_to: int
    source_id: int


def insert_lines(act: Act, batch: Batch, program: Program) -> None:
    """Insert a line for every payable entitlement of the batch's region, live or set aside with its reason.

    Raises:
        BatchTooLarge: more lines than one batch may hold.
        NothingAllocated: no source has anything for the programme.

    """
    purses = _purses(act, program)
    if not purses:
        raise NothingAllocated(program=program.code)
    _hold_runs(act, batch)
    take_room(act)
    due = _count(act.session, select(Entitlement.amount).where(*_is_due(batch)))
    check_size(sum(lines for _amount, lines in due))
    wanted = _wanted(batch).subquery("wanted")
    first, portions = purses[0].source_id, None
    if sum(amount * lines for amount, lines in due) > purses[0].left:
        payable = select(wanted.c.amount).where(wanted.c.reason == "")
        portions = share_out(purses, _count(act.session, payable))
    columns = _columns(batch, wanted, portions, first=first)
    act.session.execute(
        insert(BatchLine).from_select(list(columns), select(*columns.values()).order_by(columns["line_no"]))
    )
    act.wrote(BatchLine, act.session.scalars(select(BatchLine.id).where(BatchLine.batch_id == batch.id)).all())


def share_out(purses: Sequence[Purse], wanted: Sequence[tuple[int, int]]) -> list[Portion]:
    """Give lines (amount, how many) to the sources in their order; what no source has enough for is in no portion."""
    portions = []
    for amount, lines in wanted:
        given = 0
        for purse in purses:
            taken = min(lines - given, purse.left // amount)
            if taken > 0:
                given += taken
                purse.left -= taken * amount
                portions.append(Portion(amount, given, purse.source_id))
    return portions


def set_shares(act: Act, batch: Batch) -> dict[Source, int]:
    """Count a batch's live lines anew: its lines, total, and what each source pays, in the order of sources."""
    query = (
        select(BatchLine.source_id, func.count(), func.sum(BatchLine.amount))
        .where(BatchLine.batch_id == batch.id, BatchLine.state != "set_aside")
        .group_by(BatchLine.source_id)
        .order_by(BatchLine.source_id)
    )
    counted = [(source_id, count, int(total)) for source_id, count, total in act.session.execute(query)]
    batch.lines = sum(count for _source, count, _total in counted)
    batch.total = sum(total for _source, _count, total in counted)
    kept = {row.source_id: row for row in act.session.scalars(select(BatchSource).filter_by(batch_id=batch.id))}
    for source_id, _count, total in counted:
        row = kept.pop(source_id, None)
        if row is None:
            act.session.add(BatchSource(batch_id=batch.id, source_id=source_id, amount=total))
        else:
            row.amount = total
    for row in kept.values():
        act.session.delete(row)
    act.session.flush()
    return {act.session.get_one(Source, source_id): total for source_id, _count, total in counted}


def unpayable(session: Session, batch: Batch) -> Sequence[tuple[BatchLine, str]]:
    """List live lines whose payee can no longer be paid as drafted, each with the obstacle, in order."""
    obstacle = _obstacle(batch)
    suspects = (
        select(BatchLine, obstacle)
        .join(Person, Person.id == BatchLine.person_id)
        .outerjoin(BankAccount, current_account(with_account=batch.channel in BY_ACCOUNT))
        .where(BatchLine.batch_id == batch.id, BatchLine.state == "listed", obstacle != "")
    )
    return [(line, reason) for line, reason in session.execute(suspects.order_by(BatchLine.line_no))]


def _shared_accounts() -> Select[int]:
    """Select current accounts whose number is held in two or more households (red flag 16)."""
    # Few numbers are held twice at all; only for those is it asked in whose households.
    twice = (
        select(BankAccount.bank_code, BankAccount.number_hash)
        .where(BankAccount.is_current.is_(True))
        .group_by(BankAccount.bank_code, BankAccount.number_hash)
        .having(func.count() > 1)
        .subquery()
    )
    held = (
        select(BankAccount.bank_code, BankAccount.number_hash)
        .join(twice, and_(twice.c.bank_code == BankAccount.bank_code, twice.c.number_hash == BankAccount.number_hash))
        .join(Person, Person.id == BankAccount.person_id)
        .where(BankAccount.is_current.is_(True))
        .group_by(BankAccount.bank_code, BankAccount.number_hash)
        .having(func.min(Person.household_id) != func.max(Person.household_id))
        .subquery()
    )
    is_held = and_(held.c.bank_code == BankAccount.bank_code, held.c.number_hash == BankAccount.number_hash)
    return select(BankAccount.id).join(held, is_held).where(BankAccount.is_current.is_(True))


def _hold_runs(act: Act, batch: Batch) -> None:
    """Hold the runs this batch draws from, so that two drafts at once come one after another."""
    runs = select(EntitlementRun.id).where(
        EntitlementRun.program_id == batch.program_id,
        EntitlementRun.period == batch.period,
        EntitlementRun.decree_id == batch.decree_id,
    )
    act.session.execute(runs.order_by(EntitlementRun.id).with_for_update()).all()


def _count(session: Session, amounts: Select[int]) -> list[tuple[int, int]]:
    """Count how many there are of each amount, in the order of amounts."""
    some = amounts.subquery()
    counted = select(some.c.amount, func.count()).group_by(some.c.amount).order_by(some.c.amount)
    return [(int(amount), lines) for amount, lines in session.execute(counted)]


def _is_due(batch: Batch) -> Sequence[ColumnElement[bool]]:
    """Say which entitlements are due: of the region, determined by the decree, without a live line."""
    live = (
        select(BatchLine.id)
        .where(BatchLine.entitlement_id == Entitlement.id, BatchLine.state.not_in(DEAD_LINE_STATES))
        .exists()
    )
    runs = select(EntitlementRun.id).where(EntitlementRun.decree_id == batch.decree_id)
    return (
        Entitlement.program_id == batch.program_id,
        Entitlement.period == batch.period,
        Entitlement.state == "determined",
        Entitlement.run_id.in_(runs),
        Entitlement.village_code.startswith(batch.region_code, autoescape=True),
        ~live,
    )


def _wanted(batch: Batch) -> Select[int, int, int, str, bytes, int | None, bytes | None]:
    """Select what is due: to whom, how much, what hinders, and what the rows of person and account commit to."""
    return (
        select(
            Entitlement.id.label("entitlement_id"),
            Entitlement.person_id,
            Entitlement.amount,
            _obstacle(batch).label("reason"),
            Person.commitment.label("person"),
            BankAccount.id.label("account_id"),
            BankAccount.commitment.label("account"),
        )
        .join(Person, Person.id == Entitlement.person_id)
        .outerjoin(BankAccount, current_account(with_account=batch.channel in BY_ACCOUNT))
        .where(*_is_due(batch))
    )


def _columns(
    batch: Batch, wanted: Subquery, portions: Sequence[Portion] | None, *, first: int
) -> dict[str, ColumnElement[Any]]:
    """Say how a line is made of what is wanted: numbered at random, salted, committed, and paid by a source or none.

    Without portions the first source pays every line that can be paid.
    """
    drawn = select(wanted, func.random().label("draw"), RandomSalt().label("salt")).subquery("drawn")
    line_no = func.row_number().over(order_by=drawn.c.draw)
    rank = func.row_number().over(partition_by=(drawn.c.amount, drawn.c.reason), order_by=drawn.c.draw)
    ranked = null() if portions is None else rank
    line = select(drawn, line_no.label("line_no"), ranked.label("rank")).subquery("line")
    all_of_them = [(true(), literal(first, Id))]
    shared_out = [
        (and_(line.c.amount == each.amount, line.c.rank <= each.up_to), literal(each.source_id, Id))
        for each in portions or ()
    ]
    nobody = null().cast(Id)
    source = case((line.c.reason != "", nobody), *(all_of_them if portions is None else shared_out), else_=nobody)
    reason = case((line.c.reason != "", line.c.reason), (source.is_(None), NO_FUNDS), else_="")
    return {
        "batch_id": literal(batch.id, Id),
        "line_no": line.c.line_no,
        "entitlement_id": line.c.entitlement_id,
        "person_id": line.c.person_id,
        "bank_account_id": line.c.account_id,
        "source_id": func.coalesce(source, literal(first, Id)),
        "amount": line.c.amount,
        "state": case((reason != "", "set_aside"), else_="listed"),
        "reason": reason,
        "salt": line.c.salt,
        "commitment": kept_commitment(line.c.salt, line.c.person, line.c.account),
        "public_id": RandomName(),
    }


def _purses(act: Act, program: Program) -> list[Purse]:
    return [
        Purse(source.id, held if ceiling is None else min(held, ceiling))
        for source, held, ceiling in programs.paying_sources(act.session, program)
    ]


def _obstacle(batch: Batch) -> ColumnElement[str]:
    """Say why a person with their current account cannot be paid by the batch's channel; "" if they can."""
    is_gone = Person.state != "active"
    if batch.channel not in BY_ACCOUNT:
        return case((is_gone, NOT_ACTIVE), else_="")
    return case(
        (is_gone, NOT_ACTIVE),
        (BankAccount.id.is_(None), "no_account"),
        (BankAccount.id.in_(_shared_accounts()), "shared_account"),
        else_="",
    )
