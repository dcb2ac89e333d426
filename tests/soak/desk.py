"""A desk: it finds its village's batch as it lies there and takes it one step on, until it is killed.

Two desks share each village and get in each other's way. A refusal is no failure here: whoever comes second is refused,
and what a refusal leaves is judged at the end. What it is refused it says on its output. Run by `__main__.py`.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import select

from aid_ledger.approvals import service as approvals
from aid_ledger.core import clock
from aid_ledger.core.act import Act
from aid_ledger.core.errors import DomainError
from aid_ledger.delivery import service as delivery
from aid_ledger.delivery.models import Instruction
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import Batch, BatchLine, EntitlementRun
from aid_ledger.receipts import service as receipts
from aid_ledger.recipients import service as recipients
from aid_ledger.recipients.models import Person
from tests.builders import delivering
from tests.builders.officials import STEP_S
from tests.soak.world import Decision, World

P = ParamSpec("P")
T = TypeVar("T")

SESSION: Final = b"m" * 32
LONGEST_PAUSE_S: Final = 0.4
FAILS: Final = 0.1
"""How many payments the bank cannot make."""
SILENT: Final = 0.1
"""How many payments the bank says nothing final about when first asked."""
FIRST_YEAR: Final = 2021
PENDING: Final = {"channel_status": "PENDING", "channel_code": "2021800", "channel_message": "In progress"}
FAILED: Final = {"channel_status": "FAILED", "channel_code": "4041811", "channel_message": "Invalid account"}


class Desk:
    """One desk of a village, with an approver of its own: two who gave the same code would only refuse each other."""

    def __init__(self, world: World, village: str, approver: str) -> None:
        self.world, self.village, self.approver = world, village, approver
        self.founded = world.founded()
        self.program = world.program
        self.bank = world.bank(village)
        self.draw = random.Random()  # noqa: S311 - who is corrected when is no secret
        self.refused: Counter[str] = Counter()
        person = self.founded.people[approver]
        # The desk before this one may have given any code that counts by now.
        person.last_step = int(clock.now().timestamp()) // STEP_S + 1

    def work(self) -> None:
        """Go on until killed."""
        for _ in count():
            try:
                self.step()
            except DomainError as refused:
                self.refused[refused.code] += 1
                print(f"{self.village} {refused.code}", flush=True)
            time.sleep(self.draw.uniform(0, LONGEST_PAUSE_S))

    def step(self) -> None:
        """Take the newest round one step on."""
        with self.founded.bench.reading() as session:
            of_village = select(Batch).where(Batch.region_code == self.village).order_by(Batch.id.desc()).limit(1)
            batch = session.scalars(of_village).first()
        if batch is None or batch.state == "delivered":
            self._finish(batch)
            return
        steps: dict[str, Callable[[str], None]] = {
            "draft": self._submit,
            "submitted": self._verify,
            "verified": self._approve,
            "approved": self._send,
            "sent": self._answer,
        }
        steps[batch.state](batch.reference)
        self._correct_somebody()

    def _finish(self, batch: Batch | None) -> None:
        """Issue the receipts of a settled round, then begin the next."""
        if batch is not None and self._do("treasurer", receipts.issue_receipts, batch.reference):
            return
        period = _next(batch.period if batch else "")
        asked = {"program": self.program.program, "period": period, "region": self.village}
        with self.founded.bench.reading() as session:
            of_period = select(EntitlementRun).where(
                EntitlementRun.period == period, EntitlementRun.region_code == self.village
            )
            run = session.scalars(of_period).first()
        if run is None:
            run = self._do("operator", disbursement.compute_entitlements, **asked)
        if run.state == "proposed":
            self._do("operator", disbursement.determine_run, run.reference, decree=self.program.decree)
        self._do("operator", disbursement.draft_batch, **asked, channel="bank", decree=self.program.decree)

    def _submit(self, batch: str) -> None:
        self._do("operator", disbursement.submit_batch, batch)

    def _verify(self, batch: str) -> None:
        self._do("verifier", approvals.verify_batch, batch)

    def _approve(self, batch: str) -> None:
        challenge = self._do(self.approver, approvals.open_challenge, [batch], session_hash=SESSION)
        code = self.founded.code(self.approver)
        said = self._do(self.approver, approvals.answer_challenge, challenge.reference, code, session_hash=SESSION)
        if not said.is_accepted:
            self.refused[said.reason] += 1

    def _send(self, batch: str) -> None:
        self._do("treasurer", delivery.instruct, batch)

    def _answer(self, batch: str) -> None:
        """Give the bank its file, perhaps a second time, and import what it says."""
        with self.founded.bench.reading() as session:
            sent = select(Instruction).join(Batch, Batch.id == Instruction.batch_id).where(Batch.reference == batch)
            instruction = session.scalars(sent).one()
            waiting = session.scalars(
                select(BatchLine.line_no)
                .join(Batch, Batch.id == BatchLine.batch_id)
                .where(Batch.reference == batch, BatchLine.state == "unknown")
            ).all()
            content = b"".join(delivery.file_of(session, self.founded.bench.kit.keys, instruction))
        payments = {paid["partner_ref"]: self._decision(paid) for paid in delivering.payments(content)}
        decided = self.bank.answers(payments)

        def says(paid: delivering.Paid) -> dict[str, str] | None:
            said: dict[str, dict[str, str]] = decided[paid["partner_ref"]]
            if not waiting:
                return said["first"]
            return said["final"] if int(paid["line_no"]) in waiting else None

        told = delivering.answered(content, says, at=clock.now().isoformat(timespec="seconds"))
        self._do("treasurer", delivery.import_results, instruction.reference, told, is_inquiry=bool(waiting))

    def _decision(self, paid: delivering.Paid) -> Decision:
        final = dict(FAILED) if self.draw.random() < FAILS else {}
        first = dict(PENDING) if self.draw.random() < SILENT else final
        return {"first": first, "final": final, "amount": paid["amount"]}

    def _correct_somebody(self) -> None:
        with self.founded.bench.reading() as session:
            people = session.scalars(select(Person.reference).where(Person.village_code == self.village)).all()
        values = {"no_hp": f"+62812{self.draw.randrange(10**8):08d}"}
        reason = "Nomor telepon baru, disampaikan warga di kantor desa."
        self._do("operator", recipients.correct_person, self.draw.choice(people), reason=reason, values=values)

    def _do(self, login: str, service: Callable[Concatenate[Act, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.founded.bench.acts.run(self.founded.actor(login), service, *args, **kwargs)


def _next(period: str) -> str:
    if not period:
        return f"{FIRST_YEAR}-01"
    year, month = map(int, period.split("-"))
    return f"{year + month // 12}-{month % 12 + 1:02d}"


if __name__ == "__main__":
    Desk(World.read(Path(sys.argv[1])), sys.argv[2], sys.argv[3]).work()
