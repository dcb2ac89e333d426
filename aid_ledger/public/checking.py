"""Checking a receipt for anybody: by its code, or by its file.

A code opens our record, which is then proven against the log: fields and salt to the entry, the entry to a signed
checkpoint. A file proves itself, and is then compared with our record, which alone knows whether it still stands. Nor
is it genuine against the word of a second reader, which is no part of ours; that the two disagree is an alarm. An
unknown, a malformed and a foreign code take the same steps and get the same answer (THREATS 16).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from aid_ledger.core import logs, references
from aid_ledger.core.crypto import FieldKeys, IntegrityFailed
from aid_ledger.core.prison import FileUnreadable
from aid_ledger.core.references import ReferenceMalformed, ReferenceWrongCheck
from aid_ledger.custody.queries import Root, receipt_roots
from aid_ledger.delivery import queries as delivery
from aid_ledger.delivery.models import TreasuryReturn
from aid_ledger.log import queries as log
from aid_ledger.log.rules import EntryNotFound, NotSealed
from aid_ledger.public import reading, verdicts
from aid_ledger.public.reading import ReadersBusy, Reading, Trusted
from aid_ledger.public.verdicts import Finding, Proof, Reason, Verdict
from aid_ledger.receipts import queries, returning, rules, service
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.proving import evidence_of
from audit.errors import AuditError
from audit.pdf import evidence, returns
from audit.pdf.returns import ReturnFields
from audit.policy import Policy

PDF_MARK: Final = b"%PDF-"
PDF_MARK_WITHIN: Final = 1024
"""Readers of PDF look for the mark this far; a photograph without it is a mistake, not a forgery."""

_RETURN: Final = re.compile(r"\s*STS[\s-]*[0-9]{4}", re.IGNORECASE)
"""How the number of a return begins; a code has neither 0 nor 1, so no year of ours is in one."""

events = logs.get(__name__)

_COMMON_NAME: Final = re.compile(r"(?:^|,)CN=((?:[^,\\]|\\.)+)")
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Anchors:
    """What receipts hang from here: every root that the log names, oldest first, and the log's keys."""

    roots: tuple[Root, ...]
    trusted: Policy
    origin: str
    crl: bytes = b""
    """What the root has taken back (RFC 5280), as it lies beside the root's certificate; b"" where nothing was."""

    @property
    def log_key(self) -> str:
        """The key in use, for people to compare."""
        return str(self.trusted.logs[-1].key)

    @property
    def root(self) -> str:
        """The certificate of the root in use (PEM); "" where it is not here, and then no file can be checked."""
        return self.roots[-1].pem


def anchors(session: Session, root_certificate_file: Path, crl_file: Path | None = None) -> Anchors:
    """Read what receipts are held against; raises NotSealed before the log's first pass."""
    name = log.name_of_log(session)
    first = root_certificate_file.read_bytes() if root_certificate_file.exists() else b""
    crl = crl_file.read_bytes() if crl_file is not None and crl_file.exists() else b""
    return Anchors(receipt_roots(session, first), name.own_policy(), name.origin, crl)


def check_code(session: Session, keys: FieldKeys, anchors: Anchors, typed: str, *, at: dt.datetime) -> Finding:
    """Check by the code on the paper; by its number if it is the paper of a return, which hides nothing."""
    if _RETURN.match(typed):
        return _check_return(session, anchors, typed, at)
    code = rules.read_code(typed)
    receipt = queries.by_code_hash(session, service.code_hash(keys, code))
    if receipt is None:
        return verdicts.refused(Reason.CODE_UNKNOWN)
    return _proven(session, keys, anchors, receipt, code, at)


def check_file(pdf: bytes, anchors: Anchors, *, at: dt.datetime) -> Reading | Finding:
    """Have a file verified apart from us: gives its reading, or at once the answer where there is none to compare."""
    if unfit := _unfit(pdf, anchors):
        return verdicts.undecided(unfit)
    try:
        read = reading.read_file(pdf, Trusted(anchors.roots, anchors.trusted, int(at.timestamp()), anchors.crl))
    except ReadersBusy:
        return verdicts.undecided(Reason.BUSY)
    except FileUnreadable:
        return verdicts.undecided(Reason.UNREADABLE)
    return verdicts.of_rule(read.rule) if read.rule else read


def _unfit(pdf: bytes, anchors: Anchors) -> Reason | None:
    """Say why a file cannot be read here at all; None if it can be tried."""
    if not pdf:
        return Reason.NOTHING_GIVEN
    if len(pdf) > reading.UPLOAD_MAX_BYTES:
        return Reason.TOO_LARGE
    if PDF_MARK not in pdf[:PDF_MARK_WITHIN]:
        return Reason.NOT_PDF
    return None if anchors.root else Reason.NO_ROOT


def compare(session: Session, keys: FieldKeys, anchors: Anchors, read: Reading, *, at: dt.datetime) -> Finding:
    """Hold a verified file against our own record, and say whether it still stands."""
    if read.fields is None or read.second is None:
        return verdicts.undecided(Reason.UNREADABLE)
    if read.second.fault:
        # One of the two readers is wrong, ours or the other: until a person has looked, nobody is told Asli.
        events.error("receipt_readers_disagree", fault=read.second.fault, index=read.index)
        return replace(verdicts.undecided(Reason.READERS_DISAGREE), second=read.second)
    if isinstance(read.fields, ReturnFields):
        row = delivery.find_return(session, read.fields.number)
        return _compared(read, _proven_return(session, anchors, row, at) if row else None)
    receipt = queries.by_code_hash(session, service.code_hash(keys, read.fields.code))
    if receipt is None:
        return _compared(read, None)
    compared = _compared(read, _proven(session, keys, anchors, receipt, read.fields.code, at))
    return _standing(session, receipt, compared) if compared.is_genuine else compared


def _compared(read: Reading, found: Finding | None) -> Finding:
    """Hold a verified file against what our own record of it came to; None where there is no record."""
    if found is None:
        return verdicts.undecided(Reason.STATE_UNKNOWN)
    if found.proof is None:
        return found
    if reason := _difference(found, found.proof, read):
        return verdicts.undecided(reason)
    proof = Proof(found.proof.position, found.proof.size, found.proof.sealed_at, _common_name(read.signer))
    return Finding(Verdict.GENUINE, fields=read.fields, proof=proof, second=read.second)


def _check_return(session: Session, anchors: Anchors, typed: str, at: dt.datetime) -> Finding:
    """Check the paper of a return by its number."""
    try:
        number = str(references.check_reference(typed))
    except (ReferenceMalformed, ReferenceWrongCheck):
        return verdicts.refused(Reason.NUMBER_UNKNOWN)
    row = delivery.find_return(session, number)
    return _proven_return(session, anchors, row, at) if row else verdicts.refused(Reason.NUMBER_UNKNOWN)


def _proven_return(session: Session, anchors: Anchors, row: TreasuryReturn, at: dt.datetime) -> Finding:
    """Prove our own record of a return against the log, as a stranger would."""
    try:
        gathered = returning.evidence_of(session, row)
        proven = returns.check(gathered, anchors.trusted, now_s=int(at.timestamp()))
    except NotSealed:
        return verdicts.undecided(Reason.NOT_SEALED)
    except (AuditError, EntryNotFound, ValueError):
        return verdicts.undecided(Reason.RECORD_DIFFERS)
    sealed = log.checkpoint_of(session, proven.trust.checkpoint.size)
    if sealed is None:
        return verdicts.undecided(Reason.RECORD_DIFFERS)
    proof = Proof(proven.index, sealed.size, sealed.signed_at)
    return Finding(Verdict.GENUINE, fields=gathered.fields, proof=proof)


def _difference(found: Finding, proof: Proof, read: Reading) -> Reason | None:
    """Say what a verified file says that our own record does not; None if nothing."""
    if found.fields != read.fields or proof.position != read.index:
        # Both are signed by the log's key: it has told two stories.
        return Reason.RECORD_DIFFERS
    # Pressed with the agency's key, and past the deed that records it.
    return Reason.PRINT_UNKNOWN if read.copy > max(found.copies, 1) else None


def _proven(
    session: Session, keys: FieldKeys, anchors: Anchors, receipt: Receipt, code: str, at: dt.datetime
) -> Finding:
    """Prove our own record of a receipt against the log, as a stranger would."""
    try:
        gathered = evidence_of(session, keys, receipt)
        proven = evidence.check(gathered, anchors.trusted, now_s=int(at.timestamp()))
    except NotSealed:
        return verdicts.undecided(Reason.NOT_SEALED)
    except (AuditError, EntryNotFound, IntegrityFailed):
        return verdicts.undecided(Reason.RECORD_DIFFERS)
    sealed = log.checkpoint_of(session, proven.trust.checkpoint.size)
    if gathered.fields.code != code or sealed is None:
        return verdicts.undecided(Reason.RECORD_DIFFERS)
    proof = Proof(proven.index, sealed.size, sealed.signed_at)
    return _standing(session, receipt, Finding(Verdict.GENUINE, fields=gathered.fields, proof=proof))


def _common_name(signer: str) -> str:
    """Take the name people know out of a certificate's subject (RFC 4514); the whole subject if it has none."""
    found = _COMMON_NAME.search(signer)
    return _ESCAPED.sub(r"\1", found.group(1)) if found else signer


def _standing(session: Session, receipt: Receipt, found: Finding) -> Finding:
    """Add what only this server knows: how often the receipt was printed, whether it was cancelled or replaced."""
    found = replace(found, copies=receipt.copies)
    if receipt.state == rules.ISSUED:
        return found
    successor = queries.successor(session, receipt)
    verdict = Verdict.REPLACED if receipt.state == rules.REPLACED else Verdict.CANCELLED
    ended = receipt.ended_at
    return replace(found, verdict=verdict, ended_at=ended, end_reason=receipt.reason, replaced_by=successor)
