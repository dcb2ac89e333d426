"""What may be done in the matter of officials. One file per concern; call them as `officials.service.<verb>`."""

from aid_ledger.officials.service.codes import CodeOutcome, spend_code, unlock_device
from aid_ledger.officials.service.enrolling import (
    ConfirmedDevice,
    OfferedDevice,
    begin_device,
    confirm_device,
    issue_recovery_codes,
    open_enrolment,
    set_new_factor_wait,
    set_password,
    waiting_for,
)
from aid_ledger.officials.service.grants import decide_role, request_role, revoke_role
from aid_ledger.officials.service.people import enrol_official, hold_office, open_office, suspend_official
from aid_ledger.officials.service.resets import bar_from_resets, decide_reset, request_reset
from aid_ledger.officials.service.signing_in import (
    PasswordOutcome,
    SignInOutcome,
    accept_enrolment,
    check_password,
    count_failures,
    hours_to_count,
    prove,
    sign_in,
    sign_in_to_enrol,
    sign_in_with_new_device,
)

__all__ = [
    "CodeOutcome",
    "ConfirmedDevice",
    "OfferedDevice",
    "PasswordOutcome",
    "SignInOutcome",
    "accept_enrolment",
    "bar_from_resets",
    "begin_device",
    "check_password",
    "confirm_device",
    "count_failures",
    "decide_reset",
    "decide_role",
    "enrol_official",
    "hold_office",
    "hours_to_count",
    "issue_recovery_codes",
    "open_enrolment",
    "open_office",
    "prove",
    "request_reset",
    "request_role",
    "revoke_role",
    "set_new_factor_wait",
    "set_password",
    "sign_in",
    "sign_in_to_enrol",
    "sign_in_with_new_device",
    "spend_code",
    "suspend_official",
    "unlock_device",
    "waiting_for",
]
