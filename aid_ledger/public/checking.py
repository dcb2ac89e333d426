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

from aid_ledger.core import logs
from aid_ledger.core.crypto import FieldKeys, IntegrityFailed
from aid_ledger.core.prison import FileUnreadable
from aid_ledger.custody.queries import Root, receipt_roots
from aid_ledger.log import queries as log
from aid_ledger.log.rules import EntryNotFound, NotSealed
from aid_ledger.public import reading, verdicts
from aid_ledger.public.reading import ReadersBusy, Reading, Trusted
from aid_ledger.public.verdicts import Finding, Proof, Reason, Verdict
from aid_ledger.receipts import queries, rules, service
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.proving import evidence_of
from audit.errors import AuditError
from audit.pdf import evidence
from audit.policy import Policy

PDF_MARK: Final = b"%PDF-"
PDF_MARK_WITHIN: Final = 1024
"""Readers of PDF look for the mark this far; a photograph without it is a mistake, not a forgery."""

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
    """Check by the code on the paper."""
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
    receipt = queries.by_code_hash(session, service.code_hash(keys, read.fields.code))
    if receipt is None:
        return verdicts.undecided(Reason.STATE_UNKNOWN)
    found = _proven(session, keys, anchors, receipt, read.fields.code, at)
    if found.proof is None:
        return found
    if reason := _difference(found, found.proof, read):
        return verdicts.undecided(reason)
    proof = Proof(found.proof.position, found.proof.size, found.proof.sealed_at, _common_name(read.signer))
    return _standing(session, receipt, Finding(Verdict.GENUINE, fields=read.fields, proof=proof, second=read.second))


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
