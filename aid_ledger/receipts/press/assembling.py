"""A file of many pages, written as it comes and signed as a whole at its end.

Nothing is kept of what was written but its hash and where each object begins: eight bytes an object. So a village of
thousands takes no more memory than one of ten, and the file can go to a disk while it is made.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from typing import BinaryIO, Final, NamedTuple

import pydyf

from aid_ledger.receipts import varying
from aid_ledger.receipts.finishing import FIELD_LABEL, FIELD_NAME
from aid_ledger.receipts.press import sealing
from aid_ledger.receipts.signing import Seal
from aid_ledger.receipts.varying import Particulars
from audit.pdf.frame import HEADER

GROUP: Final = 64
"""Pages under one node of the page tree: readers find a page of thousands without reading all of them."""


class Mark(NamedTuple):
    """An entry of the table of contents that readers of PDF show: its title and its page."""

    title: str
    page: int


class Assembly:
    """Objects of one file, on their way to where the file is written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hashed = hashlib.sha256()
        self._at = 0
        self._offsets = array("Q")
        self._write(HEADER)

    def reserve(self) -> int:
        """Give the next object's number, for others to refer to before it is written."""
        self._offsets.append(0)
        return len(self._offsets)

    def put(self, number: int, body: bytes) -> None:
        """Write an object under a number that was reserved."""
        self._offsets[number - 1] = self._at
        self._write(_object(number, body))

    def add(self, body: bytes) -> int:
        """Write an object and give its number."""
        number = self.reserve()
        self.put(number, body)
        return number

    def sign(self, number: int, root: int, these: Particulars, seal: Seal) -> None:
        """Write the signature's dictionary under its number, then the table of all objects, and sign the whole."""
        information = self.add(varying.information(these))
        self._offsets[number - 1] = self._at
        varied = _object(number, varying.signature(these))
        count = len(self._offsets) + 1
        lines = b"".join([b"%010d 00000 n \n" % offset for offset in self._offsets])
        # The hash of all that went before says which file this is.
        identifier = self._hashed.hexdigest()[:32].encode("ascii")
        tail = b"".join(
            (
                b"xref\n0 %d\n0000000000 65535 f \n" % count,
                lines,
                b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n" % (count, root, information),
                b"/ID [(%b) (%b)]\n>>\n" % (identifier, identifier),
                b"startxref\n%d\n%%%%EOF\n" % (self._at + len(varied)),
            )
        )
        self._out.write(sealing.sealed(self._hashed, self._at, varied, tail, seal))

    def _write(self, written: bytes) -> None:
        self._out.write(written)
        self._hashed.update(written)
        self._at += len(written)


class Volume:
    """The pages of a file, GROUP by GROUP under nodes of their own, and what a reader opens it with."""

    def __init__(self, out: BinaryIO) -> None:
        self.objects = Assembly(out)
        self._root = self.objects.reserve()
        self._field = self.objects.reserve()
        self._first = self.objects.reserve()
        self._nodes: list[int] = []
        self._node = 0
        self._kids: list[int] = []
        self._count = 0

    def add(self, size: tuple[float, float], content: bytes, resources: bytes) -> int:
        """Add a page of a size in points; gives the number of its object. The first one holds the signature's field."""
        if not self._kids:
            self._node = self.objects.reserve()
        drawn = self.objects.add(varying.deflated(b"", content))
        number = self.objects.reserve() if self._count else self._first
        signed = b"" if self._count else b"/Annots [%d 0 R]" % self._field
        body = b"<</Type /Page/Parent %d 0 R/MediaBox [0 0 %.4f %.4f]/Contents %d 0 R/Resources %b%b>>"
        self.objects.put(number, body % (self._node, *size, drawn, resources, signed))
        self._kids.append(number)
        self._count += 1
        if len(self._kids) == GROUP:
            self._close_node()
        return number

    def close(self, marks: Sequence[Mark], these: Particulars, seal: Seal) -> None:
        """Write what holds the pages together, and sign."""
        if self._kids:
            self._close_node()
        tree = b"<</Type /Pages/Kids [%b]/Count %d>>" % (_references(self._nodes), self._count)
        self.objects.put(self._root, tree)
        signature = self.objects.reserve()
        name, label = pydyf.String(FIELD_NAME).data, pydyf.String(FIELD_LABEL).data
        self.objects.put(
            self._field,
            b"<</Type /Annot/Subtype /Widget/FT /Sig/T %b/TU %b/F 132/Rect [0 0 0 0]/P %d 0 R/V %d 0 R>>"
            % (name, label, self._first, signature),
        )
        catalog = self.objects.add(
            b"<</Type /Catalog/Pages %d 0 R/Lang (id)/ViewerPreferences <</DisplayDocTitle true>>/PageMode /UseOutlines"
            b"/Outlines %d 0 R/AcroForm <</Fields [%d 0 R]/SigFlags 3>>/Perms <</DocMDP %d 0 R>>>>"
            % (self._root, self._outline(marks), self._field, signature)
        )
        self.objects.sign(signature, catalog, these, seal)

    def _outline(self, marks: Sequence[Mark]) -> int:
        """Write the table of contents: a chain of entries, each of which names those beside it."""
        outline = self.objects.reserve()
        numbers = [self.objects.reserve() for _ in marks]
        for place, (number, mark) in enumerate(zip(numbers, marks, strict=True)):
            before = b"/Prev %d 0 R" % numbers[place - 1] if place else b""
            after = b"/Next %d 0 R" % numbers[place + 1] if place + 1 < len(numbers) else b""
            entry = b"<</Title %b/Parent %d 0 R/Dest [%d 0 R /Fit]%b%b>>"
            title = pydyf.String(mark.title).data
            self.objects.put(number, entry % (title, outline, mark.page, before, after))
        ends = (numbers[0], numbers[-1], len(numbers))
        self.objects.put(outline, b"<</Type /Outlines/First %d 0 R/Last %d 0 R/Count %d>>" % ends)
        return outline

    def _close_node(self) -> None:
        body = b"<</Type /Pages/Parent %d 0 R/Kids [%b]/Count %d>>"
        self.objects.put(self._node, body % (self._root, _references(self._kids), len(self._kids)))
        self._nodes.append(self._node)
        self._kids = []


def _references(numbers: Sequence[int]) -> bytes:
    return b" ".join([b"%d 0 R" % number for number in numbers])


def _object(number: int, body: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, body)
