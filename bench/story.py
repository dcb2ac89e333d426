"""What the logs of the bench tell: a programme that pays, honestly, for as many entries or lines as a bench asks for.

Founding, funds, then batches that are drafted, frozen, verified, approved and sent. How payments are answered differs:
`one_by_one` has an entry a deed (handovers of one household, answers for one line, receipts), `in_chunks` has 500 lines
an entry, as a bank file and its answer do. Every row that such a deed writes in the agency has its digest. What is told
here passes every rule of replay, or the bench fails.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audit import merkle
from audit.facts import Fact, founding, money, officials, paying
from audit.replay.batches import line_leaf
from bench.books import FOUNDED, ORIGIN, Book, Rows, text_of

SOURCE: Final = "APBD-2021"
PROGRAM: Final = "BST"
PERIOD: Final = "2021-08"
POLICY: Final = "POL-2021-000001-T"
RATE: Final = 300_000
SINCE: Final = FOUNDED.date()
WALLET: Final = 10**14
FOUNDERS: Final = ("sekda", "kadis")
ROLES: Final = ("operator", "verifier", "approver", "treasurer", "field")
"""Each is held by one official, who goes by its name."""
BANK: Final = "bank"
CASH: Final = "cash"
CHUNK: Final = 500
"""Lines in one fact, as the agency cuts them."""
ROWS: Final = 1_000
"""Row digests in one entry that says nothing else."""
BATCH: Final = 10_000
"""Lines in a batch that is answered one by one: a district's round."""
ROUND: Final = 100_000
"""Lines in a batch that is answered by file: a kabupaten's round."""
DIGEST: Final = "A" * 43

Deed = tuple[Fact, Rows]


def one_by_one(folder: Path, entries: int) -> str:
    """Write a log of so many entries, nearly all of one line; returns its verifier key.

    Every fourth round is of money whose lines the bank is asked about one by one, the others are handed over; each
    line has its receipt.
    """
    book = Book(folder)
    _found(book)
    for number in itertools.count(1):
        lines = max(1, min(BATCH, (entries - book.size) // 2))
        channel = CASH if number % 4 else BANK
        batch = _send(book, number, lines, channel)
        for line in range(1, lines + 1):
            if book.size >= entries:
                return book.close()
            outcome = (paying.LineOutcome(line, RATE, "SUCCESS"),)
            if channel == CASH:
                book.act("field", _handed(book, batch, outcome))
            else:
                asked = _imported(book, batch, f"RES-{book.size}", count=1, matched=1, inquiry=True)
                book.act("treasurer", asked, _confirmed(batch, asked[0].result, outcome, book.rows(**SETTLED)))
            book.act("treasurer", _receipt(book, batch))
    raise AssertionError


def in_chunks(folder: Path, lines: int) -> str:
    """Write a log in which so many lines are frozen, sent and confirmed, 500 to an entry; returns its verifier key."""
    book = Book(folder)
    _found(book)
    for number, first in enumerate(range(0, lines, ROUND), start=1):
        count = min(ROUND, lines - first)
        batch = _send(book, number, count, BANK)
        imported = _imported(book, batch, f"RES-{number}", count=count, matched=count, inquiry=False)
        outcomes = [tuple(paying.LineOutcome(line, RATE, "SUCCESS") for line in chunk) for chunk in _chunks(count)]
        confirmed = [_confirmed(batch, imported[0].result, each, {}) for each in outcomes]
        written = _continued(book, len(confirmed), accounts=2, batches=1, batch_lines=count, line_results=count)
        book.act("treasurer", imported, *confirmed, *written)
    return book.close()


SETTLED: Final = {"accounts": 1, "batch_lines": 1, "line_results": 1, "transfers": 1}
"""The rows that the outcome of one line writes."""


def _found(book: Book) -> None:
    """Found the log and its agency: two founders, one official a role, a policy, funds to pay from."""
    began = founding.LogFounded(
        vocabulary=0,
        origin=ORIGIN,
        log_vkey=book.vkey,
        receipt_root=DIGEST,
        schema=DIGEST,
        custody="separate",
        agency="32.16",
        agency_name="Kabupaten Bekasi",
        practice=0,
    )
    seats = [deed for login in FOUNDERS for deed in (_enrolled(book, login, founder=1), *_seated(book, login))]
    book.act("", (began, book.rows(agencies=1)), *seats)
    for role in ROLES:
        asked = officials.RoleRequested(
            grant=f"GRT-{role}", official=role, role=role, area="", since=SINCE, until=None, decree="SK 1/2021"
        )
        granted = officials.RoleGranted(
            **{name: getattr(asked, name) for name, _ in asked.SHAPES}, requested_by=FOUNDERS[0], founding=1
        )
        grants: list[Deed] = [(asked, book.rows(role_grants=1)), (granted, book.rows(role_grants=1))]
        book.act(FOUNDERS[0], _enrolled(book, role, founder=0), *_seated(book, role), *grants)
    device = officials.OtpDeviceEnrolled(official="approver", device="DEV-approver", usable_from=book.now)
    book.act("approver", (device, book.rows(otp_devices=1)))
    limits = (money.ApprovalLimit(0, 1),)
    proposed = money.PolicyProposed(policy=POLICY, program="", limits=limits)
    changed = money.PolicyChanged(
        policy=POLICY, program="", limits=limits, since=SINCE, proposed_by=FOUNDERS[0], founding=1
    )
    book.act(FOUNDERS[0], (proposed, book.rows(approval_policies=1)), (changed, book.rows(approval_policies=1)))
    signed = [(founding.FoundingSigned(official=each), book.rows(founding_signatures=1)) for each in FOUNDERS]
    book.act(FOUNDERS[0], signed[0])
    book.act(FOUNDERS[1], signed[1], (founding.FoundingClosed(founders=FOUNDERS), book.rows(agencies=1)))
    book.is_founding = False
    _fund(book)


def _enrolled(book: Book, login: str, *, founder: int) -> Deed:
    return officials.OfficialEnrolled(official=login, founder=founder), book.rows(officials=1)


def _seated(book: Book, login: str) -> list[Deed]:
    """Open an office and seat an official in it."""
    opened = officials.OfficeOpened(office=f"OFF-{login}", title="Jabatan", agency_unit=f"Dinas {login}")
    held = officials.OfficeHeld(
        official=login,
        office=opened.office,
        status="definitif",
        since=SINCE,
        until=None,
        decree="SK 2/2021",
        acts_for="",
    )
    return [(opened, book.rows(offices=1)), (held, book.rows(office_terms=1))]


def _fund(book: Book) -> None:
    """Put papers on file, open a source, define a programme, and give it all there is."""
    for reference, kind in (("DOC-1", "dpa"), ("DOC-2", "sk")):
        paper = money.DocumentRegistered(
            document=reference,
            kind=kind,
            number=reference,
            issued_on=SINCE,
            valid_from=SINCE,
            valid_until=None,
            file=DIGEST,
        )
        book.act("operator", (paper, book.rows(documents=1, files=1)))
    source = money.SourceOpened(
        source=SOURCE, kind="apbd", name="APBD", in_rkud=1, custodian="OFF-treasurer", year=2021
    )
    program = money.ProgramDefined(
        program=PROGRAM,
        version=1,
        public_name="Bansos Tunai",
        unit="household",
        commodity="IDR",
        allowed_sources=("apbd",),
        managed=1,
    )
    rate = money.RateSet(program=PROGRAM, commodity="IDR", amount=RATE, since=SINCE, document="DOC-1")
    offered = money.ContributionOffered(
        contribution="CTB-1", source=SOURCE, donor="", commodity="IDR", amount=WALLET, document="DOC-1"
    )
    received = money.FundsReceived(
        contribution="CTB-1",
        source=SOURCE,
        donor="",
        commodity="IDR",
        amount=WALLET,
        document="DOC-1",
        emergency="",
        need_plan="",
        moves=_move("world", "received", WALLET),
    )
    allocated = money.FundsAllocated(
        allocation="ALC-1",
        source=SOURCE,
        program=PROGRAM,
        commodity="IDR",
        amount=WALLET,
        document="DOC-1",
        moves=_move("received", "allocated", WALLET),
    )
    book.act("operator", (source, book.rows(sources=1)))
    book.act("operator", (program, book.rows(programs=1)))
    book.act("operator", (rate, book.rows(rates=1)))
    book.act("operator", (offered, book.rows(contributions=1)))
    book.act("treasurer", (received, book.rows(contributions=1, accounts=2, transfers=1)))
    book.act("operator", (allocated, book.rows(allocations=1, accounts=2, transfers=1)))


def _send(book: Book, number: int, count: int, channel: str) -> str:
    """Let so many be due, and draft, submit, verify, approve and send their batch; returns its reference."""
    batch, total = f"BTC-2021-{number:06d}-X", count * RATE
    due = _due(book, number, count)
    lines = [
        paying.FrozenLine(line, key, RATE, SOURCE, text_of(key.to_bytes(32, "big")))
        for line, key in enumerate(due, start=1)
    ]
    digest = text_of(merkle.root(merkle.leaf_hashes(map(line_leaf, lines))))
    drafted = paying.BatchDrafted(
        batch=batch, program=PROGRAM, period=PERIOD, commodity="IDR", channel=channel, lines=count, total=total
    )
    written = _continued(book, 0, batches=1, batch_steps=1, batch_sources=1, batch_lines=count)
    book.act("operator", (drafted, {}), *written)
    submitted = paying.BatchSubmitted(
        batch=batch,
        program=PROGRAM,
        period=PERIOD,
        commodity="IDR",
        channel=channel,
        decree="DOC-2",
        policy=POLICY,
        approvers=1,
        lines=count,
        total=total,
        digest=digest,
        sources=(paying.SourceShare(SOURCE, total),),
        moves=_move("allocated", "reserved", total),
    )
    frozen: list[Deed] = [
        (paying.LinesFrozen(batch=batch, first=each[0], frozen=tuple(lines[each[0] - 1 : each[-1]])), {})
        for each in _chunks(count)
    ]
    book.act("operator", (submitted, book.rows(accounts=2, batches=1, batch_steps=1, transfers=1)), *frozen)
    book.act("verifier", (paying.BatchVerified(batch=batch, digest=digest), book.rows(batches=1, batch_steps=1)))
    _approve(book, number, paying.BoundBatch(batch, digest, count, "IDR", total))
    sent = paying.PaymentInstructed(
        instruction=f"INS-{batch}",
        batch=batch,
        channel=channel,
        file=DIGEST,
        lines=count,
        total=total,
        digest=digest,
        moves=_move("reserved", "in_transit", total),
    )
    book.act("treasurer", (sent, {}), *_continued(book, 0, accounts=2, batches=1, instructions=1, batch_lines=count))
    return batch


def _due(book: Book, number: int, count: int) -> range:
    """Propose and determine so many entitlements, which are numbered one after the other."""
    keys = range((number - 1) * ROUND + 1, (number - 1) * ROUND + 1 + count)
    proposed = paying.EntitlementsProposed(
        run=f"RUN-{number}", program=PROGRAM, period=PERIOD, count=count, left_out=0, amount_each=RATE
    )
    determined = paying.EntitlementsDetermined(
        run=f"RUN-{number}", program=PROGRAM, period=PERIOD, decree="DOC-2", count=count
    )
    parts = [keys[first : first + ROWS] for first in range(0, count, ROWS)]
    for fact in (proposed, determined):
        written = [
            (founding.RowsWritten(of=0), {"entitlements": book.digests(sorted(part, key=str))}) for part in parts
        ]
        book.act("operator", (fact, book.rows(entitlement_runs=1)), *written)
    return keys


def _imported(
    book: Book, batch: str, result: str, *, count: int, matched: int, inquiry: bool
) -> tuple[paying.ResultImported, Rows]:
    file = text_of(merkle.leaf_hash(result.encode()))
    imported = paying.ResultImported(
        result=result, instruction=f"INS-{batch}", file=file, count=count, matched=matched, inquiry=inquiry
    )
    return imported, book.rows(result_files=1)


def _approve(book: Book, number: int, bound: paying.BoundBatch) -> None:
    opened = paying.ChallengeOpened(
        challenge=f"CHL-{number}",
        device="DEV-approver",
        expires_at=book.now + dt.timedelta(minutes=5),
        batches=(bound,),
    )
    given = paying.ApprovalGiven(
        batch=bound.batch,
        digest=bound.digest,
        lines=bound.lines,
        commodity=bound.commodity,
        total=bound.total,
        challenge=f"CHL-{number}",
        device="DEV-approver",
        step=_step(book.now),
        complete=True,
    )
    book.act("approver", (opened, book.rows(challenges=1, challenge_batches=1)))
    book.act("approver", (given, book.rows(challenges=1, batch_steps=1, batches=1, otp_uses=1)))


def _step(now: dt.datetime) -> int:
    """Tell the time step of a code, thirty seconds long; no two approvals share one."""
    return int(now.timestamp()) // 30


def _confirmed(batch: str, result: str, outcomes: tuple[paying.LineOutcome, ...], rows: Rows) -> Deed:
    moves = _move("in_transit", "delivered", len(outcomes) * RATE)
    return paying.PaymentsConfirmed(batch=batch, result=result, confirmed=outcomes, moves=moves), rows


def _handed(book: Book, batch: str, outcomes: tuple[paying.LineOutcome, ...]) -> Deed:
    handed = paying.GoodsHandedOver(
        batch=batch,
        handover=f"HND-2021-{book.size:07d}",
        handed=outcomes,
        witnesses=2,
        moves=_move("in_transit", "delivered", len(outcomes) * RATE),
    )
    return handed, book.rows(handovers=1, **SETTLED)


def _receipt(book: Book, batch: str) -> Deed:
    issued = paying.ReceiptIssued(
        receipt=f"{book.size:016x}",
        digest=text_of(book.size.to_bytes(32, "big")),
        batch=batch,
        program=PROGRAM,
        amount=RATE,
        commodity="IDR",
        paid_on=book.now.date(),
    )
    return issued, book.rows(receipts=1)


def _chunks(count: int) -> Iterator[range]:
    for first in range(1, count + 1, CHUNK):
        yield range(first, min(first + CHUNK, count + 1))


def _continued(book: Book, of: int, **counts: int) -> list[Deed]:
    """Give further row digests of a fact, as many to an entry as fit."""
    return [
        (founding.RowsWritten(of=of), book.rows(**{table: min(ROWS, count - first)}))
        for table, count in counts.items()
        for first in range(0, count, ROWS)
    ]


def _move(origin: str, target: str, amount: int) -> tuple[money.Move, ...]:
    places = [f"{SOURCE}/{'-' if stage in {'world', 'received'} else PROGRAM}/{stage}" for stage in (origin, target)]
    return (money.Move(places[0], places[1], "IDR", amount),)
