"""What was there before: opening balances, with evidence, before both founders have signed and never after."""

from __future__ import annotations

from aid_ledger.book import queries as book_queries
from aid_ledger.core.act import Act
from aid_ledger.documents import queries as documents
from aid_ledger.documents.service import log_digest
from aid_ledger.funding import queries, rules
from aid_ledger.funding.models import Contribution
from aid_ledger.funding.refusals import EvidenceMissing, HistoryClosed
from aid_ledger.funding.rules import ContributionState
from aid_ledger.funding.service.entering import enter, take_in
from aid_ledger.regions.models import Agency
from audit.facts.money import HistoryDeclared


def declare_history(act: Act, *, source: str, commodity: str, amount: int, document: str) -> Contribution:
    """Enter what lay in a source before this system began, while the founding is open; locks the source.

    Raises:
        HistoryClosed: the founding is closed, or there is no agency yet.
        SourceNotFound, CommodityUnknown, DocumentNotFound: there is no such thing.
        AmountNotPositive: zero or less.
        EvidenceMissing: the document has no file.
        PaperUsedTwice: the paper brought this commodity into this source before.
    """
    agency = act.session.get(Agency, 1)
    if agency is None or not agency.founding_open:
        raise HistoryClosed
    origin = queries.source(act.session, source, lock=True)
    counted = book_queries.commodity(act.session, commodity)
    paper = documents.document(act.session, document)

    rules.check_amount(amount)
    if paper.file_sha256 is None:
        raise EvidenceMissing(document=document)

    contribution = enter(act, origin, paper, ContributionState.DECLARED, commodity=counted.code, amount=amount)
    contribution.received_on = act.on
    contribution.received_by = act.actor.id
    contribution.received_at = act.at
    act.session.flush()
    moves = take_in(act, origin, contribution)

    act.record(
        HistoryDeclared(
            contribution=contribution.reference,
            source=origin.code,
            commodity=counted.code,
            amount=amount,
            document=paper.reference,
            evidence=log_digest(paper.file_sha256),
            moves=moves,
        )
    )
    return contribution
