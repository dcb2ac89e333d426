"""What a receipt's QR code states can be neither changed nor moved to another receipt, log or key (THREATS 16)."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import note, stamp, stampkeys
from audit.errors import AuditError, MalformedInput, SignatureFailed
from audit.pdf import document, evidence, frame
from audit.stamp import Stamp
from tests.audit.forge import GOODS as GOODS_PDF
from tests.audit.forge import MONEY as MONEY_PDF
from tests.audit.small_log import ORIGIN
from tests.audit.stamping import GOODS, MONEY, STAMPER, STRANGER, VECTORS, bad_stamps, public_of, sealed, stamped

GOLDEN: dict[str, Any] = json.loads(VECTORS.read_text())
KEY = public_of(STAMPER)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
STAMPS = st.builds(
    Stamp,
    code=st.from_regex(r"[A-Z2-7]{16}", fullmatch=True),
    paid_on=st.dates(dt.date(1970, 1, 1), dt.date(2149, 6, 6)),
    index=st.integers(0, 2**53 - 1),
    amount=st.integers(1, 10**18 - 1),
    number=TEXTS,
    program=TEXTS,
    payee=TEXTS,
    unit=TEXTS,
    contents=TEXTS,
)


def check(text: str, *, origin: str = ORIGIN, keys: tuple[bytes, ...] = (KEY,)) -> Stamp:
    """Read a stamp and check who signed it."""
    signed = stamp.read(text)
    assert stamp.verify(signed, origin, keys) in keys
    return signed.stamp


@pytest.mark.parametrize(("why", "digits", "rule"), bad_stamps(), ids=[each[0] for each in bad_stamps()])
def test_a_forged_stamp_is_refused(why: str, digits: str, rule: str) -> None:
    """Changed, cut, replayed, signed by another, written in another way, in other digits, or far too long."""
    with pytest.raises(AuditError) as refusal:
        check(digits)
    assert refusal.value.rule == rule, why


@pytest.mark.parametrize(
    ("text", "rule", "sentence"),
    [
        ("x", "stamp.form", "a stamp is a number of at most 1000 digits behind the #"),
        ("1", "stamp.form", "the stamp is cut off"),
        (sealed(b"\x07"), "stamp.version", "a stamp of another version: this verifier does not know it"),
        (sealed(stamp.write(MONEY) + b"x"), "stamp.form", "something follows the last text of the stamp"),
        (
            sealed(stamp.write(MONEY)[:13] + b"\x80\x00" + stamp.write(MONEY)[16:]),
            "stamp.form",
            "the stamp is written in another way",
        ),
        (sealed(stamp.write(MONEY)[:-2] + b"\x01\xff\x00"), "stamp.text", "a text of the stamp is not UTF-8"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, rule: str, sentence: str) -> None:
    """In the words an inspector reads."""
    with pytest.raises(MalformedInput) as refusal:
        stamp.read(text)
    assert (refusal.value.rule, refusal.value.sentence) == (rule, sentence)


def test_nobody_has_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under no key at all, or another; the log is named."""
    for keys in ((), (public_of(STRANGER),)):
        with pytest.raises(SignatureFailed) as refusal:
            check(stamped(), keys=keys)
        assert refusal.value.rule == "stamp.signature"
        assert refusal.value.sentence == f"no stamp key of {ORIGIN} has signed this"


def test_a_genuine_stamp_says_what_the_paper_says() -> None:
    """As digits or as the address a camera reads, under the older of two keys as well."""
    assert check(stamped()) == MONEY
    assert check(f" https://bansos.example/periksa#{stamped(GOODS)}\n") == GOODS
    assert check(stamped(), keys=(public_of(STRANGER), KEY)) == MONEY


@given(STAMPS)
def test_there_is_one_spelling(stated: Stamp) -> None:
    """What is written is read, and written again is the same."""
    digits = sealed(stamp.write(stated))
    signed = stamp.read(digits)
    assert (signed.stamp, stamp.to_digits(signed.body, signed.signature)) == (stated, digits)


@pytest.mark.parametrize(
    "changes",
    [
        {"paid_on": dt.date(1969, 12, 31)},
        {"paid_on": dt.date(2149, 6, 7)},
        {"index": -1},
        {"index": 2**53},
        {"amount": 0},
        {"amount": 10**18},
    ],
)
def test_what_does_not_fit_is_not_written(changes: dict[str, Any]) -> None:
    """A press that would write it must stop instead."""
    with pytest.raises(MalformedInput) as refusal:
        stamp.write(replace(MONEY, **changes))
    assert (refusal.value.rule, refusal.value.sentence) == (
        "stamp.range",
        "a day or number is out of a stamp's range",
    )


@pytest.mark.parametrize("text", ["x" * 49, "a\u202eb", "a\nb"])
def test_a_text_that_does_not_fit_is_not_written(text: str) -> None:
    """Too long, turning the reader's direction, or steering the screen."""
    with pytest.raises(MalformedInput) as refusal:
        stamp.write(replace(MONEY, payee=text))
    assert (refusal.value.rule, refusal.value.sentence) == (
        "stamp.text",
        "a text of a stamp is at most 48 printable bytes",
    )


def test_the_ends_of_the_ranges_fit() -> None:
    """The last day, entry and amount there can be."""
    for changes in (
        {"paid_on": dt.date(1970, 1, 1), "index": 0, "amount": 1, "payee": "x" * 48},
        {"paid_on": dt.date(2149, 6, 6), "index": 2**53 - 1, "amount": 10**18 - 1},
    ):
        stated = replace(MONEY, **changes)  # type: ignore[arg-type] # a field each
        assert check(stamped(stated)) == stated


@pytest.mark.parametrize("pdf", [MONEY_PDF, GOODS_PDF])
def test_a_receipts_stamp_says_nothing_its_paper_does_not(pdf: bytes) -> None:
    """THREATS 14: no place, no batch, no NIK; every text of it stands on the paper."""
    said = evidence.parse(document.open_document(frame.open_frame(pdf)).evidence).fields
    made = stamp.stamp_of(said, 211)
    assert made == Stamp(
        said.code,
        dt.date(2021, 8, 5),
        211,
        said.amount,
        said.number,
        said.program_name,
        said.payee,
        said.unit,
        said.contents,
    )
    body = stamp.write(made)
    for secret in (said.village, said.district, said.batch, said.line, said.nik):
        assert secret.encode() not in body


def test_numbers_take_a_byte_for_seven_bits() -> None:
    """The edges, byte by byte: what other writers must write."""
    before = len(stamp.write(replace(MONEY, index=0, amount=1)))
    for index, spelled in (
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
    ):
        body = stamp.write(replace(MONEY, index=index, amount=1))
        assert body[13 : 13 + len(spelled)] == spelled
        assert len(body) == before - 1 + len(spelled)


def test_a_thousand_digits_are_still_read() -> None:
    """And then refused for what they say."""
    with pytest.raises(MalformedInput) as refusal:
        stamp.read("1" * stamp.MAX_DIGITS)
    assert refusal.value.rule == "stamp.version"


def test_a_long_text_is_cut_and_says_so() -> None:
    """At a letter's end, with an ellipsis, in 48 bytes."""
    said = evidence.parse(document.open_document(frame.open_frame(MONEY_PDF)).evidence).fields
    assert stamp.stamp_of(replace(said, program_name="x" * 48), 0).program == "x" * 48
    assert stamp.stamp_of(replace(said, program_name="x" * 49), 0).program == "x" * 45 + "\u2026"
    assert stamp.stamp_of(replace(said, program_name="x" + "\u00e9" * 40), 0).program == "x" + "\u00e9" * 22 + "\u2026"
    assert stamp.stamp_of(replace(said, program_name="\u00e9" * 40), 0).program == "\u00e9" * 22 + "\u2026"
    with pytest.raises(MalformedInput) as refusal:
        stamp.stamp_of(replace(said, paid_on=None), 0)
    assert (refusal.value.rule, refusal.value.sentence) == ("stamp.form", "a receipt is received on some day")


@pytest.mark.parametrize("vector", GOLDEN["stamps"], ids=["money", "goods"])
def test_stamps_have_their_golden_bytes(vector: dict[str, Any]) -> None:
    """A stamp on paper is read for years."""
    signed = stamp.read(vector["digits"])
    assert signed.body.hex() == vector["body"]
    assert check(vector["digits"], keys=(note.decode_base64(GOLDEN["key"]),)) == signed.stamp
    stated = {name: str(getattr(signed.stamp, name)) for name in ("code", "paid_on", "index", "amount", "contents")}
    assert stated == {name: str(vector[name]) for name in stated}


def test_the_golden_forgeries_are_those_of_this_file() -> None:
    """What an outsider tests their verifier on is what ours is tested on."""
    assert [(each["why"], each["rule"]) for each in GOLDEN["bad"]] == [(why, rule) for why, _, rule in bad_stamps()]
    assert [each["digits"] for each in GOLDEN["bad"]] == [digits for _, digits, _ in bad_stamps()]


def test_the_specification_quotes_golden_bytes() -> None:
    """What FORMAT.md shows is no memory of them."""
    document_ = (Path(stamp.__file__).parent / "FORMAT.md").read_text()
    assert GOLDEN["stamps"][0]["digits"] in document_
    assert GOLDEN["statement"] in document_
    assert stampkeys.statement(ORIGIN, KEY).decode() == GOLDEN["statement"]
