"""What the recipients room refuses beyond single cells and whole files, one class per sentence a person may read."""

from __future__ import annotations

from aid_ledger.core.errors import DomainError, Kind


class ImportNotFound(DomainError):
    """No list has this reference."""

    kind = Kind.NOT_FOUND
    code = "recipients.import_not_found"


class ImportModeUnknown(DomainError):
    """There is no such way to treat a list with errors."""

    kind = Kind.INVALID
    code = "recipients.import_mode_unknown"


class ImportMeanwhile(DomainError):
    """Another list brought the same people or family cards at the same moment; trying again finds them."""

    kind = Kind.CONFLICT
    code = "recipients.import_meanwhile"


class ImportPartMissing(DomainError):
    """A waiting list lacks a part of its rows on this host, so it cannot be taken in further."""

    kind = Kind.UNAVAILABLE
    code = "recipients.import_part_missing"


class PersonNotFound(DomainError):
    """No person has this reference or number, or they live outside the reader's area."""

    kind = Kind.NOT_FOUND
    code = "recipients.person_not_found"


class PersonElsewhere(DomainError):
    """The person's civil status does not allow this."""

    kind = Kind.CONFLICT
    code = "recipients.person_elsewhere"


class NothingChanged(DomainError):
    """A correction that changes nothing would be noise in the record."""

    kind = Kind.INVALID
    code = "recipients.nothing_changed"


class ReasonMissing(DomainError):
    """A change or a look needs a reason somebody else can judge."""

    kind = Kind.INVALID
    code = "recipients.reason_missing"


class ReasonTellsTooMuch(DomainError):
    """Reasons stand in the log for ever: no long number may be in them."""

    kind = Kind.INVALID
    code = "recipients.reason_tells_too_much"


class ProofMissing(DomainError):
    """A civil status is recorded on the ground of a paper."""

    kind = Kind.INVALID
    code = "recipients.proof_missing"


class StatusUnknown(DomainError):
    """No such civil status, or its day cannot be."""

    kind = Kind.INVALID
    code = "recipients.status_unknown"


class ViewLimitReached(DomainError):
    """The official has seen as many people today as one official may."""

    kind = Kind.EXHAUSTED
    code = "recipients.view_limit"


class ExternalAidMalformed(DomainError):
    """A list of another agency's recipients cannot be read as programme, period and numbers."""

    kind = Kind.INVALID
    code = "recipients.external_aid_malformed"
