"""How value comes in: offered with its paper, screened and received by others, published; and what was there before.

Purchases are here too: money out of a programme for goods into it, by two people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.facts import money as facts
from audit.replay import documents
from audit.replay.authority import one_person
from audit.replay.state import Contribution, Purchase, covers, day_text
from audit.replay.value import between, carry

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step

IDR: Final = "IDR"

DONATED: Final = frozenset({"csr", "asn_peduli"})
"""Source kinds that have donors and must be screened for gratification."""

KINDS: Final = DONATED | frozenset({"apbd", "btt", "dana_desa"})

EMERGENCY: Final = "btt"
"""The source kind that is received only inside an emergency status and on a need plan (RKB)."""


def _source(state: State, step: Step, fact: facts.SourceOpened) -> None:
    if state.comes_again("source", fact.source, step.index) or fact.kind not in KINDS:
        state.broken("funding.source", step.index, f"source {fact.source} was opened twice, or as {fact.kind}")
    state.sources[fact.source] = fact


def _donor(state: State, _step: Step, fact: facts.DonorRegistered) -> None:
    state.donors.add(fact.donor)


def _emergency(state: State, _step: Step, fact: facts.EmergencyDeclared) -> None:
    state.emergencies[fact.status] = (day_text(fact.since), day_text(fact.until))


def _offered(state: State, step: Step, fact: facts.ContributionOffered) -> None:
    source = state.sources.get(fact.source)
    if source is None or fact.contribution in state.contributions or not fact.amount:
        state.broken("funding.offer", step.index, f"{fact.contribution} was offered twice, of nothing, or to no source")
        return
    is_gift = source.kind in DONATED
    if is_gift != (fact.donor in state.donors) or (fact.donor and not is_gift):
        state.broken("funding.donor", step.index, f"{fact.contribution}: gifts have a donor, budget money has none")
    if not is_gift and fact.commodity != IDR:
        state.broken(
            "funding.goods", step.index, f"{fact.contribution}: goods come into {fact.source} by purchase only"
        )
    paper = documents.identity(state, fact.document)
    documents.use_once(state, step, "contribution", fact.source, fact.commodity, *paper)
    state.contributions[fact.contribution] = Contribution(fact, step.who)


def _screened(state: State, step: Step, fact: facts.GratificationScreened) -> None:
    held = state.contributions.get(fact.contribution)
    if held is None or held.state != "offered" or state.sources[held.offer.source].kind not in DONATED:
        state.broken("funding.screening", step.index, f"{fact.contribution} was not due to be screened")
        return
    if held.by in one_person(state, step.who, step.entry.on):
        state.broken("funding.screened_alone", step.index, f"{step.who} offered and screened {fact.contribution}")
    held.state = "accepted" if fact.outcome == "accepted" else "refused"
    if held.state == "refused":
        # A paper that was refused may come again.
        paper = documents.identity(state, held.offer.document)
        state.papers_used.discard(("contribution", held.offer.source, held.offer.commodity, *paper))


def _received(state: State, step: Step, fact: facts.FundsReceived) -> None:
    held = state.contributions.get(fact.contribution)
    carry(state, step, fact.moves, _coming_in(fact.source, fact.commodity, fact.amount))
    if held is None:
        state.broken("funding.unoffered", step.index, f"{fact.contribution} was received and never offered")
        return
    offer, kind = held.offer, state.sources[held.offer.source].kind
    due = "accepted" if kind in DONATED else "offered"
    if held.state != due:
        state.broken(
            "funding.unscreened", step.index, f"{fact.contribution} was received while {held.state}, not {due}"
        )
    offered = (offer.source, offer.donor, offer.commodity, offer.amount, offer.document)
    if (fact.source, fact.donor, fact.commodity, fact.amount, fact.document) != offered:
        state.broken("funding.other", step.index, f"{fact.contribution} was received otherwise than offered")
    if held.by in one_person(state, step.who, step.entry.on):
        state.broken("funding.received_alone", step.index, f"{step.who} offered and received {fact.contribution}")
    custodian = state.sources[offer.source].custodian
    if step.entry.actor.office != custodian:
        sentence = f"{fact.contribution} was received by {step.entry.actor.office or 'no office'}, not {custodian}"
        state.broken("funding.custodian", step.index, sentence)
    _hold_against_emergency(state, step, fact, kind)
    held.state = "received"


def _hold_against_emergency(state: State, step: Step, fact: facts.FundsReceived, kind: str) -> None:
    if kind != EMERGENCY:
        if fact.emergency or fact.need_plan:
            state.broken("funding.btt", step.index, f"{fact.contribution} is no BTT and names an emergency or an RKB")
        return
    span, day = state.emergencies.get(fact.emergency), step.entry.on
    if span is None or not covers(*span, day) or not documents.is_need_plan(state, fact.need_plan, day):
        state.broken("funding.btt", step.index, f"{fact.contribution} (BTT) lacks an emergency status or an RKB")


def _published(state: State, step: Step, fact: facts.ContributionPublished) -> None:
    held = state.contributions.get(fact.contribution)
    if held is None or held.state != "received" or state.sources[held.offer.source].kind not in DONATED:
        state.broken("funding.publication", step.index, f"{fact.contribution} is no received gift to be published")
        return
    held.state = "published"


def _declared(state: State, step: Step, fact: facts.HistoryDeclared) -> None:
    carry(state, step, fact.moves, _coming_in(fact.source, fact.commodity, fact.amount))
    if not state.founding_open:
        state.broken("funding.history", step.index, f"{fact.contribution} was declared after the founding")
    if fact.source not in state.sources or not fact.evidence or not fact.amount:
        state.broken("funding.evidence", step.index, f"{fact.contribution} lacks its source, amount or evidence")
    paper = documents.identity(state, fact.document)
    documents.use_once(state, step, "contribution", fact.source, fact.commodity, *paper)


def _coming_in(source: str, commodity: str, amount: int) -> tuple[facts.Move, ...]:
    return between(source, commodity, amount, origin=("", "world"), target=("", "received"))


def _vendor(state: State, step: Step, fact: facts.VendorRegistered) -> None:
    if fact.deed_on is None or day_text(fact.deed_on) > step.entry.on:
        state.broken("purchase.vendor", step.index, f"{fact.vendor} was founded on no day that has been")
    state.vendors.add(fact.vendor)


def _purchased(state: State, step: Step, fact: facts.GoodsPurchased) -> None:
    ends = {"origin": (fact.program, "allocated"), "target": (fact.program, "spent")}
    carry(state, step, fact.moves, between(fact.source, IDR, fact.price, **ends))
    program = state.programs.get(fact.program)
    if fact.purchase in state.purchases or fact.vendor not in state.vendors or not fact.quantity or not fact.price:
        state.broken(
            "purchase.order", step.index, f"{fact.purchase} was made twice, of nobody, of nothing or for nothing"
        )
    if program is None or fact.commodity != program.commodity or fact.commodity == IDR:
        state.broken(
            "purchase.goods", step.index, f"{fact.purchase} buys {fact.commodity}, not what {fact.program} gives"
        )
    state.purchases[fact.purchase] = Purchase(fact, step.who)


def _arrived(state: State, step: Step, fact: facts.GoodsReceived) -> None:
    held = state.purchases.get(fact.purchase)
    if held is None:
        state.broken("purchase.unknown", step.index, f"{fact.purchase} was taken in and never bought")
        return
    order = held.order
    ends = {"origin": ("", "world"), "target": (order.program, "allocated")}
    carry(state, step, fact.moves, between(order.source, order.commodity, fact.quantity, **ends))
    held.arrived += fact.quantity
    if fact.commodity != order.commodity or held.arrived > order.quantity or not fact.quantity:
        state.broken(
            "purchase.arrival", step.index, f"{fact.purchase} ordered {order.quantity}, took in {held.arrived}"
        )
    if held.by in one_person(state, step.who, step.entry.on):
        state.broken("purchase.alone", step.index, f"{step.who} bought {fact.purchase} and took it in")
    documents.use_once(state, step, "arrival", fact.purchase, fact.document)


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.SourceOpened: _source,
    facts.DonorRegistered: _donor,
    facts.EmergencyDeclared: _emergency,
    facts.ContributionOffered: _offered,
    facts.GratificationScreened: _screened,
    facts.FundsReceived: _received,
    facts.ContributionPublished: _published,
    facts.HistoryDeclared: _declared,
    facts.VendorRegistered: _vendor,
    facts.GoodsPurchased: _purchased,
    facts.GoodsReceived: _arrived,
}
