"""The forms of this room: shape only."""

from __future__ import annotations

from marshmallow import ValidationError, validates_schema

from aid_ledger.core.roles import Role
from aid_ledger.officials import rules
from aid_ledger.web import fields

SHORT = 80


class PasswordForm(fields.Form):
    """The first step of signing in."""

    login = fields.Text(rules.LOGIN_MAX)
    password = fields.Secret()


class CodeForm(fields.Form):
    """The second step: six digits, or a recovery code."""

    code = fields.Text(SHORT)


class _NewPassword(fields.Form):
    """A new password, typed twice."""

    password = fields.Secret()
    again = fields.Secret()

    @validates_schema
    def check_again(self, typed: dict[str, str], **_: object) -> None:
        """Refuse a password mistyped once."""
        if typed.get("password") != typed.get("again"):
            raise ValidationError("Kedua kata sandi tidak sama.", "again")


class LinkForm(_NewPassword):
    """What a one-time link asks for."""

    code = fields.Text(SHORT, optional=True)


class PasswordChangeForm(_NewPassword):
    """A new password for one's own account."""

    present = fields.Secret()


class DeviceForm(fields.Form):
    """The first code of an offered device."""

    sealed = fields.Text(600)
    code = fields.Text(SHORT)


class OfficialForm(fields.Form):
    """A person to be enrolled."""

    login = fields.Text(rules.LOGIN_MAX)
    name = fields.Text(120)
    agency_unit = fields.Text(120)


class OfficeForm(fields.Form):
    """An office."""

    code = fields.Text(40)
    title = fields.Text(160)
    agency_unit = fields.Text(120)


class TermForm(fields.Form):
    """Who holds an office from when to when."""

    office = fields.Text(40)
    status = fields.Choice(rules.STATUSES)
    since = fields.Day()
    until = fields.Day(optional=True)
    decree = fields.Text(120)
    acts_for = fields.Text(rules.LOGIN_MAX, optional=True)


class RoleForm(fields.Form):
    """A role asked for."""

    role = fields.Choice([role.value for role in Role])
    area = fields.Text(13, optional=True)
    since = fields.Day()
    until = fields.Day(optional=True)
    decree = fields.Text(120)


class DecisionForm(fields.Form):
    """A second official's decision."""

    decision = fields.Choice(("grant", "refuse"))
    reason = fields.Text(300, optional=True)

    @validates_schema
    def check_reason(self, typed: dict[str, str], **_: object) -> None:
        """Refuse a refusal without a reason."""
        if typed.get("decision") == "refuse" and not typed.get("reason"):
            raise ValidationError("Tuliskan alasan penolakan.", "reason")


class ReasonForm(fields.Form):
    """Why something ends."""

    reason = fields.Text(300)


class ResetForm(fields.Form):
    """A factor to be enrolled anew."""

    factor = fields.Choice(rules.FACTORS)
    decree = fields.Text(120)
