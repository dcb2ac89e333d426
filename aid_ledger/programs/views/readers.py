"""The one blueprint of this room's pages, who reads them, and the words that several of them share."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

from aid_ledger.core.roles import Role
from aid_ledger.funding.rules import SourceKind
from aid_ledger.programs import rules
from aid_ledger.programs.models import ApprovalPolicy, Program
from aid_ledger.web import formats

bp = Blueprint("programs", __name__, url_prefix="/program")

READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.AUDITOR)
POLICY_READERS: Final = (*READERS, Role.ADMIN)

PILLARS: Final = {
    "pemulihan": "Pemulihan (jaring pengaman sosial)",
    "penanggulangan": "Penanggulangan",
    "pencegahan": "Pencegahan",
}
POLICY_STATES: Final = {
    "proposed": ("menunggu pejabat kedua", "waiting", "clock"),
    "agreed": ("disepakati", "good", "check-circle"),
}


def kind_words(kind: str) -> str:
    """Name a kind of source."""
    return SourceKind(kind).label


def limits_words(policy: ApprovalPolicy) -> list[str]:
    """Say a policy step by step."""
    return [
        f"Mulai {formats.rupiah(total)}: {approvers} penyetuju" for total, approvers in rules.read_limits(policy.limits)
    ]


def program_words(program: Program) -> str:
    """Name a programme in a form or list, for officials."""
    return f"{program.name} ({program.code})"
