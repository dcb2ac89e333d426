"""Reading episodes: which are verified on a day, and the lists of a posko.

Whether an episode is verified is asked of the checks themselves, which are only ever added, and not of the word
stored on the episode: that word is for lists.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Select, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from aid_ledger.isolation import rules
from aid_ledger.isolation.models import IsolationCheck, IsolationEpisode
from aid_ledger.recipients.models import Person
from aid_ledger.recipients.queries import within

PAGE: Final = 50
"""Rows on one page of a list."""


def verified_episodes(on: dt.date) -> Select[tuple[int, int]]:
    """Select `person_id` and `episode_id` of verified isolations that count on a day: at most one, the newest, each."""
    covering = (
        select(IsolationEpisode.id, IsolationEpisode.person_id)
        .join(IsolationCheck, IsolationCheck.episode_id == IsolationEpisode.id)
        .where(
            IsolationEpisode.started_on <= on,
            or_(
                IsolationEpisode.ends_on >= on - rules.GRACE,
                and_(
                    IsolationEpisode.ends_on.is_(None), IsolationEpisode.started_on >= on - rules.LONGEST - rules.GRACE
                ),
            ),
            IsolationCheck.outcome == rules.Outcome.APPROVED.value,
            IsolationCheck.pillar.in_([pillar.value for pillar in rules.Pillar]),
        )
        .group_by(IsolationEpisode.id, IsolationEpisode.person_id)
        .having(
            func.count(IsolationCheck.pillar.distinct()) >= rules.PILLARS_NEEDED,
            func.max(case((IsolationCheck.pillar == rules.MANDATORY.value, 1), else_=0)) == 1,
        )
        .subquery()
    )
    return select(covering.c.person_id, func.max(covering.c.id).label("episode_id")).group_by(covering.c.person_id)


def episode(session: Session, reference: str, areas: Sequence[str], *, lock: bool = False) -> IsolationEpisode:
    """Fetch an episode of somebody within these areas, locked for this Act if asked; raises EpisodeNotFound."""
    query = (
        select(IsolationEpisode)
        .join(Person, Person.id == IsolationEpisode.person_id)
        .where(IsolationEpisode.reference == reference, within(Person.village_code, areas))
    )
    if lock:
        query = query.with_for_update(of=IsolationEpisode).execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise rules.EpisodeNotFound(episode=reference[:40])
    return found


def open_episode(session: Session, person_id: int) -> IsolationEpisode | None:
    """Find the episode of a person that is not ended, if there is one."""
    query = select(IsolationEpisode).where(
        IsolationEpisode.person_id == person_id, IsolationEpisode.state != rules.EpisodeState.ENDED.value
    )
    return session.scalars(query.order_by(IsolationEpisode.id.desc()).limit(1)).first()


def of_person(session: Session, person_id: int) -> Sequence[IsolationEpisode]:
    """List a person's episodes, the newest first."""
    query = select(IsolationEpisode).where(IsolationEpisode.person_id == person_id)
    return session.scalars(query.order_by(IsolationEpisode.id.desc()).limit(PAGE)).all()


def checks(session: Session, episode_id: int) -> Sequence[IsolationCheck]:
    """List the checks of an episode in the order they came."""
    query = select(IsolationCheck).where(IsolationCheck.episode_id == episode_id)
    return session.scalars(query.order_by(IsolationCheck.id)).all()


def outcomes(session: Session, episode_id: int) -> dict[rules.Pillar, rules.Outcome]:
    """Give what each pillar found."""
    return {rules.Pillar(check.pillar): rules.Outcome(check.outcome) for check in checks(session, episode_id)}


def running(
    session: Session, areas: Sequence[str], *, village: str = "", after: tuple[str, str, str, int] | None = None
) -> Sequence[tuple[IsolationEpisode, Person]]:
    """List a page of episodes that are not ended, by village, RW and RT, after a place in that order."""
    place = tuple_(Person.village_code, Person.rw, Person.rt, IsolationEpisode.id)
    query = (
        select(IsolationEpisode, Person)
        .join(Person, Person.id == IsolationEpisode.person_id)
        .where(IsolationEpisode.state != rules.EpisodeState.ENDED.value, within(Person.village_code, areas))
    )
    if village:
        query = query.where(Person.village_code == village)
    if after is not None:
        query = query.where(place > after)
    ordered = query.order_by(Person.village_code, Person.rw, Person.rt, IsolationEpisode.id).limit(PAGE + 1)
    return [(episode, person) for episode, person in session.execute(ordered)]


def done_pillars(session: Session, episode_ids: Sequence[int]) -> dict[int, frozenset[rules.Pillar]]:
    """Give which pillars have checked each of these episodes."""
    query = select(IsolationCheck.episode_id, IsolationCheck.pillar)
    found: dict[int, set[rules.Pillar]] = {id_: set() for id_ in episode_ids}
    for episode_id, pillar in session.execute(query.where(IsolationCheck.episode_id.in_(episode_ids))):
        found[episode_id].add(rules.Pillar(pillar))
    return {id_: frozenset(pillars) for id_, pillars in found.items()}


def count_unverified(session: Session, areas: Sequence[str]) -> int:
    """Count episodes within these areas that wait for a check."""
    query = (
        select(func.count())
        .select_from(IsolationEpisode)
        .join(Person, Person.id == IsolationEpisode.person_id)
        .where(IsolationEpisode.state == rules.EpisodeState.REPORTED.value, within(Person.village_code, areas))
    )
    return session.scalar(query) or 0
