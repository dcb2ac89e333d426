"""The QR code, held against segno, which knows the whole standard."""

from __future__ import annotations

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from aid_ledger.receipts import qr

LONGEST = 450
"""Bytes that version 16 holds at level M."""
LETTERS = st.characters(min_codepoint=0x20, max_codepoint=0x7E)


def by_segno(address: str) -> list[bytes]:
    """Draw a code with segno."""
    code = segno.make_qr(address, error=qr.ERROR_LEVEL, mask=qr.MASK, boost_error=False, mode="byte")
    return [bytes(row) for row in code.matrix]


def modules_of(drawn: qr.Drawn) -> list[bytes]:
    """Read the modules out of an image, and see that each is one even square."""
    size, stride = drawn.points // qr.SCALE, (drawn.points + 7) // 8
    rows = [drawn.rows[start : start + stride].hex() for start in range(0, len(drawn.rows), stride)]
    assert len(rows) == drawn.points
    assert all(row == rows[number - number % qr.SCALE] for number, row in enumerate(rows))
    assert set("".join(rows)) == {"0", "f"}
    return [bytes(letter == "0" for letter in row[:size]) for row in rows[:: qr.SCALE]]


@settings(max_examples=60, deadline=None)
@given(st.text(LETTERS, min_size=1, max_size=LONGEST))
def test_a_code_is_the_one_segno_draws(address: str) -> None:
    """Whatever the letters, whatever the length."""
    assert modules_of(qr.draw(address)) == by_segno(address)


@pytest.mark.parametrize(
    "length", [1, 14, 15, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, LONGEST]
)
def test_every_version_is_as_segno_draws_it(length: int) -> None:
    """The longest address of each version, whose blocks are full."""
    address = ("https://bansos.bekasikab.example/periksa#" + "K3PX" * LONGEST)[:length]
    assert modules_of(qr.draw(address)) == by_segno(address)


@pytest.mark.parametrize("address", ["x" * (LONGEST + 1), "https://bansos.example/periksa#é"])
def test_an_address_that_no_receipt_has_is_refused(address: str) -> None:
    """Too long for a camera to read on A5, or not an address."""
    with pytest.raises(ValueError, match=r"too long|ascii"):
        qr.draw(address)
