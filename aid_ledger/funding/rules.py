"""Which aid may come in, by whom and when: kinds of source, states of a contribution, the checks. Pure, no database.

The refusals are in `refusals.py`. That budget money and gifts never mix follows KPK's letter
B/1939/GAH.00/01-10/04/2020 and the treatment of donations outside the RKUD; BTT follows the Kemendagri guide of 2020.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aid_ledger.book.rules import IDR
from aid_ledger.core.money import MAX_AMOUNT
from aid_ledger.funding.refusals import (
    AmountNotPositive,
    AmountTooLarge,
    ContributionElsewhere,
    DonorMalformed,
    DonorMissing,
    DonorUnexpected,
    EmergencyMalformed,
    GiftToPerson,
    GoodsOutsidePurchase,
    NeedPlanExceeded,
    NeedPlanMissing,
    NeedPlanUnexpected,
    NotCustodian,
    PublicationNotNeeded,
    ReasonMissing,
    ReceivedInFuture,
    ScreeningNotNeeded,
    SelfReceipt,
    SelfScreening,
    SourceKindUnknown,
    SourceMalformed,
)

NAME_LIMIT: Final = 300
"""As long as one line of public text may be in the log."""

REASON_LIMIT: Final = 1_000
"""A reason is a paragraph, and the log holds it as it is written."""

YEARS: Final = range(2000, 2100)
"""Budget years this ledger can meet: older ones are closed accounts, later ones are slips of the finger."""

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,39}")


class SourceKind(Enum):
    """What a source is; the value is written in facts and never changes."""

    BUDGET = "apbd"
    UNEXPECTED = "btt"
    VILLAGE = "dana_desa"
    COMPANY = "csr"
    OFFICERS = "asn_peduli"

    @property
    def label(self) -> str:
        """Name the kind as officials here know it."""
        return _LABELS[self]

    @property
    def is_donated(self) -> bool:
        """Tell whether it comes from donors and is screened for gratification."""
        return self in {SourceKind.COMPANY, SourceKind.OFFICERS}

    @property
    def in_rkud(self) -> bool:
        """Tell whether it is money of the region's general account, and so an APBD figure."""
        return not self.is_donated

    @property
    def needs_emergency(self) -> bool:
        """Tell whether it may be received only inside an emergency status and on a need plan."""
        return self is SourceKind.UNEXPECTED


_LABELS: Final = {
    SourceKind.BUDGET: "APBD",
    SourceKind.UNEXPECTED: "Belanja Tidak Terduga (BTT)",
    SourceKind.VILLAGE: "Dana Desa",
    SourceKind.COMPANY: "CSR perusahaan",
    SourceKind.OFFICERS: "ASN Peduli",
}


class DonorKind(Enum):
    """Who gives."""

    COMPANY = "company"
    OFFICE = "asn"
    COMMUNITY = "community"
    MEDIA = "media"
    BAZNAS = "baznas"
    INDIVIDUAL = "individual"

    @property
    def label(self) -> str:
        """Name the kind as officials here know it."""
        return _DONORS[self]


_DONORS: Final = {
    DonorKind.COMPANY: "Perusahaan",
    DonorKind.OFFICE: "ASN satu perangkat daerah",
    DonorKind.COMMUNITY: "Komunitas",
    DonorKind.MEDIA: "Media",
    DonorKind.BAZNAS: "Baznas",
    DonorKind.INDIVIDUAL: "Perorangan",
}


class EmergencyLevel(Enum):
    """How far an emergency has gone, by decree."""

    ALERT = "siaga_darurat"
    RESPONSE = "tanggap_darurat"
    RECOVERY = "transisi"

    @property
    def label(self) -> str:
        """Name the level as decrees do."""
        return _LEVELS[self]


_LEVELS: Final = {
    EmergencyLevel.ALERT: "Siaga darurat",
    EmergencyLevel.RESPONSE: "Tanggap darurat",
    EmergencyLevel.RECOVERY: "Transisi darurat ke pemulihan",
}


class Addressee(Enum):
    """To whom a gift is addressed, as its screening found."""

    INSTITUTION = "institution"
    PERSON = "person"


class ContributionState(Enum):
    """How far a contribution has come."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    RECEIVED = "received"
    PUBLISHED = "published"
    DECLARED = "declared"

    @property
    def label(self) -> str:
        """Give the one word of this state."""
        return _STATES[self]


_STATES: Final = {
    ContributionState.OFFERED: "ditawarkan",
    ContributionState.ACCEPTED: "lolos penapisan",
    ContributionState.REFUSED: "ditolak",
    ContributionState.RECEIVED: "diterima",
    ContributionState.PUBLISHED: "diumumkan",
    ContributionState.DECLARED: "saldo awal",
}


def state_words(kind: SourceKind, state: ContributionState) -> str:
    """Give the one word of a state; budget money is not offered but registered."""
    return "didaftarkan" if state is ContributionState.OFFERED and not kind.is_donated else state.label


STEPS: Final = frozenset(
    {
        (ContributionState.OFFERED, ContributionState.ACCEPTED),
        (ContributionState.OFFERED, ContributionState.REFUSED),
        (ContributionState.OFFERED, ContributionState.RECEIVED),
        (ContributionState.ACCEPTED, ContributionState.RECEIVED),
        (ContributionState.RECEIVED, ContributionState.PUBLISHED),
    }
)
"""The only steps of a contribution; a gift does not take the one from offered to received."""

IN_CUSTODY: Final = frozenset({ContributionState.RECEIVED, ContributionState.PUBLISHED, ContributionState.DECLARED})
"""States in which the value has come in."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Who receives what, and what is known of it: everything `check_receipt` needs."""

    kind: SourceKind
    state: ContributionState
    offered_by: str
    receiver: str
    receiver_office: str
    custodian_office: str
    received_on: dt.date
    today: dt.date


@dataclass(frozen=True, slots=True)
class NeedPlan:
    """A need plan (RKB): what it is, when it is valid, what it states (None: nothing) and what came in under it."""

    is_need_plan: bool
    valid_from: dt.date
    valid_until: dt.date | None
    stated: int | None
    received_before: int


def source_kind(value: str) -> SourceKind:
    """Read a kind of source; raises SourceKindUnknown."""
    try:
        return SourceKind(value)
    except ValueError:
        raise SourceKindUnknown(kind=value[:40]) from None


def check_source(*, code: str, name: str, year: int) -> None:
    """Refuse a code that could not stand in an account's key, an empty name, a year out of reach.

    Raises:
        SourceMalformed: one of them cannot be.
    """
    for field, is_good in (
        ("code", _CODE.fullmatch(code) is not None),
        ("name", 0 < len(name) <= NAME_LIMIT),
        ("year", year in YEARS),
    ):
        if not is_good:
            raise SourceMalformed(field=field)


def donor_kind(value: str, name: str) -> DonorKind:
    """Read a kind of donor and see that there is a name; raises DonorMalformed."""
    if not 0 < len(name) <= NAME_LIMIT:
        raise DonorMalformed(field="name")
    try:
        return DonorKind(value)
    except ValueError:
        raise DonorMalformed(field="kind") from None


def emergency_level(value: str) -> EmergencyLevel:
    """Read the level of an emergency; raises EmergencyMalformed."""
    try:
        return EmergencyLevel(value)
    except ValueError:
        raise EmergencyMalformed(field="level") from None


def check_emergency(*, since: dt.date, until: dt.date | None, valid_from: dt.date, valid_until: dt.date | None) -> None:
    """Refuse a status that ends before it begins or reaches outside its decree (None: no end).

    Raises:
        EmergencyMalformed: the period cannot be.
    """
    if until is not None and until < since:
        raise EmergencyMalformed(field="until")
    outlasts = valid_until is not None and (until is None or until > valid_until)
    if since < valid_from or outlasts:
        raise EmergencyMalformed(field="decree")


def check_offer(kind: SourceKind, *, has_donor: bool, commodity: str, amount: int) -> None:
    """Refuse an offer that does not fit its source; a float is a TypeError.

    Raises:
        AmountNotPositive, AmountTooLarge: zero or less, or out of reach.
        DonorMissing, DonorUnexpected: gifts have a donor, budget money has none.
        GoodsOutsidePurchase: goods straight into a budget source.
    """
    check_amount(amount)
    if kind.is_donated and not has_donor:
        raise DonorMissing(kind=kind.value)
    if has_donor and not kind.is_donated:
        raise DonorUnexpected(kind=kind.value)
    if kind.in_rkud and commodity != IDR:
        raise GoodsOutsidePurchase(kind=kind.value, commodity=commodity)


def check_amount(amount: int) -> None:
    """Refuse what is not a positive whole number within reach; a float is a TypeError.

    Raises:
        AmountNotPositive: zero or less.
        AmountTooLarge: more than this ledger keeps.
    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError(f"an amount is a whole number, not {type(amount).__name__}")
    if amount <= 0:
        raise AmountNotPositive(amount=int(amount))
    if amount > MAX_AMOUNT:
        raise AmountTooLarge(limit=MAX_AMOUNT)


def check_screening(
    kind: SourceKind,
    state: ContributionState,
    *,
    is_same_person: bool,
    accept: bool,
    addressee: Addressee,
    reason: str,
) -> None:
    """Refuse a screening that is not due, by the offerer's own hand, without a reason, or of a gift to a person.

    Raises:
        ScreeningNotNeeded: the source is no gift.
        ContributionElsewhere: it was screened before.
        SelfScreening: who registered the offer screens it, or somebody in their place.
        ReasonMissing: no reason.
        GiftToPerson: a gift to an official would be accepted (Art. 12B of UU 20/2001).
    """
    if not kind.is_donated:
        raise ScreeningNotNeeded(kind=kind.value)
    check_step(state, ContributionState.ACCEPTED if accept else ContributionState.REFUSED)
    if is_same_person:
        raise SelfScreening
    if not 0 < len(reason) <= REASON_LIMIT:
        raise ReasonMissing(limit=REASON_LIMIT)
    if accept and addressee is Addressee.PERSON:
        raise GiftToPerson


def check_receipt(receipt: Receipt, *, is_same_person: bool) -> None:
    """Refuse to receive what is not due, or by hands that may not.

    Raises:
        ContributionElsewhere: received before, refused, or a gift that was not screened.
        SelfReceipt: who registered the offer receives it, or somebody in their place (P2).
        NotCustodian: another office than the source's custodian.
        ReceivedInFuture: a day after today.
    """
    due = ContributionState.ACCEPTED if receipt.kind.is_donated else ContributionState.OFFERED
    if receipt.state is not due:
        raise ContributionElsewhere(state=receipt.state.value, due=due.value)
    if is_same_person:
        raise SelfReceipt
    if receipt.receiver_office != receipt.custodian_office:
        raise NotCustodian(custodian=receipt.custodian_office, office=receipt.receiver_office)
    if receipt.received_on > receipt.today:
        raise ReceivedInFuture(received_on=receipt.received_on.isoformat())


def check_need_plan(kind: SourceKind, plan: NeedPlan | None, *, amount: int, received_on: dt.date) -> None:
    """Refuse BTT without a need plan that is valid and large enough, and a need plan where none belongs (RF-26).

    Raises:
        NeedPlanMissing: none, or another paper, or one not valid on the day.
        NeedPlanUnexpected: the source is not BTT.
        NeedPlanExceeded: with what came before, more than the plan states.
    """
    if not kind.needs_emergency:
        if plan is not None:
            raise NeedPlanUnexpected(kind=kind.value)
        return
    if plan is None or not plan.is_need_plan or received_on < plan.valid_from:
        raise NeedPlanMissing(received_on=received_on.isoformat())
    if plan.valid_until is not None and received_on > plan.valid_until:
        raise NeedPlanMissing(received_on=received_on.isoformat(), valid_until=plan.valid_until.isoformat())
    if plan.stated is not None and plan.received_before + amount > plan.stated:
        raise NeedPlanExceeded(stated=plan.stated, received=plan.received_before, amount=amount)


def check_publication(kind: SourceKind, state: ContributionState) -> None:
    """Refuse to publish what is no gift, or not received, or published before.

    Raises:
        PublicationNotNeeded: budget money is published in totals.
        ContributionElsewhere: it is not received, or published already.
    """
    if not kind.is_donated:
        raise PublicationNotNeeded(kind=kind.value)
    check_step(state, ContributionState.PUBLISHED)


def check_step(state: ContributionState, target: ContributionState) -> None:
    """Refuse a step that is none of the room's; raises ContributionElsewhere."""
    if (state, target) not in STEPS:
        raise ContributionElsewhere(state=state.value, target=target.value)
