"""The log's signing keys: which of them signs which size, and the files of this host that hold them.

The entries decide, never a file or a row: a key follows another behind its LogKeyTaken. While a change is under way the
next key lies in a file beside the one in use; when the new one has signed, its file takes the place of the old one,
which is destroyed by that, because a retired key can do nothing but harm. Deciding on a change is the room `custody`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.core import keyfiles
from aid_ledger.log.models import LogEntry, LogKey, LogPosition
from aid_ledger.log.rules import KeyMissing
from audit import note
from audit.entry import parse_entry
from audit.facts.custody import LogKeyTaken
from audit.facts.founding import LogFounded
from audit.note import Signs, VerifierKey
from audit.policy import Named


class Keys(Protocol):
    """What the sequencer signs with."""

    def in_use(self) -> Signs:
        """Give the key that signs where the log's first entry names none."""

    def verifiers(self) -> list[VerifierKey]:
        """List the public halves of what is here."""

    def signer(self, vkey: str) -> Signs:
        """Give the key with this public half; raises KeyMissing if it is not here."""

    def settle(self, vkey: str) -> None:
        """Keep this key alone: it has signed, and what came before it signs nothing more."""


@dataclass(frozen=True, slots=True)
class OneKey:
    """The keys of a log that has never had another."""

    key: Signs

    def in_use(self) -> Signs:
        """Give the key."""
        return self.key

    def verifiers(self) -> list[VerifierKey]:
        """Give its public half."""
        return [self.key.verifier()]

    def signer(self, vkey: str) -> Signs:
        """Give the key if it is asked for."""
        if vkey != str(self.key.verifier()):
            raise KeyMissing(vkey=vkey)
        return self.key

    def settle(self, _vkey: str) -> None:
        """There is none to let go of."""


class KeyFiles:
    """The keys in two private files, the one in use and the next; read anew when another is asked for."""

    def __init__(self, current: Path, following: Path) -> None:
        self._current = current
        self._following = following
        self._held = self._read()

    def in_use(self) -> Signs:
        """Read the key in use."""
        return read_key(self._current)

    def verifiers(self) -> list[VerifierKey]:
        """List the public halves of the keys in both files, as they are now."""
        self._held = self._read()
        return [each.verifier() for each in self._held.values()]

    def signer(self, vkey: str) -> Signs:
        """Give a key by its public half.

        Raises:
            KeyMissing: neither file holds it.
            KeyFileFault: a file is open to others or damaged.

        """
        if vkey not in self._held:
            self._held = self._read()
        if vkey not in self._held:
            raise KeyMissing(vkey=vkey)
        return self._held[vkey]

    def settle(self, vkey: str) -> None:
        """Put the next key's file in the place of the old one's; a crash leaves both, and the next pass does it."""
        if self._following.exists() and str(read_key(self._following).verifier()) == vkey:
            self._following.replace(self._current)
            keyfiles.sync_folder(self._current.parent)
            self._held = self._read()

    def _read(self) -> dict[str, Signs]:
        keys: list[Signs] = [self.in_use()]
        if self._following.exists():
            keys.append(read_key(self._following))
        return {str(key.verifier()): key for key in keys}


def read_key(path: Path) -> note.SigningKey:
    """Read a signing key from its private file; raises KeyFileFault if it is missing, open to others or damaged."""
    return note.parse_skey(keyfiles.read_private(path).decode().strip())


def log_keys(session: Session) -> tuple[Named, ...]:
    """Say which key signs which sizes of the ordered log, oldest first; empty without a first entry of its own."""
    query = select(LogEntry.raw).join(LogPosition, LogPosition.entry_id == LogEntry.id)
    first = session.scalar(query.where(LogPosition.position == 0, LogEntry.kind == LogFounded.KIND))
    if first is None:
        return ()
    ranges = [Named(note.parse_vkey(str(parse_entry(bytes(first)).body["log_vkey"])), "")]
    for position, raw in session.execute(_TAKEN):
        new = note.parse_vkey(str(parse_entry(bytes(raw)).body["new"]))
        ranges[-1] = Named(ranges[-1].key, "", ranges[-1].first, position)
        ranges.append(Named(new, "", position + 1))
    return tuple(ranges)


_TAKEN = (
    select(LogPosition.position, LogEntry.raw)
    .join(LogEntry, LogEntry.id == LogPosition.entry_id)
    .join(LogKey, LogKey.taken_act == LogEntry.act)
    .where(LogEntry.kind == LogKeyTaken.KIND)
    .order_by(LogPosition.position)
)


def spans(ranges: Sequence[Named], signed: int, size: int) -> list[tuple[int, Named]]:
    """List the sizes to sign from a last signed one up to a newest one, each with its key: every key ends its range."""
    ends = [(size if each.last is None else min(each.last, size), each) for each in ranges]
    return [(end, each) for end, each in ends if each.first <= end and end > signed]
