"""From households to an approved batch, step by step, each by the official who may.

    paying = programs.paying_program(bench, founded)
    households(bench, founded, 3)
    batch = approved_batch(bench, founded, paying)          # a reference; the earlier stations exist too

All NIKs end in 0000 and belong to nobody.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from aid_ledger.approvals import service as approvals
from aid_ledger.core.act import Act
from aid_ledger.core.crypto import encrypt, lookup_hash
from aid_ledger.core.numbering import reserve_references
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.recipients.models import BankAccount, Household, Person, RecipientImport
from audit.facts.people import RecipientsImported
from tests.benches import Bench
from tests.builders.officials import Founded
from tests.builders.programs import Paying

REGION = "32.16"
VILLAGE = "32.16.06.2002"
PERIOD = "2021-08"
SESSION = b"s" * 32
"""The hash of an approver's session; doors pass the real one."""

_niks = itertools.count(1)


@dataclass(frozen=True)
class Home:
    """A household of one: the row ids of its household, person and account (None without one)."""

    household_id: int
    person_id: int
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
    """Bring in so many households of one person each, with an account of their own; `by` imported them."""
    with founded.act(by) as act:
        intake = _intake(act, count)
        act.session.flush()
        homes = [_home(act, intake, reference, village) for reference in reserve_references(act, "PER", count)]
        act.session.flush()
        accounts = [_account(act, person, by) if with_accounts else None for _household, person in homes]
        act.session.flush()
        act.record(
            RecipientsImported(
                intake=intake.reference,
                file="A" * 43,
                mode="first",
                good=count,
                bad=0,
                people_new=count,
                people_changed=0,
            )
        )
        return [
            Home(household.id, person.id, account.id if account else None)
            for (household, person), account in zip(homes, accounts, strict=True)
        ]


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
    with founded.act(by) as act:
        return approvals.answer_challenge(act, reference, code or founded.code(by), session_hash=session_hash)


def approve(founded: Founded, batches: Sequence[str], *, by: str = "approver") -> approvals.ApprovalOutcome:
    """Show verified batches to an approver and answer with a right code."""
    return answer(founded, challenge(founded, batches, by=by), by=by)


def _intake(act: Act, count: int) -> RecipientImport:
    intake = RecipientImport(
        reference=reserve_references(act, "IMP", 1)[0],
        file_sha256=secrets.token_bytes(32),
        file_name="daftar.csv",
        mode="first",
        state="done",
        rows=count,
        good=count,
        bad=0,
        warnings=0,
        people_new=count,
        people_changed=0,
        content_digest=secrets.token_bytes(32),
        imported_by=act.actor.id,
        imported_at=act.at,
    )
    act.session.add(intake)
    return intake


def _home(act: Act, intake: RecipientImport, reference: str, village: str) -> tuple[Household, Person]:
    keys, seal = act.kit.keys, secrets.token_hex(16)
    nik = f"321606{next(_niks):06d}0000"
    household = Household(
        seal=secrets.token_hex(16), card_hash=None, card=None, village_code=village, import_id=intake.id
    )
    act.session.add(household)
    act.session.flush()
    person = Person(
        reference=reference,
        seal=seal,
        household_id=household.id,
        village_code=village,
        rw="001",
        rt="002",
        nik_hash=lookup_hash(keys, "people.nik", nik),
        nik=encrypt(keys, nik, table="people", column="nik", row=seal),
        name=encrypt(keys, f"Warga Contoh {nik[6:12]}", table="people", column="name", row=seal),
        particulars=encrypt(keys, "{}", table="people", column="particulars", row=seal),
        list_source="dtks",
        birth_year=1980,
        excluded_occupation=False,
        state="active",
        import_id=intake.id,
        changed_by=act.actor.id,
        content_hash=secrets.token_bytes(64),
    )
    act.session.add(person)
    return household, person


def _account(act: Act, person: Person, by: str) -> BankAccount:
    keys, seal, number = act.kit.keys, secrets.token_hex(16), f"00{secrets.randbelow(10**12):012d}"
    account = BankAccount(
        reference=reserve_references(act, "ACC", 1)[0],
        seal=seal,
        person_id=person.id,
        bank_code="110",
        number=encrypt(keys, number, table="bank_accounts", column="number", row=seal),
        number_hash=lookup_hash(keys, "bank_accounts.number", number),
        holder=encrypt(keys, "Warga Contoh", table="bank_accounts", column="holder", row=seal),
        is_current=True,
        changed_by=by,
        changed_at=act.at,
    )
    act.session.add(account)
    return account


def lines_of(bench: Bench, batch: str) -> list[tuple[int, str, str]]:
    """List a batch's lines as (number, state, reason)."""
    with bench.reading() as session:
        found = select(BatchLine.line_no, BatchLine.state, BatchLine.reason).join(Batch, Batch.id == BatchLine.batch_id)
        return list(session.execute(found.where(Batch.reference == batch).order_by(BatchLine.line_no)).all())
