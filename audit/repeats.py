"""Which of a hundred million keys came before: found with a few megabytes, and temporary files for the rest.

Keys are told apart by 128 bits of the interpreter's own keyed hash. Equal keys have equal hashes, so that no repeat is
missed; two different keys that share all the bits are met by chance once in 10^24 logs of ten million entries. Which
keys there are and what a repeat means is the caller's business.
"""

from __future__ import annotations

import io
import tempfile
from array import array
from typing import TYPE_CHECKING, Final

from audit.errors import SourceFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

BUCKETS: Final = 256
"""Keys whose hashes begin alike share a bucket; only one bucket is in memory when repeats are looked for."""
_BUCKET: Final = BUCKETS - 1
MAX_HELD: Final = 200_000
"""Keys in memory before they go to the file: some five megabytes."""


class Repeats:
    """Takes keys in order and says in the end which ones had come before."""

    def __init__(self) -> None:
        self._held = [array("q") for _ in range(BUCKETS)]
        self._room = MAX_HELD
        self._file: IO[bytes] = io.BytesIO()
        # For each time that memory was emptied: where each bucket's part begins in the file, and where the last ends.
        self._parts: list[array[int]] = []

    def add(self, key: str, index: int) -> None:
        """Take the key of the entry at `index`; indexes ascend.

        Raises:
            SourceFailed: the temporary file cannot be written.

        """
        first = hash(key)
        self._held[first & _BUCKET].extend((first, hash(key + "."), index))
        self._room -= 1
        if not self._room:
            self._spill()

    def first(self) -> int | None:
        """Give the first index whose key had come before, or None, and forget everything.

        Raises:
            SourceFailed: the temporary file cannot be read.

        """
        try:
            repeated = [found for bucket in range(BUCKETS) if (found := self._first_of(bucket)) is not None]
        except OSError as error:
            raise _no_room(error) from error
        finally:
            self._file.close()
        return min(repeated, default=None)

    def _spill(self) -> None:
        """Move what is held to the end of the file."""
        try:
            if not self._parts:
                self._file = tempfile.TemporaryFile(prefix="aid-audit-")  # noqa: SIM115 - `first` closes it
            begins = array("q")
            for held in self._held:
                begins.append(self._file.tell())
                self._file.write(held.tobytes())
                del held[:]
            begins.append(self._file.tell())
        except OSError as error:
            raise _no_room(error) from error
        self._parts.append(begins)
        self._room = MAX_HELD

    def _first_of(self, bucket: int) -> int | None:
        numbers = array("q", b"".join(self._spilled(bucket))) + self._held[bucket]
        firsts = numbers[::3]
        if len(set(firsts)) == len(firsts):
            return None
        seen: set[tuple[int, int]] = set()
        for first, second, index in zip(firsts, numbers[1::3], numbers[2::3], strict=True):
            if (first, second) in seen:
                return index
            seen.add((first, second))
        return None

    def _spilled(self, bucket: int) -> Iterator[bytes]:
        """Give the parts of a bucket as they were spilled, which is the order of their indexes."""
        for begins in self._parts:
            self._file.seek(begins[bucket])
            yield self._file.read(begins[bucket + 1] - begins[bucket])


def _no_room(error: OSError) -> SourceFailed:
    return SourceFailed(f"temporary files cannot be used: {error.strerror}", rule="repeats.file")
