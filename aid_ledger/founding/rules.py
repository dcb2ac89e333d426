"""What the founding refuses."""

from __future__ import annotations

from aid_ledger.core.errors import DomainError, Kind


class FoundingIsClosed(DomainError):
    """Both founders have signed already."""

    kind = Kind.CONFLICT
    code = "founding.closed"


class NotFounder(DomainError):
    """Only a founder signs the end of the founding."""

    kind = Kind.NOT_ALLOWED
    code = "founding.not_founder"


class FoundingSignedAlready(DomainError):
    """This founder has signed; the other one's signature is missing."""

    kind = Kind.CONFLICT
    code = "founding.signed_already"


class FoundingTooEarly(DomainError):
    """Nobody could grant a role afterwards: two ADMIN with a device in two units are needed first."""

    kind = Kind.CONFLICT
    code = "founding.too_early"


class FoundingMalformed(DomainError):
    """A founding needs two different people."""

    kind = Kind.INVALID
    code = "founding.malformed"


class AgencyExists(DomainError):
    """This database has an agency: a log begins once."""

    kind = Kind.CONFLICT
    code = "agency.exists"
