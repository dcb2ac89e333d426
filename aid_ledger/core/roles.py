"""The names of roles, and which of them one person may never hold together.

Who holds a role, when and over which area, lives in `officials`; that nobody holds two steps of one transaction is
checked there and in `approvals`. Roles of one office may meet in one person only as far as a setting allows: the
default below is the floor of oversight (house rule, after the internal control rules of PP 60/2008).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum


class Role(Enum):
    """What an official may be; the value is written in facts and never changes."""

    OPERATOR = "operator"
    VERIFIER = "verifier"
    APPROVER = "approver"
    TREASURER = "treasurer"
    FIELD = "field"
    AUDITOR = "auditor"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        """Name the role as officials here know it."""
        return _LABELS[self]


_LABELS = {
    Role.OPERATOR: "Operator (PPTK)",
    Role.VERIFIER: "Verifikator (PPK-SKPD)",
    Role.APPROVER: "Penyetuju (PA/KPA)",
    Role.TREASURER: "Bendahara",
    Role.FIELD: "Petugas Posko",
    Role.AUDITOR: "Pemeriksa",
    Role.ADMIN: "Admin",
}

AID_MOVING = frozenset({Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.FIELD})
"""Roles with a hand in where aid goes."""

NEVER_TOGETHER: frozenset[frozenset[Role]] = frozenset(
    {frozenset({Role.AUDITOR, other}) for other in Role if other is not Role.AUDITOR}
    | {frozenset({Role.ADMIN, mover}) for mover in AID_MOVING}
)
"""Pairs no person may hold at once: an auditor is nothing else (P5), and who hands out roles moves no aid."""


def clashes(
    roles: Collection[Role], never_together: Collection[frozenset[Role]] = NEVER_TOGETHER
) -> frozenset[frozenset[Role]]:
    """Find the forbidden pairs among a person's roles; empty when they may be held together."""
    held = frozenset(roles)
    return frozenset(pair for pair in never_together if pair <= held)
