"""What a receipt says: random codes nobody guesses, masks nobody sees through, digests nobody can try out."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest

from aid_ledger.receipts import fields, qr
from audit import canonical
from audit.errors import MalformedInput
from audit.pdf.fields import DOMAIN, ReceiptFields, SourceShare, canonical_fields
from tests.unit.receipts.example import SALT, goods, money

DRAWS = 2_000


def test_codes_and_salts_are_never_drawn_twice() -> None:
    """THREATS 16: 80 random bits; THREATS 13: 256 of them in each salt."""
    codes = {fields.new_code() for _ in range(DRAWS)}
    assert len(codes) == DRAWS
    assert all(len(base64.b32decode(code)) == fields.CODE_BYTES for code in codes)
    assert len({fields.new_salt() for _ in range(DRAWS)}) == DRAWS
    assert len(fields.new_salt()) == len(SALT)


def test_a_payee_is_masked() -> None:
    """P6: on paper that lies about, a name is initials and a NIK two digits."""
    assert fields.masked_payee("Asep Suhendar", "3216010101800000") == ("A*** S*******", "••••••••••••••00")
    assert "3216" not in canonical_fields(money()).decode()


def test_a_payee_in_clear_is_refused() -> None:
    """The schema itself has no place for a NIK."""
    with pytest.raises(MalformedInput):
        canonical_fields(money(nik="3216010101800000"))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 0},
        {"amount": 300_001},
        {"amount": 3.0e5},
        {"amount": True},
        {"paid_on": None},
        {"unit": "kg"},
        {"contents": "beras"},
        {"handovers": goods().handovers},
        {"village": ""},
        {"kind": "emas"},
        {"code": "jbswy3dpehpk3pxp"},
        {"sources": [SourceShare(name="APBD", amount=300_000)]},
        {"sources": (SourceShare(name="APBD", amount=300_000),) * 21},
        {"payee": "A\n***"},
        {"period": 8},
    ],
)
def test_fields_that_do_not_agree_are_refused(changes: dict[str, object]) -> None:
    """P1 on paper: the sources add up; money is not goods; a place is whole or absent."""
    with pytest.raises(MalformedInput):
        canonical_fields(money(**changes))


def test_goods_need_a_unit() -> None:
    """Two of what?"""
    with pytest.raises(MalformedInput):
        canonical_fields(replace(goods(), unit=""))


def test_a_place_may_be_left_out() -> None:
    """THREATS 14: where somebody isolated is health data; such a receipt names no desa and no kecamatan."""
    assert b"Sukamaju" not in canonical_fields(money(village="", district=""))


def test_fields_read_back_as_they_were_written() -> None:
    """One meaning, one spelling."""
    for receipt in (money(), goods()):
        raw = canonical_fields(receipt)
        assert ReceiptFields.from_json(canonical.parse(raw)) == receipt


def test_the_digest_is_salted_and_has_a_domain() -> None:
    """Without the salt the digest says nothing about a family; 43 characters, as the log holds it."""
    receipt = money()
    expected = hashlib.sha256(DOMAIN + SALT + canonical_fields(receipt)).digest()
    assert fields.log_digest(receipt, SALT) == base64.urlsafe_b64encode(expected).rstrip(b"=").decode()
    assert fields.log_digest(receipt, SALT) != fields.log_digest(receipt, bytes(32))
    with pytest.raises(MalformedInput):
        fields.log_digest(receipt, b"")


def test_amounts_are_written_out() -> None:
    """Money in rupiah, goods in their unit."""
    assert fields.amount_in_words(1_000) == "seribu rupiah"
    assert fields.amount_in_words(2, "paket") == "dua paket"


def test_the_code_stays_out_of_requests() -> None:
    """A browser never sends what stands behind the #: no log of any server learns who looked."""
    address = qr.check_address("https://bansos.example/", "JBSWY3DPEHPK3PXP")
    assert address == "https://bansos.example/periksa#JBSWY3DPEHPK3PXP"
