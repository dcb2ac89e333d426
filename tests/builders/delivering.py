"""Batches on their way, and the bank outside: it sees only the file it is given and answers only with a file."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.rules import Place, Stage
from aid_ledger.delivery import queries, service
from aid_ledger.delivery.models import ResultFile
from aid_ledger.disbursement.models import Batch, BatchLine
from tests.benches import Bench
from tests.builders import paying, programs
from tests.builders.officials import Founded

PAYER, OFFICER = "treasurer", "field"
COLUMNS = ("partner_ref", "channel_status", "channel_code", "channel_message", "channel_ref", "processed_at", "amount")

Paid = Mapping[str, str]
Says = Callable[[Paid], dict[str, str] | None]
"""What the bank says of one payment: changes to its plain SUCCESS; None leaves the line out."""


@dataclass(frozen=True)
class Sent:
    """A batch that was handed to its channel."""

    batch: str
    instruction: str
    paid: programs.Paying
    lines: int

    @property
    def program(self) -> str:
        """The programme that pays."""
        return self.paid.program

    @property
    def source(self) -> str:
        """The one source it is paid from."""
        return self.paid.source

    @property
    def rate(self) -> int:
        """What one line is."""
        return self.paid.rate

    @property
    def total(self) -> int:
        """What was sent in all."""
        return self.rate * self.lines


def approved(
    bench: Bench, founded: Founded, *, count: int = 5, channel: str = "bank", village: str = paying.VILLAGE
) -> tuple[str, programs.Paying]:
    """Bring a batch of new households to its approval; gives its reference and the programme that pays."""
    return founded.once(
        ("approved", count, channel, village),
        lambda: _approved(bench, founded, count=count, channel=channel, village=village),
    )


def _approved(bench: Bench, founded: Founded, *, count: int, channel: str, village: str) -> tuple[str, programs.Paying]:
    commodity = "PAKET_A" if channel == "goods" else "IDR"
    rate = 2 if channel == "goods" else programs.RATE
    paid = programs.paying_program(
        bench, founded, commodity=commodity, rate=rate, source_kind="csr" if channel == "goods" else "btt"
    )
    paying.households(bench, founded, count, village=village)
    return paying.approved_batch(bench, founded, paid, channel=channel), paid


def sent(
    bench: Bench, founded: Founded, *, count: int = 5, channel: str = "bank", village: str = paying.VILLAGE
) -> Sent:
    """Bring a batch of new households all the way to its channel."""
    return founded.once(
        ("sent", count, channel, village),
        lambda: _sent(bench, founded, count=count, channel=channel, village=village),
    )


def _sent(bench: Bench, founded: Founded, *, count: int, channel: str, village: str) -> Sent:
    batch, paid = _approved(bench, founded, count=count, channel=channel, village=village)
    with founded.act(PAYER) as act:
        instruction = service.instruct(act, batch)
    return Sent(batch, instruction.reference, paid, int(instruction.lines))


def file_of(bench: Bench, batch: Sent) -> bytes:
    """Read an instruction's file as the treasurer downloads it."""
    with bench.reading() as session:
        instruction = queries.instruction(session, batch.instruction)
        return b"".join(service.file_of(session, bench.kit.keys, instruction))


def payments(content: bytes) -> list[dict[str, str]]:
    """Read a transfer file as the bank does."""
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [row for row in rows if row["batch_ref"] != "#TOTAL"]


def answered(content: bytes, says: Says | None = None, *, echo: bool = True, at: str = "") -> bytes:
    """Answer a transfer file: SUCCESS to the account it names, except where `says` says otherwise."""
    told = []
    for number, paid in enumerate(payments(content)):
        answer = {
            "partner_ref": paid["partner_ref"],
            "channel_status": "SUCCESS",
            "channel_code": "2001800",
            "channel_message": "Successful",
            "channel_ref": f"BJB{number:08}",
            "processed_at": at or "2021-08-05T10:00:00+07:00",
            "amount": paid["amount"],
            "account_no": paid["account_no"],
        }
        changes = says(paid) if says is not None else {}
        if changes is not None:
            told.append(answer | changes)
    return written(told, echo=echo)


def written(told: list[dict[str, str]], *, echo: bool = True, footer: tuple[int, int] | None = None) -> bytes:
    """Write a result file with right control totals, or with a footer of one's own."""
    columns = [*COLUMNS, "account_no"] if echo else list(COLUMNS)
    body = b"".join(_line([answer[name] for name in columns]) for answer in told)
    count, total = footer or (len(told), sum(int(answer["amount"]) for answer in told))
    digest = [] if footer else [hashlib.sha256(body).hexdigest()]
    return _line(columns) + body + _line(["#TOTAL", str(count), str(total), *digest])


def first_line_says(**changes: str) -> Says:
    """Let the bank say something else of line 1 only."""
    return lambda paid: dict(changes) if paid["line_no"] == "1" else {}


def only_first_line(**changes: str) -> Says:
    """Let the bank answer for line 1 only."""
    return lambda paid: dict(changes) if paid["line_no"] == "1" else None


def imported(founded: Founded, batch: Sent, content: bytes, *, is_inquiry: bool = False, by: str = PAYER) -> ResultFile:
    """Import a result file as the treasurer does."""
    with founded.act(by) as act:
        return service.import_results(act, batch.instruction, content, is_inquiry=is_inquiry)


def states(bench: Bench, batch: str) -> dict[int, str]:
    """Give a batch's lines and their states."""
    with bench.reading() as session:
        query = select(BatchLine.line_no, BatchLine.state).join(Batch, Batch.id == BatchLine.batch_id)
        return {row.line_no: row.state for row in session.execute(query.where(Batch.reference == batch))}


def state_of(bench: Bench, batch: str) -> str:
    """Give a batch's state."""
    with bench.reading() as session:
        return session.scalars(select(Batch.state).where(Batch.reference == batch)).one()


def held(session: Session, batch: Sent, stage: Stage, *, commodity: str = "IDR") -> int:
    """Tell what the batch's programme holds of its source in a stage."""
    return book.balance(session, Place(batch.source, stage, batch.program), commodity)


def stages(bench: Bench, batch: Sent, *, commodity: str = "IDR") -> dict[str, int]:
    """Tell where the batch's value is: reserved, in transit, delivered, returned; nothing where nothing is."""
    wanted = (Stage.RESERVED, Stage.IN_TRANSIT, Stage.DELIVERED, Stage.RETURNED)
    with bench.reading() as session:
        found = {stage.value: held(session, batch, stage, commodity=commodity) for stage in wanted}
    return {stage: amount for stage, amount in found.items() if amount}


def moment(text: str) -> dt.datetime:
    """Read an instant."""
    return dt.datetime.fromisoformat(text)


def _line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
