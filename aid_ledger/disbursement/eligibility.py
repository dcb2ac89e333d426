"""Who is due: one set-based pass over a region's households, each with either an entitlement or a reason.

A household is represented by its eldest active adult record (lowest number). The order of the reasons is the order of
the checks: the first that applies is the one told. New rows are inserted in random order, so that their public
numbers do not follow the order of people.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, exists, func, insert, literal, or_, select
from sqlalchemy.orm import Session

from aid_ledger.core.act import Act
from aid_ledger.core.bulk import RandomSalt
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
    judged = _judged(question)
    # Those left out come first: once the others are inserted they would count as already entitled.
    left_out = _insert_left_out(act, run, judged)
    return _insert_due(act, question, run, judged), left_out


def _insert_due(act: Act, question: Question, run: EntitlementRun, judged: Subquery) -> int:
    rows = (
        select(
            literal(run.id),
            literal(question.program.id),
            literal(question.period),
            judged.c.household_id,
            judged.c.person_id,
            judged.c.village_code,
            literal(run.amount_each),
            literal("proposed"),
            literal(""),
            judged.c.episode_id,
            RandomSalt(),
        )
        .where(judged.c.reason == "")
        .order_by(func.random())
    )
    names = [
        "run_id",
        "program_id",
        "period",
        "household_id",
        "person_id",
        "village_code",
        "amount",
        "state",
        "hold_reason",
        "episode_id",
        "salt",
    ]
    act.session.execute(insert(Entitlement).from_select(names, rows))
    ids = act.session.scalars(select(Entitlement.id).where(Entitlement.run_id == run.id)).all()
    act.wrote(Entitlement, ids)
    return len(ids)


def _insert_left_out(act: Act, run: EntitlementRun, judged: Subquery) -> int:
    rows = (
        select(literal(run.id), judged.c.household_id, judged.c.person_id, judged.c.reason, RandomSalt())
        .where(judged.c.reason != "")
        .order_by(func.random())
    )
    names = ["run_id", "household_id", "person_id", "reason", "salt"]
    act.session.execute(insert(LeftOut).from_select(names, rows))
    ids = act.session.scalars(select(LeftOut.id).where(LeftOut.run_id == run.id)).all()
    act.wrote(LeftOut, ids)
    return len(ids)


def _judged(question: Question) -> Subquery:
    """Give every household of the region its representative, isolation episode and first reason ('' = due)."""
    chosen = _representatives(question)
    episodes = isolation.verified_episodes(question.on).subquery()
    return (
        select(
            Person.household_id,
            Person.id.label("person_id"),
            Person.village_code,
            (episodes.c.episode_id if question.program.needs_isolation else literal(None)).label("episode_id"),
            _reason(question, episodes).label("reason"),
        )
        .join(chosen, chosen.c.person_id == Person.id)
        .outerjoin(episodes, episodes.c.person_id == Person.id)
        .subquery()
    )


def _representatives(question: Question) -> Subquery:
    """Choose one person per household: for isolation programmes the one who isolates, else the first active one."""
    rank = case((Person.state == "active", 0), else_=1)
    order: list[Any] = [rank, Person.id]
    if question.program.needs_isolation:
        isolating = isolation.verified_episodes(question.on).subquery()
        order.insert(0, case((Person.id.in_(select(isolating.c.person_id)), 0), else_=1))
    numbered = (
        select(
            Person.id.label("person_id"),
            func.row_number().over(partition_by=Person.household_id, order_by=order).label("place"),
        )
        .where(Person.village_code.startswith(question.region, autoescape=True))
        .subquery()
    )
    return select(numbered.c.person_id).where(numbered.c.place == 1).subquery()


def _reason(question: Question, episodes: Subquery) -> ColumnElement[str]:
    checks: list[tuple[ColumnElement[bool], str]] = [
        (Person.state == "deceased", "deceased"),
        (Person.state == "moved", "moved"),
        (Person.state == "erased", "erased"),
        (Person.excluded_occupation.is_(True), "excluded_occupation"),
        (and_(Person.birth_year.is_not(None), Person.birth_year > question.on.year - ADULT_AGE), "under_age"),
        (_already_entitled(question), "already_entitled"),
        (_double_aid(question), "double_aid"),
    ]
    if question.program.needs_isolation:
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


def _double_aid(question: Question) -> ColumnElement[bool]:
    """Find aid that excludes this one, in either direction: our own programmes by household, others' by person."""
    excluded = select(Program.id).where(
        or_(
            Program.code.in_(select(Exclusion.other_code).where(Exclusion.program_id == question.program.id)),
            Program.id.in_(select(Exclusion.program_id).where(Exclusion.other_code == question.program.code)),
        )
    )
    ours = exists(
        select(Entitlement.id).where(
            Entitlement.household_id == Person.household_id,
            Entitlement.program_id.in_(excluded),
            Entitlement.period == question.period,
            Entitlement.state.in_(CLAIMING),
        )
    )
    theirs = exists(
        select(ExternalAid.id).where(
            ExternalAid.nik_hash == Person.nik_hash,
            ExternalAid.period == question.period,
            ExternalAid.program.in_(select(Exclusion.other_code).where(Exclusion.program_id == question.program.id)),
        )
    )
    return or_(ours, theirs)


def reasons(session: Session, run_id: int) -> dict[str, int]:
    """Count the reasons of a run, most frequent first."""
    query: Select[tuple[str, int]] = (
        select(LeftOut.reason, func.count()).where(LeftOut.run_id == run_id).group_by(LeftOut.reason)
    )
    counted = [(reason, count) for reason, count in session.execute(query)]
    return dict(sorted(counted, key=lambda pair: -pair[1]))
