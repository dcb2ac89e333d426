"""Taking isolations in at the posko, the pillars' checks, and the end. What an episode gives right to is not here.

Health data: the log says that there was an episode and a check, never whose; notes and names of checkers stay in
salted rows. A check is never changed; a pillar that erred says so by the episode's end and a new one.
"""

from __future__ import annotations

import datetime as dt

from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.numbering import next_reference
from aid_ledger.isolation import queries, rules
from aid_ledger.isolation.models import IsolationCheck, IsolationEpisode
from aid_ledger.recipients import queries as recipients
from aid_ledger.recipients import reach
from aid_ledger.recipients.refusals import PersonElsewhere
from audit.facts.people import IsolationChecked, IsolationEnded, IsolationReported

on_constraint("uq_isolation_checks_episode_id_pillar", rules.PillarChecked)


def report_episode(  # noqa: PLR0913 - the particulars of one report, each by its name
    act: Act,
    person: str,
    *,
    origin: str,
    place: str,
    started_on: dt.date,
    health_centre: str,
    tested_on: dt.date | None = None,
) -> IsolationEpisode:
    """Take in that a person isolates; one at a time.

    Raises:
        PersonNotFound, PersonElsewhere, EpisodeOpen, IsolationMalformed, RoleMissing.
    """
    areas = reach.areas_of(act, rules.REPORTERS)
    # The person's row is locked, so that two reports at once cannot both find no open episode.
    reported = recipients.person(act.session, person, areas, lock=True)
    if reported.state != "active":
        raise PersonElsewhere(person=person, state=reported.state)
    rules.check_report(
        origin=origin, place=place, started_on=started_on, tested_on=tested_on, centre=health_centre, today=act.on
    )
    running = queries.open_episode(act.session, reported.id)
    if running is not None:
        raise rules.EpisodeOpen(episode=running.reference)

    episode = IsolationEpisode(
        reference=next_reference(act, "ISO"),
        person_id=reported.id,
        origin=origin,
        place=place,
        started_on=started_on,
        ends_on=None,
        health_centre=health_centre.strip(),
        tested_on=tested_on,
        state=rules.EpisodeState.REPORTED.value,
        reported_by=act.actor.id,
        reported_at=act.at,
    )
    act.session.add(episode)
    act.session.flush()

    act.record(IsolationReported(episode=episode.reference, origin=origin))
    return episode


def record_check(  # noqa: PLR0913 - the particulars of one check, each by its name
    act: Act, episode: str, *, pillar: str, outcome: str, checker_name: str, checked_on: dt.date, note: str = ""
) -> IsolationCheck:
    """Record what one pillar found; with enough approvals, the puskesmas among them, the episode is verified.

    Raises:
        EpisodeNotFound, EpisodeOver, PillarChecked, IsolationMalformed, RoleMissing.
    """
    found = queries.episode(act.session, episode, reach.areas_of(act, rules.REPORTERS), lock=True)
    if found.state == rules.EpisodeState.ENDED.value:
        raise rules.EpisodeOver(episode=episode)
    rules.check_check(
        pillar=pillar,
        outcome=outcome,
        name=checker_name,
        note=note,
        checked_on=checked_on,
        started_on=found.started_on,
        today=act.on,
    )
    outcomes = queries.outcomes(act.session, found.id)
    if rules.Pillar(pillar) in outcomes:
        raise rules.PillarChecked(pillar=rules.Pillar(pillar).label)

    check = IsolationCheck(
        episode_id=found.id,
        pillar=pillar,
        outcome=outcome,
        checker_name=checker_name.strip(),
        note=note.strip(),
        checked_on=checked_on,
        recorded_by=act.actor.id,
        recorded_at=act.at,
    )
    act.session.add(check)
    if rules.is_verified({**outcomes, rules.Pillar(pillar): rules.Outcome(outcome)}):
        found.state = rules.EpisodeState.VERIFIED.value
    act.session.flush()

    act.record(IsolationChecked(episode=found.reference, pillar=pillar, outcome=outcome))
    return check


def end_episode(act: Act, episode: str, *, ends_on: dt.date) -> IsolationEpisode:
    """Record the day an isolation ended; aid on its way still counts for some days after (see `rules.GRACE`).

    Raises:
        EpisodeNotFound, EpisodeOver, IsolationMalformed, RoleMissing.
    """
    found = queries.episode(act.session, episode, reach.areas_of(act, rules.REPORTERS), lock=True)
    if found.state == rules.EpisodeState.ENDED.value:
        raise rules.EpisodeOver(episode=episode)
    if not found.started_on <= ends_on <= act.on:
        raise rules.IsolationMalformed(field="ends_on")

    found.state, found.ends_on = rules.EpisodeState.ENDED.value, ends_on
    act.session.flush()

    act.record(IsolationEnded(episode=found.reference, on_day=ends_on, noted_at=act.at))
    return found
