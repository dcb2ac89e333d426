"""The paper of a return (Surat Tanda Setoran): what it says, and the evidence attached to it.

What could not be delivered went back to the treasury. Nobody's personal data is in that, so nothing is salted: the
entry `FundsReturned` itself holds the digest of every word on the paper, and shows openly what can be compared. The
file is held to the same profile as a household's receipt, by the same reader.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from audit import canonical, facts, note
from audit.entry import parse_entry
from audit.errors import MalformedInput, ProofFailed
from audit.facts.codec import Amount, Code, Count, Day, MaybeCode, Moment
from audit.facts.paying import FundsReturned
from audit.pdf import evidence as receipts
from audit.pdf.fields import Schema, Text, Zone

if TYPE_CHECKING:
    from audit.pdf.evidence import Proven
    from audit.policy import Policy

DOMAIN: Final = b"aid-return-v1\n"
"""Separates these digests from every other SHA-256 in the product."""
IDR: Final = "IDR"
_MEMBERS: Final = {"fields", "entry", "proof"}
_RULE: Final = "receipt.fields"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFields(Schema):
    """Everything the paper of a return states; `batch` is empty where it was what a programme had left.

    `document` is the treasury's own paper: its reference here, its number, its day, who signed it, who registered it.
    """

    number: Code
    agency: Text
    zone: Zone
    source: Code
    source_name: Text
    program: Code
    program_name: Text
    amount: Amount
    commodity: Code
    unit: Text
    in_words: Text
    batch: MaybeCode
    lines: Count
    document: Code
    document_number: Text
    document_day: Day
    document_signer: Text
    registered_by: Text
    returned_by: Text
    office: Text
    at: Moment

    def check(self) -> Self:
        """Return the fields if they agree with each other.

        Raises:
            MalformedInput: nothing goes back, money and goods are mixed up, or lines are of no batch.

        """
        if self.amount < 1 or self.document_day is None:
            raise MalformedInput("a return is of something, on a paper of some day", rule=_RULE)
        if (self.commodity == IDR) == bool(self.unit):
            raise MalformedInput("goods have a unit, money has none", rule=_RULE)
        if bool(self.batch) != bool(self.lines):
            raise MalformedInput("lines are of a batch, and a batch gives back lines", rule=_RULE)
        return self


def canonical_fields(fields: ReturnFields) -> bytes:
    """Write the fields as the bytes that are digested."""
    return canonical.encode(fields.check().to_json())


def statement(fields: ReturnFields) -> str:
    """Digest the fields as the entry holds them: SHA-256 over DOMAIN and the canonical fields, base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(DOMAIN + canonical_fields(fields)).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class ReturnEvidence:
    """The three parts of the attached file."""

    fields: ReturnFields
    entry: bytes
    proof: bytes


def is_return(raw: bytes) -> bool:
    """Tell a return's evidence from a receipt's: it has no salt. Raises MalformedInput for what is no JSON of ours."""
    return canonical.parse(raw).keys() == _MEMBERS


def write(evidence: ReturnEvidence) -> bytes:
    """Write the evidence as the one file it can be; raises MalformedInput where a part does not have its form."""
    return canonical.encode(
        {
            "fields": evidence.fields.check().to_json(),
            "entry": note.encode_base64(evidence.entry),
            "proof": evidence.proof.decode(),
        }
    )


def parse(raw: bytes) -> ReturnEvidence:
    """Read the attached file strictly: canonical JSON, fields of one spelling, base64 of one spelling.

    Raises:
        MalformedInput: it is not what `write` writes.

    """
    members = canonical.parse(raw)
    entry, proof = members["entry"], members["proof"]
    if not isinstance(entry, str) or not isinstance(proof, str):
        raise MalformedInput("a member of the evidence is not text", rule="receipt.evidence")
    return ReturnEvidence(ReturnFields.from_json(members["fields"]).check(), note.decode_base64(entry), proof.encode())


def check(evidence: ReturnEvidence, trusted: Policy, *, now_s: int) -> Proven:
    """Check that the log holds this return, word for word, and return who says so.

    Raises:
        AuditError: the entry says something else, is not in the log, or the log is not vouched for.

    """
    entry, said = parse_entry(evidence.entry), evidence.fields
    returned = facts.decode(entry.kind, entry.v, entry.body)
    if not isinstance(returned, FundsReturned):
        raise ProofFailed("the entry returns nothing", rule="receipt.entry")
    if returned.statement != statement(said):
        raise ProofFailed("the log's entry is about another return", rule="receipt.digest")
    shown = (returned.sts, returned.source, returned.program, returned.commodity, returned.amount)
    counted = (returned.batch, returned.lines, returned.document)
    stated = (said.number, said.source, said.program, said.commodity, said.amount)
    if (shown, counted) != (stated, (said.batch, said.lines, said.document)):
        raise ProofFailed("the paper and the log's entry say different things", rule="receipt.entry")
    return receipts.prove(evidence.entry, evidence.proof, trusted, now_s=now_s)
