"""A batch walked at random by everybody at once: whatever the order, the rows are what a small model says they are."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aid_ledger.approvals import service as approvals
from aid_ledger.book import queries as book
from aid_ledger.book.rules import Place, Stage
from aid_ledger.core import clock
from aid_ledger.core.clock import FrozenClock
from aid_ledger.core.errors import DomainError
from aid_ledger.disbursement import queries, service
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.paying import approve, drafted_batch, households, submit, verify
from tests.builders.powers import also
from tests.builders.programs import RATE, Paying, paying_program

NOON = dt.datetime(2021, 8, 5, 5, 0, tzinfo=dt.UTC)
REASON = "Daftar perlu diperbaiki lebih dahulu."
FAMILIES = 2
PEOPLE = ("operator", "verifier", "approver", "approver2")
STEPS = ("submit", "verify", "approve", "reject", "send_back", "cancel", "set_aside")

_years = itertools.count(1000)


@dataclass
class Model:
    """What a batch is, in a few lines: its state, who stands for it, how many approvals it has, how many lines."""

    state: str = "draft"
    lines: int = FAMILIES
    made: set[str] = field(default_factory=lambda: {"operator"})
    judged: set[str] = field(default_factory=set)
    approvals: int = 0

    def allows(self, step: str, who: str) -> bool:
        """Say whether a step should go through."""
        is_maker = who == "operator"
        is_free = who not in self.made | self.judged
        match step:
            case "submit":
                return is_maker and self.state in {"draft", "sent_back"} and self.lines > 0
            case "set_aside":
                return is_maker and self.state in {"draft", "sent_back"} and self.lines > 0
            case "cancel":
                return is_maker and self.state in {"draft", "sent_back", "submitted", "verified", "approved"}
            case "verify":
                return self.state == "submitted" and who in {"verifier", "approver"} and is_free
            case "approve":
                return self.state == "verified" and who in {"approver", "approver2"} and is_free
        needed = {"submitted": {"verifier", "approver"}, "verified": {"approver", "approver2"}}
        needed["approved"] = needed["verified"]
        return who in needed.get(self.state, set()) and is_free

    def take(self, step: str, who: str) -> None:
        """Become what the step makes of the batch."""
        match step:
            case "submit":
                self.state, self.judged, self.approvals = "submitted", set(), 0
            case "set_aside":
                self.lines -= 1
            case "cancel":
                self.state = "cancelled"
            case "verify":
                self.state = "verified"
                self.judged.add(who)
            case "approve":
                self.judged.add(who)
                self.approvals += 1
                self.state = "approved" if self.approvals == FAMILIES else "verified"
            case _:
                self.state = "sent_back" if step == "send_back" else "rejected"

    @property
    def reserved(self) -> int:
        """Tell what the batch should hold."""
        return self.lines * RATE if self.state in {"submitted", "verified", "approved"} else 0


@dataclass
class Ground:
    """A bench shared by all walks of one test: each walk has a batch of a period of its own."""

    founded: Founded
    paying: Paying
    still: FrozenClock

    def attempt(self, batch: str, step: str, who: str) -> bool:
        """Try a step; tells whether it went through."""
        try:
            self._do(batch, step, who)
        except DomainError:
            return False
        return True

    def _do(self, batch: str, step: str, who: str) -> None:
        match step:
            case "submit":
                submit(self.founded, batch, by=who)
            case "verify":
                verify(self.founded, batch, by=who)
            case "approve":
                self.still.advance(seconds=60)
                assert approve(self.founded, [batch], by=who).is_accepted
            case "cancel":
                with self.founded.act(who) as act:
                    service.cancel_batch(act, batch, reason=REASON)
            case "set_aside":
                with self.founded.act(who) as act:
                    row = queries.batch(act.session, batch)
                    live = queries.lines(act.session, row.id, state="listed")
                    service.set_aside_line(act, batch, live[0].line_no if live else 1)
            case _:
                with self.founded.act(who) as act:
                    approvals.reject_batch(act, batch, reason=REASON, send_back=step == "send_back")

    def held(self, stage: Stage) -> int:
        """Tell what the programme holds in a stage."""
        with self.founded.bench.reading() as session:
            return book.balance(session, Place(self.paying.source, stage, self.paying.program), "IDR")


@pytest.mark.parametrize("seed", [1, 2])
def test_any_walk_of_anybody_ends_where_the_model_ends(founded: Founded, seed: int) -> None:
    """P1, P2: makers, judges and withdrawals in any order: states, reserved value and the log agree at every end."""
    with clock.frozen(NOON) as still:
        also(founded, "approver", "verifier")
        paying = paying_program(founded.bench, founded, limits=((0, 2),))
        households(founded.bench, founded, FAMILIES)
        ground = Ground(founded, paying, still)
        total = ground.held(Stage.ALLOCATED)
        kept: list[int] = []

        @settings(
            max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(PEOPLE)), min_size=seed * 6, max_size=18))
        def walk(tries: list[tuple[str, str]]) -> None:
            batch = drafted_batch(founded.bench, founded, paying, period=f"{next(_years)}")
            model = Model()
            for step, who in tries:
                allowed = model.allows(step, who)
                assert ground.attempt(batch, step, who) == allowed, (step, who, model)
                if allowed:
                    model.take(step, who)
            with founded.bench.reading() as session:
                row = queries.batch(session, batch)
                assert (row.state, row.lines) == (model.state, model.lines)
            kept.append(model.reserved)
            assert ground.held(Stage.RESERVED) == sum(kept)
            assert ground.held(Stage.ALLOCATED) == total - sum(kept)

        walk()
        assert_log_agrees(founded.bench)
