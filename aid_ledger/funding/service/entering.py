"""The two beats that an arrival and an opening balance share: the row with its paper, and the value's first move."""

from __future__ import annotations

from aid_ledger.book import service as book
from aid_ledger.book.rules import Movement, Place, Stage
from aid_ledger.core import numbering
from aid_ledger.core.act import Act, on_constraint
from aid_ledger.documents.models import Document
from aid_ledger.funding import queries
from aid_ledger.funding.models import Contribution, Source
from aid_ledger.funding.refusals import PaperUsedTwice
from aid_ledger.funding.rules import ContributionState
from audit.facts.money import Move

on_constraint("uq_contributions_paper", PaperUsedTwice)


def enter(
    act: Act, origin: Source, paper: Document, state: ContributionState, *, commodity: str, amount: int
) -> Contribution:
    """Add a contribution to the session; the caller holds the source's lock; raises PaperUsedTwice."""
    if queries.is_paper_used(act.session, origin.id, commodity, paper):
        raise PaperUsedTwice(document=paper.reference, source=origin.code)
    contribution = Contribution(
        reference=numbering.next_reference(act, "CTB"),
        source_id=origin.id,
        commodity=commodity,
        amount=amount,
        state=state.value,
        document_id=paper.id,
        screening="",
        offered_by=act.actor.id,
        offered_at=act.at,
    )
    act.session.add(contribution)
    return contribution


def take_in(act: Act, origin: Source, contribution: Contribution) -> tuple[Move, ...]:
    """Move a contribution's value from the world into the source's custody."""
    world, received = Place(origin.code, Stage.WORLD), Place(origin.code, Stage.RECEIVED)
    return book.move(act, (Movement(world, received, contribution.commodity, contribution.amount),))
