"""The file of an instruction: written from plaintext in one pass with the digest that was approved.

For a bank it is the transfer file; for cash and goods the list of who receives. Nothing is kept but its hash: the
file is written anew each time, and leaves only while it is byte for byte the one that was sealed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.delivery import evidence
from aid_ledger.delivery.channels import generic_csv, handover_csv
from aid_ledger.delivery.channels.generic_csv import Sheet, Transfer
from aid_ledger.delivery.channels.handover_csv import Receiver
from aid_ledger.delivery.models import Instruction
from aid_ledger.delivery.rules import FileChanged, FileLeftBefore, partner_reference
from aid_ledger.disbursement import digests
from aid_ledger.disbursement.digests import OpenLine
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.log.queries import last_told
from aid_ledger.programs.models import Program
from aid_ledger.web import formats
from audit.facts.paying import PaymentInstructed
from audit.facts.restoring import BatchRestored
from audit.merkle import Frontier, leaf_hash

BY_FILE: Final = digests.BY_ACCOUNT
"""Channels that are told by a transfer file and answer by a result file."""

BY_HAND: Final = frozenset({"cash", "goods"})
"""Channels whose file is a list that officers carry."""

BLOCK_BYTES: Final = 64 * 1024


@dataclass
class Written:
    """A file as it was just written, and what its lines add up to on the way."""

    content: bytes = field(repr=False, default=b"")
    lines: int = 0
    total: int = 0
    by_source: Counter[str] = field(default_factory=Counter)
    digest: bytes = b""
    receivers: list[Receiver] = field(repr=False, default_factory=list)
    """Those of the wanted village; empty unless one was asked for."""

    @property
    def sha256(self) -> bytes:
        """Give the SHA-256 of the file."""
        return hashlib.sha256(self.content).digest()


def write(session: Session, keys: FieldKeys, batch: Batch, value_on: dt.date, *, village: str = "") -> Written:
    """Write a batch's file for a day, recomputing the approved digest from the very plaintext that is written."""
    written, frontier = Written(), Frontier()
    lines = _counted(
        digests.open_lines(session, keys, batch.id, with_account=batch.channel in BY_FILE), written, frontier
    )
    if batch.channel in BY_FILE:
        program = session.get_one(Program, batch.program_id)
        sheet = Sheet(batch.reference, batch.commodity, f"{program.public_name} {batch.period}", value_on)
        parts = generic_csv.write(sheet, (_transfer(batch, line) for line in lines))
    else:
        unit = book.commodity(session, batch.commodity).unit
        receivers = _receivers(session, batch, lines, written, village)
        parts = handover_csv.write(batch.reference, unit, value_on, receivers)
    written.content = b"".join(parts)
    written.digest = frontier.root()
    return written


def rewrite(
    session: Session, keys: FieldKeys, instruction: Instruction, *, village: str = "", is_charged: bool = False
) -> Written:
    """Write an instruction's file again, if it is sealed and still the same.

    Raises:
        NotSealed: the instruction does not lie under a checkpoint yet.
        NotWitnessed: no quorum has cosigned one that covers it, and it was not charged to an open way.
        FileLeftBefore: a restore brought the instruction back, and nobody here knows whether its file left.
        FileChanged: the log, the approval or the file's bytes say something else than the instruction.

    """
    evidence.require_instructed(session, instruction, is_charged=is_charged)
    batch = session.get_one(Batch, instruction.batch_id)
    restored = last_told(session, BatchRestored, batch.reference)
    if restored > last_told(session, PaymentInstructed, instruction.reference):
        raise FileLeftBefore(instruction=instruction.reference)
    written = write(session, keys, batch, instruction.value_on, village=village)
    if written.sha256 != instruction.file_sha256 or written.digest != batch.digest:
        raise FileChanged(instruction=instruction.reference)
    return written


def file_of(session: Session, keys: FieldKeys, instruction: Instruction) -> Iterator[bytes]:
    """Give a sealed instruction's file in blocks; refused before its first byte, or whole. Raises as `rewrite`."""
    content = rewrite(session, keys, instruction).content
    return (content[start : start + BLOCK_BYTES] for start in range(0, len(content), BLOCK_BYTES))


def _counted(lines: Iterator[OpenLine], written: Written, frontier: Frontier) -> Iterator[OpenLine]:
    """Count and hash lines as they pass on their way into the file."""
    for line in lines:
        frontier.append(leaf_hash(digests.line_leaf(line.frozen)))
        written.lines += 1
        written.total += line.amount
        written.by_source[line.source] += line.amount
        yield line


def _transfer(batch: Batch, line: OpenLine) -> Transfer:
    return Transfer(
        line_no=line.line_no,
        partner_ref=partner_reference(batch.reference, line.line_no),
        amount=line.amount,
        bank_code=line.payee.bank_code,
        account_no=line.payee.account_number,
        account_name=line.payee.account_holder,
        recipient_token=line.public_id,
    )


def _receivers(
    session: Session, batch: Batch, lines: Iterator[OpenLine], written: Written, wanted: str
) -> Iterator[Receiver]:
    query = select(BatchLine.id, Entitlement.village_code).join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
    villages = {row.id: row.village_code for row in session.execute(query.where(BatchLine.batch_id == batch.id))}
    for line in lines:
        receiver = Receiver(
            line_no=line.line_no,
            partner_ref=partner_reference(batch.reference, line.line_no),
            village_code=villages[line.id],
            name=line.payee.name,
            nik_masked=formats.mask_nik_official(line.payee.nik),
            amount=line.amount,
            recipient_token=line.public_id,
        )
        if receiver.village_code == wanted:
            written.receivers.append(receiver)
        yield receiver
