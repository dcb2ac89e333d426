"""What the page says must be what its evidence says: a page and the evidence of two receipts are no receipt."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from audit.errors import MalformedInput, ProofFailed
from audit.pdf import document, evidence, frame, ink, objects
from audit.pdf.fields import ReceiptFields
from tests.audit.forge import GOODS, MONEY, good_chain, refused, rewrite, swap, verify


def read(pdf: bytes) -> tuple[tuple[str, ...], ReceiptFields]:
    """Read what a receipt's page says, and what its evidence says."""
    opened = document.open_document(frame.open_frame(pdf))
    return opened.lines, evidence.parse(opened.evidence).fields


LINES, SAID = read(MONEY)
GOODS_LINES, GOODS_SAID = read(GOODS)


def test_the_page_is_read_as_it_is_written() -> None:
    """Line by line, in the words of the agency; what is masked stays masked."""
    for line in ("TTB-2021-000123-K", "Rp300.000", "A*** S*******", "JBSW-Y3DP-EHPK-3PXP"):
        assert line in LINES
    assert "2 paket" in GOODS_LINES
    ink.check(LINES, SAID)
    ink.check(GOODS_LINES, GOODS_SAID)


SAYS_OTHERWISE = [
    (LINES, replace(SAID, number="TTB-2021-000999-X"), "number"),
    (LINES, replace(SAID, code="A" * 16), "code"),
    (LINES, replace(SAID, payee="B*** S*******"), "payee"),
    (LINES, replace(SAID, amount=900_000), "amount"),
    (LINES, replace(SAID, amount=30_000), "amount"),
    (LINES, replace(SAID, amount=3_000_000), "amount"),
    (GOODS_LINES, replace(GOODS_SAID, amount=20), "amount"),
    (GOODS_LINES, replace(GOODS_SAID, unit="karton"), "amount"),
    (GOODS_LINES, SAID, "number or the code or the amount"),
    ((*GOODS_LINES, "2"), replace(GOODS_SAID, unit="karton"), "amount"),
    ((), SAID, "number or the code or the payee or the amount"),
]


@pytest.mark.parametrize(("lines", "said", "missing"), SAYS_OTHERWISE)
def test_a_page_that_says_something_else_is_refused(lines: tuple[str, ...], said: ReceiptFields, missing: str) -> None:
    """An amount with a nought more or less is another one, and a page of another receipt says nearly nothing of it."""
    with pytest.raises(ProofFailed) as refusal:
        ink.check(lines, said)
    assert refusal.value.rule == "receipt.page"
    assert refusal.value.sentence == f"the page does not say the {missing} of the evidence"


def test_lines_break_where_the_column_ends() -> None:
    """A unit goes on below its figure and a long name below itself; other alphabets may be drawn in another order."""
    broken = ("Nomor", SAID.number[:8], SAID.number[8:], "Rp300.000", "JBSW-Y3DP-", "EHPK-3PXP", "A***", "S*******")
    ink.check(broken, SAID)
    below = tuple(each for line in GOODS_LINES for each in ([line, "sembako"] if line == "2 paket" else [line]))
    ink.check(below, replace(GOODS_SAID, unit="paket sembako"))
    ink.check(LINES, replace(SAID, payee="\u00c9*** S*******"))


def restreamed(number: int, change: Callable[[bytes], bytes]) -> Callable[[dict[int, bytes]], None]:
    """Make a change of what a stream holds."""

    def apply(bodies: dict[int, bytes]) -> None:
        content = objects.read_stream(objects.open_table(MONEY), objects.Reference(number))
        assert change(content) != content
        packed = zlib.compress(change(content))
        head = re.sub(rb"/Length [0-9]+", b"/Length %d" % len(packed), bodies[number].partition(b"\nstream\n")[0])
        bodies[number] = head + b"\nstream\n" + packed + b"\nendstream\nendobj\n"

    return apply


def place_of(pattern: bytes) -> int:
    """Find the object that a reference in the receipt points to."""
    found = re.search(pattern + rb" ([0-9]+) 0 R", MONEY)
    assert found is not None
    return int(found[1])


DRAWN = place_of(rb"/Type /Page/[^>]*/Contents")
FACES = place_of(rb"/Font")
PAGES: dict[str, tuple[Callable[[dict[int, bytes]], None], str]] = {
    "a blank page": (restreamed(DRAWN, lambda _: b"q Q"), "the page does not say the number or the code"),
    "an unknown face": (restreamed(DRAWN, lambda page: page.replace(b"/FHMOCM", b"/FHMOCX")), "letters that mean not"),
    "an unknown glyph": (restreamed(DRAWN, lambda page: page.replace(b"<034e>", b"<ffff>")), "letters that mean not"),
    "no faces": (swap(b"/Font %d 0 R" % FACES, b"/Font null"), "the page has no faces"),
}


@pytest.mark.parametrize(("change", "reason"), PAGES.values(), ids=PAGES.keys())
def test_the_thief_of_a_signing_key_draws_another_page_in_vain(
    change: Callable[[dict[int, bytes]], None], reason: str
) -> None:
    """Genuine evidence, a page of one's own, and a good signature over both."""
    forged = rewrite(MONEY, change)
    refused(forged, "receipt.page", good_chain().root_pem)
    with pytest.raises((MalformedInput, ProofFailed), match=reason):
        verify(forged, good_chain().root_pem)


def test_faces_may_stand_in_the_page_itself() -> None:
    """A dictionary is the same where it stands and where it is pointed to."""
    table = objects.open_table(MONEY)
    written = MONEY[slice(*table.spans[FACES])].partition(b" obj\n")[2].removesuffix(b"\nendobj\n")
    moved = rewrite(MONEY, swap(b"/Font %d 0 R" % FACES, b"/Font " + written))
    assert verify(moved, good_chain().root_pem).fields == SAID
