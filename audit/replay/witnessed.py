"""What the agency waits for, and what left without it: two people for each, two offices for a way, never over its caps.

The facts do not say which checkpoints witnesses had cosigned when something left uncharged: who needs that compares
the times of cosigned checkpoints. What was charged is judged here, to the last line.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta, timezone
from typing import Any

from audit import policy
from audit.errors import AuditError
from audit.facts import founding, paying, witnessing
from audit.replay.authority import same_person
from audit.replay.state import State, Step, Way

MAX_HOURS = 24
"""A way is for one outage."""

ZONES = tuple(timezone(timedelta(hours=hours)) for hours in (7, 8, 9))
"""WIB, WITA and WIT; the facts do not say which of them is the agency's."""

RUPIAH = "IDR"
RECEIPT = (0, 1)
"""What a receipt counts: no rupiah, one line."""


def _added(state: State, _step: Step, fact: founding.WitnessAdded) -> None:
    state.witnesses.add(fact.vkey)


def _policy_proposed(state: State, step: Step, fact: witnessing.WitnessPolicyProposed) -> None:
    state.witness_policies[fact.policy] = (step.who, fact.text)
    digest = base64.urlsafe_b64encode(hashlib.sha256(fact.text.encode()).digest()).rstrip(b"=").decode()
    if digest != fact.sha256:
        state.broken("witness_policy.digest", step.index, f"{fact.policy} has another digest than its text")
    try:
        stated = policy.parse(fact.text.encode())
    except AuditError as error:
        state.broken("witness_policy.text", step.index, f"{fact.policy} is no policy: {error.sentence}")
        return
    if {each.key.name for each in stated.logs} != {state.origin}:
        state.broken("witness_policy.log", step.index, f"{fact.policy} is not about the log {state.origin}")
    for name, each in stated.witnesses.items():
        if str(each.key) not in state.witnesses:
            state.broken("witness_policy.stranger", step.index, f"{fact.policy} waits for {name}, who is not asked")


def _policy_set(state: State, step: Step, fact: witnessing.WitnessPolicySet) -> None:
    if state.witness_policies.get(fact.policy) != (fact.proposed_by, fact.text):
        state.broken("witness_policy.unproposed", step.index, f"{fact.policy} is not what {fact.proposed_by} proposed")
    if fact.founding:
        if not state.founding_open or step.who not in state.founders:
            state.broken("witness_policy.second", step.index, f"{step.who} set {fact.policy} as a founder and is none")
        return
    if same_person(state, step.who, fact.proposed_by, step.entry.on):
        state.broken("witness_policy.second", step.index, f"{fact.policy} lacks a second official")
    if fact.since < min(_tomorrow(_instant(step), zone) for zone in ZONES):
        state.broken("witness_policy.next_day", step.index, f"{fact.policy} holds before the next day")


def _tomorrow(at: datetime, zone: timezone) -> datetime:
    return datetime.combine(at.astimezone(zone).date() + timedelta(days=1), time(), zone)


def _way_proposed(state: State, step: Step, fact: witnessing.UnwitnessedProposed) -> None:
    state.ways[fact.way] = Way(step.who, step.entry.actor.office, fact.reason, fact.cap, fact.lines, fact.hours)
    if not 0 < fact.hours <= MAX_HOURS:
        state.broken("way.hours", step.index, f"{fact.way} is for {fact.hours} hours")


def _way_opened(state: State, step: Step, fact: witnessing.UnwitnessedOpened) -> None:
    way, at = state.ways.get(fact.way), _instant(step)
    if way is None or (way.proposed_by, way.reason, way.cap, way.lines) != (
        fact.proposed_by,
        fact.reason,
        fact.cap,
        fact.lines,
    ):
        state.broken("way.unproposed", step.index, f"{fact.way} is not what {fact.proposed_by} proposed")
        return
    if same_person(state, step.who, way.proposed_by, step.entry.on):
        state.broken("way.second", step.index, f"{fact.way} lacks a second official")
    if _unit(state, step.entry.actor.office) == _unit(state, way.office):
        state.broken("way.office", step.index, f"{fact.way} was opened by the office that proposed it")
    if fact.until > at + timedelta(hours=way.hours):
        state.broken("way.hours", step.index, f"{fact.way} is open for longer than {way.hours} hours")
    if way.until is not None or any(each.until is not None and at <= each.until for each in state.ways.values()):
        state.broken("way.two_open", step.index, f"{fact.way} was opened while a way was open")
    way.until = fact.until


def _unit(state: State, office: str) -> str:
    return state.units.get(office, office)


def _used(state: State, step: Step, fact: witnessing.UnwitnessedUsed) -> None:
    way = state.ways.get(fact.way)
    if way is None or way.until is None or _instant(step) > way.until:
        state.broken("way.closed", step.index, f"{fact.what} left by {fact.way}, which is not open")
        return
    if fact.what in way.used:
        state.broken("way.twice", step.index, f"{fact.what} was charged to {fact.way} before")
    left = _leaving(state, step.act)
    if fact.what not in left:
        state.broken("way.nothing", step.index, f"{fact.what} was charged to {fact.way} and did not leave")
    if (fact.amount, fact.lines) != left.get(fact.what, _whole(state, fact.what)):
        state.broken("way.content", step.index, f"{fact.what} was charged to {fact.way} with less or more than it is")
    way.used.add(fact.what)
    way.amount += fact.amount
    way.spent_lines += fact.lines
    if way.amount > way.cap or way.spent_lines > way.lines:
        state.broken("way.over_cap", step.index, f"{fact.what} takes {fact.way} over its cap")


def _leaving(state: State, act: Sequence[Step]) -> dict[str, tuple[int, int]]:
    """Name what leaves in an act, whole: batches by their reference, receipts by theirs, a print file by its act."""
    left: dict[str, tuple[int, int]] = {}
    for step in act:
        match step.fact:
            case paying.PaymentInstructed() | paying.GoodsHandedOver() as fact:
                left[fact.batch] = _whole(state, fact.batch)
            case paying.FileCollected() as fact if fact.instruction in state.instructions:
                batch = state.instructions[fact.instruction]
                left[batch] = _whole(state, batch)
            case paying.ReceiptPrinted() as fact:
                left[fact.receipt] = RECEIPT
            case paying.ReceiptsPrinted() as fact:
                _, lines = left.get(step.entry.act, (0, 0))
                left[step.entry.act] = (0, lines + len(fact.printed))
    return left


def _whole(state: State, what: str) -> tuple[int, int]:
    """Count what leaves, whole: rupiah (none for goods) and lines."""
    batch = state.batches.get(what)
    if batch is None:
        return RECEIPT
    return (batch.total if batch.commodity == RUPIAH else 0), batch.count


def _instant(step: Step) -> datetime:
    return datetime.fromisoformat(step.entry.recorded_at)


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    founding.WitnessAdded: _added,
    witnessing.WitnessPolicyProposed: _policy_proposed,
    witnessing.WitnessPolicySet: _policy_set,
    witnessing.UnwitnessedProposed: _way_proposed,
    witnessing.UnwitnessedOpened: _way_opened,
    witnessing.UnwitnessedUsed: _used,
}
