"""Whose word makes an isolation verified: pillars, outcomes, and the rule of how many must agree. Pure.

The four pillars follow the city's practice of 2021 (lurah or kepala desa, puskesmas, bhabinkamtibmas, babinsa); that
their check counts as evidence for aid, and how many of them it takes, is a rule of this house.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

PILLARS_NEEDED: Final = 3
"""How many of the four pillars must approve, the puskesmas always among them: one absent officer stops no aid."""

GRACE: Final = dt.timedelta(days=14)
"""How long after its end an episode still counts: aid reaches a household days after the need began."""

LONGEST: Final = dt.timedelta(days=30)
"""An episode that nobody ended counts as over after this: forgetting to close one must not pay for ever."""

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
