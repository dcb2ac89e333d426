"""Taking over into one file what was laid out in another: the fonts and colours a page needs.

An object that says the same as one taken over before is not written again: the fonts of a thousand receipts lie in a
print file once, whatever plates they come from.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from aid_ledger.receipts.press.assembling import Assembly
from aid_ledger.receipts.press.cutting import NotEngraved
from audit.pdf.objects import Reference, Table, Value

_REFERENCE: Final = re.compile(rb"\b([0-9]{1,7}) 0 R\b")
_PICTURES: Final = re.compile(rb"/XObject <<[^<>]*>>")
_STREAM: Final = b"\nstream\n"


class Borrower:
    """Takes objects over into one file."""

    def __init__(self, objects: Assembly) -> None:
        self._objects = objects
        self._known: dict[bytes, int] = {}

    def resources(self, table: Table, page: dict[str, Value], *, pictures: bool) -> bytes:
        """Take over what a page draws with, and give the reference to it here; with its pictures or without.

        Raises:
            NotEngraved: the page names nothing it draws with.

        """
        named = page.get("Resources")
        if not isinstance(named, Reference):
            raise NotEngraved("a page draws with nothing")
        body = _body(table, named.number)
        return b"%d 0 R" % self._take(table, body if pictures else _PICTURES.sub(b"", body))

    def _take(self, table: Table, body: bytes) -> int:
        """Write an object with all it refers to, unless the same is here already. What refers to itself has no end."""
        described, stream, content = body.partition(_STREAM)
        here = _REFERENCE.sub(lambda found: b"%d 0 R" % self._take(table, _body(table, int(found[1]))), described)
        whole = here + stream + content
        digest = hashlib.sha256(whole).digest()
        if digest not in self._known:
            self._known[digest] = self._objects.add(whole)
        return self._known[digest]


def _body(table: Table, number: int) -> bytes:
    """Cut an object's bytes out of its file, between "7 0 obj" and "endobj"."""
    begins, ends = table.spans[number]
    return table.whole[begins + len(b"%d 0 obj\n" % number) : ends - len(b"\nendobj\n")]
