"""Canonical JSON: one value has one spelling, and every other spelling is refused (attacks C1 to C8)."""

from __future__ import annotations

import json
import unicodedata
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical
from audit.errors import MalformedInput


class Rank(IntEnum):
    """An integer that is not exactly an int."""

    FIRST = 1


def deep(levels: int) -> object:
    """Nest arrays so deep."""
    value: object = 0
    for _ in range(levels):
        value = [value]
    return value


REFUSED = [
    (b'{"a":1,"a":2}', "canonical.duplicate"),
    (b'{"a":{"b":1,"b":1}}', "canonical.duplicate"),
    (b'{ "a":1}', "canonical.spelling"),
    (b'{"a":1}\n', "canonical.spelling"),
    (b'{"b":1,"a":2}', "canonical.spelling"),
    (b'{"a":"\\u0041"}', "canonical.spelling"),
    (b'{"\\u0061":1}', "canonical.spelling"),
    (b'{"a":"\\/"}', "canonical.spelling"),
    (b'{"a":"\\u001F"}', "canonical.spelling"),
    (b'{"a":-0}', "canonical.spelling"),
    (b'{"a":1.0}', "canonical.float"),
    (b'{"a":1e0}', "canonical.float"),
    (b'{"a":1e400}', "canonical.float"),
    (b'{"a":NaN}', "canonical.float"),
    (b'{"a":Infinity}', "canonical.float"),
    (b'{"a":-Infinity}', "canonical.float"),
    (b'{"a":9007199254740992}', "canonical.integer"),
    (b'{"a":-9007199254740993}', "canonical.integer"),
    (b'{"a":' + b"9" * 5000 + b"}", "canonical.integer"),
    (b'{"a":"\\ud800"}', "canonical.unicode"),
    (b'{"a":"\xed\xa0\x80"}', "canonical.unicode"),
    (b'{"a":"\xff"}', "canonical.unicode"),
    ('{"a":"e\u0301"}'.encode(), "canonical.nfc"),
    ('{"a":["x","e\u0301"]}'.encode(), "canonical.nfc"),
    ('{"\u00e9":1}'.encode(), "canonical.name"),
    (b"[1]", "canonical.object"),
    (b'"a"', "canonical.object"),
    (b"null", "canonical.object"),
    (b"", "canonical.json"),
    (b"{", "canonical.json"),
    (b'{"a":01}', "canonical.json"),
    (b'{"a":1}{', "canonical.json"),
    (b"\xef\xbb\xbf{}", "canonical.json"),
    (b'{"a":' + b"[" * 16 + b"0" + b"]" * 16 + b"}", "canonical.depth"),
    (b"[" * 65_000, "canonical.depth"),
    (b'{"a":"' + b"x" * 65_530 + b'"}', "canonical.size"),
]


@pytest.mark.parametrize(("raw", "rule"), REFUSED, ids=range(len(REFUSED)))
def test_other_spellings_are_refused(raw: bytes, rule: str) -> None:
    """C1-C8: repeated names, floats, wide integers, surrogates, NFD, order, spaces, depth, size."""
    with pytest.raises(MalformedInput) as refusal:
        canonical.parse(raw)
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ({"a": 1.5}, "canonical.type"),
        ({"a": b"x"}, "canonical.type"),
        ({"a": {1}}, "canonical.type"),
        ({"a": Rank.FIRST}, "canonical.type"),
        ({1: 2}, "canonical.name"),
        ({"\u00e9": 2}, "canonical.name"),
        ({"a": 2**53}, "canonical.integer"),
        ({"a": "\ud800"}, "canonical.unicode"),
        ({"a": "e\u0301"}, "canonical.nfc"),
        ({"a": ["\u00e9", "\ud800"]}, "canonical.unicode"),
        (deep(17), "canonical.depth"),
        ({"a": "x" * 65_528}, "canonical.size"),
    ],
)
def test_a_value_without_a_canonical_form_is_not_written(value: object, rule: str) -> None:
    """The writer refuses what the reader would, before anything is hashed."""
    with pytest.raises(MalformedInput) as refusal:
        canonical.encode(value)
    assert refusal.value.rule == rule


def test_the_largest_entry_is_written_and_read() -> None:
    """C8: exactly 65,535 bytes fit the uint16 of a bundle."""
    raw = canonical.encode({"a": "x" * 65_527})
    assert len(raw) == canonical.MAX_BYTES
    assert canonical.encode(canonical.parse(raw)) == raw


def test_escapes_and_order_are_those_of_rfc_8785() -> None:
    """RFC 8785 section 3.2.2.2: two-letter escapes where they exist, lower-case hex, everything else as it is."""
    value = {"b": '\x00\x1f\b\t\n\f\r"\\/\x7f\u2028\U0001f600', "B": (True, False, None, -5, 2**53 - 1), "": {}}
    raw = canonical.encode(value)
    strings = '"b":"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f\u2028\U0001f600"'
    assert raw.decode() == '{"":{},"B":[true,false,null,-5,9007199254740991],' + strings + "}"


def test_depth_is_allowed_up_to_the_limit() -> None:
    """Sixteen containers are read, many shallow ones too."""
    deepest = b'{"a":' + b"[" * 15 + b"0" + b"]" * 15 + b"}"
    broad = b'{"a":[' + b",".join([b"[]"] * 40) + b"]}"
    assert canonical.encode(canonical.parse(deepest)) == deepest
    assert canonical.encode(canonical.parse(broad)) == broad


def nfc(text: str) -> str:
    """Compose a text."""
    return unicodedata.normalize("NFC", text)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(nfc)
NAMES = st.text(st.characters(max_codepoint=127), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)


@given(OBJECTS)
def test_every_value_survives(value: dict[str, Any]) -> None:
    """What is written is read back equal, by us and by any JSON reader."""
    raw = canonical.encode(value)
    assert canonical.parse(raw) == value
    assert json.loads(raw) == value


@given(OBJECTS, st.data())
def test_no_two_spellings_are_one_value(value: dict[str, Any], data: st.DataObject) -> None:
    """C2: a changed byte is refused, or is another value; it is never the same value spelled otherwise."""
    raw = bytearray(canonical.encode(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        changed = canonical.parse(bytes(raw))
    except MalformedInput:
        return
    assert json.dumps(changed, sort_keys=True) != json.dumps(value, sort_keys=True)


@given(st.binary(max_size=60))
def test_noise_is_refused_or_canonical(raw: bytes) -> None:
    """Whatever is accepted is written again byte for byte."""
    try:
        value = canonical.parse(raw)
    except MalformedInput:
        return
    assert canonical.encode(value) == raw
