"""Isolations: one at a time, checked once by each pillar, verified only with the puskesmas, over when they are over."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.errors import DomainError
from aid_ledger.isolation import queries, rules, service
from aid_ledger.isolation.models import IsolationCheck, IsolationEpisode
from aid_ledger.isolation.rules import Outcome, Pillar
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.recipients import service as recipient_service
from aid_ledger.recipients.models import Person
from aid_ledger.recipients.refusals import PersonElsewhere
from tests.builders import isolation as builders
from tests.builders import recipients
from tests.builders.officials import Founded

CENTRE, VILLAGE, POLICE, ARMY = Pillar.HEALTH_CENTRE, Pillar.VILLAGE_HEAD, Pillar.POLICE, Pillar.ARMY


@pytest.fixture
def person(founded: Founded) -> str:
    """Give somebody of the register."""
    recipients.imported(founded.bench, founded, 2)
    with founded.bench.reading() as session:
        return session.scalars(select(Person.reference).order_by(Person.id)).first() or ""


def verified(founded: Founded, on: dt.date | None = None) -> list[tuple[int, int]]:
    """Ask who counts as isolating on a day, as (person, episode)."""
    with founded.bench.reading() as session:
        rows = session.execute(queries.verified_episodes(on or clock.today()))
        return [(row.person_id, row.episode_id) for row in rows]


def state(founded: Founded, reference: str) -> str:
    """Tell an episode's state."""
    with founded.bench.reading() as session:
        return session.scalars(select(IsolationEpisode.state).where(IsolationEpisode.reference == reference)).one()


# --- verified or not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("approving", "expected"),
    [
        ((), False),
        ((CENTRE,), False),
        ((CENTRE, VILLAGE), False),
        ((VILLAGE, POLICE, ARMY), False),
        ((CENTRE, VILLAGE, ARMY), True),
        ((CENTRE, VILLAGE, POLICE, ARMY), True),
    ],
)
def test_three_pillars_with_the_puskesmas_verify(
    founded: Founded, person: str, approving: tuple[Pillar, ...], expected: bool
) -> None:
    """RF-37: without the puskesmas three others verify nothing, and the puskesmas alone does not either."""
    episode = builders.reported(founded, person)
    builders.checked(founded, episode.reference, approving)
    assert bool(verified(founded)) is expected
    assert (state(founded, episode.reference) == "verified") is expected
    assert rules.is_verified(dict.fromkeys(approving, Outcome.APPROVED)) is expected


def test_a_refusing_puskesmas_is_not_outvoted(founded: Founded, person: str) -> None:
    """Three approvals beside a refusal of the one who judges health."""
    episode = builders.reported(founded, person)
    builders.checked(founded, episode.reference, (CENTRE,), outcome=Outcome.REFUSED)
    builders.checked(founded, episode.reference, (VILLAGE, POLICE, ARMY))
    assert verified(founded) == []
    assert state(founded, episode.reference) == "reported"


def test_a_state_written_by_hand_verifies_nobody(founded: Founded, person: str) -> None:
    """What counts are the checks: the word on the episode is for lists."""
    episode = builders.reported(founded, person)
    with founded.act("field") as act:
        found = queries.episode(act.session, episode.reference, ("",), lock=True)
        found.state = "verified"
        service.record_check(
            act,
            episode.reference,
            pillar="babinsa",
            outcome="refused",
            checker_name="Petugas Contoh",
            checked_on=act.on,
        )
    assert verified(founded) == []


def test_a_person_counts_once_by_the_newest_episode(founded: Founded, person: str) -> None:
    """Two verified episodes of one person are one household's need."""
    first = builders.isolated(founded, person)
    with founded.act("field") as act:
        service.end_episode(act, first.reference, ends_on=act.on)
    second = builders.isolated(founded, person)
    assert verified(founded) == [(first.person_id, second.id)]


@pytest.mark.parametrize(("days", "expected"), [(0, True), (14, True), (15, False)])
def test_an_ended_isolation_counts_for_its_grace_and_no_longer(
    founded: Founded, person: str, days: int, expected: bool
) -> None:
    """Aid arrives days after the need; two weeks after the end it is nobody's any more."""
    episode = builders.isolated(founded, person)
    with founded.act("field") as act:
        service.end_episode(act, episode.reference, ends_on=act.on)
    today = clock.today()
    assert bool(verified(founded, today + dt.timedelta(days=days))) is expected
    assert verified(founded, today - dt.timedelta(days=1)) == []


def test_a_forgotten_isolation_does_not_pay_for_ever(founded: Founded, person: str) -> None:
    """An episode nobody ended is over by itself."""
    builders.isolated(founded, person)
    last = clock.today() + rules.LONGEST + rules.GRACE
    assert verified(founded, last)
    assert verified(founded, last + dt.timedelta(days=1)) == []


# --- once -------------------------------------------------------------------------------------------------------------


def test_one_isolation_at_a_time(founded: Founded, person: str) -> None:
    """Ten posts report the same person at once; one episode."""

    def report(_number: int) -> bool:
        try:
            builders.reported(founded, person)
        except rules.EpisodeOpen:
            return False
        return True

    with ThreadPoolExecutor(10) as crowd:
        assert list(crowd.map(report, range(10))).count(True) == 1


def test_a_pillar_gives_its_word_once(founded: Founded, person: str) -> None:
    """A refusal is not followed by an approval of the same pillar, whoever types it."""
    episode = builders.reported(founded, person)
    builders.checked(founded, episode.reference, (CENTRE,), outcome=Outcome.REFUSED)
    with pytest.raises(rules.PillarChecked):
        builders.checked(founded, episode.reference, (CENTRE,))
    with founded.bench.reading() as session:
        assert session.scalars(select(IsolationCheck.outcome)).all() == ["refused"]


def test_nothing_is_checked_or_ended_after_the_end(founded: Founded, person: str) -> None:
    """An episode that is over stays as it was."""
    episode = builders.reported(founded, person)
    with founded.act("field") as act:
        service.end_episode(act, episode.reference, ends_on=act.on)
    with pytest.raises(rules.EpisodeOver):
        builders.checked(founded, episode.reference, (CENTRE,))
    with pytest.raises(rules.EpisodeOver), founded.act("field") as act:
        service.end_episode(act, episode.reference, ends_on=act.on)


# --- who and what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["operator", "verifier", "auditor", "admin"])
def test_only_the_posko_reports(founded: Founded, person: str, by: str) -> None:
    """Who pays does not say who is ill."""
    with pytest.raises(RoleMissing):
        builders.reported(founded, person, by=by)


def test_the_dead_do_not_isolate(founded: Founded, person: str) -> None:
    """Civil status comes first."""
    with founded.act("operator") as act:
        recipient_service.record_civil_status(act, person, status="deceased", since=act.on)
    with pytest.raises(PersonElsewhere):
        builders.reported(founded, person)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "tetangga"},
        {"place": "hotel"},
        {"started_on": dt.timedelta(days=1)},
        {"started_on": dt.timedelta(days=-60)},
        {"tested_on": dt.timedelta(days=1)},
        {"health_centre": " "},
    ],
)
def test_a_report_that_cannot_be_is_refused(founded: Founded, person: str, change: dict[str, Any]) -> None:
    """Unknown words, days to come, isolations long over, no health centre: each names its field."""
    values: dict[str, Any] = {
        "origin": "puskesmas",
        "place": "home",
        "started_on": dt.timedelta(),
        "health_centre": "Puskesmas",
    }
    values |= change
    today = clock.today()
    for name, value in values.items():
        values[name] = today + value if isinstance(value, dt.timedelta) else value
    with pytest.raises(DomainError) as refusal, founded.act("field") as act:
        service.report_episode(act, person, **values)
    assert refusal.value.facts == {"field": next(iter(change))}


def test_the_log_names_no_patient(founded: Founded, person: str) -> None:
    """THREATS 14: entries carry the episode's reference, origin and outcome; not who, where or who checked."""
    builders.isolated(founded, person)
    with founded.bench.reading() as session:
        rows = session.scalars(select(LogEntry.raw).where(LogEntry.kind.startswith("Isolation"))).all()
    assert len(rows) == 5
    for raw in rows:
        assert json.loads(raw)["body"].keys() <= {"episode", "origin", "pillar", "outcome"}
        assert person.encode() not in raw
        assert b"Puskesmas Contoh" not in raw
