"""A strict reader of this ledger's own receipts: signed PDF files of one fixed profile, checked offline, byte by byte.

Reading order: `frame` (which bytes are signed), `cms` and `certificates` (by whom), `objects` and `document` (what is
in the file), `impressions` (which print it is), `fields` and `evidence` (what the log says of it), `ink` (what the page
says of both); `der` is the little notation that two of them share.
This is no reader of PDF files in general: it refuses nearly all of them. Nor does it know whether a receipt was
cancelled later; that is for the ledger's page, which is asked with the receipt's code.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit import note
from audit.errors import AuditError, MalformedInput, SignatureFailed
from audit.pdf import certificates, cms, document, evidence, frame, impressions, ink, returns, revocation
from audit.pdf.fields import ReceiptFields
from audit.pdf.impressions import Impression
from audit.pdf.returns import ReturnFields
from audit.policy import Policy

if TYPE_CHECKING:
    from audit.pdf.certificates import Root, Signer
    from audit.pdf.document import Contents
    from audit.pdf.evidence import Proven

__all__ = ["ReceiptFields", "ReceiptReport", "ReturnFields", "ReturnReport", "verify_paper", "verify_receipt"]

MAX_SKEW: Final = dt.timedelta(minutes=5)
"""House rule: how far the clocks of signer, sequencer and verifier may differ."""


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """What a receipt says and what was proven of it just now.

    `anchored` is always true: a receipt is never read without a root and a log key from outside. `witnesses` are the
    names under which the policy's witnesses have cosigned the checkpoint; without a policy there are none.
    """

    number: str
    code: str
    kind: str
    amount: int
    commodity: str
    program: str
    batch: str
    paid_on: dt.date | None
    index: int
    size: int
    origin: str
    root: bytes
    signer: str
    signed_at: dt.datetime
    root_fingerprint: bytes
    anchored: bool
    witnesses: tuple[str, ...]
    impression: Impression
    fields: ReceiptFields


@dataclass(frozen=True, slots=True)
class ReturnReport:
    """What the paper of a return (STS) says, and what was proven of it just now; see `ReceiptReport`."""

    fields: ReturnFields
    index: int
    size: int
    origin: str
    signer: str
    signed_at: dt.datetime
    anchored: bool
    witnesses: tuple[str, ...]
    impression: Impression


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the inspector brings: the root's certificate, its list of revoked ones if any, and whom to believe."""

    root_cert: bytes
    crl: bytes
    trusted: Policy


def verify_receipt(
    pdf: bytes,
    *,
    root_cert: bytes,
    log_key: str,
    policy: Policy | None = None,
    crl: bytes = b"",
    now_s: int | None = None,
) -> ReceiptReport:
    """Check a household's receipt; a return's paper is refused. See `verify_paper`.

    Raises:
        AuditError: the receipt, the certificate or the key is not what it should be, in whatever way.

    """
    report = verify_paper(pdf, root_cert=root_cert, log_key=log_key, policy=policy, crl=crl, now_s=now_s)
    if isinstance(report, ReturnReport):
        raise MalformedInput("it is the paper of a return, not a receipt", rule="receipt.kind")
    return report


def verify_paper(
    pdf: bytes,
    *,
    root_cert: bytes,
    log_key: str,
    policy: Policy | None = None,
    crl: bytes = b"",
    now_s: int | None = None,
) -> ReceiptReport | ReturnReport:
    """Check a receipt, or the paper of a return, against the pinned root certificate, the log's key and any policy.

    `root_cert` is PEM or DER, and so is `crl`, the root's list of revoked certificates, b"" for none. `now_s` is the
    verifier's clock in POSIX seconds; the machine's own when it is not given.

    Raises:
        AuditError: the paper, the certificate or the key is not what it should be, in whatever way.

    """
    try:
        pinned = Pinned(root_cert, crl, _trusted(log_key, policy))
        return _verify(pdf, pinned, int(time.time()) if now_s is None else now_s)
    except AuditError:
        raise
    except certificates.SURPRISES as error:
        raise MalformedInput(f"unreadable: {type(error).__name__}", rule="receipt.unreadable") from error


def _verify(pdf: bytes, pinned: Pinned, now_s: int) -> ReceiptReport | ReturnReport:
    # The cheapest question first: nearly every forgery ends here, before any certificate is read.
    opened = frame.open_frame(pdf)
    parts = cms.take_apart(opened.cms)
    if parts.digest != frame.digest(opened.whole, opened.gap):
        raise SignatureFailed("the file was changed after it was signed", rule="receipt.changed")
    frame.check_single(pdf)
    root = certificates.load_root(pinned.root_cert)
    signer = _check_signature(opened, parts, root)
    contents = document.open_document(opened)
    certificates.check_time(signer, contents.signed_at)
    if pinned.crl:
        revocation.check(pinned.crl, root, signer.serial, contents.signed_at)
    if returns.is_return(contents.evidence):
        returned = returns.parse(contents.evidence)
        proven = returns.check(returned, pinned.trusted, now_s=now_s)
        ink.check_return(contents.lines, returned.fields)
        impressions.check(contents.lines, contents.impression)
        _check_moment(contents.signed_at, proven.recorded_at, now_s)
        return _tell_return(returned.fields, proven, contents, signer)
    read = evidence.parse(contents.evidence)
    proven = evidence.check(read, pinned.trusted, now_s=now_s)
    ink.check(contents.lines, read.fields)
    impressions.check(contents.lines, contents.impression)
    _check_moment(contents.signed_at, proven.recorded_at, now_s)
    return _tell_receipt(read.fields, proven, contents, signer, root)


def _tell_receipt(said: ReceiptFields, proven: Proven, contents: Contents, signer: Signer, root: Root) -> ReceiptReport:
    stated = proven.trust.checkpoint
    return ReceiptReport(
        number=said.number,
        code=said.code,
        kind=said.kind,
        amount=said.amount,
        commodity=said.commodity,
        program=said.program,
        batch=said.batch,
        paid_on=said.paid_on,
        index=proven.index,
        size=stated.size,
        origin=stated.origin,
        root=stated.root,
        signer=signer.name,
        signed_at=contents.signed_at,
        root_fingerprint=root.fingerprint,
        anchored=True,
        witnesses=tuple(each.key.name for each in proven.trust.cosigned),
        impression=contents.impression,
        fields=said,
    )


def _tell_return(said: ReturnFields, proven: Proven, contents: Contents, signer: Signer) -> ReturnReport:
    return ReturnReport(
        fields=said,
        index=proven.index,
        size=proven.trust.checkpoint.size,
        origin=proven.trust.checkpoint.origin,
        signer=signer.name,
        signed_at=contents.signed_at,
        anchored=True,
        witnesses=tuple(each.key.name for each in proven.trust.cosigned),
        impression=contents.impression,
    )


def _check_signature(opened: frame.Frame, parts: cms.Parts, root: Root) -> Signer:
    """Check that a key of the agency signed the digest, and that the signature is spelled in the one way there is."""
    signer = certificates.signer_of(parts.certificate, root)
    if cms.assemble(parts, signer.key) != opened.cms:
        raise MalformedInput("the signature is not written as ours are", rule="receipt.cms")
    cms.check_signature(parts, signer.key)
    return signer


def _check_moment(signed_at: dt.datetime, recorded_at: dt.datetime, now_s: int) -> None:
    """Hold the signing time, which is only a claim, between the log's entry and now.

    Whoever finds an expired key can therefore not sign a new entry's receipt by dating it back.
    """
    now = dt.datetime.fromtimestamp(now_s, dt.UTC)
    if not recorded_at - MAX_SKEW <= signed_at <= now + MAX_SKEW:
        raise SignatureFailed("it was signed before it was recorded, or in the future", rule="receipt.time")


def _trusted(log_key: str, policy: Policy | None) -> Policy:
    """Return whom to believe: the log key alone, or a policy, which must then name that key."""
    alone = Policy.of_log_key(log_key)
    if policy is None:
        return alone
    if note.parse_vkey(log_key) not in {each.key for each in policy.logs}:
        raise AuditError("the policy does not name this log key", rule="receipt.policy")
    # A receipt may lie under a checkpoint by an earlier or a later key of the same log.
    return policy.of_log(log_key)
