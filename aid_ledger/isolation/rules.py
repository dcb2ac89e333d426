"""Whose word makes an isolation verified: pillars, outcomes, and the rule of how many must agree. Pure.

The four pillars follow the city's practice of 2021 (lurah or kepala desa, puskesmas, bhabinkamtibmas, babinsa); that
their check counts as evidence for aid, and how many of them it takes, is a rule of this house.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Final

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.roles import Role

PILLARS_NEEDED: Final = 3
"""How many of the four pillars must approve, the puskesmas always among them: one absent officer stops no aid."""

GRACE: Final = dt.timedelta(days=14)
"""How long after its end an episode still counts: aid reaches a household days after the need began."""

LONGEST: Final = dt.timedelta(days=30)
"""An episode that nobody ended counts as over after this: forgetting to close one must not pay for ever."""

REPORTERS: Final = (Role.FIELD,)
"""Who takes isolations in and records checks: the posko."""

READERS: Final = (Role.FIELD, Role.OPERATOR, Role.VERIFIER, Role.AUDITOR)
"""Who may look at episodes, each within the areas of their roles."""

NOTE_LIMIT: Final = 500
NAME_LIMIT: Final = 200


class Origin(Enum):
    """Through whom a report came in."""

    NEIGHBOURHOOD = "tracer_rtrw"
    COMPANY = "tracer_company"
    HEALTH_CENTRE = "puskesmas"
    SELF = "self_report"

    @property
    def label(self) -> str:
        """Name it as the posko does."""
        return _ORIGINS[self]


class IsolationPlace(Enum):
    """Where somebody isolates."""

    HOME = "home"
    CENTRE = "centre"
    HOSPITAL = "hospital"

    @property
    def label(self) -> str:
        """Name it as the posko does."""
        return _PLACES[self]


class Pillar(Enum):
    """One of the four whose check counts."""

    VILLAGE_HEAD = "lurah_kades"
    HEALTH_CENTRE = "puskesmas"
    POLICE = "bhabinkamtibmas"
    ARMY = "babinsa"

    @property
    def label(self) -> str:
        """Name it as people know it."""
        return _PILLARS[self]


class Outcome(Enum):
    """What a pillar found."""

    APPROVED = "approved"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        """Say it as the form does."""
        return "Benar isolasi" if self is Outcome.APPROVED else "Tidak sesuai"


class EpisodeState(Enum):
    """How far an episode has come."""

    REPORTED = "reported"
    VERIFIED = "verified"
    ENDED = "ended"

    @property
    def label(self) -> str:
        """Give the one word of this state."""
        return _STATES[self]


_ORIGINS: Final = {
    Origin.NEIGHBOURHOOD: "Pelacak RT/RW",
    Origin.COMPANY: "Pelacak perusahaan",
    Origin.HEALTH_CENTRE: "Puskesmas",
    Origin.SELF: "Laporan sendiri",
}
_PLACES: Final = {
    IsolationPlace.HOME: "Rumah",
    IsolationPlace.CENTRE: "Tempat isolasi terpusat",
    IsolationPlace.HOSPITAL: "Rumah sakit",
}
_PILLARS: Final = {
    Pillar.VILLAGE_HEAD: "Lurah / kepala desa",
    Pillar.HEALTH_CENTRE: "Puskesmas",
    Pillar.POLICE: "Bhabinkamtibmas",
    Pillar.ARMY: "Babinsa",
}
_STATES: Final = {
    EpisodeState.REPORTED: "dilaporkan",
    EpisodeState.VERIFIED: "diverifikasi",
    EpisodeState.ENDED: "selesai",
}

MANDATORY: Final = Pillar.HEALTH_CENTRE
"""Health is judged by the puskesmas, whatever the others say."""


class EpisodeNotFound(DomainError):
    """No episode has this reference, or it lies outside the reader's area."""

    kind = Kind.NOT_FOUND
    code = "isolation.not_found"


class EpisodeOpen(DomainError):
    """The person has an episode that is not ended."""

    kind = Kind.CONFLICT
    code = "isolation.open_already"


class EpisodeOver(DomainError):
    """The episode is ended: nothing is checked or ended again."""

    kind = Kind.CONFLICT
    code = "isolation.over"


class PillarChecked(DomainError):
    """This pillar has given its word on this episode; words are not taken back."""

    kind = Kind.CONFLICT
    code = "isolation.pillar_checked"


class IsolationMalformed(DomainError):
    """A field of a report or check cannot be."""

    kind = Kind.INVALID
    code = "isolation.malformed"


def is_verified(outcomes: dict[Pillar, Outcome]) -> bool:
    """Tell whether these checks make an episode verified: enough approve, the puskesmas among them."""
    approved = {pillar for pillar, outcome in outcomes.items() if outcome is Outcome.APPROVED}
    return MANDATORY in approved and len(approved) >= PILLARS_NEEDED


def check_report(
    *, origin: str, place: str, started_on: dt.date, tested_on: dt.date | None, centre: str, today: dt.date
) -> None:
    """Refuse a report that cannot be: unknown words, days to come, or an isolation long over.

    Raises:
        IsolationMalformed: names the field.
    """
    is_recent = today - LONGEST - GRACE <= started_on <= today
    is_tested = tested_on is None or today - LONGEST - GRACE <= tested_on <= today
    for field, is_good in (
        ("origin", origin in {each.value for each in Origin}),
        ("place", place in {each.value for each in IsolationPlace}),
        ("started_on", is_recent),
        ("tested_on", is_tested),
        ("health_centre", 0 < len(centre.strip()) <= NAME_LIMIT),
    ):
        if not is_good:
            raise IsolationMalformed(field=field)


def check_check(  # noqa: PLR0913 - the particulars of one check, each by its name
    *, pillar: str, outcome: str, name: str, note: str, checked_on: dt.date, started_on: dt.date, today: dt.date
) -> None:
    """Refuse a check that cannot be: unknown words, no name, a day before the isolation or to come.

    Raises:
        IsolationMalformed: names the field.
    """
    for field, is_good in (
        ("pillar", pillar in {each.value for each in Pillar}),
        ("outcome", outcome in {each.value for each in Outcome}),
        ("checker_name", 0 < len(name.strip()) <= NAME_LIMIT),
        ("note", len(note) <= NOTE_LIMIT),
        ("checked_on", started_on <= checked_on <= today),
    ):
        if not is_good:
            raise IsolationMalformed(field=field)
