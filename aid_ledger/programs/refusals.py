"""What the room of programmes refuses, each by its name."""

from __future__ import annotations

from aid_ledger.core.act import on_constraint
from aid_ledger.core.errors import DomainError, Kind


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


class ProgramTaken(DomainError):
    """A programme with this code exists."""

    kind = Kind.CONFLICT
    code = "program.taken"


class CodeMalformed(DomainError):
    """The code of a programme could not stand in an account's key."""

    kind = Kind.INVALID
    code = "program.code_malformed"


class AmountRefused(DomainError):
    """A rate, ceiling or allocation is no amount this ledger keeps."""

    kind = Kind.INVALID
    code = "program.amount_refused"


class RateTaken(DomainError):
    """A rate of this programme begins on that day already."""

    kind = Kind.CONFLICT
    code = "program.rate_taken"


class ExclusionRefused(DomainError):
    """A programme cannot exclude itself."""

    kind = Kind.INVALID
    code = "program.excludes_itself"


class ExclusionTaken(DomainError):
    """The two programmes exclude each other already."""

    kind = Kind.CONFLICT
    code = "program.exclusion_taken"


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


class PolicyBindsYou(DomainError):
    """A change of policy needs two people whom it does not bind: no approver proposes it or agrees to it."""

    kind = Kind.NOT_ALLOWED
    code = "policy.binds_you"


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
    """A change of policy needs two people: who proposed it, or acts in their place, cannot agree to it."""

    kind = Kind.NOT_ALLOWED
    code = "policy.second_person"


on_constraint("uq_programs_code", ProgramTaken)
on_constraint("uq_rates_program_id_since", RateTaken)
on_constraint("uq_exclusions_program_id_other_code", ExclusionTaken)
