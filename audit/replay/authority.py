"""Who may do what: for every kind of fact the role its official must hold that day, or whose own deed it is.

Everything here is "according to the server": the server holds the secrets, so replay can show that the recorded
authority is consistent, not that a person was present. How power comes and goes is in `powers.py`, who may not meet
whom in one transaction in `separation.py`. Over which area a role is held cannot be checked: no place is in the log.
"""

from __future__ import annotations

import functools
from datetime import date
from typing import TYPE_CHECKING, Final

from audit.facts import custody, founding, manifests, money, officials, openings, paying, people, restoring, witnessing
from audit.replay.state import covers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.facts import Fact
    from audit.replay.state import State, Step

INHERITED_BAR_DAYS: Final = 90
"""House rule: who stood in for somebody within a quarter counts as that somebody; batches do not live longer."""

ADMIN: Final = frozenset({"admin"})
OPERATOR: Final = frozenset({"operator"})
VERIFIER: Final = frozenset({"verifier"})
APPROVER: Final = frozenset({"approver"})
TREASURER: Final = frozenset({"treasurer"})
FIELD: Final = frozenset({"field"})
HANDERS: Final = FIELD | TREASURER
MOVERS: Final = OPERATOR | VERIFIER | APPROVER | TREASURER | FIELD
AUDITOR: Final = frozenset({"auditor"})
ANY: Final = MOVERS | ADMIN | AUDITOR

ROLES: Final[dict[type[Fact], frozenset[str]]] = {
    founding.RepairNoted: ADMIN,
    founding.WitnessAdded: ADMIN,
    founding.FoundingSigned: ADMIN,
    founding.FoundingClosed: ADMIN,
    custody.LogKeyProposed: ADMIN,
    custody.LogKeyAnnounced: ADMIN,
    custody.LogKeyWithdrawn: ADMIN,
    custody.ReceiptRootProposed: ADMIN,
    custody.ReceiptRootAnnounced: ADMIN,
    custody.ReceiptRootWithdrawn: ADMIN,
    custody.StampKeyNamed: ADMIN,
    custody.StampKeyWithdrawn: ADMIN,
    witnessing.WitnessPolicyProposed: ADMIN,
    witnessing.WitnessPolicySet: ADMIN,
    witnessing.UnwitnessedProposed: APPROVER | TREASURER,
    witnessing.UnwitnessedOpened: APPROVER | TREASURER,
    witnessing.UnwitnessedUsed: OPERATOR | TREASURER | FIELD | AUDITOR,
    restoring.RestoreDeclared: ADMIN,
    restoring.BatchRestored: ADMIN,
    restoring.ReceiptsLost: ADMIN,
    openings.AuditorKeyProposed: ADMIN,
    openings.AuditorKeySet: AUDITOR,
    openings.OpeningsLodged: TREASURER,
    openings.OpeningsGiven: AUDITOR,
    officials.OfficialEnrolled: ADMIN,
    officials.OfficialSuspended: ADMIN,
    officials.OfficeOpened: ADMIN,
    officials.OfficeHeld: ADMIN,
    officials.RoleRequested: ADMIN,
    officials.RoleGranted: ADMIN,
    officials.RoleRefused: ADMIN,
    officials.RoleRevoked: ADMIN,
    officials.EnrolmentOpened: ADMIN,
    officials.FactorResetGranted: ADMIN,
    officials.FactorResetRefused: ADMIN,
    officials.OtpUnlocked: ADMIN,
    money.PolicyProposed: ADMIN,
    money.PolicyChanged: ADMIN,
    money.DocumentRegistered: OPERATOR | VERIFIER | TREASURER,
    money.CommodityDefined: OPERATOR,
    money.SourceOpened: OPERATOR,
    money.DonorRegistered: OPERATOR,
    money.EmergencyDeclared: OPERATOR,
    money.ContributionOffered: OPERATOR,
    money.GratificationScreened: VERIFIER | TREASURER,
    money.FundsReceived: TREASURER,
    money.ContributionPublished: OPERATOR,
    money.HistoryDeclared: OPERATOR,
    money.ProgramDefined: OPERATOR,
    money.RateSet: OPERATOR,
    money.CeilingSet: OPERATOR,
    money.ExclusionSet: OPERATOR,
    money.FundsAllocated: OPERATOR,
    money.VendorRegistered: OPERATOR,
    money.GoodsPurchased: OPERATOR,
    money.GoodsReceived: OPERATOR | TREASURER | FIELD,
    money.TransferReversed: OPERATOR | TREASURER,
    people.RecipientsImported: OPERATOR,
    people.PersonCorrected: OPERATOR,
    people.BankAccountChanged: OPERATOR,
    people.CivilStatusRecorded: OPERATOR,
    people.ExternalAidLoaded: OPERATOR,
    people.PeopleViewed: ANY - ADMIN,
    people.ViewRefused: ANY - ADMIN,
    people.IsolationReported: FIELD,
    people.IsolationChecked: FIELD,
    people.IsolationEnded: FIELD,
    paying.EntitlementsProposed: OPERATOR,
    paying.EntitlementsDetermined: OPERATOR,
    paying.EntitlementHeld: OPERATOR,
    paying.EntitlementReleased: OPERATOR,
    paying.EntitlementCancelled: OPERATOR,
    paying.BatchDrafted: OPERATOR,
    paying.LineSetAside: OPERATOR,
    paying.BatchSubmitted: OPERATOR,
    paying.LinesFrozen: OPERATOR,
    paying.BatchCancelled: OPERATOR,
    paying.BatchVerified: VERIFIER,
    paying.ChallengeOpened: APPROVER,
    paying.ApprovalGiven: APPROVER,
    paying.PaymentInstructed: TREASURER,
    paying.FileCollected: HANDERS,
    paying.ResendRefused: TREASURER,
    paying.ResultImported: TREASURER,
    paying.PaymentsConfirmed: TREASURER,
    paying.PaymentsFailed: HANDERS,
    paying.PaymentsUnknown: TREASURER,
    paying.LinesHeld: TREASURER,
    paying.GoodsHandedOver: HANDERS,
    paying.HandoverRefused: HANDERS,
    paying.FundsReturned: TREASURER,
    paying.LinesReturned: TREASURER,
    paying.ReturnPrinted: TREASURER | AUDITOR,
    paying.ReceiptIssued: OPERATOR | TREASURER | FIELD,
    paying.ReceiptCancelled: TREASURER,
    paying.ReceiptPrinted: OPERATOR | TREASURER | FIELD | AUDITOR,
    paying.ReceiptsPrinted: OPERATOR | TREASURER | FIELD | AUDITOR,
    manifests.ManifestSealAsked: TREASURER,
    manifests.ManifestSealed: TREASURER,
    manifests.ManifestSealRefused: TREASURER,
    manifests.ManifestSealUnknown: TREASURER,
}
"""One of these roles the official must hold on that day. A founder counts as ADMIN until both founders have signed."""

OWN: Final[frozenset[type[Fact]]] = frozenset(
    {
        officials.PasswordSet,
        officials.OtpDeviceEnrolled,
        officials.RecoveryCodesIssued,
        officials.SignedIn,
        officials.SignInRefused,
    }
)
"""Deeds on one's own factors: by the official they name, whatever role that official holds."""

ASKED_FOR_ONESELF: Final[frozenset[type[Fact]]] = frozenset({officials.FactorResetRequested})
"""The owner may ask, or an ADMIN."""

OFFICIALS: Final[frozenset[type[Fact]]] = frozenset({paying.OtpRejected, paying.BatchRejected})
"""By any official: that the role is gone may be why a code was refused; who may reject depends on the batch's state."""

SYSTEM: Final[frozenset[type[Fact]]] = frozenset(
    {officials.SignInFailures, custody.LogKeyTaken, custody.ReceiptRootTaken, founding.SchemaChanged}
)
"""Nobody's deeds, and nobody may do them by hand."""

BEGINNING: Final[frozenset[type[Fact]]] = frozenset(
    {
        founding.LogFounded,
        founding.RegionsLoaded,
        custody.StampKeyNamed,
        officials.OfficialEnrolled,
        officials.OfficeOpened,
        officials.OfficeHeld,
        officials.EnrolmentOpened,
    }
)
"""What `init` does before anybody is known, and only while the founding is open."""

CONTINUED: Final[frozenset[type[Fact]]] = frozenset({founding.RowsWritten})
"""By whoever did the deed that they continue: an act has one actor."""

HELD_IN_OFFICE: Final[frozenset[type[Fact]]] = frozenset(
    {
        paying.BatchDrafted,
        paying.BatchSubmitted,
        paying.BatchCancelled,
        paying.BatchVerified,
        paying.BatchRejected,
        paying.ApprovalGiven,
        paying.PaymentInstructed,
        paying.ResultImported,
        paying.PaymentsFailed,
        paying.GoodsHandedOver,
        paying.FundsReturned,
    }
)
"""Steps of a transaction, which an official takes in an office held that day."""


def judge(state: State, step: Step) -> None:
    """Hold an entry's actor against what its kind asks for.

    That somebody may do a kind of deed that day is remembered until anything about people changes.
    """
    kind, actor = type(step.fact), step.entry.actor
    if kind in CONTINUED or (kind, step.who, step.entry.on) in state.allowed:
        return
    if actor.type == "official":
        _judge_official(state, step, kind)
    elif not _is_nobodys(state, step, kind):
        state.broken("authority.nobody", step.index, f"{step.entry.kind} was done by no official")


def _is_nobodys(state: State, step: Step, kind: type[Fact]) -> bool:
    actor = step.entry.actor
    is_init = actor.door == "init" and state.founding_open
    return actor.type == "system" and (kind in SYSTEM or (is_init and kind in BEGINNING))


def _judge_official(state: State, step: Step, kind: type[Fact]) -> None:
    who, day = step.who, step.entry.on
    if who not in state.officials:
        state.broken("authority.unknown", step.index, f"{who} did {step.entry.kind} and is nobody here")
        return
    if who in state.suspended:
        state.broken("authority.suspended", step.index, f"{who} did {step.entry.kind} and is suspended")
        return
    is_seated = kind not in HELD_IN_OFFICE or _holds_office(state, who, day)
    if not is_seated:
        state.broken("authority.office", step.index, f"{who} did {step.entry.kind} and held no office that day")
    needed = ROLES.get(kind)
    if needed is not None:
        if require_role(state, step, needed) and is_seated:
            state.allowed.add((kind, who, day))
    elif kind in OWN or kind in ASKED_FOR_ONESELF:
        _judge_own(state, step, kind)
    elif kind not in OFFICIALS:
        state.broken("authority.by_hand", step.index, f"{who} did {step.entry.kind}, which nobody does by hand")


def _judge_own(state: State, step: Step, kind: type[Fact]) -> None:
    owner: str = getattr(step.fact, "official")  # noqa: B009 - every kind of these tables has one
    if owner == step.who or (kind in ASKED_FOR_ONESELF and "admin" in roles_on(state, step.who, step.entry.on)):
        return
    state.broken("authority.own", step.index, f"{step.who} did {step.entry.kind} of {owner}")


def require_role(state: State, step: Step, needed: frozenset[str]) -> bool:
    """Demand one of these roles of the official who acts; says whether one is held."""
    is_held = not needed.isdisjoint(roles_on(state, step.who, step.entry.on))
    if not is_held:
        who = step.who or "nobody"
        state.broken("authority.role", step.index, f"{who} did {step.entry.kind} without {_either(needed)}")
    return is_held


def roles_on(state: State, official: str, day: str) -> frozenset[str]:
    """List the roles an official held on a day; a suspended one holds none."""
    known = state.roles_of.get((official, day))
    if known is None:
        grants = state.grants.get(official, {}).values()
        held = {grant.role for grant in grants if covers(grant.since, grant.until, day)}
        if state.founding_open and official in state.founders:
            held.add("admin")
        known = state.roles_of[official, day] = frozenset() if official in state.suspended else frozenset(held)
    return known


def one_person(state: State, official: str, day: str) -> frozenset[str]:
    """List who counts as one person with an official, themselves included (THREATS 3).

    Who holds another's place inherits the bar of that other, and the other way round, while it lasts and for a
    quarter after; through several hands.
    """
    known = state.persons_of.get((official, day))
    if known is None:
        recent = day_from(day, -INHERITED_BAR_DAYS)
        pairs = [
            {holder, term.acts_for}
            for holder, terms in state.terms.items()
            for term in terms
            if term.acts_for and term.since <= day and (not term.until or term.until >= recent)
        ]
        known = state.persons_of[official, day] = frozenset(_connected(official, pairs))
    return known


def same_person(state: State, one: str, other: str, day: str) -> bool:
    """Tell whether two officials count as one that day."""
    return other in one_person(state, one, day)


def office_on(state: State, official: str, day: str) -> str:
    """Name the office an official holds on a day, the last one taken up if there are two; "" without any."""
    held = [term for term in state.terms.get(official, []) if covers(term.since, term.until, day)]
    return max(enumerate(held), key=lambda each: (each[1].since, each[0]))[1].office if held else ""


@functools.lru_cache(maxsize=1024)
def day_from(day: str, count: int) -> str:
    """Give the day so many days from another; where the calendar ends, its last day."""
    ordinal = date.fromisoformat(day).toordinal() + count
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal())).isoformat()


def _connected(official: str, pairs: Sequence[set[str]]) -> set[str]:
    same, before = {official}, 0
    while len(same) > before:
        before = len(same)
        for pair in pairs:
            if not same.isdisjoint(pair):
                same |= pair
    return same


def _holds_office(state: State, official: str, day: str) -> bool:
    return any(covers(term.since, term.until, day) for term in state.terms.get(official, []))


def _either(roles: frozenset[str]) -> str:
    return " or ".join(sorted(roles))
