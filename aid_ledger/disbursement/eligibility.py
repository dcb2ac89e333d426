"""Who is due: one set-based pass over a region's households, each with either an entitlement or a reason.

A household is represented by its first active adult (lowest number), in isolation programmes by the one who isolates.
The order of the reasons is the order of the checks: the first that applies is the one told. New rows are inserted in
random order, so that their public numbers do not follow the order of people.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session, aliased

from aid_ledger.core.act import Act
from aid_ledger.core.db import Id
from aid_ledger.core.sqlfunctions import RandomSalt
from aid_ledger.disbursement.models import Entitlement, EntitlementRun, LeftOut
from aid_ledger.isolation import queries as isolation
from aid_ledger.programs.models import Exclusion, Program
from aid_ledger.recipients.models import ExternalAid, Person

ADULT_AGE = 17
"""Below this age a payee needs a guardian's document (red flag 11)."""

CLAIMING = ("proposed", "determined", "on_hold")
"""States in which an entitlement counts against another programme."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: this programme, this period, this region, on this day."""

    program: Program
    period: str
    region: str
    on: dt.date


def insert_outcomes(act: Act, question: Question, run: EntitlementRun) -> tuple[int, int]:
    """Insert an entitlement or a reason for every household of the region; returns (due, left out)."""
    judged = _judged(question, _excluded_codes(act.session, question.program))
    # Those left out come first: once the others are inserted they would count as already entitled.
    left_out = _insert_left_out(act, run, judged)
    return _insert_due(act, question, run, judged), left_out


def _insert_due(act: Act, question: Question, run: EntitlementRun, judged: Subquery) -> int:
    values: dict[str, ColumnElement[Any]] = {
        "run_id": literal(run.id),
        "program_id": literal(question.program.id),
        "period": literal(question.period),
        "household_id": judged.c.household_id,
        "person_id": judged.c.person_id,
        "village_code": judged.c.village_code,
        "amount": literal(run.amount_each),
        "state": literal("proposed"),
        "hold_reason": literal(""),
        "episode_id": judged.c.episode_id,
        "salt": RandomSalt(),
    }
    rows = select(*values.values()).where(judged.c.reason == "").order_by(func.random())
    act.session.execute(insert(Entitlement).from_select(list(values), rows))
    ids = act.session.scalars(select(Entitlement.id).where(Entitlement.run_id == run.id)).all()
    act.wrote(Entitlement, ids)
    return len(ids)


def _insert_left_out(act: Act, run: EntitlementRun, judged: Subquery) -> int:
    values: dict[str, ColumnElement[Any]] = {
        "run_id": literal(run.id),
        "household_id": judged.c.household_id,
        "person_id": judged.c.person_id,
        "reason": judged.c.reason,
        "salt": RandomSalt(),
    }
    rows = select(*values.values()).where(judged.c.reason != "").order_by(func.random())
    act.session.execute(insert(LeftOut).from_select(list(values), rows))
    ids = act.session.scalars(select(LeftOut.id).where(LeftOut.run_id == run.id)).all()
    act.wrote(LeftOut, ids)
    return len(ids)


def _judged(question: Question, excluded: Collection[str]) -> Subquery:
    """Give every household of the region its representative, isolation episode and first reason ("" = due)."""
    chosen = _representatives(question)
    columns = [Person.household_id, Person.id.label("person_id"), Person.village_code]
    if not question.program.needs_isolation:
        query = select(
            *columns, cast(null(), Id).label("episode_id"), _reason(question, chosen, excluded).label("reason")
        )
        return query.join(chosen, chosen.c.person_id == Person.id).subquery()
    episodes = isolation.verified_episodes(question.on).subquery()
    query = select(*columns, episodes.c.episode_id, _reason(question, chosen, excluded, episodes).label("reason"))
    query = query.join(chosen, chosen.c.person_id == Person.id)
    return query.outerjoin(episodes, episodes.c.person_id == Person.id).subquery()


def _representatives(question: Question) -> Subquery:
    """Choose one person per household, and note whether any active member's occupation excludes it."""
    is_adult = not_(_is_minor(question))
    rank = case((and_(Person.state == "active", is_adult), 0), (Person.state == "active", 1), else_=2)
    order: list[Any] = [rank, Person.id]
    if question.program.needs_isolation:
        isolating = isolation.verified_episodes(question.on).subquery()
        order.insert(0, case((Person.id.in_(select(isolating.c.person_id)), 0), else_=1))
    excludes = case((and_(Person.state == "active", Person.excluded_occupation.is_(True)), 1), else_=0)
    numbered = (
        select(
            Person.id.label("person_id"),
            func.row_number().over(partition_by=Person.household_id, order_by=order).label("place"),
            func.max(excludes).over(partition_by=Person.household_id).label("excludes"),
        )
        .where(_within(question.region))
        .subquery()
    )
    return select(numbered.c.person_id, numbered.c.excludes).where(numbered.c.place == 1).subquery()


def _within(region: str) -> ColumnElement[bool]:
    """Match people of a region; codes are of fixed width, so a prefix that is a region's code is that region."""
    return Person.village_code.startswith(region, autoescape=True)


def _is_minor(question: Question) -> ColumnElement[bool]:
    return and_(Person.birth_year.is_not(None), Person.birth_year > question.on.year - ADULT_AGE)


def _reason(
    question: Question, chosen: Subquery, excluded: Collection[str], episodes: Subquery | None = None
) -> ColumnElement[str]:
    checks: list[tuple[ColumnElement[bool], str]] = [
        (Person.state == "deceased", "deceased"),
        (Person.state == "moved", "moved"),
        (Person.state == "erased", "erased"),
        # House rule, stricter than red flag 12: any active member's occupation excludes, whoever is listed as payee.
        (chosen.c.excludes == 1, "excluded_occupation"),
        (_is_minor(question), "under_age"),
        (_already_entitled(question), "already_entitled"),
    ]
    if excluded:
        checks.append((_double_aid(question, excluded), "double_aid"))
    if episodes is not None:
        checks.append((episodes.c.episode_id.is_(None), "no_isolation"))
    return case(*((condition, literal(reason)) for condition, reason in checks), else_=literal(""))


def _already_entitled(question: Question) -> ColumnElement[bool]:
    return exists(
        select(Entitlement.id).where(
            Entitlement.household_id == Person.household_id,
            Entitlement.program_id == question.program.id,
            Entitlement.period == question.period,
        )
    )


def _double_aid(question: Question, excluded: Collection[str]) -> ColumnElement[bool]:
    """Find aid that excludes this one: our own programmes', or others' by any member of the family."""
    ours = exists(
        select(Entitlement.id).where(
            Entitlement.household_id == Person.household_id,
            Entitlement.program_id.in_(select(Program.id).where(Program.code.in_(excluded))),
            Entitlement.period == question.period,
            Entitlement.state.in_(CLAIMING),
        )
    )
    member = aliased(Person)
    theirs = exists(
        select(ExternalAid.id)
        .join(member, member.nik_hash == ExternalAid.nik_hash)
        .where(
            member.household_id == Person.household_id,
            ExternalAid.period == question.period,
            ExternalAid.program.in_(excluded),
        )
    )
    # "DTKS" or "DTSEN" as the other programme excludes whoever is listed there (ASN Berbagi is for those outside).
    listed = Person.list_source.in_(excluded)
    return or_(ours, theirs, listed)


def _excluded_codes(session: Session, program: Program) -> tuple[str, ...]:
    """List the codes of programmes that one household may not receive beside this one, in either direction."""
    named_here = select(Exclusion.other_code).where(Exclusion.program_id == program.id)
    named_there = select(Program.code).join(Exclusion, Exclusion.program_id == Program.id)
    both = union(named_here, named_there.where(Exclusion.other_code == program.code))
    return tuple(session.scalars(both))
