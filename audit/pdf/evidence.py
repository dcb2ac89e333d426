"""The evidence attached to a receipt, `bukti.json`: what was said, the salt, the log's entry, and the proof.

`write` is used by those who issue receipts, `check` by those who doubt them. The chain goes: fields and salt give a
digest; the entry holds that digest; the proof leads from the entry to a checkpoint; the checkpoint is signed.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit import canonical, checkpoint, facts, note, proof
from audit.entry import Entry, parse_entry
from audit.errors import MalformedInput, ProofFailed, SignatureFailed
from audit.facts.paying import ReceiptIssued
from audit.pdf import fields as receipt_fields
from audit.pdf.fields import ReceiptFields

if TYPE_CHECKING:
    from audit.policy import Policy, Trust

UNSIGNED: Final = "note.unsigned"
_MEMBERS: Final = {"fields", "salt", "entry", "proof"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The four parts of the attached file."""

    fields: ReceiptFields
    salt: bytes
    entry: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Proven:
    """What a check of the evidence has shown: where in the log the entry lies, and who vouches for that log."""

    index: int
    trust: Trust
    recorded_at: dt.datetime


def write(evidence: Evidence) -> bytes:
    """Write the evidence as the one file it can be.

    Raises:
        MalformedInput: a part does not have its form.

    """
    members = {
        "fields": evidence.fields.check().to_json(),
        "salt": base64.urlsafe_b64encode(evidence.salt).rstrip(b"=").decode(),
        "entry": note.encode_base64(evidence.entry),
        "proof": evidence.proof.decode(),
    }
    return canonical.encode(members)


def parse(raw: bytes) -> Evidence:
    """Read the attached file strictly: writing it again gives the same bytes.

    Raises:
        MalformedInput: it is not what `write` writes.

    """
    members = canonical.parse(raw)
    if members.keys() != _MEMBERS:
        raise MalformedInput("the evidence has other members", rule="receipt.evidence")
    evidence = Evidence(
        ReceiptFields.from_json(members["fields"]).check(),
        _salt(_text(members["salt"])),
        note.decode_base64(_text(members["entry"])),
        _text(members["proof"]).encode(),
    )
    if write(evidence) != raw:
        raise MalformedInput("the evidence is written in another way", rule="receipt.evidence")
    return evidence


def check(evidence: Evidence, trusted: Policy, *, now_s: int) -> Proven:
    """Check that the log holds these fields, and return who says so.

    Raises:
        AuditError: the entry says something else, is not in the log, or the log is not vouched for.

    """
    entry = parse_entry(evidence.entry)
    _check_same(evidence, entry)
    return prove(evidence.entry, evidence.proof, trusted, now_s=now_s)


def prove(entry: bytes, written: bytes, trusted: Policy, *, now_s: int) -> Proven:
    """Check that the log holds an entry, by a proof written in the one way there is.

    Raises:
        AuditError: it does not, or the log is not vouched for.

    """
    proven = proof.parse(written)
    if proven.extra is not None or proven.encode() != written:
        raise MalformedInput("the proof is written in another way", rule="receipt.proof")
    try:
        trust = proof.verify(proven, entry, trusted, now_s=now_s)
    except SignatureFailed as error:
        if error.rule != UNSIGNED:
            raise
        raise SignatureFailed(_other_key(proven.signed), rule=UNSIGNED) from error
    return Proven(proven.index, trust, dt.datetime.fromisoformat(parse_entry(entry).recorded_at))


def _check_same(evidence: Evidence, entry: Entry) -> None:
    """Check that the entry issues this receipt, by its digest and by every field the log shows openly."""
    issued = facts.decode(entry.kind, entry.v, entry.body)
    if not isinstance(issued, ReceiptIssued):
        raise ProofFailed("the entry does not issue a receipt", rule="receipt.entry")
    said = evidence.fields
    digest = base64.urlsafe_b64encode(receipt_fields.digest(said, evidence.salt)).rstrip(b"=").decode()
    if issued.digest != digest:
        raise ProofFailed("the log's entry is about another receipt", rule="receipt.digest")
    stated = (issued.receipt, issued.batch, issued.program, issued.amount, issued.commodity, issued.paid_on)
    if stated != (said.line, said.batch, said.program, said.amount, said.commodity, said.paid_on):
        raise ProofFailed("the receipt and the log's entry say different things", rule="receipt.entry")


def _other_key(signed: note.Note) -> str:
    """Say by which key the checkpoint claims to be signed, and what to give if that was one of the log's earlier ones.

    The newest key alone proves nothing of it: only the log tells which keys it had, and for which sizes.
    """
    origin = checkpoint.parse(signed.text).origin
    ids = " and ".join(each.key_id.hex() for each in signed.signatures if each.name == origin) or "nobody"
    return (
        f"sealed by another log key than the given one: {ids}; give that key from paper as --log-key, or a --policy "
        f"that lists the keys of {origin} with their #range lines, as `aid-audit keys` prints them"
    )


def _text(value: canonical.JSON) -> str:
    if not isinstance(value, str):
        raise MalformedInput("a member of the evidence is not text", rule="receipt.evidence")
    return value


def _salt(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedInput("the salt is not base64url", rule="receipt.salt") from error
