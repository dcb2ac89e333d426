"""Reading the keys that were proposed to sign the log, the roots that receipts hang from, and who stamps receipts."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.custody import rules
from aid_ledger.custody.models import ReceiptRoot
from aid_ledger.log.mentions import STAMPS
from aid_ledger.log.models import LogEntry, LogKey, LogMention, LogPosition
from aid_ledger.log.queries import entry_at, sealed_size
from audit.entry import parse_entry
from audit.facts.custody import ReceiptRootTaken, StampKeyNamed
from audit.note import decode_base64
from audit.roots import fingerprint
from audit.stampkeys import MAX_LISTED


@dataclass(frozen=True, slots=True)
class Root:
    """A root of receipts and the sizes of the checkpoints it is for; `certificate` (DER) is b"" where it is missing."""

    fingerprint: str
    certificate: bytes
    first: int = 0
    last: int | None = None

    @property
    def shown(self) -> str:
        """The fingerprint as it is printed."""
        return hex_of(self.fingerprint)

    @property
    def pem(self) -> str:
        """The certificate as it is handed out; "" where it is missing."""
        if not self.certificate:
            return ""
        return x509.load_der_x509_certificate(self.certificate).public_bytes(Encoding.PEM).decode()

    def is_for(self, size: int) -> bool:
        """Tell whether receipts under a checkpoint of this size hang from it."""
        return self.first <= size and (self.last is None or size <= self.last)


def state_of(session: Session, vkey: str) -> str:
    """Tell what became of a key; "" if it was never proposed."""
    return session.scalar(select(LogKey.state).where(LogKey.vkey == vkey)) or ""


def unused_keys(session: Session) -> Sequence[LogKey]:
    """List the keys that never signed the log, in the order in which they were proposed."""
    return session.scalars(select(LogKey).where(LogKey.state != rules.TAKEN).order_by(LogKey.id)).all()


def unused_roots(session: Session) -> Sequence[ReceiptRoot]:
    """List the roots that no receipt hangs from, in the order in which they were proposed."""
    return session.scalars(select(ReceiptRoot).where(ReceiptRoot.state != rules.TAKEN).order_by(ReceiptRoot.id)).all()


def coming_root(session: Session) -> ReceiptRoot | None:
    """Give the root that is announced to follow the one in use; None if none is."""
    return session.scalars(select(ReceiptRoot).where(ReceiptRoot.state == rules.ANNOUNCED)).first()


def receipt_roots(session: Session, first: bytes = b"") -> tuple[Root, ...]:
    """Say which root receipts hang from, for every size of the ordered log, oldest first.

    The entries decide; `first` is the first root's certificate (PEM or DER) as it lies beside the database. What does
    not have the fingerprint that the log names is no certificate.

    Raises:
        EntryNotFound: before the log's first pass.
    """
    pinned = str(parse_entry(entry_at(session, 0).raw).body["receipt_root"])
    roots = [_root(pinned, _der(first))]
    for position, raw, old, new in session.execute(_TAKEN):
        taken = str(parse_entry(bytes(raw)).body["new"])
        before = roots[-1] if roots[-1].certificate else _root(roots[-1].fingerprint, decode_base64(old))
        roots[-1] = replace(before, first=roots[-1].first, last=position)
        roots.append(replace(_root(taken, decode_base64(new)), first=position + 1))
    return tuple(roots)


_TAKEN = (
    select(LogPosition.position, LogEntry.raw, ReceiptRoot.old_certificate, ReceiptRoot.certificate)
    .join(LogEntry, LogEntry.id == LogPosition.entry_id)
    .join(ReceiptRoot, ReceiptRoot.taken_act == LogEntry.act)
    .where(LogEntry.kind == ReceiptRootTaken.KIND)
    .order_by(LogPosition.position)
)


@dataclass(frozen=True, slots=True)
class NamedStampKey:
    """A key that stamps receipts, in base64, with the sealed entry that named it."""

    key: str
    position: int
    raw: bytes


def stamp_keys_told(session: Session) -> dict[str, bool]:
    """Say of every key that was ever named to stamp receipts whether it still stands, sealed or not."""
    rows = session.execute(_STAMPS.add_columns(LogEntry.kind))
    return {str(parse_entry(bytes(raw)).body["key"]): kind == StampKeyNamed.KIND for raw, kind in rows}


def stamp_keys(session: Session) -> list[NamedStampKey]:
    """List the standing keys whose entries lie under a checkpoint, newest first, as many as one list holds."""
    told, sealed = stamp_keys_told(session), sealed_size(session)
    placed = _STAMPS.add_columns(LogPosition.position).join(LogPosition, LogPosition.entry_id == LogEntry.id)
    rows = session.execute(placed.where(LogEntry.kind == StampKeyNamed.KIND, LogPosition.position < sealed))
    named = [NamedStampKey(str(parse_entry(raw).body["key"]), position, raw) for raw, position in rows]
    return [each for each in reversed(named) if told[each.key]][:MAX_LISTED]


_STAMPS = (
    select(LogEntry.raw)
    .join(LogMention, LogMention.entry_id == LogEntry.id)
    .where(LogMention.reference == STAMPS)
    .order_by(LogEntry.id)
)


def hex_of(digest: str) -> str:
    """Write a digest of a fact in hex, as people compare it."""
    return base64.urlsafe_b64decode(digest + "=").hex()


def _root(pinned: str, certificate: bytes) -> Root:
    return Root(pinned, certificate if fingerprint(certificate) == pinned else b"")


def _der(raw: bytes) -> bytes:
    """Read a certificate file; what is none is left as it is, and has no fingerprint that anybody named."""
    if not raw.startswith(b"-----BEGIN"):
        return raw
    return x509.load_pem_x509_certificate(raw).public_bytes(Encoding.DER)
