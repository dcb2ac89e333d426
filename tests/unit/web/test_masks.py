"""Masked is masked: no mask shows more than its rule, whatever it is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.web import formats

NIK = "3216012345670000"
ANY_TEXT = st.text(max_size=40)


def test_officials_see_the_region_and_the_last_two_digits() -> None:
    """Enough to tell two lines apart, not enough to use."""
    assert formats.mask_nik_official(NIK) == "3216••••••••••00"


def test_the_public_sees_only_the_last_two_digits() -> None:
    """A holder recognises their own receipt; nobody else learns a place."""
    assert formats.mask_nik_public(NIK) == "••••••••••••••00"


@pytest.mark.parametrize("nik", ["", "321601234567000", "32160123456700001", "3216-1234567000", "\u0663" * 16])
def test_a_malformed_nik_is_hidden_whole(nik: str) -> None:
    """Cheat: a NIK with one digit too many, so that the mask shows the wrong ones."""
    assert formats.mask_nik_official(nik) == "•" * 16
    assert formats.mask_nik_public(nik) == "•" * 16


@given(st.text(alphabet="0123456789", min_size=16, max_size=16))
def test_ten_digits_of_a_nik_never_show(nik: str) -> None:
    """Law: a masked NIK keeps ten digits from officials and fourteen from the public."""
    assert formats.mask_nik_official(nik).count("•") == 10
    assert formats.mask_nik_public(nik).count("•") == 14


def test_names_keep_their_first_letters() -> None:
    """The form of the receipts."""
    assert formats.mask_name("Andi Sukarno") == "A*** S******"


@given(ANY_TEXT)
def test_a_name_shows_one_letter_of_each_word(name: str) -> None:
    """Law: behind the first letter stand only stars."""
    for word, masked in zip(name.split(), formats.mask_name(name).split(" "), strict=False):
        assert masked[0] == word[0]
        assert set(masked[1:]) <= {"*"}


def test_phones_keep_six_digits() -> None:
    """The operator and the end, to tell two numbers apart."""
    assert formats.mask_phone("081200000078") == "0812••••••78"


@given(ANY_TEXT)
def test_a_phone_shows_six_characters_at_most(phone: str) -> None:
    """A short or foreign number is hidden whole."""
    assert len(formats.mask_phone(phone).replace("•", "")) <= 6 or "•" in phone
    assert formats.mask_phone(phone[:9]) == "•" * 10


def test_accounts_keep_four_digits() -> None:
    """What a bank prints on its own slips."""
    assert formats.mask_account("0012345674321") == "•••••••••4321"
    assert formats.mask_account("1234567") == "•" * 8


def test_a_fingerprint_is_four_groups_of_four() -> None:
    """Two people can read it to each other over the telephone."""
    digest = bytes.fromhex("9f2c01ab77de5a10" + "00" * 24)
    assert formats.fingerprint(digest) == "9f2c 01ab 77de 5a10"
    assert formats.fingerprint(digest.hex()) == "9f2c 01ab 77de 5a10"


@pytest.mark.parametrize("digest", ["", "9f2c", b"short", "not hexadecimal at all"])
def test_a_short_digest_has_no_fingerprint(digest: bytes | str) -> None:
    """Cheat: a fingerprint of four letters that anything can be made to match."""
    with pytest.raises(ValueError, match=r"digest|hexadecimal"):
        formats.fingerprint(digest)
