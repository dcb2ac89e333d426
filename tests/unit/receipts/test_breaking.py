"""Lines: broken where words end, never wider than their column, and never one upon another."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.receipts import breaking
from aid_ledger.receipts.breaking import Column, measure, wrap
from audit.pdf.fields import Approver, HandoverWitness, SourceShare
from tests.unit.receipts.example import APPROVED_AT, goods, handover, laid_out, money

POINTS_PER_MM = 72 / 25.4
COLUMN = Column(breaking.SANS, 10, 30)
WIDE = "W" * 30


@given(st.text(st.sampled_from("ab W.\u2022é漢"), max_size=120))
def test_lines_fit_and_lose_nothing(text: str) -> None:
    """Every line fits its column, and the words are all there, in order."""
    lines = wrap(text, COLUMN)
    room = COLUMN.width * POINTS_PER_MM / COLUMN.size
    assert all(measure(line, COLUMN.face) <= room or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == re.sub(r"\s", "", text)
    assert all(line == line.strip() for line in lines)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("   ", ()),
        ("satu  dua", ("satu dua",)),
        ("Desa Sukamaju, Kecamatan", ("Desa Sukamaju,", "Kecamatan")),
        ("W" * 9, ("W" * 8, "W")),
        ("ya WWWWWWWWW", ("ya", "W" * 8, "W")),
    ],
)
def test_lines_break_between_words_first(text: str, lines: tuple[str, ...]) -> None:
    """A word is cut only where it alone is wider than its column."""
    assert wrap(text, COLUMN) == lines


def boxes_of(pdf: bytes) -> list[list[tuple[float, float, float, float, str]]]:
    """Ask poppler where each word of each page stands, in points: left, top, right, bottom."""
    shown = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    word = r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)<'
    pages = shown.split("<page ")[1:]
    return [
        [(float(a), float(b), float(c), float(d), text) for a, b, c, d, text in re.findall(word, page)]
        for page in pages
    ]


@pytest.mark.parametrize("text", [WIDE, "Kecamatan Tambun " * 5, "il " * 30])
def test_no_column_of_the_page_runs_into_another(text: str) -> None:
    """The widths of `receipt.css` are those that text is broken by: no two words touch, none leaves the page."""
    official = Approver(name=text, office=text, step=text, at=APPROVED_AT)
    sources = (SourceShare(name=text, amount=2),)
    seen = tuple(HandoverWitness(name=f"{text}{seat}", office=text) for seat in "12")
    record = handover(giver=text, giver_office=text, place=text, witnesses=seen)
    receipts = (
        laid_out(money(village=text, district=text, decree=text, approvers=(official,), in_words=text * 2)),
        laid_out(money(amount=10**18 - 1, sources=(SourceShare(name=text, amount=10**18 - 1),), approvers=())),
        laid_out(goods(contents=text * 2, sources=sources, handovers=(record,), approvers=())),
    )
    for boxes in (page for pdf in receipts for page in boxes_of(pdf)):
        assert [box for box in boxes if box[0] < 11 * POINTS_PER_MM - 0.2 or box[2] > 137 * POINTS_PER_MM + 0.2] == []
        for number, (left, top, right, bottom, word) in enumerate(boxes):
            for other in boxes[number + 1 :]:
                middle = (other[1] + other[3]) / 2
                is_upon = top < middle < bottom and left < other[2] - 0.1 and other[0] < right - 0.1
                assert not is_upon, (word, other[4])
