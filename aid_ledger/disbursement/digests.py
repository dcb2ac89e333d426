"""What an approval binds: a commitment per line to its payee and account, and one root over all lines.

The leaf of a line is the canonical JSON array `[line, entitlement, "amount", "source", "commitment"]`; the batch's
digest is the RFC 6962 root over its lines in order. A line's commitment is made, under the line's own salt, over those
that the rows of person and account keep to their plaintext. Freezing takes them as they are kept; verifier, approver
and exporter make them anew from plaintext, so that whoever swaps ciphertexts, accounts, names or commitments changes
the digest. An account that was changed and changed back is another row, and the approval does not come back with it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import LargeBinary, SQLColumnExpression, func, literal, select
from sqlalchemy.orm import Session

from aid_ledger.core.bulk import chunked
from aid_ledger.core.crypto import FieldKeys, commitment_head, salted_commitment
from aid_ledger.core.sqlfunctions import Sha256Of
from aid_ledger.disbursement.models import BatchLine
from aid_ledger.funding.models import Source
from aid_ledger.recipients import payees
from aid_ledger.recipients.models import BankAccount, Person
from aid_ledger.recipients.payees import Payee
from audit.facts.paying import FrozenLine
from audit.merkle import Frontier, leaf_hash

PAYEE_DOMAIN = "aid-payee-v1"
"""Separates payee commitments from every other hash."""

LINES_PER_CHUNK = 2_000
"""Lines decrypted at a time: keeps plaintext of a large batch from standing in memory together."""

BY_ACCOUNT = frozenset({"bank"})
"""Channels that pay to an account, which the commitment therefore names."""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line with its payee in plaintext, for the moment of freezing, checking or writing a channel's file."""

    id: int
    line_no: int
    public_id: str
    amount: int
    source: str
    payee: Payee
    stored_commitment: bytes | None
    frozen: FrozenLine
    commitment: bytes
    """The commitment made now; `frozen` holds it as text."""
    salt: bytes = field(repr=False)


def line_commitment(salt: bytes, payee: bytes) -> bytes:
    """Commit, under the line's salt, to what the payee's own rows commit to (`Payee.commitment`)."""
    return salted_commitment(PAYEE_DOMAIN, salt, payee)


def kept_commitment(
    salt: SQLColumnExpression[bytes], person: SQLColumnExpression[bytes], account: SQLColumnExpression[bytes]
) -> Sha256Of:
    """Have the database make the same from what the rows of person and account keep."""
    head, nothing = literal(commitment_head(PAYEE_DOMAIN), LargeBinary), literal(b"", LargeBinary)
    return Sha256Of(head, salt, person, func.coalesce(account, nothing))


def line_leaf(line: FrozenLine) -> bytes:
    """Write a frozen line as the bytes that are hashed into the digest: canonical JSON, of texts without a quote."""
    return f'[{line.line},{line.entitlement},"{line.amount}","{line.source}","{line.commitment}"]'.encode()


def open_lines(session: Session, keys: FieldKeys, batch_id: int, *, with_account: bool) -> Iterator[OpenLine]:
    """Open a batch's live lines in order, a chunk at a time, with commitments made anew from today's plaintext."""
    query = (
        select(
            BatchLine.id,
            BatchLine.line_no,
            BatchLine.public_id,
            BatchLine.entitlement_id,
            BatchLine.person_id,
            BatchLine.amount,
            BatchLine.salt,
            BatchLine.commitment,
            Source.code,
        )
        .join(Source, Source.id == BatchLine.source_id)
        .where(BatchLine.batch_id == batch_id, BatchLine.state != "set_aside")
        .order_by(BatchLine.line_no)
        .execution_options(yield_per=LINES_PER_CHUNK)
    )
    for chunk in chunked(session.execute(query), LINES_PER_CHUNK):
        opened = payees.open_payees(session, keys, [row.person_id for row in chunk])
        for row in chunk:
            payee = opened[row.person_id]
            made = line_commitment(row.salt, payee.commitment(with_account=with_account))
            frozen = FrozenLine(row.line_no, row.entitlement_id, row.amount, row.code, encode_digest(made))
            yield OpenLine(
                row.id, row.line_no, row.public_id, row.amount, row.code, payee, row.commitment, frozen, made, row.salt
            )


def outdated_lines(session: Session, batch_id: int, *, with_account: bool) -> list[dict[str, Any]]:
    """List live lines that do not commit to what the register keeps of their payees now, as they ought to be."""
    made = kept_commitment(BatchLine.salt, Person.commitment, BankAccount.commitment)
    query = (
        select(BatchLine.id, made, BankAccount.id)
        .join(Person, Person.id == BatchLine.person_id)
        .outerjoin(BankAccount, payees.current_account(with_account=with_account))
        .where(
            BatchLine.batch_id == batch_id, BatchLine.state != "set_aside", BatchLine.commitment.is_distinct_from(made)
        )
        .order_by(BatchLine.id)
    )
    return [
        {"id": id_, "commitment": commitment, "bank_account_id": account_id}
        for id_, commitment, account_id in session.execute(query)
    ]


def frozen_lines(session: Session, batch_id: int) -> Iterator[FrozenLine]:
    """List a batch's live lines as they were frozen, from what is stored: no key, no plaintext."""
    query = (
        select(BatchLine.line_no, BatchLine.entitlement_id, BatchLine.amount, Source.code, BatchLine.commitment)
        .join(Source, Source.id == BatchLine.source_id)
        .where(BatchLine.batch_id == batch_id, BatchLine.state != "set_aside")
        .order_by(BatchLine.line_no)
        .execution_options(yield_per=LINES_PER_CHUNK)
    )
    for line_no, entitlement, amount, source, commitment in session.execute(query):
        yield FrozenLine(line_no, entitlement, amount, source, encode_digest(commitment or b""))


def digest_of_batch(session: Session, keys: FieldKeys, batch_id: int, *, with_account: bool) -> bytes:
    """Recompute a batch's digest from plaintext: what verifier, approver and exporter compare with what was frozen."""
    frontier = Frontier()
    for line in open_lines(session, keys, batch_id, with_account=with_account):
        frontier.append(leaf_hash(line_leaf(line.frozen)))
    return frontier.root()


def encode_digest(digest: bytes) -> str:
    """Write 32 bytes as facts do: base64url without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
