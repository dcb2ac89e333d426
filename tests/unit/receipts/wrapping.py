"""The attack by wrapping (SWA): all that was signed stays as it was, and readers are led round it."""

from __future__ import annotations

import re

from audit.pdf import frame, objects

FRAUD = b"BT /F0 40 Tf 20 200 Td (Rp900.000) Tj ET 1 0 0 rg 0 0 400 300 re f"
"""What a forger would have the page draw."""


def wrapped(pdf: bytes) -> bytes:
    """Move the signed end back, and put forged objects before it with a table where the file says its table is (SWA).

    Every signed byte is there and in order. The forged table names a copy of the signature that says where they are.
    """
    begins, ends = frame.locate(pdf)
    table = objects.open_table(pdf)
    at = int(re.findall(rb"startxref\n(\d+)\n", pdf)[-1])
    page = next(number for number in table.spans if b"/Type /Page/" in pdf[slice(*table.spans[number])])
    drawn = objects.read_dictionary(table, objects.Reference(page), "Page")["Contents"]
    assert isinstance(drawn, objects.Reference)
    signature = next(number for number, span in table.spans.items() if span[0] < begins < span[1])
    fraud = b"%d 0 obj\n<</Length %d>>\nstream\n%b\nendstream\nendobj\n" % (drawn.number, len(FRAUD), FRAUD)
    behind = [number for number, span in table.spans.items() if span[0] > ends]
    words = pdf[pdf.rindex(b"trailer\n<<") : pdf.rindex(b"startxref")].rstrip(b"\n>")
    head = len(b"xref\n") + (2 + len(behind)) * len(b"%04d 1\n%010d 00000 n \n" % (0, 0))
    head += len(words) + len(b"/Prev %010d>>\n" % 0)
    copied = pdf[slice(*table.spans[signature])]
    spread = re.sub(rb"/ByteRange \[[^\]]*\] *", b"/ByteRange [0 %d %010d %d]\n" % (begins, 0, len(pdf) - ends), copied)
    growth = at - ends + head + len(fraud) + len(spread)
    spread = spread.replace(b"%010d" % 0, b"%010d" % (ends + growth), 1)
    places = {drawn.number: at + head, signature: at + head + len(fraud)}
    places |= {number: table.spans[number][0] + growth for number in behind}
    lines = b"".join(b"%04d 1\n%010d 00000 n \n" % place for place in sorted(places.items()))
    forged = b"xref\n" + lines + words + b"/Prev %010d>>\n" % (at + growth) + fraud + spread
    return pdf[:ends] + b" " * (at - ends) + forged + pdf[ends:]
