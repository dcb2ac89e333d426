"""What a programme may be and what its room refuses; how many approvers a total needs. Pure."""

from __future__ import annotations

import json
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

SOURCE_KINDS: Final = ("apbd", "btt", "dana_desa", "csr", "asn_peduli")
"""Kinds of source a programme may name."""

PILLARS: Final = ("pencegahan", "penanggulangan", "pemulihan")
"""The three targets of BEKASI BERANI; only the last pays aid."""

UNITS: Final = ("household",)
"""One payment per household and period (1 KK 1 bantuan)."""

APPROVERS_LIMIT: Final = 5
"""Approvers a policy may ask for: more would be a veto by absence."""

TELLING_WORDS: Final = ("isoman", "isolasi", "covid", "positif", "sakit", "pasien")
"""Words that would tell a neighbour of an illness; a public name or code holds none of them (THREATS 14)."""


class ProgramNotFound(DomainError):
    """No such programme."""

    kind = Kind.NOT_FOUND
    code = "program.not_found"


class ProgramTelling(DomainError):
    """The code or public name of a programme would tell of an illness."""

    kind = Kind.INVALID
    code = "program.telling_name"


class ProgramRefused(DomainError):
    """A programme needs a known pillar, unit and at least one kind of source."""

    kind = Kind.INVALID
    code = "program.refused"


class RateMissing(DomainError):
    """No rate is in force on the day."""

    kind = Kind.CONFLICT
    code = "program.rate_missing"


class SourceNotAllowed(DomainError):
    """The programme may not be paid from a source of this kind (red flag 24)."""

    kind = Kind.CONFLICT
    code = "program.source_not_allowed"


class ProgramOnlyObserved(DomainError):
    """The programme is paid by others and only observed here: nothing can be allocated to it."""

    kind = Kind.CONFLICT
    code = "program.only_observed"


class CommodityMismatch(DomainError):
    """A programme that pays goods is allocated money only for buying them, and the reverse never."""

    kind = Kind.INVALID
    code = "program.commodity_mismatch"


class PolicyMissing(DomainError):
    """No approval policy is in force: nobody could approve."""

    kind = Kind.CONFLICT
    code = "policy.missing"


class PolicyRefused(DomainError):
    """Limits start at zero, rise, and ask for one to five approvers."""

    kind = Kind.INVALID
    code = "policy.refused"


class PolicyNotFound(DomainError):
    """No such policy."""

    kind = Kind.NOT_FOUND
    code = "policy.not_found"


class PolicyNotProposed(DomainError):
    """The policy waits for nobody's consent any more."""

    kind = Kind.CONFLICT
    code = "policy.not_proposed"


class PolicyNotSecondPerson(DomainError):
    """A change of policy needs two people, neither of whom approves under it."""

    kind = Kind.NOT_ALLOWED
    code = "policy.second_person"


Limits = tuple[tuple[int, int], ...]
"""(from this total on, so many approvers), rising, the first from zero."""


def check_names(code: str, public_name: str) -> None:
    """Refuse a code or public name that tells of an illness; raises ProgramTelling."""
    for word in TELLING_WORDS:
        if word in code.lower() or word in public_name.lower():
            raise ProgramTelling(word=word)


def check_shape(*, pillar: str, unit: str, allowed_sources: tuple[str, ...]) -> None:
    """Refuse unknown words and a programme nobody may pay; raises ProgramRefused."""
    known = pillar in PILLARS and unit in UNITS and allowed_sources and set(allowed_sources) <= set(SOURCE_KINDS)
    if not known:
        raise ProgramRefused(pillar=pillar, unit=unit)


def check_limits(limits: Limits) -> None:
    """Refuse limits with a gap, a fall or an absurd number of approvers; raises PolicyRefused."""
    totals = [total for total, _approvers in limits]
    rises = totals == sorted(set(totals)) and totals[:1] == [0]
    if not rises or not all(1 <= approvers <= APPROVERS_LIMIT for _total, approvers in limits):
        raise PolicyRefused(limits=len(limits))


def approvers_for(limits: Limits, total: int) -> int:
    """Tell how many approvers a total needs under these limits."""
    return max(approvers for from_total, approvers in limits if from_total <= total)


def write_limits(limits: Limits) -> str:
    """Write limits for the column."""
    return json.dumps([list(limit) for limit in limits], separators=(",", ":"))


def read_limits(text: str) -> Limits:
    """Read limits back."""
    return tuple((int(total), int(approvers)) for total, approvers in json.loads(text))
