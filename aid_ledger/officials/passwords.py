"""Hashes of what only a person knows: passwords (argon2id), recovery codes and one-time links. No rows here."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_RECOVERY_DOMAIN: Final = b"aid-recovery-v1\n"
_LINK_DOMAIN: Final = b"aid-link-v1\n"
_SESSION_DOMAIN: Final = b"aid-session-v1\n"
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """What one argon2id hash costs; the default is RFC 9106 section 4, second recommended option."""

    rounds: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


CHEAPEST: Final = Cost(rounds=1, memory_kib=8, lanes=1)
"""For tests and the simulator only."""


@dataclass(slots=True)
class _Hashing:
    hasher: PasswordHasher
    decoy: str


def _hashing(cost: Cost) -> _Hashing:
    hasher = PasswordHasher(time_cost=cost.rounds, memory_cost=cost.memory_kib, parallelism=cost.lanes)
    return _Hashing(hasher, hasher.hash(secrets.token_hex(_TOKEN_BYTES)))


_now = _hashing(Cost())


def set_cost(cost: Cost) -> None:
    """Set the cost of this process; `app` does it once from the settings."""
    made = _hashing(cost)
    _now.hasher, _now.decoy = made.hasher, made.decoy


@contextmanager
def costing(cost: Cost) -> Iterator[None]:
    """Set another cost for a while."""
    former = _Hashing(_now.hasher, _now.decoy)
    set_cost(cost)
    try:
        yield
    finally:
        _now.hasher, _now.decoy = former.hasher, former.decoy


def hash_password(password: str) -> str:
    """Hash a password, salted, in the PHC text form."""
    return _now.hasher.hash(password)


def is_password(password_hash: str, password: str) -> bool:
    """Compare; an empty hash (nobody of that name, no password yet) costs the same time and never fits."""
    try:
        _now.hasher.verify(password_hash or _now.decoy, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return bool(password_hash)


def fresh_token() -> str:
    """Make a token nobody can guess, for a link or a session."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def link_hash(token: str) -> bytes:
    """Hash the token of a one-time link; the token has 256 random bits, so it needs neither salt nor cost."""
    return hashlib.sha256(_LINK_DOMAIN + token.encode()).digest()


def session_hash(token: str) -> bytes:
    """Hash the token of a signed-in browser."""
    return hashlib.sha256(_SESSION_DOMAIN + token.encode()).digest()


def recovery_hash(salt: bytes, code: str) -> bytes:
    """Hash a recovery code of 80 random bits under its row's salt."""
    return hashlib.sha256(_RECOVERY_DOMAIN + salt + code.encode()).digest()


def same(one: bytes, other: bytes) -> bool:
    """Compare hashes without telling by time where they differ."""
    return hmac.compare_digest(one, other)
