"""What became of each line: sent once, confirmed once, failed, unknown until an inquiry; and what goes back.

A line that is under way, uncertain or held keeps its entitlement: nothing pays it again. A failed line gives it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.facts import paying as facts
from audit.replay import columns, separation
from audit.replay.batches import BY_FILE, known
from audit.replay.documents import identity, use_once
from audit.replay.funding import IDR
from audit.replay.value import between, carry, shares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.replay.state import Batch, State, Step

OPEN: Final = frozenset({"sent", "unknown", "on_hold"})
"""States in which a line's outcome is still to come."""

BY_INQUIRY: Final = frozenset({"unknown", "on_hold"})
"""States that only the answer to an inquiry may end."""

SUCCESS: Final = "SUCCESS"
MISMATCHES: Final = frozenset({"ACCOUNT_MISMATCH", "AMOUNT_MISMATCH"})
IN_THE_FIELD: Final = "RECIPIENT_"
"""How the outcomes begin that an officer in the field may give."""

WITNESSES: Final = 2
"""Witnesses before whom something is handed over."""

UNFIT: Final = frozenset({"same", "giver", "receiver"})
"""Who cannot be a witness: the other witness once more, who gives, who receives."""


def _collected(state: State, step: Step, fact: facts.FileCollected) -> None:
    sent = _sent_by(state, fact.instruction)
    if sent is None or fact.lines > sent[1].count:
        state.broken("payment.file", step.index, f"{fact.instruction} was collected with {fact.lines} lines")


def _resent(state: State, step: Step, fact: facts.ResendRefused) -> None:
    batch = known(state, step, fact.batch)
    place = batch.lines.place(fact.line) if batch else None
    if batch is not None and (place is None or batch.lines.state_at(place) != fact.state):
        state.broken("line.state", step.index, f"line {fact.line} of {fact.batch} was not {fact.state}")


def _imported(state: State, step: Step, fact: facts.ResultImported) -> None:
    sent = _sent_by(state, fact.instruction)
    if sent is None or fact.result in state.results or fact.file in state.result_files:
        state.broken("result.import", step.index, f"{fact.result} answers no instruction, or was read before")
        return
    name, batch = sent
    separation.hold(state, step, name, batch)
    if batch.channel != BY_FILE:
        state.broken("result.channel", step.index, f"{fact.result} answers for {name}, which went by {batch.channel}")
    state.results[fact.result] = (step.entry.act, name, fact.inquiry)
    state.result_files.add(fact.file)
    settled = sum(len(_outcomes(each, fact.result)) for each in step.act)
    if settled != fact.matched or (not fact.inquiry and fact.count != batch.count):
        sentence = f"{fact.result} tells {fact.count} and settles {settled} lines; it says {fact.matched}"
        state.broken("result.count", step.index, sentence)


def _sent_by(state: State, instruction: str) -> tuple[str, Batch] | None:
    """Find what an instruction sent, with its name; None if it sent nothing, or what a restore has withdrawn since."""
    name = state.instructions.get(instruction)
    if name is None or name not in state.batches:
        return None
    return name, state.batches[name]


def _outcomes(step: Step, answer: str) -> Sequence[facts.LineOutcome]:
    """List what an entry settles by an answer."""
    match step.fact:
        case (
            facts.PaymentsConfirmed(result=result, confirmed=outcomes)
            | facts.PaymentsFailed(result=result, failed=outcomes)
            | facts.PaymentsUnknown(result=result, unknown=outcomes)
            | facts.LinesHeld(result=result, held=outcomes)
        ) if result == answer:
            return outcomes
        case _:
            return ()


def _confirmed(state: State, step: Step, fact: facts.PaymentsConfirmed) -> None:
    batch = known(state, step, fact.batch)
    if batch is not None:
        is_inquiry = _answered(state, step, fact.batch, fact.result)
        paid = _settle(state, step, fact.batch, batch, fact.confirmed, "delivered", is_inquiry=is_inquiry)
        carry(state, step, fact.moves, shares(batch.program, batch.commodity, paid, "in_transit", "delivered"))


def _failed(state: State, step: Step, fact: facts.PaymentsFailed) -> None:
    batch = known(state, step, fact.batch)
    if batch is None:
        return
    if batch.channel == BY_FILE:
        is_inquiry = _answered(state, step, fact.batch, fact.result)
    else:
        is_inquiry = True
        separation.hold(state, step, fact.batch, batch)
        if not all(each.outcome.startswith(IN_THE_FIELD) for each in fact.failed):
            state.broken("line.outcome", step.index, f"lines of {fact.batch} failed in the field by no field's outcome")
    paid = _settle(state, step, fact.batch, batch, fact.failed, "failed", is_inquiry=is_inquiry)
    carry(state, step, fact.moves, shares(batch.program, batch.commodity, paid, "in_transit", "allocated"))


def _unknown(state: State, step: Step, fact: facts.PaymentsUnknown) -> None:
    batch = known(state, step, fact.batch)
    if batch is not None:
        is_inquiry = _answered(state, step, fact.batch, fact.result)
        _settle(state, step, fact.batch, batch, fact.unknown, "unknown", is_inquiry=is_inquiry)


def _held(state: State, step: Step, fact: facts.LinesHeld) -> None:
    batch = known(state, step, fact.batch)
    if batch is not None:
        is_inquiry = _answered(state, step, fact.batch, fact.result)
        _settle(state, step, fact.batch, batch, fact.held, "on_hold", is_inquiry=is_inquiry)


def _handed(state: State, step: Step, fact: facts.GoodsHandedOver) -> None:
    batch = known(state, step, fact.batch)
    if batch is None:
        return
    separation.hold(state, step, fact.batch, batch)
    if batch.channel == BY_FILE:
        state.broken("handover.channel", step.index, f"{fact.batch} went by {BY_FILE} and was handed over")
    if fact.witnesses < WITNESSES:
        state.broken("handover.witness", step.index, f"handover {fact.handover} names {fact.witnesses} witnesses")
    paid = _settle(state, step, fact.batch, batch, fact.handed, "delivered", is_inquiry=True)
    carry(state, step, fact.moves, shares(batch.program, batch.commodity, paid, "in_transit", "delivered"))


def _refused(state: State, step: Step, fact: facts.HandoverRefused) -> None:
    known(state, step, fact.batch)
    if fact.reason not in UNFIT:
        sentence = f"a handover of {fact.batch} was refused for a witness who is {fact.reason}"
        state.broken("handover.refused", step.index, sentence)


def _answered(state: State, step: Step, name: str, result: str) -> bool:
    """Hold an outcome against the answer it was read from, in the same act; says whether an inquiry was answered."""
    answer = state.results.get(result)
    if answer is None or answer[:2] != (step.entry.act, name):
        state.broken("result.unknown", step.index, f"{step.entry.kind} of {name} is in no answer {result} of its act")
    return answer is not None and answer[2]


def _settle(  # noqa: PLR0913 - a fact's parts
    state: State,
    step: Step,
    name: str,
    batch: Batch,
    outcomes: Sequence[facts.LineOutcome],
    to_state: str,
    *,
    is_inquiry: bool,
) -> dict[str, int]:
    """Give lines their outcome; returns what each source paid for them."""
    paid: dict[str, int] = {}
    lines = batch.lines
    for outcome in outcomes:
        place = lines.place(outcome.line)
        held = "unknown to the log" if place is None else lines.state_at(place)
        if place is None or held not in OPEN or held == to_state == "on_hold":
            sentence = f"line {outcome.line} of {name} is {held}, cannot be {to_state}"
            state.broken("line.state", step.index, sentence)
            continue
        if held in BY_INQUIRY and not is_inquiry:
            state.broken("line.inquiry", step.index, f"line {outcome.line} of {name} is {held} and nobody inquired")
        amount = lines.amounts[place]
        # A held line's answer may name another amount: that is why it is held.
        if outcome.amount != amount and to_state != "on_hold":
            state.broken("line.amount", step.index, f"line {outcome.line} of {name} was {amount}, not {outcome.amount}")
        if not _fits(outcome.outcome, to_state):
            state.broken(
                "line.outcome", step.index, f"line {outcome.line} of {name} is {to_state} by {outcome.outcome}"
            )
        _note(state, batch, place, to_state)
        source = lines.source_at(place)
        paid[source] = paid.get(source, 0) + amount
    return paid


def _fits(outcome: str, to_state: str) -> bool:
    if to_state == "on_hold":
        return outcome in MISMATCHES
    return (outcome == SUCCESS) == (to_state == "delivered")


def _note(state: State, batch: Batch, place: int, to_state: str) -> None:
    lines = batch.lines
    lines.put(place, to_state)
    if to_state == "delivered":
        batch.unreceipted[lines.amounts[place]] += 1
        state.entitlements.put(lines.entitlements[place], columns.DELIVERED)
    elif to_state == "failed":
        state.entitlements.put(lines.entitlements[place], columns.FREE)


def _returned(state: State, step: Step, fact: facts.FundsReturned) -> None:
    """Let value go back, exactly so much, on a paper used for no other return."""
    ends = {"origin": (fact.program, "allocated"), "target": (fact.program, "returned")}
    carry(state, step, fact.moves, between(fact.source, fact.commodity, fact.amount, **ends))
    if not fact.amount:
        state.broken("return.amount", step.index, f"{fact.sts} returns nothing")
    if fact.commodity == IDR and identity(state, fact.document)[0] == "bast":
        state.broken("return.paper", step.index, f"{fact.sts} returns money on a handover record")
    use_once(state, step, "return", fact.document)
    if fact.sts in state.returns:
        state.broken("return.twice", step.index, f"{fact.sts} was returned before")
    state.returns.add(fact.sts)
    # The paper of a return is proven by this entry alone, so what it counts must be what its act gives back.
    going = [each for each in _facts(step, facts.LinesReturned) if each.sts == fact.sts]
    batches, lines = {each.batch for each in going}, sum(len(each.returned) for each in going)
    if (batches, lines) != ({fact.batch} - {""}, fact.lines):
        sentence = f"{fact.sts} says {fact.lines} lines of {fact.batch or 'no batch'}; its act gives back {lines}"
        state.broken("return.lines", step.index, sentence)


def _lines_returned(state: State, step: Step, fact: facts.LinesReturned) -> None:
    """Let failed lines whose value nobody claims go back, by a return of the same act over exactly their sum."""
    batch = known(state, step, fact.batch)
    if batch is None:
        return
    returns = [each for each in _facts(step, facts.FundsReturned) if each.sts == fact.sts]
    for outcome in fact.returned:
        place = batch.lines.place(outcome.line)
        where = f"line {outcome.line} of {fact.batch}"
        if place is None or (batch.lines.state_at(place), batch.lines.amounts[place]) != ("failed", outcome.amount):
            state.broken("line.state", step.index, f"{where} has nothing to return")
            continue
        if state.entitlements.state(batch.lines.entitlements[place]) != "free":
            state.broken("return.claimed", step.index, f"{where} is being paid again")
        origin = (batch.lines.source_at(place), batch.program, batch.commodity)
        if any((each.source, each.program, each.commodity) != origin for each in returns):
            state.broken("return.other", step.index, f"{where} is returned to another source than paid it")
        batch.lines.put(place, "returned")
    going = [each for each in _facts(step, facts.LinesReturned) if each.sts == fact.sts]
    total = sum(outcome.amount for each in going for outcome in each.returned)
    if [each.amount for each in returns] != [total]:
        sentence = f"{fact.sts} returns {sum(each.amount for each in returns)}, its lines are {total}"
        state.broken("return.amount", step.index, sentence)


def _printed(state: State, step: Step, fact: facts.ReturnPrinted) -> None:
    if fact.sts not in state.returns:
        state.broken("return.unknown", step.index, f"{fact.sts} was printed and never returned")


def _facts(step: Step, kind: type[Any]) -> list[Any]:
    return [each.fact for each in step.of_act(kind)]


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.FileCollected: _collected,
    facts.ResendRefused: _resent,
    facts.ResultImported: _imported,
    facts.PaymentsConfirmed: _confirmed,
    facts.PaymentsFailed: _failed,
    facts.PaymentsUnknown: _unknown,
    facts.LinesHeld: _held,
    facts.GoodsHandedOver: _handed,
    facts.HandoverRefused: _refused,
    facts.FundsReturned: _returned,
    facts.LinesReturned: _lines_returned,
    facts.ReturnPrinted: _printed,
}
