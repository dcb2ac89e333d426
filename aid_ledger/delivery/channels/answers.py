"""Result files: what a channel answered, read strictly and whole, in a prison, before any row is touched.

The form is our own profile: a header, one line per payment, and the control line. Count, sum, digest (where stated)
and line ends are checked here; whether the lines are the right ones is for the service to say. `read` is the strict
reader; `imprisoned` runs it in a limited child process (THREATS 20).
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from aid_ledger.core import prison
from aid_ledger.core.prison import Arguments, Confines
from aid_ledger.delivery.channels.footer import MARK, ControlTotals
from aid_ledger.delivery.rules import AnswerMalformed, AnswerRefused, AnswerTooLarge, ControlTotalWrong

COLUMNS: Final = (
    "partner_ref",
    "channel_status",
    "channel_code",
    "channel_message",
    "channel_ref",
    "processed_at",
    "amount",
)
ECHO: Final = "account_no"
"""The optional last column: the account the channel says it paid to."""

SIZE_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""200,000 lines of 300 bytes, which is more than any channel writes."""

LINE_LIMIT_BYTES: Final = 2_000
AMOUNT_DIGITS: Final = 18
_LIMITS: Final = {"partner_ref": 64, "channel_status": 20, "channel_code": 80, "channel_ref": 80, ECHO: 34}
"""Characters of a value; messages are cut instead, nothing depends on them."""

_RESULT: Final = "answers.jsonl"
_CONFINES: Final = Confines(memory_bytes=512 * 2**20, cpu_s=30, wall_s=60, result_bytes=128 * 2**20)
_REFUSALS: Final = (AnswerMalformed, AnswerTooLarge, ControlTotalWrong)
_FOOTER_CELLS: Final = (3, 4)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a channel said of one payment. `account_no` None: the file has no such column, or left it empty here."""

    partner_ref: str
    status: str
    code: str
    channel_ref: str
    processed_at: dt.datetime | None
    amount: int
    account_no: str | None


def imprisoned(content: bytes) -> list[Answer]:
    """Read a result file in a limited child process.

    Raises:
        AnswerMalformed, AnswerTooLarge, ControlTotalWrong: see `read`.
        FileUnreadable: the reader was ended.
    """
    if len(content) > SIZE_LIMIT_BYTES:
        raise AnswerTooLarge(limit=SIZE_LIMIT_BYTES)
    with tempfile.TemporaryDirectory(prefix="aid-answer-") as folder:
        source = Path(folder) / "answer.csv"
        source.write_bytes(content)
        with (
            prison.imprisoned(read_file, source, confines=_CONFINES, refusals=_REFUSALS) as results,
            (results / _RESULT).open(encoding="utf-8") as told,
        ):
            return [_believed(json.loads(line)) for line in told]


def read_file(source: Path, results: Path, _arguments: Arguments) -> None:
    """Read a file and write its answers as lines of JSON: the task of the prison."""
    answers = read(source.read_bytes())
    with (results / _RESULT).open("w", encoding="utf-8") as told:
        for answer in answers:
            *head, moment, amount, account = astuple(answer)
            told.write(json.dumps([*head, moment.isoformat() if moment else "", amount, account]) + "\n")


def read(content: bytes) -> list[Answer]:
    """Read a result file.

    Raises:
        AnswerTooLarge: more bytes than an answer can have.
        AnswerMalformed: not UTF-8, another header, a line with other cells, or no control line at the end.
        ControlTotalWrong: the control line states another count, sum or digest than the lines have.
    """
    if len(content) > SIZE_LIMIT_BYTES:
        raise AnswerTooLarge(limit=SIZE_LIMIT_BYTES)
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    while lines and not lines[-1].strip():
        lines.pop()
    columns = _columns(lines)
    totals = ControlTotals()
    answers = []
    for number, line in enumerate(lines[1:-1], start=2):
        answer = _answer(columns, _cells(line, number), number)
        totals.add(line, answer.amount)
        answers.append(answer)
    _check_totals(_cells(lines[-1], len(lines)), totals)
    return answers


def _columns(lines: list[bytes]) -> tuple[str, ...]:
    if len(lines) < 3:  # noqa: PLR2004 - header, one line, footer
        raise AnswerMalformed(line=len(lines), reason="short")
    columns = tuple(name.strip().lower() for name in _cells(lines[0], 1))
    if columns not in {COLUMNS, (*COLUMNS, ECHO)}:
        raise AnswerMalformed(line=1, reason="header")
    return columns


def _cells(line: bytes, number: int) -> list[str]:
    """Split one line; a quoted line break is refused, so that a line of the file is a line of the answer."""
    if len(line) > LINE_LIMIT_BYTES:
        raise AnswerMalformed(line=number, reason="long")
    try:
        rows = list(csv.reader([line.decode().rstrip("\r\n")], strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise AnswerMalformed(line=number, reason="unreadable") from None
    if len(rows) != 1:
        raise AnswerMalformed(line=number, reason="unreadable")
    return [cell.removeprefix("'").strip() for cell in rows[0]]


def _answer(columns: tuple[str, ...], cells: list[str], number: int) -> Answer:
    if len(cells) != len(columns):
        raise AnswerMalformed(line=number, reason="cells")
    values = dict(zip(columns, cells, strict=True))
    for name, limit in _LIMITS.items():
        if len(values.get(name, "")) > limit or not values.get(name, "").isprintable():
            raise AnswerMalformed(line=number, reason=name)
    return Answer(
        partner_ref=values["partner_ref"],
        status=values["channel_status"],
        code=values["channel_code"],
        channel_ref=values["channel_ref"],
        processed_at=_moment(values["processed_at"], number),
        amount=_amount(values["amount"], number),
        account_no=values.get(ECHO) or None,
    )


def _amount(text: str, number: int) -> int:
    """Read whole rupiah; `10000.00`, as SNAP BI writes it, is whole too."""
    whole = text.removesuffix(".00")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= AMOUNT_DIGITS):
        raise AnswerMalformed(line=number, reason="amount")
    return int(whole)


def _moment(text: str, number: int) -> dt.datetime | None:
    """Read an instant with its zone; empty is none. A time without a zone has decided nothing."""
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise AnswerMalformed(line=number, reason="processed_at") from None
    if moment.tzinfo is None:
        raise AnswerMalformed(line=number, reason="processed_at")
    return moment


def _check_totals(cells: list[str], totals: ControlTotals) -> None:
    stated = [cell for cell in cells if cell]
    if len(stated) not in _FOOTER_CELLS or stated[0] != MARK:
        raise AnswerMalformed(line=totals.count + 2, reason="footer")
    if stated[1:3] != [str(totals.count), str(totals.total)]:
        raise ControlTotalWrong(count=totals.count, total=totals.total)
    if len(stated) > len(("mark", "count", "sum")) and stated[3].lower() != totals.sha256():
        raise ControlTotalWrong(count=totals.count, total=totals.total)


def _believed(told: object) -> Answer:
    """Take an answer from the prison only in the shape it was sent in."""
    match told:
        case [str(reference), str(status), str(code), str(channel_ref), str(moment), int(amount), None | str() as echo]:
            at = dt.datetime.fromisoformat(moment) if moment else None
            return Answer(reference, status, code, channel_ref, at, amount, echo)
    raise AnswerRefused(reason="strange")


def file_digest(content: bytes) -> bytes:
    """Digest a file: how the same answer is recognised when it comes again."""
    return hashlib.sha256(content).digest()
