"""A double click does nothing twice: a request that moves value carries a key of its actor and route.

The key is written first, in the same transaction as the deed, so that two requests with one key meet on its row: the
second waits, then gives the first one's object. The same key with another body is a conflict, never a second deed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from aid_ledger.core.act import on_constraint
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.web.models import IdempotencyKey

KEY_MAX: Final = 64
ROUTE_MAX: Final = 80


class IdempotencyKeyMissing(DomainError):
    """A request that moves value came without a key of its own."""

    kind = Kind.INVALID
    code = "idempotency.key_missing"


class IdempotencyMismatch(DomainError):
    """This key was used for a request with other words."""

    kind = Kind.CONFLICT
    code = "idempotency.mismatch"


class RepeatedMeanwhile(DomainError):
    """The same request was being carried out by another process; its object is there now."""

    kind = Kind.CONFLICT
    code = "idempotency.repeated"


on_constraint("pk_idempotency_keys", RepeatedMeanwhile)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for: who, where, under which key, and the digest of its words."""

    actor: str
    route: str
    key: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The object a request made, now or the first time it came."""

    reference: str
    is_repeated: bool


def make_wish(actor: str, path: str, key: str, body: list[tuple[str, str]]) -> Wish:
    """Describe a request; raises IdempotencyKeyMissing."""
    if not 0 < len(key) <= KEY_MAX:
        raise IdempotencyKeyMissing
    digest = hashlib.sha256(b"aid-body-v1\n")
    for name, text in sorted(body):
        for part in (name, text):
            raw = part.encode()
            digest.update(len(raw).to_bytes(8, "big") + raw)
    route = path if len(path) <= ROUTE_MAX else hashlib.sha256(path.encode()).hexdigest()
    return Wish(actor, route, key, digest.digest())


def once(session: Session, wish: Wish, at: dt.datetime, deed: Callable[[], object]) -> Done:
    """Do a deed under its key, or give what it made before.

    Raises:
        IdempotencyMismatch: the key stands for other words.
        RepeatedMeanwhile: another process has just done it; look with `kept`.
    """
    known = kept(session, wish)
    if known is not None:
        return known
    row = IdempotencyKey(
        actor=wish.actor, route=wish.route, key=wish.key, body_hash=wish.body_hash, reference="", kept_at=at
    )
    session.add(row)
    session.flush()
    made = deed()
    row.reference = made if isinstance(made, str) else str(made.reference)  # type: ignore[attr-defined] # by contract
    session.flush()
    return Done(row.reference, is_repeated=False)


def kept(session: Session, wish: Wish) -> Done | None:
    """Give what a request made before; None if it is new. Raises IdempotencyMismatch."""
    row = session.get(IdempotencyKey, (wish.actor, wish.route, wish.key))
    if row is None:
        return None
    if row.body_hash != wish.body_hash:
        raise IdempotencyMismatch
    return Done(row.reference, is_repeated=True)
