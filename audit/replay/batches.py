"""A batch's way: drafted, frozen under a digest, verified, approved by enough others, sent. Four eyes at each step."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from audit import merkle
from audit.facts import paying as facts
from audit.replay import entitlements, separation
from audit.replay.authority import APPROVER, VERIFIER, require_role
from audit.replay.columns import Lines
from audit.replay.funding import IDR
from audit.replay.programmes import approvers_for, hold_ceiling, hold_source, policy_on
from audit.replay.state import Batch
from audit.replay.value import carry, shares

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.facts.money import Move
    from audit.replay.state import State, Step

OPEN: Final = ("draft", "sent_back")
RESERVING: Final = ("submitted", "verified", "approved")
"""States in which a batch holds reserved value."""

BY_FILE: Final = "bank"
CHANNELS: Final = {True: frozenset({BY_FILE, "cash"}), False: frozenset({"goods"})}
"""How money may go, and how goods."""


def line_leaf(line: facts.FrozenLine) -> bytes:
    """Write a frozen line as the bytes whose RFC 6962 root is the batch's digest: canonical JSON of its fields.

    Codes and digests hold no letter that JSON would write otherwise.
    """
    return f'[{line.line},{line.entitlement},"{line.amount}","{line.source}","{line.commitment}"]'.encode()


def known(state: State, step: Step, name: str) -> Batch | None:
    """Find a batch; None, and a broken rule, if nobody drafted it."""
    batch = state.batches.get(name)
    if batch is None:
        state.broken("batch.unknown", step.index, f"{step.entry.kind} of batch {name}, which nobody drafted")
    return batch


def _begun(state: State, step: Step, name: str, *due: str) -> Batch | None:
    """Find a batch and hold its state against those in which this step is due; whoever takes it has a hand in it."""
    batch = known(state, step, name)
    if batch is None:
        return None
    if batch.state not in due:
        wanted = " or ".join(due)
        state.broken("batch.state", step.index, f"{step.entry.kind} of {name} while {batch.state}, not {wanted}")
    batch.hands.add(step.who)
    return batch


def _drafted(state: State, step: Step, fact: facts.BatchDrafted) -> None:
    if fact.batch in state.batches:
        state.broken("batch.twice", step.index, f"batch {fact.batch} was drafted twice")
        return
    program = state.programs.get(fact.program)
    if program is None or not program.managed or fact.commodity != program.commodity:
        state.broken("batch.programme", step.index, f"{fact.batch} pays {fact.commodity} for {fact.program}")
    if fact.channel not in CHANNELS[fact.commodity == IDR]:
        state.broken("batch.channel", step.index, f"{fact.batch} sends {fact.commodity} by {fact.channel}")
    purpose = (fact.program, fact.period, fact.commodity, fact.channel)
    state.batches[fact.batch] = Batch(*purpose, fact.lines, makers={step.who}, hands={step.who})


def _set_aside(state: State, step: Step, fact: facts.LineSetAside) -> None:
    batch = _begun(state, step, fact.batch, *OPEN)
    if batch is None:
        return
    if fact.line in batch.aside:
        state.broken("batch.aside", step.index, f"line {fact.line} of {fact.batch} was set aside before")
    batch.aside.add(fact.line)
    batch.listed -= 1


def _submitted(state: State, step: Step, fact: facts.BatchSubmitted) -> None:
    batch = _begun(state, step, fact.batch, *OPEN)
    if batch is None:
        return
    if (fact.program, fact.period, fact.commodity, fact.channel) != (
        batch.program,
        batch.period,
        batch.commodity,
        batch.channel,
    ):
        state.broken("batch.other", step.index, f"{fact.batch} was submitted for another purpose than drafted")
    if fact.lines != batch.listed:
        state.broken("batch.lines", step.index, f"{fact.batch} lists {batch.listed} lines and submits {fact.lines}")
    batch.sources = {share.source: share.amount for share in fact.sources}
    carry(state, step, fact.moves, shares(batch.program, batch.commodity, batch.sources, "allocated", "reserved"))
    for source in batch.sources:
        hold_source(state, step, batch.program, source)
        hold_ceiling(state, step, batch.program, source, batch.commodity)
    batch.state, batch.digest, batch.total, batch.count = "submitted", fact.digest, fact.total, fact.lines
    batch.makers.add(step.who)
    batch.verifier, batch.approvers, batch.lines, batch.cleared = "", [], Lines(), set()
    batch.runs, batch.shapers = set(), set()
    _pin_policy(state, step, batch, fact)
    state.waiting.add(fact.batch)
    _freeze(state, step, batch, fact)


def _pin_policy(state: State, step: Step, batch: Batch, fact: facts.BatchSubmitted) -> None:
    """Hold the policy that a batch pins against the one in force that day, and the number it asks for against both."""
    policy = policy_on(state, fact.program, step.entry.on)
    if policy is None or policy.reference != fact.policy:
        in_force = policy.reference if policy else "none"
        state.broken("policy.in_force", step.index, f"{fact.batch} pins {fact.policy}; in force is {in_force}")
    pinned = state.policies.get(fact.policy)
    needed = approvers_for(pinned, fact.total) if pinned else 0
    if fact.approvers != needed or not needed:
        state.broken("policy.approvers", step.index, f"{fact.batch} needs {needed} approvers, asks {fact.approvers}")
    batch.approvers_needed = fact.approvers
    batch.shapers |= pinned.people if pinned else set()


def _freeze(state: State, step: Step, batch: Batch, fact: facts.BatchSubmitted) -> None:
    """Freeze the lines that follow in the same act, and hold them against what the batch claims of them."""
    leaves, paid, expected = list[bytes](), dict[str, int](), 0
    for chunk in step.of_act(facts.LinesFrozen):
        if chunk.fact.batch != fact.batch:  # type: ignore[attr-defined] # of this kind
            continue
        frozen = chunk.fact.frozen  # type: ignore[attr-defined] # of this kind
        leaves += merkle.leaf_hashes(map(line_leaf, frozen))
        for line in frozen:
            paid[line.source] = paid.get(line.source, 0) + line.amount
            if line.line <= expected or line.line in batch.aside:
                where = f"line {line.line} of {fact.batch}"
                state.broken("batch.line", chunk.index, f"{where} comes twice, out of order, or was set aside")
                continue
            expected = line.line
            batch.lines.append(line)
            entitlements.claim(state, chunk, batch, fact.batch, line)
    if _digest_text(merkle.root(leaves)) != fact.digest:
        state.broken("batch.digest", step.index, f"the lines of {fact.batch} do not hash to its digest")
    if len(batch.lines) != fact.lines or sum(batch.lines.amounts) != fact.total:
        state.broken("batch.total", step.index, f"{fact.batch} claims {fact.lines} lines of {fact.total} in all")
    if paid != batch.sources or len(batch.sources) != len(fact.sources):
        state.broken("batch.sources", step.index, f"lines of {fact.batch} name other sources than the batch")


def _frozen(state: State, step: Step, fact: facts.LinesFrozen) -> None:
    """Refuse lines that are frozen beside their batch's submission; those within it are read there."""
    submitted = [each.fact.batch for each in step.of_act(facts.BatchSubmitted)]  # type: ignore[attr-defined] # as above
    if fact.batch not in submitted:
        state.broken("batch.frozen", step.index, f"lines of {fact.batch} were frozen without being submitted")


def _verified(state: State, step: Step, fact: facts.BatchVerified) -> None:
    batch = _begun(state, step, fact.batch, "submitted")
    if batch is None:
        return
    separation.hold(state, step, fact.batch, batch)
    if fact.digest != batch.digest:
        state.broken("batch.digest", step.index, f"{fact.batch} was verified under another digest")
    batch.verifier, batch.state = step.who, "verified"
    batch.cleared.clear()


def _shown(state: State, step: Step, fact: facts.ChallengeOpened) -> None:
    """Let an approver be shown only what they may approve, as it is."""
    for bound in fact.batches:
        batch = known(state, step, bound.batch)
        if batch is None:
            continue
        separation.hold(state, step, bound.batch, batch)
        if batch.state != "verified":
            state.broken("batch.state", step.index, f"{bound.batch} was shown while {batch.state}, not verified")
        if (bound.digest, bound.lines, bound.total, bound.commodity) != _content(batch):
            state.broken("batch.digest", step.index, f"{bound.batch} was shown with another digest, count or total")


def _approved(state: State, step: Step, fact: facts.ApprovalGiven) -> None:
    batch = _begun(state, step, fact.batch, "verified")
    if batch is None:
        return
    separation.hold(state, step, fact.batch, batch)
    if (fact.digest, fact.lines, fact.total, fact.commodity) != _content(batch):
        state.broken("batch.digest", step.index, f"{fact.batch} was approved under another digest, count or total")
    batch.approvers.append(step.who)
    batch.cleared.clear()
    given, needed = len(batch.approvers), batch.approvers_needed
    if fact.complete != (given >= needed):
        sentence = f"{fact.batch} has {given} of {needed} approvals and is called {_complete(fact.complete)}"
        state.broken("policy.complete", step.index, sentence)
    if given >= needed:
        batch.state = "approved"


def _rejected(state: State, step: Step, fact: facts.BatchRejected) -> None:
    batch = _begun(state, step, fact.batch, *RESERVING)
    if batch is None:
        return
    separation.hold(state, step, fact.batch, batch)
    at_step = "verify" if batch.state == "submitted" else "approve"
    require_role(state, step, VERIFIER if at_step == "verify" else APPROVER)
    if fact.step != at_step or fact.outcome not in {"rejected", "sent_back"}:
        state.broken("batch.rejection", step.index, f"{fact.batch} was {fact.outcome} at {fact.step}, due is {at_step}")
    release(state, step, fact.batch, batch, fact.moves, "sent_back" if fact.outcome == "sent_back" else "rejected")


def _cancelled(state: State, step: Step, fact: facts.BatchCancelled) -> None:
    batch = _begun(state, step, fact.batch, *OPEN, *RESERVING)
    if batch is not None:
        release(state, step, fact.batch, batch, fact.moves, "cancelled")


def release(state: State, step: Step, name: str, batch: Batch, moves: tuple[Move, ...], outcome: str) -> None:
    """End a batch's claim on its entitlements and its reserved value, which the fact moves back."""
    reserved = batch.sources if batch.state in RESERVING else {}
    carry(state, step, moves, shares(batch.program, batch.commodity, reserved, "reserved", "allocated"))
    if batch.state in RESERVING:
        entitlements.release(state, batch)
    batch.lines.put_all(outcome)
    batch.state = outcome
    state.waiting.discard(name)


def _instructed(state: State, step: Step, fact: facts.PaymentInstructed) -> None:
    batch = _begun(state, step, fact.batch, "approved")
    if batch is None:
        return
    separation.hold(state, step, fact.batch, batch)
    if len(batch.approvers) < max(1, batch.approvers_needed):
        sentence = f"{fact.batch} was sent with {len(batch.approvers)} of {batch.approvers_needed} approvals"
        state.broken("batch.unapproved", step.index, sentence)
    if (fact.digest, fact.lines, fact.total, batch.commodity) != _content(batch) or fact.channel != batch.channel:
        state.broken("batch.digest", step.index, f"{fact.batch} was sent with another digest, count, total or channel")
    if fact.instruction in state.instructions:
        state.broken("batch.instruction", step.index, f"{fact.instruction} was given twice")
    carry(state, step, fact.moves, shares(batch.program, batch.commodity, batch.sources, "reserved", "in_transit"))
    state.instructions[fact.instruction] = fact.batch
    state.waiting.discard(fact.batch)
    batch.lines.put_all("sent")
    batch.state = "sent"
    batch.aside.clear()


def _content(batch: Batch) -> tuple[str, int, int, str]:
    return batch.digest, batch.count, batch.total, batch.commodity


def _complete(is_complete: bool) -> str:  # noqa: FBT001 - a fact's flag
    return "complete" if is_complete else "incomplete"


def _digest_text(root: bytes) -> str:
    return base64.urlsafe_b64encode(root).rstrip(b"=").decode()


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.BatchDrafted: _drafted,
    facts.LineSetAside: _set_aside,
    facts.BatchSubmitted: _submitted,
    facts.LinesFrozen: _frozen,
    facts.BatchVerified: _verified,
    facts.ChallengeOpened: _shown,
    facts.ApprovalGiven: _approved,
    facts.BatchRejected: _rejected,
    facts.BatchCancelled: _cancelled,
    facts.PaymentInstructed: _instructed,
}
