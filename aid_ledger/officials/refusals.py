"""What this room refuses, each refusal with its kind and its code; the rules that raise them are in `rules.py`.

Refusals of a sign-in never tell whether the login, the password or the code was wrong.
"""

from __future__ import annotations

from aid_ledger.core.errors import DomainError, Kind


class OfficialNotFound(DomainError):
    """No official has this login."""

    kind = Kind.NOT_FOUND
    code = "official.not_found"


class OfficialNotActive(DomainError):
    """The official is suspended: they hold no role and can be given none."""

    kind = Kind.CONFLICT
    code = "official.not_active"


class LoginMalformed(DomainError):
    """A login is lower-case letters and digits, parted by dots, at most 40."""

    kind = Kind.INVALID
    code = "official.login_malformed"


class LoginTaken(DomainError):
    """Another official has this login; a login is never given twice, since the log names people by it."""

    kind = Kind.CONFLICT
    code = "official.login_taken"


class AdminNeeded(DomainError):
    """Only an ADMIN (before FoundingClosed, a founder) manages people."""

    kind = Kind.NOT_ALLOWED
    code = "official.admin_needed"


class SelfAdministration(DomainError):
    """Nobody suspends, unlocks or appoints themselves."""

    kind = Kind.NOT_ALLOWED
    code = "official.self_administration"


class OfficeNotFound(DomainError):
    """No office has this code."""

    kind = Kind.NOT_FOUND
    code = "office.not_found"


class OfficeMalformed(DomainError):
    """An office's code is capitals and digits, its title is not empty."""

    kind = Kind.INVALID
    code = "office.malformed"


class OfficeTaken(DomainError):
    """Another office has this code."""

    kind = Kind.CONFLICT
    code = "office.taken"


class TermMalformed(DomainError):
    """A term ends before it begins, has an unknown status, or an acting official's term has no end."""

    kind = Kind.INVALID
    code = "term.malformed"


class DecreeMissing(DomainError):
    """Power over people rests on a decree: its number is missing."""

    kind = Kind.INVALID
    code = "decree.missing"


class GrantNotFound(DomainError):
    """No request or grant has this reference."""

    kind = Kind.NOT_FOUND
    code = "grant.not_found"


class GrantNotPending(DomainError):
    """The request was decided already, or the grant ended."""

    kind = Kind.CONFLICT
    code = "grant.not_pending"


class RoleUnknown(DomainError):
    """There is no such role."""

    kind = Kind.INVALID
    code = "grant.role_unknown"


class AreaMalformed(DomainError):
    """An area is a region's code, or empty for the whole agency."""

    kind = Kind.INVALID
    code = "grant.area_malformed"


class SelfGrant(DomainError):
    """Nobody asks for, or decides on, a role of their own, nor of one whose place they hold."""

    kind = Kind.NOT_ALLOWED
    code = "grant.self"


class SecondOfficialNeeded(DomainError):
    """Who asked does not decide: a second official does."""

    kind = Kind.NOT_ALLOWED
    code = "grant.second_official"


class RolesClash(DomainError):
    """These two roles may never meet in one person."""

    kind = Kind.CONFLICT
    code = "grant.roles_clash"


class PasswordWeak(DomainError):
    """The password is too short, too long, too plain, or holds the login."""

    kind = Kind.INVALID
    code = "password.weak"


class PasswordWrong(DomainError):
    """The password given as the present one is not."""

    kind = Kind.NOT_ALLOWED
    code = "password.wrong"


class LinkInvalid(DomainError):
    """The link was used, replaced, ran out, or never existed; which of them is not told."""

    kind = Kind.NOT_ALLOWED
    code = "enrolment.link_invalid"


class AlreadyEnrolled(DomainError):
    """The official has a password or a device: only a reset by two officials opens a way to new ones."""

    kind = Kind.CONFLICT
    code = "enrolment.already_enrolled"


class DeviceExists(DomainError):
    """The official has a device; another one comes only after a reset."""

    kind = Kind.CONFLICT
    code = "device.exists"


class DeviceNotFound(DomainError):
    """The official has no device."""

    kind = Kind.NOT_FOUND
    code = "device.not_found"


class OfferStale(DomainError):
    """The QR code on the page is too old, or was made for somebody else."""

    kind = Kind.CONFLICT
    code = "device.offer_stale"


class CodeWrong(DomainError):
    """The six digits do not fit, were used before, or ran out."""

    kind = Kind.INVALID
    code = "code.wrong"


class SignInRefusedHere(DomainError):
    """Login, password or code are wrong; which of them is not told."""

    kind = Kind.NOT_ALLOWED
    code = "sign_in.refused"


class SignInDelayed(DomainError):
    """Too many failures: the next attempt must wait."""

    kind = Kind.EXHAUSTED
    code = "sign_in.delayed"


class ResetNotFound(DomainError):
    """No reset has this reference."""

    kind = Kind.NOT_FOUND
    code = "reset.not_found"


class ResetNotPending(DomainError):
    """The reset was decided already."""

    kind = Kind.CONFLICT
    code = "reset.not_pending"


class ResetWaiting(DomainError):
    """A reset of this official waits for its decision already."""

    kind = Kind.CONFLICT
    code = "reset.waiting"


class FactorUnknown(DomainError):
    """A reset is of the password or of the device."""

    kind = Kind.INVALID
    code = "reset.factor_unknown"


class ResetBySameUnit(DomainError):
    """The second official works in the unit of the one who asked (THREATS 2)."""

    kind = Kind.NOT_ALLOWED
    code = "reset.same_unit"


class ResetEntangled(DomainError):
    """The second official has a hand in batches that wait (THREATS 2)."""

    kind = Kind.NOT_ALLOWED
    code = "reset.entangled"
