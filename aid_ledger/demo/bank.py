"""The bank of the demonstration: reads the transfer file and answers as banks do, with failures and silences.

It stands outside the ledger: it sees only the file a treasurer would upload and gives back only a file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import random
from dataclasses import dataclass
from typing import Final

RESULT_COLUMNS: Final = (
    "partner_ref",
    "channel_status",
    "channel_code",
    "channel_message",
    "channel_ref",
    "processed_at",
    "amount",
    "account_no",
)

FAILS: Final = 0.02
"""Closed accounts: one in fifty."""

SILENT: Final = 0.01
"""Time-outs: the bank does not know itself, until it is asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A result file, and the payments about which nothing was known yet."""

    content: bytes
    silent: tuple[dict[str, str], ...]


def answer(transfer_file: bytes, *, at: str, seed: int) -> Answer:
    """Carry out a transfer file: most arrive, some accounts are closed, for some the answer gets lost."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible story, no secret
    results, silent = [], []
    for number, line in enumerate(_lines(transfer_file)):
        luck = chance.random()
        if luck < SILENT:
            silent.append(line)
            results.append(_result(line, "UNKNOWN", "5041700", "Timeout", "", at))
        elif luck < SILENT + FAILS:
            results.append(_result(line, "ACCOUNT_INVALID", "4041711", "Invalid Account", "", at))
        else:
            results.append(_result(line, "SUCCESS", "2001700", "Successful", f"BJB{number:08d}", at))
    return Answer(_write(results), tuple(silent))


def inquire(silent: tuple[dict[str, str], ...], *, at: str) -> bytes:
    """Answer an inquiry about the silent ones: they had arrived."""
    return _write(
        [
            _result(line, "SUCCESS", "2003600", "Successful", f"BJBINQ{number:06d}", at)
            for number, line in enumerate(silent)
        ]
    )


def _lines(transfer_file: bytes) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(transfer_file.decode()))
    return [row for row in reader if row.get("partner_ref") and row.get("account_no")]


def _result(line: dict[str, str], status: str, code: str, message: str, reference: str, at: str) -> dict[str, str]:
    return {
        "partner_ref": line["partner_ref"],
        "channel_status": status,
        "channel_code": code,
        "channel_message": message,
        "channel_ref": reference,
        "processed_at": at,
        "amount": line["amount"],
        "account_no": line["account_no"],
    }


def _write(results: list[dict[str, str]]) -> bytes:
    """Write a result file: header, one line per payment, and the control line over them."""
    head = _csv_line(list(RESULT_COLUMNS))
    lines = [_csv_line(list(result.values())) for result in results]
    body = b"".join(lines)
    total = sum(int(result["amount"]) for result in results)
    return head + body + _csv_line(["#TOTAL", str(len(lines)), str(total), hashlib.sha256(body).hexdigest()])


def _csv_line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
