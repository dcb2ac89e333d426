"""What replay knows while it reads: balances, batches and their lines, people's powers, spent codes, row digests.

Plain state without rules; the rules are in the files beside, one idea each. Everything here is rebuilt from facts
alone, so an auditor can compare it with any copy of the agency's database.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from audit.errors import Finding
from audit.replay.columns import Entitlements, Lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from audit.entry import Entry
    from audit.facts import Fact
    from audit.facts.money import ApprovalLimit, ContributionOffered, GoodsPurchased, Move, ProgramDefined, SourceOpened
    from audit.facts.officials import FactorResetRequested, RoleRequested
    from audit.facts.paying import BoundBatch
    from audit.replay.manifests import Listing, Manifest

MAX_VIOLATIONS = 1_000
"""Enough to show a pattern; a forged log must not make the verifier print for ever."""


class Stated(NamedTuple):
    """What a receipt is for."""

    batch: str
    amount: int


@dataclass(slots=True)
class Batch:
    """One batch as the facts tell it; `makers` are all who drafted or submitted it, `shapers` who shaped what it pays.

    `listed` counts the lines still listed, `aside` are the numbers of those set aside by hand.
    """

    program: str
    period: str
    commodity: str
    channel: str
    listed: int
    state: str = "draft"
    digest: str = ""
    total: int = 0
    count: int = 0
    approvers_needed: int = 0
    instructed_at: int = -1
    """The entry that sent it; -1 before."""
    makers: set[str] = field(default_factory=set)
    shapers: set[str] = field(default_factory=set)
    hands: set[str] = field(default_factory=set)
    """Whoever took any step of it, at any time."""
    verifier: str = ""
    approvers: list[str] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)
    aside: set[int] = field(default_factory=set)
    sources: dict[str, int] = field(default_factory=dict)
    lines: Lines = field(default_factory=Lines)
    unreceipted: Counter[int] = field(default_factory=Counter)
    cleared: set[tuple[str, str, int]] = field(default_factory=set)
    """Who was found separate on which day, as of which `State.people_changed`."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held from a day on; `until` "" is open-ended. Days are text, whose order is theirs."""

    role: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Term:
    """An office held for a time, perhaps in someone's place; `until` "" is open-ended."""

    office: str
    acts_for: str
    since: str
    until: str


@dataclass(slots=True)
class Device:
    """A factor: whose it is, from when it approves, the last step spent on it.

    `answer` is the act and the challenge that spent it; None if that was a sign-in, or nothing yet.
    """

    owner: str
    usable_from: datetime
    is_active: bool = True
    step: int = -1
    answer: tuple[str, str] | None = None


@dataclass(slots=True)
class Challenge:
    """A challenge as opened; `ended` says why it takes no code any more, "" while it does."""

    official: str
    device: str
    expires_at: datetime
    shown: Mapping[str, BoundBatch]
    tries: int = 0
    ended: str = ""
    answered_in: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one payment of a programme is from a day on, and who set it."""

    since: str
    amount: int


@dataclass(frozen=True, slots=True)
class Policy:
    """An approval policy as agreed; `order` is the place of its proposal among all."""

    reference: str
    program: str
    limits: tuple[ApprovalLimit, ...]
    since: str
    order: int
    people: frozenset[str]


@dataclass(slots=True)
class Run:
    """One run of entitlements; `people` proposed and determined it."""

    program: str
    period: str
    amount: int
    count: int
    people: set[str]
    is_determined: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A document's kind, what it is known by, and the days on which it holds; "" is open."""

    kind: str
    identity: tuple[str, str, str]
    valid_from: str
    valid_until: str


@dataclass(slots=True)
class Contribution:
    """An offer on its way in: `state` is offered, accepted, refused, received or published."""

    offer: ContributionOffered
    by: str
    state: str = "offered"


@dataclass(slots=True)
class Purchase:
    """Goods bought under a contract, by whom, and how many have arrived."""

    order: GoodsPurchased
    by: str
    arrived: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for a second person: who made it and what it says."""

    by: str
    fact: RoleRequested | FactorResetRequested


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
    reversible: dict[str, tuple[Move, ...]] = field(default_factory=dict)
    """Act to the moves that a reversal may undo."""

    origin: str = ""
    schema: str = ""
    """Digest of the migrations that the database is built by."""
    is_practice: bool = False
    founding_open: bool = True
    founders: set[str] = field(default_factory=set)
    signed: list[str] = field(default_factory=list)
    officials: set[str] = field(default_factory=set)
    suspended: set[str] = field(default_factory=set)
    units: dict[str, str] = field(default_factory=dict)
    """Office to the unit it belongs to."""
    terms: dict[str, list[Term]] = field(default_factory=dict)
    grants: dict[str, dict[str, Grant]] = field(default_factory=dict)
    """Official to grant reference to grant."""
    asked: dict[str, Asked] = field(default_factory=dict)
    """Reference of a role or reset asked for to the request."""
    people_changed: int = 0
    """How often powers, offices or shapers have changed; what is remembered under an older number is asked anew."""
    allowed: set[tuple[type[Fact], str, str]] = field(default_factory=set)
    """Kinds of deeds that an official was found to be allowed on a day."""
    roles_of: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    persons_of: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Answers already worked out, by official and day; forgotten when people change."""

    devices: dict[str, Device] = field(default_factory=dict)
    challenges: dict[str, Challenge] = field(default_factory=dict)
    open_challenge: dict[str, Challenge] = field(default_factory=dict)
    """Official to the challenge that waits for their code."""
    keys_proposed: dict[str, str] = field(default_factory=dict)
    """Verifier key to who proposed it."""
    receipt_root: str = ""
    """Fingerprint of the root that receipts hang from now."""
    roots_proposed: dict[str, str] = field(default_factory=dict)
    """Root to who proposed it."""
    roots_announced: dict[str, datetime] = field(default_factory=dict)
    """Root to the moment from which it may be taken; one at a time."""
    roots_decided: set[str] = field(default_factory=set)
    """Roots that were in use, announced or withdrawn."""
    stamp_keys: dict[str, bool] = field(default_factory=dict)
    """Every key that was named to stamp receipts; False once it was withdrawn."""

    witnesses: set[str] = field(default_factory=set)
    """Verifier keys of those who are asked to cosign."""
    witness_policies: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Policy to (who proposed it, its text)."""
    ways: dict[str, Way] = field(default_factory=dict)
    auditor_keys: dict[str, AuditorKey] = field(default_factory=dict)
    auditor_keys_proposed: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Key reference to (auditor, public key, who proposed it)."""
    lodged: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """Batch to the (key, digest) its openings were lodged under."""
    born: dict[tuple[str, str], int] = field(default_factory=dict)
    """What is known by a code of its own (official, device, source, programme) to the entry that brought it."""
    lost: list[tuple[int, int]] = field(default_factory=list)
    """Entries that a restored database had forgotten: from, and up to."""

    papers: dict[str, Paper] = field(default_factory=dict)
    papers_used: set[tuple[str, ...]] = field(default_factory=set)
    sources: dict[str, SourceOpened] = field(default_factory=dict)
    donors: set[str] = field(default_factory=set)
    emergencies: dict[str, tuple[str, str]] = field(default_factory=dict)
    contributions: dict[str, Contribution] = field(default_factory=dict)
    vendors: set[str] = field(default_factory=set)
    purchases: dict[str, Purchase] = field(default_factory=dict)

    programs: dict[str, ProgramDefined] = field(default_factory=dict)
    shapers: dict[str, set[str]] = field(default_factory=dict)
    """Programme to who defined it or set its rates and ceilings."""
    rates: dict[str, list[Rate]] = field(default_factory=dict)
    ceilings: dict[tuple[str, str], int] = field(default_factory=dict)
    proposed_policies: dict[str, tuple[int, str, str, tuple[ApprovalLimit, ...]]] = field(default_factory=dict)
    """Reference to its order, proposer, programme and limits."""
    policies: dict[str, Policy] = field(default_factory=dict)

    runs: dict[str, Run] = field(default_factory=dict)
    entitlements: Entitlements = field(default_factory=Entitlements)
    batches: dict[str, Batch] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    """Batches that hold reserved value."""
    instructions: dict[str, str] = field(default_factory=dict)
    """Instruction to its batch."""
    results: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    """Result to its act, its batch, and whether it answers an inquiry."""
    result_files: set[str] = field(default_factory=set)
    returns: set[str] = field(default_factory=set)
    receipts: dict[str, Stated] = field(default_factory=dict)
    stated: dict[Stated, Stated] = field(default_factory=dict)
    """What receipts are for, once each."""
    receipts_ended: dict[str, str] = field(default_factory=dict)
    """Receipt to the one in its place, "" if it was cancelled."""
    prints: dict[str, int] = field(default_factory=dict)
    """Receipt to how often it was printed, once it was."""
    listings: dict[str, Listing] = field(default_factory=dict)
    """Batch to its receipts so far."""
    manifests: dict[str, Manifest] = field(default_factory=dict)

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    """Table to key to the digest of the row as last written; a deleted row is absent. Empty unless asked for."""
    violations: list[Finding] = field(default_factory=list)

    def broken(self, rule: str, index: int | None, sentence: str) -> None:
        """Note a broken rule."""
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(Finding(rule, index, sentence))

    def comes_again(self, kind: str, code: str, index: int) -> bool:
        """Note that something came into being; says whether it had before, in a part that no restore has lost."""
        is_known = (kind, code) in self.born and not self.is_lost(kind, code)
        self.born[kind, code] = index
        return is_known

    def is_lost(self, kind: str, code: str) -> bool:
        """Say whether something came into being in a part that a restored database had lost."""
        return any(since <= self.born[kind, code] < until for since, until in self.lost)

    def forget_people(self) -> None:
        """Have every question about people asked anew: a power, an office or who shaped a programme has changed."""
        self.people_changed += 1
        self.allowed.clear()
        self.roles_of.clear()
        self.persons_of.clear()


@dataclass(slots=True)
class Step:
    """One entry under replay: where it lies, what it says, its body as a fact, and the entries of its act so far."""

    index: int
    entry: Entry
    fact: Fact
    act: Sequence[Step]

    @property
    def who(self) -> str:
        """The login of the official who acted, or ""."""
        actor = self.entry.actor
        return actor.id if actor.type == "official" else ""

    def of_act(self, kind: type[Fact]) -> list[Step]:
        """List the entries of one kind in this entry's act."""
        return [each for each in self.act if type(each.fact) is kind]


def day_text(day: date | None) -> str:
    """Write a day as entries do; "" for none."""
    return day.isoformat() if day else ""


def covers(since: str, until: str, day: str) -> bool:
    """Say whether a day lies in a span; "" is open."""
    return since <= day and (not until or day <= until)
