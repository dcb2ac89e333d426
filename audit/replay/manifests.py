"""Manifests of a batch's receipts: they count what was issued, and nobody asks a certifier twice without saying so.

Replay knows no file: that what came back is the page with a signature and nothing else was checked by whoever kept it,
and can be checked again by whoever has it.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from audit import naming
from audit.facts import manifests as facts
from audit.facts.paying import ReceiptIssued
from audit.facts.restoring import ReceiptsLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step

ASKED: Final = "asked"
SEALED: Final = "sealed"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"


@dataclass(slots=True)
class Listing:
    """The receipts of a batch so far; `newest` is its newest manifest. None of it holds once some were lost."""

    receipts: int = 0
    amount: int = 0
    last: int = -1
    hashed: hashlib._Hash = field(default_factory=hashlib.sha256)
    is_torn: bool = False
    newest: str = ""

    @property
    def digest(self) -> str:
        """Write the digest over what was listed so far."""
        return base64.urlsafe_b64encode(self.hashed.digest()).rstrip(b"=").decode()


@dataclass(slots=True)
class Manifest:
    """A manifest: over which list, who asked for its seal, and what came of it."""

    listing: str
    asker: str
    state: str = ASKED


def _listing(state: State, batch: str) -> Listing:
    if batch not in state.listings:
        state.listings[batch] = Listing()
    return state.listings[batch]


def _issued(state: State, step: Step, fact: ReceiptIssued) -> None:
    listing = _listing(state, fact.batch)
    listing.receipts += 1
    # One in the place of another states the same amount.
    listing.amount += 0 if naming.preceding(fact.receipt) else fact.amount
    listing.last = step.index
    listing.hashed.update(fact.digest.encode() + b"\n")


def _lost(state: State, _step: Step, fact: ReceiptsLost) -> None:
    for each in fact.lost:
        _listing(state, each.batch).is_torn = True


def _asked(state: State, step: Step, fact: facts.ManifestSealAsked) -> None:
    listing = _listing(state, fact.batch)
    newest = "" if listing.newest and state.is_lost("manifest", listing.newest) else listing.newest
    if state.comes_again("manifest", fact.manifest, step.index):
        state.broken("manifest.twice", step.index, f"manifest {fact.manifest} was there already")
    if not listing.receipts:
        state.broken("manifest.empty", step.index, f"manifest {fact.manifest}: {fact.batch} has no receipts")
    stated, issued = (fact.receipts, fact.amount), (listing.receipts, listing.amount)
    if not listing.is_torn and (*stated, fact.listing) != (*issued, listing.digest):
        sentence = f"manifest {fact.manifest} states {stated}, issued were {issued}, or other ones"
        state.broken("manifest.receipts", step.index, sentence)
    batch = state.batches.get(fact.batch)
    if batch is not None and fact.commodity != batch.commodity:
        state.broken("manifest.other", step.index, f"manifest {fact.manifest} names another commodity than its batch")
    if not listing.last < fact.size <= step.index:
        sentence = f"manifest {fact.manifest} names a checkpoint of {fact.size} entries: not over its receipts"
        state.broken("manifest.size", step.index, sentence)
    _judge_again(state, step, fact, newest)
    state.manifests[fact.manifest] = Manifest(fact.listing, step.who)
    listing.newest = fact.manifest


def _judge_again(state: State, step: Step, fact: facts.ManifestSealAsked, newest: str) -> None:
    """Hold an asking against the one before: an open one is named, and a list is sealed once."""
    before = state.manifests.get(newest)
    is_open = before is not None and before.state in {ASKED, UNKNOWN}
    due = newest if is_open else ""
    if fact.after != due:
        sentence = f"manifest {fact.manifest} is asked for after {fact.after or 'none'}, open is {due or 'none'}"
        state.broken("manifest.again", step.index, sentence)
    if before is not None and before.state == SEALED and before.listing == fact.listing:
        state.broken("manifest.sealed", step.index, f"manifest {newest} of the same receipts is sealed already")


def _concluded(outcome: str) -> Callable[[State, Step, Any], None]:
    def conclude(state: State, step: Step, fact: Any) -> None:  # noqa: ANN401 - one of the three outcomes
        manifest = state.manifests.get(fact.manifest)
        if manifest is None or manifest.state != ASKED:
            state.broken("manifest.unasked", step.index, f"manifest {fact.manifest} waits for no outcome")
            return
        manifest.state = outcome
        if step.who != manifest.asker:
            state.broken("manifest.hand", step.index, f"manifest {fact.manifest} was asked for by {manifest.asker}")

    return conclude


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    ReceiptIssued: _issued,
    ReceiptsLost: _lost,
    facts.ManifestSealAsked: _asked,
    facts.ManifestSealed: _concluded(SEALED),
    facts.ManifestSealRefused: _concluded(REFUSED),
    facts.ManifestSealUnknown: _concluded(UNKNOWN),
}
