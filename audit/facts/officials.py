"""Facts on the people who may act: enrolment, office, roles, factors, sign-in. Officials appear by login only."""

from __future__ import annotations

from audit.facts.codec import Code, Count, Day, Fact, Line, MaybeCode, Moment, fact


@fact("officials")
class OfficialEnrolled(Fact):
    """A person became known to the system; alone this gives no power."""

    official: Code
    founder: Count


@fact("officials")
class OfficialSuspended(Fact):
    """An official may no longer sign in."""

    official: Code
    reason: Line


@fact("offices")
class OfficeOpened(Fact):
    """An office (jabatan) exists in a perangkat daerah."""

    office: Code
    title: Line
    agency_unit: Line


@fact("office_terms")
class OfficeHeld(Fact):
    """An official holds an office from one day to another; status is definitif, pj, plt or plh."""

    official: Code
    office: Code
    status: Code
    since: Day
    until: Day
    decree: Line
    acts_for: MaybeCode


@fact("role_grants")
class RoleRequested(Fact):
    """An official asked that a role be granted; nothing is granted until a second official agrees."""

    grant: Code
    official: Code
    role: Code
    area: MaybeCode
    since: Day
    until: Day
    decree: Line


@fact("role_grants")
class RoleGranted(Fact):
    """A second official agreed (or, before FoundingClosed, a founder granted alone)."""

    grant: Code
    official: Code
    role: Code
    area: MaybeCode
    since: Day
    until: Day
    decree: Line
    requested_by: Code
    founding: Count


@fact("role_grants")
class RoleRefused(Fact):
    """The second official did not agree."""

    grant: Code
    reason: Line


@fact("role_grants")
class RoleRevoked(Fact):
    """A granted role ended before its term."""

    grant: Code
    official: Code
    role: Code
    reason: Line


@fact("credentials")
class EnrolmentOpened(Fact):
    """A one-time link was made for an official who has no password, or whose reset was granted; it runs out."""

    official: Code
    valid_until: Moment


@fact("credentials")
class PasswordSet(Fact):
    """An official set a password; the log knows nothing about it but the time."""

    official: Code
    temporary: Count


@fact("otp_devices")
class OtpDeviceEnrolled(Fact):
    """An official confirmed a TOTP device; before `usable_from` it signs in but does not approve."""

    official: Code
    device: Code
    usable_from: Moment


@fact("factor_resets", "otp_devices", "credentials", "recovery_codes")
class FactorResetRequested(Fact):
    """Someone asked that an official's `password` or `device` be enrolled anew."""

    reset: Code
    official: Code
    factor: Code
    decree: Line


@fact("factor_resets", "otp_devices", "credentials", "recovery_codes")
class FactorResetGranted(Fact):
    """A second official agreed; the old factor is gone and its owner needs the other one to enrol anew."""

    reset: Code
    official: Code
    factor: Code
    requested_by: Code


@fact("factor_resets")
class FactorResetRefused(Fact):
    """The second official did not agree; everything stays as it was."""

    reset: Code
    reason: Line


@fact("recovery_codes")
class RecoveryCodesIssued(Fact):
    """New recovery codes replaced the old ones; they sign in and never approve."""

    official: Code
    count: Count


@fact("recovery_codes", "otp_devices", "otp_uses", "credentials")
class SignedIn(Fact):
    """An official proved a password and a factor: `totp`, `recovery` or, once, `enrolment`."""

    official: Code
    factor: Code
    device: MaybeCode
    step: Count


@fact("otp_devices", "credentials")
class SignInRefused(Fact):
    """A sign-in with the right password failed at the second factor, or an account was delayed."""

    official: Code
    reason: Code
    fails: Count


@fact()
class SignInFailures(Fact):
    """Anonymous failures of one hour, as a count: no names that an attacker typed enter the log."""

    hour: Moment
    count: Count


@fact("otp_devices")
class OtpUnlocked(Fact):
    """A second official lifted the delay of a device."""

    official: Code
    device: Code
