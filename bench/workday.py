"""The working day of a post, deed by deed, as the aid of isolated households is given; see docs/benchmarks.md.

A round is one batch for the households of a village who isolate. Each household is reported, checked by the four
pillars, handed its packet and released; meanwhile the batch of the next payment is drafted, submitted, verified and
approved by a code bound to its digest. Nothing here depends on entries, so that the same day can be lived without any.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import count, cycle, islice
from typing import Any, Final, NamedTuple

from aid_ledger.approvals import service as approvals
from aid_ledger.core import clock
from aid_ledger.core.act import Act, Actor
from aid_ledger.delivery import service as delivery
from aid_ledger.delivery.rules import Scene, Witness
from aid_ledger.disbursement import service as disbursement
from aid_ledger.isolation import service as isolation
from aid_ledger.isolation.rules import Pillar
from aid_ledger.recipients import service as recipients
from bench.posts import APPROVERS, ROUND
from tests.builders.officials import Person

PER_ROUND: Final = {
    "report": ROUND,
    "check": ROUND * len(Pillar),
    "handover": ROUND,
    "release": ROUND,
    "correct_person": ROUND // 10,
    "draft": 1,
    "submit": 1,
    "verify": 1,
    "challenge": 1,
    "approve": 1,
}
"""How often each deed is done for one round; one household in ten has a new telephone number or address."""

UNCOUNTED: Final = ""
"""The name of what is only done so that the next round can begin."""

REASON: Final = "Nomor telepon baru, disampaikan warga di kantor desa."
SESSION: Final = b"s" * 32


class Deed(NamedTuple):
    """What somebody of the post does: the name it is counted under, who does it, the service and what it is given."""

    name: str
    actor: Actor
    service: Callable[..., Any]
    positional: tuple[Any, ...]
    named: dict[str, Any]


Days = Generator[Deed, Any, None]
"""Yields deeds, and is sent what came of each."""


class Workday:
    """The deeds of one post, round after round; posts begin with different households, so as not to walk in step."""

    def __init__(self, post: dict[str, Any], first: int) -> None:
        self._people = {key: Person(**person) for key, person in post["people"].items()}
        self._post = post
        self._first = first
        self._approvers = cycle(range(APPROVERS))
        self._packets = iter(range(1, post["lines"] + 1))
        self._known = cycle(post["known"])
        self._corrections = count(1)

    def rounds(self) -> Days:
        """Live one round after the other."""
        homes: list[str] = self._post["homes"]
        for place in islice(cycle(range(ROUND)), self._first, None):
            if place == 0:
                yield from self._batch()
            yield from self._household(homes[place])
            if place % 10 == 0:
                yield self.correction()

    def corrections(self) -> Days:
        """Correct one household after the other."""
        while True:
            yield self.correction()

    def correction(self) -> Deed:
        """Give a household of the village another telephone number."""
        values = {"no_hp": f"+62812{next(self._corrections):08d}"}
        return self._deed(
            "correct_person", "operator", recipients.correct_person, next(self._known), reason=REASON, values=values
        )

    def _household(self, person: str) -> Days:
        started = clock.today()
        report = {"origin": "puskesmas", "place": "home", "started_on": started, "health_centre": "Puskesmas Contoh"}
        episode = (yield self._deed("report", "field", isolation.report_episode, person, **report)).reference
        for pillar in Pillar:
            found = {"outcome": "approved", "checker_name": "Petugas Contoh", "checked_on": started}
            yield self._deed("check", "field", isolation.record_check, episode, pillar=pillar.value, **found)
        witnesses = (Witness("Siti Aminah", "Ketua RT 001"), Witness("Budi Santoso", "Kader PKK"))
        seen = Scene("Balai RW 01", witnesses)
        if packet := next(self._packets, 0):  # A post that has handed out all it had goes on without.
            yield self._deed("handover", "field", delivery.hand_over, self._post["stock"], [packet], seen)
        yield self._deed("release", "field", isolation.end_episode, episode, ends_on=started)

    def _batch(self) -> Days:
        batch = (yield self._deed("draft", "operator", disbursement.draft_batch, **self._post["draft"])).reference
        yield self._deed("submit", "operator", disbursement.submit_batch, batch)
        yield self._deed("verify", "verifier", approvals.verify_batch, batch)
        approver = f"approver{next(self._approvers)}"
        challenge = yield self._deed("challenge", approver, approvals.open_challenge, [batch], session_hash=SESSION)
        outcome = yield self._deed("approve", approver, _answered, challenge.reference, self._people[approver])
        assert outcome.is_accepted, outcome.reason
        # Nobody is paid twice for one month: withdrawn, the same households can be drafted again.
        yield self._deed(UNCOUNTED, "operator", disbursement.cancel_batch, batch, reason="Diulang untuk pengukuran.")

    def _deed(self, name: str, who: str, service: Callable[..., Any], *positional: object, **named: object) -> Deed:
        return Deed(name, self._people[who].actor(), service, positional, named)


def _answered(act: Act, challenge: str, approver: Person) -> approvals.ApprovalOutcome:
    """Answer with the code that the approver's device shows by now: a turn of other work may have come between."""
    return approvals.answer_challenge(act, challenge, approver.code(), session_hash=SESSION)
