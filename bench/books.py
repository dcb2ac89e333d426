"""A log as the agency would lay it out, written fast: entries, tiles and a signed checkpoint in a folder.

What the entries tell is `story.py`'s business. Nothing of the agency's code is used.
"""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from audit import canonical, merkle, note, tiles
from audit.checkpoint import Checkpoint
from audit.facts import Fact
from audit.note import SigningKey
from audit.tiles import ENTRIES, WIDTH, Edge, Tile

ORIGIN: Final = "bench.example/log"
FOUNDED: Final = dt.datetime(2021, 1, 4, 3, tzinfo=dt.UTC)
BEGIN: Final = dt.datetime(2021, 8, 5, 3, tzinfo=dt.UTC)
POOL: Final = 4096
"""Digests of rows are drawn from so many: making a hundred million random ones would take longer than reading them."""

_KEY: Final = SigningKey(ORIGIN, bytes(32))

Rows = dict[str, dict[str, str | None]]


class Book:
    """Writes entries, tiles and at the end a checkpoint into a folder."""

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._folder = folder
        self.vkey = str(_KEY.verifier())
        self.is_founding = True
        self._edge = Edge()
        self._bundle: list[bytes] = []
        self._keys = itertools.count(1)
        self._pool = [text_of(os.urandom(32)) for _ in range(POOL)]

    @property
    def now(self) -> dt.datetime:
        """Tell when the next act begins: on the day of the founding, or later ten a second."""
        return (FOUNDED if self.is_founding else BEGIN) + dt.timedelta(milliseconds=100 * self.size)

    def act(self, who: str, *deeds: tuple[Fact, Rows]) -> None:
        """Record facts with their rows, in one act of an official, or of the system if `who` is empty."""
        act = f"{self.size:032x}"
        now = self.now
        door, kind, office = ("web", "official", f"OFF-{who}") if who else ("init", "system", "")
        actor = {"type": kind, "id": who, "office": office, "door": door}
        for ordinal, (fact, rows) in enumerate(deeds):
            self._write(
                {
                    "kind": fact.KIND,
                    "v": fact.V,
                    "id": f"{self.size:016x}{self.size * 7919 % 2**64:016x}",
                    "act": act,
                    "ordinal": ordinal,
                    "actor": actor,
                    "recorded_at": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    "on": now.date().isoformat(),
                    "body": fact.body(),
                    "rows": rows,
                }
            )

    def rows(self, **counts: int) -> Rows:
        """Digest so many new rows of each table."""
        return {table: self.digests(itertools.islice(self._keys, count)) for table, count in counts.items()}

    def digests(self, keys: Iterable[int]) -> dict[str, str | None]:
        """Digest rows by their keys."""
        return {str(key): self._pool[key % POOL] for key in keys}

    def close(self) -> str:
        """Write the unfinished tiles, sign the log, and return its verifier key."""
        self._flush()
        for tile, hashes in self._edge.partials():
            self._put(tile.path, b"".join(hashes))
        text = Checkpoint(ORIGIN, self.size, self._edge.root()).text()
        self._put("checkpoint", note.sign(text, _KEY))
        self._put("log.vkey", self.vkey.encode() + b"\n")
        return self.vkey

    def _write(self, members: dict[str, object]) -> None:
        self._bundle.append(canonical.encode(members))
        self.size += 1
        if len(self._bundle) == WIDTH:
            self._flush()

    def _flush(self) -> None:
        if not self._bundle:
            return
        bundle = Tile(ENTRIES, (self.size - len(self._bundle)) // WIDTH, len(self._bundle))
        self._put(bundle.path, tiles.encode_bundle(self._bundle))
        for tile, hashes in self._edge.append(merkle.leaf_hashes(self._bundle)):
            self._put(tile.path, b"".join(hashes))
        self._bundle = []

    def _put(self, path: str, raw: bytes) -> None:
        place = self._folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)


def text_of(digest: bytes) -> str:
    """Write 32 bytes as entries write digests."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
