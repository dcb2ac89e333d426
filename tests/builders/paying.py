"""From households to an approved batch, step by step, each by the official who may.

    paying = programs.paying_program(bench, founded)
    households(bench, founded, 3)
    batch = approved_batch(bench, founded, paying)          # a reference; the earlier stations exist too

All NIKs end in 0000 and belong to nobody.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from aid_ledger.approvals import service as approvals
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.recipients.models import BankAccount, Person
from tests.benches import Bench
from tests.builders.officials import Founded
from tests.builders.programs import Paying
from tests.builders.recipients import imported_rows

REGION = "32.16"
VILLAGE = "32.16.06.2002"
PERIOD = "2021-08"
SESSION = b"s" * 32
"""The hash of an approver's session; doors pass the real one."""

FIRST_BIRTH = dt.date(1965, 1, 1)
SYLLABLES = ("Ba", "Ci", "Du", "Ga", "Ja", "Ka", "La", "Mi", "Nu", "Ra")
_niks = itertools.count(1)


@dataclass(frozen=True)
class Home:
    """A household of one: its row ids, its person's reference, and its account (None without one)."""

    household_id: int
    person_id: int
    person: str
    account_id: int | None


def households(
    bench: Bench,
    founded: Founded,
    count: int = 3,
    *,
    village: str = VILLAGE,
    with_accounts: bool = True,
    by: str = "operator",
) -> list[Home]:
    """Import so many households of one person each, with an account of their own; `by` imported them."""
    rows = [row_of(next(_niks), village, with_account=with_accounts) for _ in range(count)]
    intake = imported_rows(bench, founded, rows, by=by)
    assert (intake.good, intake.bad) == (count, 0)
    query = (
        select(Person.household_id, Person.id, Person.reference, BankAccount.id)
        .outerjoin(BankAccount, BankAccount.person_id == Person.id)
        .where(Person.import_id == intake.id)
        .order_by(Person.id)
    )
    with bench.reading() as session:
        return [Home(*row) for row in session.execute(query)]


def row_of(
    number: int, village: str = VILLAGE, *, card: int = 0, with_account: bool = True, **more: str
) -> dict[str, str]:
    """Write a row of a list: person `number` on the family card `card`, on one of their own unless given.

    A person's number is also the day of their birth; there are 9,000 of them, all grown up.
    """
    district = village.replace(".", "")[:6]
    born = FIRST_BIRTH + dt.timedelta(days=number)
    row = {
        "nik": f"{district}{born:%d%m%y}0000",
        "no_kk": f"{district}010115{(card or number) % 10_000:04d}",
        "nama": f"Warga {SYLLABLES[number % 10]}{SYLLABLES[number // 10 % 10]} Contoh",
        "tanggal_lahir": born.isoformat(),
        "rt": "001",
        "rw": "002",
        "kode_desa": village,
        "sumber_data": "DTKS",
    }
    if with_account:
        row |= {"bank": "110", "no_rekening": f"0{number:09d}000", "nama_rekening": row["nama"]}
    return row | more


def determined_run(
    bench: Bench, founded: Founded, paying: Paying, *, region: str = REGION, period: str = PERIOD, by: str = "operator"
) -> str:
    """Compute who is due and have it determined by the programme's decree; gives the run's reference."""
    with founded.act(by) as act:
        run = disbursement.compute_entitlements(act, program=paying.program, period=period, region=region).reference
    with founded.act(by) as act:
        disbursement.determine_run(act, run, decree=paying.decree)
    return run


def drafted_batch(
    bench: Bench,
    founded: Founded,
    paying: Paying,
    *,
    channel: str = "bank",
    region: str = REGION,
    period: str = PERIOD,
    is_determined: bool = False,
    by: str = "operator",
) -> str:
    """Draft a batch of everyone determined, which happens first unless it has; gives the batch's reference."""
    if not is_determined:
        determined_run(bench, founded, paying, region=region, period=period, by=by)
    with founded.act(by) as act:
        return disbursement.draft_batch(
            act, program=paying.program, period=period, region=region, channel=channel, decree=paying.decree
        ).reference


def submitted_batch(bench: Bench, founded: Founded, paying: Paying, **how: object) -> str:
    """Draft a batch and submit it."""
    batch = drafted_batch(bench, founded, paying, **how)  # type: ignore[arg-type] # the drafter names its own words
    submit(founded, batch)
    return batch


def verified_batch(bench: Bench, founded: Founded, paying: Paying, **how: object) -> str:
    """Draft, submit and verify a batch."""
    batch = submitted_batch(bench, founded, paying, **how)
    verify(founded, batch)
    return batch


def approved_batch(bench: Bench, founded: Founded, paying: Paying, **how: object) -> str:
    """Bring a batch all the way to its approval by a code."""
    batch = verified_batch(bench, founded, paying, **how)
    outcome = approve(founded, [batch])
    assert outcome.is_accepted, outcome.reason
    return batch


def submit(founded: Founded, batch: str, *, by: str = "operator") -> None:
    """Submit a drafted batch."""
    with founded.act(by) as act:
        disbursement.submit_batch(act, batch)


def verify(founded: Founded, batch: str, *, by: str = "verifier") -> None:
    """Verify a submitted batch."""
    with founded.act(by) as act:
        approvals.verify_batch(act, batch)


def challenge(founded: Founded, batches: Sequence[str], *, by: str = "approver", session_hash: bytes = SESSION) -> str:
    """Open a challenge over verified batches and give its reference."""
    with founded.act(by) as act:
        return approvals.open_challenge(act, list(batches), session_hash=session_hash).reference


def answer(
    founded: Founded, reference: str, *, code: str = "", by: str = "approver", session_hash: bytes = SESSION
) -> approvals.ApprovalOutcome:
    """Answer a challenge with a code, a fresh and right one unless given."""
    # Before the Act opens: a fresh code may have to be waited for, and would then be too new for the Act's time.
    given = code or founded.code(by)
    with founded.act(by) as act:
        return approvals.answer_challenge(act, reference, given, session_hash=session_hash)


def approve(founded: Founded, batches: Sequence[str], *, by: str = "approver") -> approvals.ApprovalOutcome:
    """Show verified batches to an approver and answer with a right code."""
    return answer(founded, challenge(founded, batches, by=by), by=by)


def lines_of(bench: Bench, batch: str) -> list[tuple[int, str, str]]:
    """List a batch's lines as (number, state, reason)."""
    with bench.reading() as session:
        found = select(BatchLine.line_no, BatchLine.state, BatchLine.reason).join(Batch, Batch.id == BatchLine.batch_id)
        return list(session.execute(found.where(Batch.reference == batch).order_by(BatchLine.line_no)).all())
