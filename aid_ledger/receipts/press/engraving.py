"""Engraving a plate: a page of the right shape is laid out once, and cut where its lines stand (`cutting`).

What varies from receipt to receipt is taken out of the file, and the rest is written down in order.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Final

from aid_ledger.receipts.page import Page
from aid_ledger.receipts.press.cutting import NotEngraved, cut_out, dictionary, the_page
from aid_ledger.receipts.press.plate import Numbers, Plate
from aid_ledger.receipts.rendering import ReceiptPrinter
from aid_ledger.receipts.varying import Particulars
from audit.pdf import objects
from audit.pdf.frame import HEADER
from audit.pdf.impressions import Impression
from audit.pdf.objects import Reference, Table, Value

_OFFSET: Final = b"%010d 00000 n \n"
ANY: Final = Particulars(title="", author="", moment=dt.datetime(2021, 1, 1, tzinfo=dt.UTC), evidence=b"", address="#0")


def engrave(page: Page, printer: ReceiptPrinter) -> Plate:
    """Make the plate for receipts of a page's shape; takes a few layouts' time, under the lock of the layout engine.

    Raises:
        NotEngraved: receipts of this shape are laid out one by one.

    """
    these = replace(ANY, impression=Impression(language=page.tongue.code))
    form = cut_out(page, lambda marked: printer.lay_out(marked, these))
    table = form.table
    varies = _numbers_of(table)
    constant, offsets = _constant(table, varies)
    lines = [_OFFSET if number in varies else _OFFSET % offsets[number] for number in sorted(table.spans)]
    root, information = table.trailer["Root"], table.trailer["Info"]
    if not isinstance(root, Reference) or not isinstance(information, Reference):
        raise NotEngraved("the file has no catalog")
    count = len(table.spans) + 1
    named = b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n" % (count, root.number, information.number)
    return Plate(
        form=form,
        constant=constant,
        numbers=varies,
        table=b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(lines),
        trailer=named + b"/ID [(%b) (%b)]\n>>\nstartxref\n%d\n%%%%EOF\n",
    )


def _numbers_of(table: Table) -> Numbers:
    """Find the objects that vary, on the way from the catalog to them."""
    catalog = objects.read_dictionary(table, table.trailer["Root"], "Catalog")
    resources = objects.read_dictionary(table, the_page(table)["Resources"])
    (picture,) = dictionary(resources["XObject"]).values()
    files = dictionary(objects.read(table, dictionary(catalog["Names"])["EmbeddedFiles"]))["Names"]
    specification = objects.read_dictionary(table, files[1] if isinstance(files, list) else None, "Filespec")
    return Numbers(
        drawing=_number(the_page(table)["Contents"]),
        picture=_number(picture),
        metadata=_number(catalog["Metadata"]),
        information=_number(table.trailer["Info"]),
        attached=_number(dictionary(specification["EF"])["F"]),
        signature=_number(dictionary(catalog["Perms"])["DocMDP"]),
    )


def _constant(table: Table, varies: Numbers) -> tuple[bytes, dict[int, int]]:
    """Write the objects that stay, one after another, and say where each begins."""
    written, offsets = [HEADER], {}
    at = len(HEADER)
    for number, (begins, ends) in sorted(table.spans.items()):
        if number not in varies:
            offsets[number] = at
            written.append(table.whole[begins:ends])
            at += ends - begins
    return b"".join(written), offsets


def _number(value: Value) -> int:
    if not isinstance(value, Reference):
        raise NotEngraved("a reference is missing")
    return value.number
