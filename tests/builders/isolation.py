"""People who isolate, reported and checked through the services by the posko."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from aid_ledger.isolation import service
from aid_ledger.isolation.models import IsolationEpisode
from aid_ledger.isolation.rules import Outcome, Pillar
from tests.builders.officials import Founded

POSKO = "field"


def reported(founded: Founded, person: str, *, started_on: dt.date | None = None, by: str = POSKO) -> IsolationEpisode:
    """Report that a person isolates, since today unless told."""
    with founded.act(by) as act:
        return service.report_episode(
            act,
            person,
            origin="puskesmas",
            place="home",
            started_on=started_on or act.on,
            health_centre="Puskesmas Contoh",
        )


def checked(
    founded: Founded, episode: str, pillars: Iterable[Pillar] = tuple(Pillar), *, outcome: Outcome = Outcome.APPROVED
) -> None:
    """Let these pillars give their word on an episode, all four of them unless told."""
    for pillar in pillars:
        with founded.act(POSKO) as act:
            service.record_check(
                act,
                episode,
                pillar=pillar.value,
                outcome=outcome.value,
                checker_name="Petugas Contoh",
                checked_on=act.on,
            )


def isolated(founded: Founded, person: str) -> IsolationEpisode:
    """Let a person isolate since today, verified by all four pillars."""
    episode = reported(founded, person)
    checked(founded, episode.reference)
    return episode
