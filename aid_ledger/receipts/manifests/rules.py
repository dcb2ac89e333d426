"""What manifests refuse, and the states of a seal that was asked for. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

PREFIX: Final = "MAN"
BSRE: Final = "bsre"

ASKED: Final = "asked"
SEALED: Final = "sealed"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"
OPEN: Final = frozenset({ASKED, UNKNOWN})
"""Nobody knows whether there is a seal: asking again may make a second one, which a person answers for."""


class NothingIssued(DomainError):
    """The batch has no receipts, so that there is nothing to state."""

    kind = Kind.CONFLICT
    code = "manifest.nothing_issued"


class ManifestOutdated(DomainError):
    """Receipts were issued since the page was drawn up: it is drawn up anew."""

    kind = Kind.CONFLICT
    code = "manifest.outdated"


class ManifestOpen(DomainError):
    """A seal was asked for before and nobody knows what came of it; asking again names that one."""

    kind = Kind.CONFLICT
    code = "manifest.open"


class ManifestSealedAlready(DomainError):
    """These very receipts have a sealed manifest."""

    kind = Kind.CONFLICT
    code = "manifest.sealed_already"


class ManifestNotAsked(DomainError):
    """The manifest does not wait for an outcome."""

    kind = Kind.CONFLICT
    code = "manifest.not_asked"


class ManifestNotFound(DomainError):
    """No such manifest, or of a batch elsewhere."""

    kind = Kind.NOT_FOUND
    code = "manifest.not_found"


class SealingUnavailable(DomainError):
    """No certifier is set on this machine."""

    kind = Kind.UNAVAILABLE
    code = "manifest.sealing_unavailable"


@dataclass(frozen=True, slots=True)
class Counted:
    """The receipts of a batch: how many, of what amount counting a line once, and the digest over them all."""

    receipts: int
    amount: int
    listing: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an asking: `file` is what came back where it is sealed, `reason` why it is not."""

    state: str
    reason: str = ""
    file: bytes = b""


def listing_of(digests: Iterable[bytes]) -> bytes:
    """Hash the digests of receipts, in the order of the log, as `audit.facts.manifests` says."""
    hashed = hashlib.sha256()
    for digest in digests:
        hashed.update(base64.urlsafe_b64encode(digest).rstrip(b"=") + b"\n")
    return hashed.digest()
