"""One contribution on its way in: offered, screened, received, published."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from aid_ledger.book import queries as book_queries
from aid_ledger.core.act import Act
from aid_ledger.documents import queries as documents
from aid_ledger.documents.models import Document
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.funding import queries, rules
from aid_ledger.funding.models import Contribution, Donor, EmergencyStatus, Source
from aid_ledger.funding.refusals import NoEmergency
from aid_ledger.funding.rules import Addressee, ContributionState, NeedPlan, Receipt, SourceKind
from aid_ledger.funding.service.entering import enter, take_in
from aid_ledger.officials import queries as officials
from aid_ledger.officials.models import Official
from audit.facts.money import ContributionOffered, ContributionPublished, FundsReceived, GratificationScreened


def offer_contribution(
    act: Act, *, source: str, donor: str | None, commodity: str, amount: int, document: str
) -> Contribution:
    """Register what is offered to the institution, with its paper; locks the source.

    Raises:
        SourceNotFound, DonorNotFound, CommodityUnknown, DocumentNotFound: there is no such thing.
        AmountNotPositive, DonorMissing, DonorUnexpected, GoodsOutsidePurchase: it does not fit the source.
        PaperUsedTwice: the paper brought this commodity into this source before.
    """
    origin = queries.source(act.session, source, lock=True)
    giver = queries.donor(act.session, donor) if donor else None
    counted = book_queries.commodity(act.session, commodity)
    paper = documents.document(act.session, document)

    rules.check_offer(SourceKind(origin.kind), has_donor=giver is not None, commodity=counted.code, amount=amount)
    contribution = enter(act, origin, paper, ContributionState.OFFERED, commodity=counted.code, amount=amount)
    contribution.donor_id = giver.id if giver else None
    act.session.flush()

    act.record(
        ContributionOffered(
            contribution=contribution.reference,
            source=origin.code,
            donor=giver.reference if giver else "",
            commodity=counted.code,
            amount=amount,
            document=paper.reference,
        )
    )
    return contribution


def screen_contribution(
    act: Act, reference: str, *, accept: bool, reason: str, addressee: Addressee = Addressee.INSTITUTION
) -> Contribution:
    """Decide whether a gift is addressed to the institution; the reason is public. Locks the contribution.

    Raises:
        ContributionNotFound: there is none.
        ScreeningNotNeeded, ContributionElsewhere: no screening is due.
        SelfScreening: the one who registered the offer screens it.
        ReasonMissing: no reason is given.
        GiftToPerson: a gift to an official would be accepted.
    """
    contribution = queries.contribution(act.session, reference, lock=True)
    origin = act.session.get_one(Source, contribution.source_id)
    reason = reason.strip()

    rules.check_screening(
        SourceKind(origin.kind),
        ContributionState(contribution.state),
        is_same_person=_is_same_person(act, contribution.offered_by),
        accept=accept,
        addressee=addressee,
        reason=reason,
    )

    contribution.state = (ContributionState.ACCEPTED if accept else ContributionState.REFUSED).value
    contribution.screening = reason
    contribution.screened_by = act.actor.id
    contribution.screened_at = act.at

    act.record(GratificationScreened(contribution=reference, outcome=contribution.state, reason=reason))
    return contribution


def receive_contribution(
    act: Act, reference: str, *, received_on: dt.date, need_plan: str | None = None
) -> Contribution:
    """Take a contribution into the custody of the source's office; `need_plan` is the RKB's reference, for BTT only.

    Locks the source, then the contribution: two receipts cannot share the last rupiah of one need plan.

    Raises:
        ContributionNotFound, DocumentNotFound: there is no such thing.
        ContributionElsewhere: received before, refused, or not screened yet.
        SelfReceipt, NotCustodian: the wrong hands.
        ReceivedInFuture: a day after today.
        NeedPlanMissing, NeedPlanUnexpected, NeedPlanExceeded: the need plan does not carry it.
        NoEmergency: BTT outside an emergency status, on the day of receipt or today.
    """
    origin_id = queries.contribution(act.session, reference).source_id
    origin = act.session.get_one(Source, origin_id, with_for_update=True)
    contribution = queries.contribution(act.session, reference, lock=True)
    kind = SourceKind(origin.kind)
    plan = documents.document(act.session, need_plan) if need_plan else None

    receipt = Receipt(
        kind=kind,
        state=ContributionState(contribution.state),
        offered_by=contribution.offered_by,
        receiver=act.actor.id,
        receiver_office=act.actor.office,
        custodian_office=origin.custodian_office,
        received_on=received_on,
        today=act.on,
    )
    rules.check_receipt(receipt, is_same_person=_is_same_person(act, contribution.offered_by))
    rules.check_need_plan(kind, _as_need_plan(act, plan), amount=contribution.amount, received_on=received_on)
    status = _emergency_for(act, kind, received_on)

    contribution.state = ContributionState.RECEIVED.value
    contribution.received_on = received_on
    contribution.received_by = act.actor.id
    contribution.received_at = act.at
    contribution.need_plan_id = plan.id if plan else None
    contribution.emergency_id = status.id if status else None
    moves = take_in(act, origin, contribution)

    act.record(
        FundsReceived(
            contribution=reference,
            source=origin.code,
            donor=act.session.get_one(Donor, contribution.donor_id).reference if contribution.donor_id else "",
            commodity=contribution.commodity,
            amount=contribution.amount,
            document=act.session.get_one(Document, contribution.document_id).reference,
            emergency=status.reference if status else "",
            need_plan=plan.reference if plan else "",
            moves=moves,
        )
    )
    return contribution


def publish_contribution(act: Act, reference: str) -> Contribution:
    """Publish a received gift, as KPK's letter B/1939/GAH.00/01-10/04/2020 asks for every day.

    Raises:
        ContributionNotFound: there is none.
        PublicationNotNeeded, ContributionElsewhere: it is no gift, not received, or published already.
    """
    contribution = queries.contribution(act.session, reference, lock=True)
    origin = act.session.get_one(Source, contribution.source_id)

    rules.check_publication(SourceKind(origin.kind), ContributionState(contribution.state))

    contribution.state = ContributionState.PUBLISHED.value
    contribution.published_at = act.at

    act.record(ContributionPublished(contribution=reference))
    return contribution


def _as_need_plan(act: Act, paper: Document | None) -> NeedPlan | None:
    if paper is None:
        return None
    return NeedPlan(
        is_need_plan=paper.kind == DocumentKind.NEED_PLAN.value,
        valid_from=paper.valid_from,
        valid_until=paper.valid_until,
        stated=paper.amount,
        received_before=queries.received_under(act.session, paper.id),
    )


def _emergency_for(act: Act, kind: SourceKind, received_on: dt.date) -> EmergencyStatus | None:
    """Find the status that covers the day of receipt and today; None where the source needs none (RF-25)."""
    if not kind.needs_emergency:
        return None
    status = queries.emergency_covering(act.session, received_on, act.on)
    if status is None:
        raise NoEmergency(received_on=received_on.isoformat())
    return status


def _is_same_person(act: Act, login: str) -> bool:
    """Tell whether the one who acts counts as the official of a login: themselves, or in each other's place."""
    if act.actor.id == login:
        return True
    if act.actor.official_id is None:
        return False
    other = act.session.scalar(select(Official.id).where(Official.login == login))
    return other in officials.barred_with(act.session, act.actor.official_id, act.on)
