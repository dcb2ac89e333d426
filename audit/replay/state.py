"""What replay knows while it reads: balances, batches and their lines, people's powers, spent codes, row digests.

Plain state without rules; the rules are in the files beside, one idea each. Everything here is rebuilt from facts
alone, so an auditor can compare it with any copy of the agency's database.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from audit.entry import Entry
    from audit.facts import Fact
    from audit.facts.money import ApprovalLimit

MAX_VIOLATIONS = 1_000
"""Enough to show a pattern; a forged log must not make the verifier print for ever."""


@dataclass(slots=True)
class Line:
    """One frozen line and what became of it."""

    entitlement: int
    amount: int
    source: str
    commitment: str
    state: str = "listed"


@dataclass(slots=True)
class Batch:
    """One batch as the facts tell it; `makers` are all who drafted or submitted it."""

    program: str
    period: str
    commodity: str
    state: str = "draft"
    digest: str = ""
    total: int = 0
    count: int = 0
    approvers_needed: int = 0
    instructed_at: int = -1
    """The entry that sent it; -1 before."""
    makers: set[str] = field(default_factory=set)
    verifiers: set[str] = field(default_factory=set)
    approvers: list[str] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    unreceipted: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held from a day on; `until` None is open-ended."""

    role: str
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Term:
    """An office held in someone's place."""

    acts_for: str
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a challenge showed its approver of one batch."""

    digest: str
    lines: int
    commodity: str
    total: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge as opened."""

    official: str
    device: str
    expires_at: datetime
    shown: Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class Rate:
    """What one payment of a programme is from a day on."""

    since: date | None
    amount: int


@dataclass(frozen=True, slots=True)
class AuditorKey:
    """The key that openings for an auditor are sealed to, and the day it was set."""

    key: str
    since: str


@dataclass(slots=True)
class Way:
    """A way on without the witnesses' quorum; `until` is None until a second official has opened it."""

    proposed_by: str
    office: str
    reason: str
    cap: int
    lines: int
    hours: int
    until: datetime | None = None
    amount: int = 0
    spent_lines: int = 0
    used: set[str] = field(default_factory=set)


@dataclass(slots=True)
class State:
    """Everything replay has learned so far."""

    balances: dict[tuple[str, str], int] = field(default_factory=dict)
    """(account key, commodity) to amount."""
    batches: dict[str, Batch] = field(default_factory=dict)
    live_entitlements: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Entitlement to the (batch, line) that claims it now."""
    grants: dict[str, dict[str, Grant]] = field(default_factory=dict)
    """Official to grant reference to grant."""
    terms: dict[str, list[Term]] = field(default_factory=dict)
    founders: set[str] = field(default_factory=set)
    founding_open: bool = True
    usable_from: dict[str, datetime] = field(default_factory=dict)
    device_owner: dict[str, str] = field(default_factory=dict)
    spent_steps: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    """(device, step) to the (act, challenge) that spent it."""
    challenges: dict[str, Challenge] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    """Source code to kind."""
    allowed_sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rates: dict[str, list[Rate]] = field(default_factory=dict)
    ceilings: dict[tuple[str, str], int] = field(default_factory=dict)
    policies: dict[str, tuple[ApprovalLimit, ...]] = field(default_factory=dict)
    emergencies: dict[str, tuple[date | None, date | None]] = field(default_factory=dict)
    screened: dict[str, str] = field(default_factory=dict)
    offered_by: dict[str, str] = field(default_factory=dict)
    receipts: set[str] = field(default_factory=set)
    keys_proposed: dict[str, str] = field(default_factory=dict)
    """Verifier key to the official who proposed that it sign the log."""
    origin: str = ""
    units: dict[str, str] = field(default_factory=dict)
    """Office to the perangkat daerah it belongs to."""
    witnesses: set[str] = field(default_factory=set)
    """Verifier keys of those who are asked to cosign."""
    witness_policies: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Policy to (who proposed it, its text)."""
    instructed: dict[str, str] = field(default_factory=dict)
    """Instruction to its batch."""
    ways: dict[str, Way] = field(default_factory=dict)
    auditor_keys: dict[str, AuditorKey] = field(default_factory=dict)
    auditor_keys_proposed: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Key reference to (auditor, public key, who proposed it)."""
    lodged: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """Batch to the (key, digest) its openings were lodged under."""
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    """Table to key to the digest of the row as last written; a deleted row is absent."""
    violations: list[Finding] = field(default_factory=list)

    def broken(self, rule: str, index: int | None, sentence: str) -> None:
        """Note a broken rule."""
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(Finding(rule, index, sentence))


@dataclass(frozen=True, slots=True)
class Step:
    """One entry under replay: where it lies, what it says, and its body as a fact."""

    index: int
    entry: Entry
    fact: Fact

    @property
    def who(self) -> str:
        """The login of the official who acted, or ""."""
        return self.entry.actor.id if self.entry.actor.type == "official" else ""
