"""A plate: a receipt's file with blanks, from which receipts of one shape are printed.

A file of PDF is a header, numbered objects ("7 0 obj … endobj"), a table that says at which byte each of them begins,
and a trailer that names the first one to read. All objects that are the same on every receipt come first, so that they
are written, and hashed, once for all receipts. After them come the six that vary: the drawing of the page and those of
`varying`. The drawing is a text of commands; the letters of a line are numbers of glyphs in `<…> Tj`, and that is all
that is filled in. The signature is made over the bytes as they stand, and goes into its gap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from aid_ledger.receipts import varying
from aid_ledger.receipts.press import deflating, sealing
from aid_ledger.receipts.press.form import Form, Stand
from aid_ledger.receipts.signing import Seal
from aid_ledger.receipts.varying import Particulars


class Numbers(NamedTuple):
    """The numbers of the objects that vary, in the order in which they are written."""

    drawing: int
    picture: int
    metadata: int
    information: int
    attached: int
    signature: int


@dataclass(frozen=True)
class Plate:
    """Prints receipts of one shape. `table` and `trailer` have places (`%…`) for offsets and for the identifier."""

    form: Form
    constant: bytes
    numbers: Numbers
    table: bytes
    trailer: bytes
    _hashed: hashlib._Hash = field(init=False, repr=False)
    _packed: Sequence[bytes | int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Hash and deflate what is constant, once."""
        object.__setattr__(self, "_hashed", hashlib.sha256(self.constant))
        object.__setattr__(self, "_packed", self._pack())

    def print(self, lines: Sequence[str], these: Particulars, seal: Seal) -> bytes:
        """Print one receipt and sign it.

        Raises:
            NotOnPlate: a letter is missing.

        """
        bodies = (
            varying.stream(b"/Filter /FlateDecode", self._deflate(self.form.draw(lines))),
            varying.picture(these),
            varying.metadata(these),
            varying.information(these),
            varying.attached(these),
            varying.signature(these),
        )
        at = len(self.constant)
        offsets: dict[int, int] = {}
        written: list[bytes] = []
        for number, body in zip(self.numbers, bodies, strict=True):
            offsets[number] = at
            written.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
            at += len(written[-1])
        identifier = these.identifier.encode("ascii")
        tail = b"".join(
            (
                self.table % tuple(offsets[number] for number in sorted(self.numbers)),
                self.trailer % (identifier, identifier, at),
            )
        )
        first = len(self.constant)
        return self.constant + sealing.sealed(self._hashed.copy(), first, b"".join(written), tail, seal)

    def _pack(self) -> list[bytes | int]:
        """Deflate what stays of the drawing, run by run; of what is filled in, keep the places."""
        changing = {blank.letters for blank in self.form.blanks}
        changing |= {blank.begins for blank in self.form.blanks if blank.stand is not Stand.FIXED}
        packed: list[bytes | int] = []
        for changes, run in groupby(range(len(self.form.pieces)), key=changing.__contains__):
            places = list(run)
            packed += places if changes else [deflating.run("".join([self.form.pieces[place] for place in places]))]
        return packed

    def _deflate(self, pieces: Sequence[str]) -> bytes:
        """Write the drawing as a deflated stream, out of runs that are deflated already and of pieces as they are."""
        parts = [part if isinstance(part, bytes) else deflating.stored(pieces[part]) for part in self._packed]
        return deflating.whole(parts, "".join(pieces))
