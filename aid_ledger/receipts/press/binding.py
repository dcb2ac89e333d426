"""Binding the receipts of a village into one file: a cover, the receipts on their sheets, the list to hand them out by.

Each receipt is drawn from the same plate as its own file (`printing`), as an object that a sheet places. What is kept
of it until the end is its row in the list. The file is for paper: it carries no evidence and no tags, which are in the
receipts' own files.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable
from typing import BinaryIO, Final

from aid_ledger.receipts import qr, varying
from aid_ledger.receipts.bundle import Bundle, Leaf, Listed, ListPage, list_pages, listed
from aid_ledger.receipts.imposing import LAYOUTS, Layout
from aid_ledger.receipts.layout import LAYOUT
from aid_ledger.receipts.page import Issuer, Page, Shape, grouped, page_at
from aid_ledger.receipts.press import cutting
from aid_ledger.receipts.press.assembling import Mark, Volume
from aid_ledger.receipts.press.borrowing import Borrower
from aid_ledger.receipts.press.form import Form, NotOnPlate
from aid_ledger.receipts.press.printing import PressRoom
from aid_ledger.receipts.rendering import COVER, HANDOUT, SMALL, Layouter
from aid_ledger.receipts.signing import Seal
from aid_ledger.receipts.small import small_page_at
from aid_ledger.receipts.varying import Particulars
from aid_ledger.web import formats
from audit.pdf import objects
from audit.pdf.impressions import Impression
from audit.pdf.objects import Table, Value

LIST: Final = "Daftar penyerahan"
_QUICK: Final = 1
"""How hard to deflate a receipt's drawing: the hardest saves a fifth of its bytes and takes three times as long."""


class Bindery:
    """Binds files for one agency under one root, for as many threads as ask."""

    def __init__(self, room: PressRoom) -> None:
        self.issuer = room.issuer
        self._room, self._small = room, PressRoom(room.issuer, SMALL)
        self._covers, self._lists = Layouter(COVER), Layouter(HANDOUT)
        self._forms: dict[tuple[int, bool], Form] = {}
        self._choosing = threading.Lock()

    def bind(self, out: BinaryIO, bundle: Bundle, leaves: Iterable[Leaf], *, seal: Seal) -> None:
        """Write the file of these receipts, in their order, and sign it.

        Raises:
            NotEngraved: the layout engine draws otherwise than it did.

        """
        layout = LAYOUTS[bundle.layout]
        binding = _Binding(out, layout, self.issuer, self._small if layout.is_small else self._room)
        binding.add_pages(self._cover(bundle, layout), "Sampul")
        for leaf in leaves:
            binding.add_receipt(leaf)
        binding.end_sheet()
        for page in list_pages(bundle, binding.listed):
            self._add_list(binding, page)
        moment = bundle.printed_at.replace(microsecond=0)
        these = Particulars(title=bundle.title, author=bundle.agency, moment=moment, evidence=b"", address="")
        binding.volume.close(binding.marks, these, seal)

    def _add_list(self, binding: _Binding, page: ListPage) -> None:
        try:
            binding.add_list(page, self._form(page))
        except NotOnPlate:
            with LAYOUT:
                laid_out = self._lists.pages(page=page)
            binding.add_pages(laid_out, LIST)

    def _cover(self, bundle: Bundle, layout: Layout) -> bytes:
        fingerprint = grouped(self.issuer.root_fingerprint.hex(), 4, " ")
        with LAYOUT:
            return self._covers.pages(
                bundle=bundle,
                layout=layout.name,
                count=formats.jumlah(bundle.count),
                size=formats.jumlah(bundle.checkpoint.size),
                fingerprint=fingerprint,
                check_page=self.issuer.check_page,
            )

    def _form(self, page: ListPage) -> Form:
        """Give the form for a page of the list, made when its shape is first met."""
        with self._choosing:
            form = self._forms.get(page.shape())
        if form is None:
            with LAYOUT:
                form = cutting.cut_out(page, lambda marked: self._lists.pages(page=marked))
            with self._choosing:
                self._forms[page.shape()] = form
        return form


class _Binding:
    """One file under way."""

    def __init__(self, out: BinaryIO, layout: Layout, issuer: Issuer, room: PressRoom) -> None:
        self.volume = Volume(out)
        self.marks: list[Mark] = []
        self.listed: list[Listed] = []
        self._layout, self._issuer, self._room = layout, issuer, room
        self._borrower = Borrower(self.volume.objects)
        self._shapes: dict[Shape, tuple[bytes, bytes]] = {}
        self._sheet: list[int] = []
        self._titles: list[str] = []
        self._street: str | None = None

    def add_receipt(self, leaf: Leaf) -> None:
        """Draw a receipt, and put it at the next place of the sheet."""
        self.listed.append(listed(leaf.fields, leaf.street, leaf.copy))
        if leaf.street != self._street:
            self._street = leaf.street
            self._titles.append(f"RT/RW {leaf.street}" if leaf.street else "Tanda terima")
        write = small_page_at if self._layout.is_small else page_at
        page = write(leaf.fields, leaf.placed, self._issuer, Impression(leaf.copy))
        address = qr.address_at(self._issuer.base_url, leaf.fields, leaf.placed, self._issuer.stamp_key)
        for drawn in self._draw(page, address):
            self._sheet.append(drawn)
            if len(self._sheet) == len(self._layout.places):
                self.end_sheet()

    def end_sheet(self) -> None:
        """Write the sheet under way, if anything is on it."""
        if not self._sheet:
            return
        placed = [
            b"q 1 0 0 1 %.4f %.4f cm /R%d Do Q" % (*place, number)
            for place, number in zip(self._layout.places, self._sheet, strict=False)
        ]
        named = b"".join([b"/R%d %d 0 R" % (number, number) for number in self._sheet])
        content = b"\n".join([*placed, self._layout.cuts])
        page = self.volume.add(self._layout.sheet, content, b"<</XObject <<%b>>>>" % named)
        self.marks += [Mark(title, page) for title in self._titles]
        self._sheet, self._titles = [], []

    def add_list(self, page: ListPage, form: Form) -> None:
        """Add a page of the list."""
        drawing = "".join(form.draw(page.lines())).encode("ascii")
        self._add_plain(form.table, cutting.the_page(form.table), drawing, LIST)

    def add_pages(self, laid_out: bytes, title: str) -> None:
        """Add pages that were laid out by themselves."""
        table = objects.open_table(laid_out)
        for page in cutting.pages(table):
            self._add_plain(table, page, objects.read_stream(table, page["Contents"]), title)

    def _add_plain(self, table: Table, page: dict[str, Value], drawing: bytes, title: str) -> None:
        """Add a page made for A5, enlarged to the paper of this file; its title is marked once."""
        scale = self._layout.enlarged
        content = b"%.5f 0 0 %.5f 0 0 cm\n" % (scale, scale) + drawing
        resources = self._borrower.resources(table, page, pictures=True)
        number = self.volume.add(self._layout.plain, content, resources)
        if not self.marks or self.marks[-1].title != title:
            self.marks.append(Mark(title, number))

    def _draw(self, page: Page, address: str) -> list[int]:
        """Draw a receipt from its plate; or lay it out by itself, where it may take more than one place."""
        plate = self._room.plate_for(page)
        if plate is not None:
            try:
                drawing = "".join(plate.form.draw(page.lines())).encode("ascii")
            except NotOnPlate:
                pass
            else:
                resources, picture = self._of_shape(page.shape(), plate.form.table)
                return [self._add_drawing(drawing.replace(picture, _inline(address)), resources)]
        with LAYOUT:
            table = objects.open_table(self._room.lay_out(page, address))
        return [
            self._add_drawing(
                objects.read_stream(table, each["Contents"]), self._borrower.resources(table, each, pictures=True)
            )
            for each in cutting.pages(table)
        ]

    def _of_shape(self, shape: Shape, table: Table) -> tuple[bytes, bytes]:
        """Give what receipts of a shape draw with, and the command in their drawing that shows the code."""
        if shape not in self._shapes:
            page = cutting.the_page(table)
            named = cutting.dictionary(objects.read_dictionary(table, page["Resources"])["XObject"])
            (picture,) = named
            resources = self._borrower.resources(table, page, pictures=False)
            self._shapes[shape] = resources, f"/{picture} Do".encode("ascii")
        return self._shapes[shape]

    def _add_drawing(self, drawing: bytes, resources: bytes) -> int:
        size = self._layout.receipt
        described = b"/Type /XObject/Subtype /Form/BBox [0 0 %.4f %.4f]/Resources %b" % (*size, resources)
        content = zlib.compress(drawing, _QUICK)
        return self.volume.objects.add(varying.stream(described + b"/Filter /FlateDecode", content))


def _inline(address: str) -> bytes:
    """Write the code of an address as an image within a drawing; its bytes, 00, 0f, f0 and ff, end nothing."""
    drawn = qr.draw(address)
    return b"BI /W %d /H %d /CS /G /BPC 1 /I false ID %b\nEI" % (drawn.points, drawn.points, drawn.rows)
