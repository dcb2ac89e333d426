"""A programme that can pay: defined, rated, bound by a policy, with value of a source allocated to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from aid_ledger.book.rules import IDR
from aid_ledger.core.act import Act
from aid_ledger.programs import service
from aid_ledger.programs.models import Program
from aid_ledger.programs.rules import Limits
from tests.benches import Bench
from tests.builders.documents import paper
from tests.builders.funding import received
from tests.builders.officials import Founded
from tests.builders.programmes import defined

RATE = 300_000
ONE_APPROVER: Limits = ((0, 1),)
MAKER, POLICY_MAKER = "operator", "sekda"
"""Who defines and allocates, and the founder whose policy holds at once."""


@dataclass(frozen=True)
class Paying:
    """A programme that can pay: its code, its one source, the decree behind its rate, and its policy."""

    program: str
    source: str
    decree: str
    rate: int
    commodity: str
    policy: str


def paying_program(
    bench: Bench,
    founded: Founded,
    *,
    code: str = "BST",
    commodity: str = IDR,
    rate: int = RATE,
    amount: int = 1_000_000_000,
    source_kind: str = "btt",
    limits: Limits = ONE_APPROVER,
    needs_isolation: bool = False,
    by: str = MAKER,
) -> Paying:
    """Make a programme that can pay; a second one in a test gets a code of its own."""
    source = received(bench, founded, source_kind, amount=amount, commodity=commodity)
    with founded.act(by) as act:
        own = _free(act, code)
        defined(act, own, commodity=commodity, sources=(source_kind,), needs_isolation=needs_isolation)
        decree = paper(act, "sk").reference
        service.set_rate(act, program=own, amount=rate, since=dt.date(act.on.year, 1, 1), document=decree)
        budget = paper(act, "dpa").reference
        service.allocate(act, source=source, program=own, commodity=commodity, amount=amount, document=budget)
    with founded.act(POLICY_MAKER) as act:
        policy = service.propose_policy(act, program=own, limits=limits).reference
    return Paying(own, source, decree, rate, commodity, policy)


def _free(act: Act, code: str) -> str:
    taken = act.session.scalars(select(Program.code).where(Program.code.startswith(code))).all()
    return code if code not in taken else f"{code}_{len(taken) + 1}"
