"""P4: a receipt proves itself. Not one byte of it can be another, not even in the case of a hexadecimal letter."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from audit.errors import AuditError
from audit.pdf import frame
from tests.audit.forge import GOODS, MONEY, verify

pytestmark = pytest.mark.no_cover  # A hundred thousand times the same lines, which other tests are measured by.

HALVES = 2


def test_golden_receipts_are_genuine() -> None:
    """Golden bytes: a receipt signed once verifies for as long as this profile lives."""
    money, goods = verify(MONEY), verify(GOODS)
    assert (money.number, money.amount, money.commodity) == ("TTB-2021-000123-K", 300_000, "IDR")
    assert (goods.number, goods.amount, goods.commodity) == ("TTB-2021-000124-M", 2, "paket-sembako")
    assert (money.index, money.size, money.origin) == (211, 300, "ledger.example/log")
    assert money.anchored
    assert money.witnesses == ()


@pytest.mark.parametrize("half", range(HALVES))
@pytest.mark.parametrize("mask", [0x01, 0x20])
def test_no_byte_can_be_another(mask: int, half: int) -> None:
    """Every offset of the file, bit 0 and the bit that changes the case of letters: refused, by an AuditError."""
    accepted = []
    for offset in range(half, len(MONEY), HALVES):
        bent = bytearray(MONEY)
        bent[offset] ^= mask
        try:
            verify(bytes(bent))
        except AuditError:
            continue
        accepted.append(offset)
    assert accepted == []


def test_no_byte_of_the_signature_can_be_any_other() -> None:
    """The certificate area is where readers of PDF accept changes: all eight bits of every byte there are tried."""
    begins, ends = frame.locate(GOODS)
    accepted = []
    for offset in range(begins, ends):
        for bit in (0x02, 0x04, 0x08, 0x10, 0x40, 0x80):
            bent = bytearray(GOODS)
            bent[offset] ^= bit
            try:
                verify(bytes(bent))
            except AuditError:
                continue
            accepted.append((offset, bit))
    assert accepted == []


@pytest.mark.parametrize("length", [0, 1, 9, 20, 1_000, len(MONEY) - 4_097, len(MONEY) - 7, len(MONEY) - 1])
def test_a_cut_file_is_refused(length: int) -> None:
    """Truncated at any of the places where parsing changes."""
    with pytest.raises(AuditError):
        verify(MONEY[:length])


def test_two_halves_of_two_receipts_are_refused() -> None:
    """A signature lifted from another genuine receipt does not fit."""
    (begins, ends), (other_begins, other_ends) = frame.locate(MONEY), frame.locate(GOODS)
    with pytest.raises(AuditError) as refusal:
        verify(MONEY[:begins] + GOODS[other_begins:other_ends] + MONEY[ends:])
    assert refusal.value.rule == "receipt.changed"


PLACES = st.integers(0, len(MONEY))
LENGTHS = st.integers(0, 5_000)
PIECES = st.binary(max_size=40) | st.builds(
    lambda whole, at, length: whole[at : at + length], st.sampled_from((MONEY, GOODS)), PLACES, LENGTHS
)
EDITS = st.lists(st.tuples(PLACES, st.just(0) | st.just(1) | LENGTHS, PIECES), min_size=1, max_size=4)


@settings(max_examples=500)
@given(EDITS)
def test_whatever_is_done_to_the_bytes_is_refused(edits: list[tuple[int, int, bytes]]) -> None:
    """Flip, insert, delete, double, move, splice with another receipt, append: other bytes put for some."""
    bent = MONEY
    for at, length, piece in edits:
        bent = bent[:at] + piece + bent[at + length :]
    assume(bent != MONEY)
    with pytest.raises(AuditError):
        verify(bent)
