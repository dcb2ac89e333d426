"""A batch's way: drafted, frozen under a digest, verified, approved by enough others, sent. Four eyes at each step."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from audit import canonical, merkle
from audit.facts import paying as facts
from audit.replay.authority import same_person
from audit.replay.state import Batch, Line, State, Step
from audit.replay.value import stage_of

DEAD = frozenset({"failed", "returned", "rejected", "cancelled", "set_aside"})
"""States in which a line no longer claims its entitlement."""


def line_leaf(line: facts.FrozenLine) -> bytes:
    """Write a frozen line as the bytes whose RFC 6962 root is the batch's digest."""
    return canonical.encode([line.line, line.entitlement, str(line.amount), line.source, line.commitment])


def apply(state: State, step: Step, _act: Sequence[Step]) -> None:
    """Move batches along their way and refuse steps out of order."""
    handler = _HANDLERS.get(type(step.fact))
    if handler is not None:
        handler(state, step, step.fact)


def close(state: State, act: Sequence[Step]) -> None:
    """Judge, once an act is complete, that each batch submitted in it froze exactly the lines it claims."""
    for step in act:
        if isinstance(step.fact, facts.BatchSubmitted):
            _check_freeze(state, step, step.fact, act)


def _known(state: State, step: Step, reference: str) -> Batch:
    batch = state.batches.get(reference)
    if batch is None:
        state.broken("batch.unknown", step.index, f"{step.entry.kind} of batch {reference}, which nobody drafted")
        batch = state.batches[reference] = Batch("", "", "")
    return batch


def _expect(state: State, step: Step, reference: str, batch: Batch, *states: str) -> None:
    if batch.state not in states:
        wanted = " or ".join(states)
        state.broken("batch.state", step.index, f"{step.entry.kind} of {reference} while {batch.state}, not {wanted}")


def _not_by(state: State, step: Step, reference: str, others: dict[str, set[str]]) -> None:
    """Refuse a step by somebody (or somebody acting for somebody) who already holds another step of this batch."""
    for role, people in others.items():
        for person in sorted(people):
            if same_person(state, step.who, person, step.entry.on):
                sentence = f"{step.who} did {step.entry.kind} of {reference}, being its {role}"
                state.broken("four_eyes", step.index, sentence)


def _moved(state: State, step: Step, origin: str, target: str, expected: dict[str, int]) -> None:
    """Hold the moves of a fact against what each source should pay; exactly these and no others."""
    moved: dict[str, int] = {}
    for move in getattr(step.fact, "moves", ()):
        if (stage_of(move.source), stage_of(move.target)) != (origin, target):
            state.broken("batch.moves", step.index, f"{step.entry.kind} moves {move.source} → {move.target}")
        source = move.source.partition("/")[0]
        moved[source] = moved.get(source, 0) + move.amount
    if moved != {source: amount for source, amount in expected.items() if amount}:
        state.broken("batch.moves", step.index, f"{step.entry.kind} moves {moved}, not {expected}")


def _drafted(state: State, step: Step, fact: facts.BatchDrafted) -> None:
    if fact.batch in state.batches:
        state.broken("batch.twice", step.index, f"batch {fact.batch} was drafted twice")
        return
    state.batches[fact.batch] = Batch(fact.program, fact.period, fact.commodity, makers={step.who})


def _submitted(state: State, step: Step, fact: facts.BatchSubmitted) -> None:
    batch = _known(state, step, fact.batch)
    _expect(state, step, fact.batch, batch, "draft", "sent_back")
    batch.state, batch.digest, batch.total, batch.count = "submitted", fact.digest, fact.total, fact.lines
    batch.approvers_needed = fact.approvers
    batch.makers.add(step.who)
    batch.verifiers, batch.approvers, batch.lines = set(), [], {}
    batch.sources = {share.source: share.amount for share in fact.sources}
    if sum(batch.sources.values()) != fact.total:
        state.broken("batch.sources", step.index, f"sources of {fact.batch} pay {sum(batch.sources.values())}")
    _moved(state, step, "allocated", "reserved", batch.sources)


def _frozen(state: State, step: Step, fact: facts.LinesFrozen) -> None:
    batch = _known(state, step, fact.batch)
    for line in fact.frozen:
        if line.line in batch.lines:
            state.broken("batch.line_twice", step.index, f"line {line.line} of {fact.batch} was frozen twice")
        batch.lines[line.line] = Line(line.entitlement, line.amount, line.source, line.commitment)
        claimed = state.live_entitlements.get(line.entitlement)
        if claimed is not None:
            state.broken(
                "paid_twice", step.index, f"entitlement {line.entitlement} is in {claimed[0]} and in {fact.batch}"
            )
        state.live_entitlements[line.entitlement] = (fact.batch, line.line)


def _check_freeze(state: State, step: Step, fact: facts.BatchSubmitted, act: Sequence[Step]) -> None:
    frozen = [
        line
        for other in act
        if isinstance(other.fact, facts.LinesFrozen) and other.fact.batch == fact.batch
        for line in other.fact.frozen
    ]
    root = merkle.root([merkle.leaf_hash(line_leaf(line)) for line in frozen])
    digest = base64.urlsafe_b64encode(root).rstrip(b"=").decode()
    if digest != fact.digest:
        state.broken("batch.digest", step.index, f"the lines of {fact.batch} do not hash to its digest")
    if len(frozen) != fact.lines or sum(line.amount for line in frozen) != fact.total:
        state.broken("batch.total", step.index, f"{fact.batch} claims {fact.lines} lines of {fact.total} in all")
    paid: dict[str, int] = {}
    for line in frozen:
        paid[line.source] = paid.get(line.source, 0) + line.amount
    if paid != {share.source: share.amount for share in fact.sources}:
        state.broken("batch.sources", step.index, f"lines of {fact.batch} name other sources than the batch")


def _verified(state: State, step: Step, fact: facts.BatchVerified) -> None:
    batch = _known(state, step, fact.batch)
    _expect(state, step, fact.batch, batch, "submitted")
    _not_by(state, step, fact.batch, {"maker": batch.makers})
    if fact.digest != batch.digest:
        state.broken("batch.digest", step.index, f"{fact.batch} was verified under another digest")
    batch.verifiers.add(step.who)
    batch.state = "verified"


def _approved(state: State, step: Step, fact: facts.ApprovalGiven) -> None:
    batch = _known(state, step, fact.batch)
    _expect(state, step, fact.batch, batch, "verified")
    others = {"maker": batch.makers, "verifier": batch.verifiers, "approver": set(batch.approvers)}
    _not_by(state, step, fact.batch, others)
    if (fact.digest, fact.lines, fact.total, fact.commodity) != (
        batch.digest,
        batch.count,
        batch.total,
        batch.commodity,
    ):
        state.broken("batch.digest", step.index, f"{fact.batch} was approved under another digest, count or total")
    batch.approvers.append(step.who)
    enough = len(batch.approvers) >= batch.approvers_needed
    if fact.complete != enough:
        state.broken("policy.approvers", step.index, f"{fact.batch} has {len(batch.approvers)} approvers")
    if fact.complete:
        batch.state = "approved"


def _rejected(state: State, step: Step, fact: facts.BatchRejected) -> None:
    batch = _known(state, step, fact.batch)
    _expect(state, step, fact.batch, batch, "submitted", "verified", "approved")
    release(state, step, batch, "rejected" if fact.outcome == "rejected" else "sent_back")


def _cancelled(state: State, step: Step, fact: facts.BatchCancelled) -> None:
    batch = _known(state, step, fact.batch)
    _expect(state, step, fact.batch, batch, "draft", "sent_back", "submitted", "verified", "approved")
    release(state, step, batch, "cancelled")


def release(state: State, step: Step, batch: Batch, outcome: str) -> None:
    """End a batch's claim on its entitlements and its reserved value, which the fact moves back."""
    reserved = batch.state in {"submitted", "verified", "approved"}
    _moved(state, step, "reserved", "allocated", batch.sources if reserved else {})
    for line in batch.lines.values():
        line.state = outcome
        state.live_entitlements.pop(line.entitlement, None)
    batch.state = outcome


def _instructed(state: State, step: Step, fact: facts.PaymentInstructed) -> None:
    batch = _known(state, step, fact.batch)
    _expect(state, step, fact.batch, batch, "approved")
    others = {"maker": batch.makers, "verifier": batch.verifiers, "approver": set(batch.approvers)}
    _not_by(state, step, fact.batch, others)
    if (fact.digest, fact.lines, fact.total) != (batch.digest, batch.count, batch.total):
        state.broken("batch.digest", step.index, f"{fact.batch} was sent with another digest, count or total")
    _moved(state, step, "reserved", "in_transit", batch.sources)
    for line in batch.lines.values():
        line.state = "sent"
    batch.state = "sent"


_HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.BatchDrafted: _drafted,
    facts.BatchSubmitted: _submitted,
    facts.LinesFrozen: _frozen,
    facts.BatchVerified: _verified,
    facts.ApprovalGiven: _approved,
    facts.BatchRejected: _rejected,
    facts.BatchCancelled: _cancelled,
    facts.PaymentInstructed: _instructed,
}
