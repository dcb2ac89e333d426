"""The QR code, held against segno, which knows the whole standard."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aid_ledger.receipts import qr

LONGEST = 450
"""Bytes that version 16 holds at level M."""
PLACE = "https://bansos.bekasikab.example/periksa#"
LETTERS = st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="#")


def by_segno(address: str) -> list[bytes]:
    """Draw a code with segno alone."""
    return [bytes(row) for row in qr.modules(address).matrix]


def modules_of(drawn: qr.Drawn) -> list[bytes]:
    """Read the modules out of an image, and see that each is one even square."""
    size, stride = drawn.points // qr.SCALE, (drawn.points + 7) // 8
    rows = [drawn.rows[start : start + stride].hex() for start in range(0, len(drawn.rows), stride)]
    assert len(rows) == drawn.points
    assert all(row == rows[number - number % qr.SCALE] for number, row in enumerate(rows))
    assert set("".join(rows)) == {"0", "f"}
    return [bytes(letter == "0" for letter in row[:size]) for row in rows[:: qr.SCALE]]


@settings(max_examples=40, deadline=None)
@given(st.text(LETTERS, min_size=1, max_size=60), st.text(LETTERS, min_size=1, max_size=LONGEST - 61))
def test_a_code_is_the_one_segno_draws(place: str, fragment: str) -> None:
    """Whatever the letters, whatever the length."""
    address = f"{place}#{fragment}"
    assert modules_of(qr.draw(address)) == by_segno(address)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**850))
def test_a_stamp_is_drawn_as_segno_draws_it(stamp: int) -> None:
    """Digits stand in a segment of their own, three in ten bits, and the one or two that are left."""
    assert modules_of(qr.draw(f"{PLACE}{stamp}")) == by_segno(f"{PLACE}{stamp}")


@pytest.mark.parametrize("length", [1, 2, 21, 43, 65, 81, 111, 139, 172, 210, 246, 290, 321, 371, LONGEST - len(PLACE)])
@pytest.mark.parametrize("letter", ["K", "7"])
def test_the_longest_of_each_version_is_as_segno_draws_it(length: int, letter: str) -> None:
    """The longest address of each version, whose blocks are full."""
    assert modules_of(qr.draw(PLACE + letter * length)) == by_segno(PLACE + letter * length)


@pytest.mark.parametrize("address", ["#" + "x" * LONGEST, f"{PLACE}é", PLACE, "https://bansos.example/periksa"])
def test_an_address_that_no_receipt_has_is_refused(address: str) -> None:
    """Too long for a camera to read on A5, or not an address of a receipt."""
    with pytest.raises(ValueError, match=r"too long|ASCII"):
        qr.draw(address)
