"""Canonical JSON: one value, one spelling, so that a hash of bytes is a hash of meaning.

A subset of RFC 8785 (JCS): ASCII member names in order, NFC strings, no floats, integers within +-(2^53-1),
at most 65,535 bytes. ASCII names make JCS's UTF-16 order and Python's code point order the same.
`parse` accepts only what `encode` would write, byte for byte. What an object must contain is the business of
`entry.py` and `facts/`, not of this file.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NoReturn, TypeAlias

from audit.errors import MalformedInput

JSON: TypeAlias = "bool | int | str | list[JSON] | dict[str, JSON] | None"

MAX_BYTES: Final = 65_535
"""The length prefix of an entry in a bundle is a uint16 (C2SP tlog-tiles, Log Entries)."""
MAX_INTEGER: Final = 2**53 - 1
"""The largest integer every JSON reader holds exactly (RFC 8785 section 3.2.2.3, RFC 7493 section 2.2)."""
MAX_DEPTH: Final = 16
"""Containers within containers; entries need six, and a reader must not recurse as deep as a stranger asks."""


def encode(value: object) -> bytes:
    """Write `value` as canonical JSON; tuples are written as arrays.

    Raises:
        MalformedInput: the value has no canonical form, or its form is longer than MAX_BYTES.

    """
    _check(value, MAX_DEPTH)
    raw = _write(value).encode()
    if len(raw) > MAX_BYTES:
        raise MalformedInput(f"{len(raw)} bytes are more than {MAX_BYTES}", rule="canonical.size")
    return raw


def parse(raw: bytes) -> dict[str, JSON]:
    """Read one canonical JSON object, refusing every other spelling of it.

    Raises:
        MalformedInput: `raw` is not, byte for byte, what `encode` writes for an object.

    """
    if len(raw) > MAX_BYTES:
        raise MalformedInput(f"{len(raw)} bytes are more than {MAX_BYTES}", rule="canonical.size")
    try:
        text = raw.decode()
        value = _DECODER.decode(text)
        # What was just read holds nothing but JSON types, so it is written again without a second look.
        same = _write(value).encode() == raw
    except UnicodeError as error:
        raise MalformedInput("text that is not Unicode", rule="canonical.unicode") from error
    except RecursionError as error:
        raise MalformedInput(f"nested deeper than {MAX_DEPTH}", rule="canonical.depth") from error
    except ValueError as error:
        raise MalformedInput(f"not JSON: {error}", rule="canonical.json") from error
    if type(value) is not dict:
        raise MalformedInput("not a JSON object", rule="canonical.object")
    if not same:
        _explain(text)
    # Integers were bounded as they were read; escapes and repeated names did not survive the comparison.
    # Only non-ASCII text can still hide a bad name or a decomposed letter, and only brackets can be too deep.
    if not text.isascii() or text.count("{") + text.count("[") > MAX_DEPTH:
        _check(value, MAX_DEPTH)
    return value


def _write(value: object) -> str:
    return _ENCODER.encode(value)


def _integer(digits: str) -> int:
    """Read an integer token, bounded before it is converted so that its cost is bounded too."""
    if len(digits) > len(str(-MAX_INTEGER)) or not -MAX_INTEGER <= (number := int(digits)) <= MAX_INTEGER:
        raise MalformedInput(f"{digits[:24]} is outside +-(2^53-1)", rule="canonical.integer")
    return number


def _no_float(digits: str) -> NoReturn:
    raise MalformedInput(f"{digits[:24]} is not an integer", rule="canonical.float")


def _pairs(members: list[tuple[str, JSON]]) -> dict[str, JSON]:
    """Build an object, refusing a repeated name: Python alone keeps the last one in silence."""
    built = dict(members)
    if len(built) != len(members):
        raise MalformedInput("a member name is repeated", rule="canonical.duplicate")
    return built


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
_DECODER: Final = json.JSONDecoder(parse_float=_no_float, parse_int=_integer, parse_constant=_no_float)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_STRICT_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_no_float, parse_int=_integer, parse_constant=_no_float
)


def _explain(text: str) -> NoReturn:
    """Say which spelling was wrong; called only for text that is known not to be canonical."""
    _STRICT_DECODER.decode(text)
    raise MalformedInput("spaces, member order, escapes or digits are not canonical", rule="canonical.spelling")


def _check(value: object, depth: int) -> None:
    """Refuse whatever has no canonical form, looking at most `depth` containers down.

    Types are compared exactly: an enum or a subclass might be written otherwise than it is hashed.
    """
    kind = type(value)
    if kind is list or kind is tuple:
        _check_elements(value, depth)  # type: ignore[arg-type]  # the line above has made sure
    elif kind is str:
        _check_string(value)  # type: ignore[arg-type]  # the line above has made sure
    elif kind is int:
        _check_integer(value)  # type: ignore[arg-type]
    elif kind is dict:
        _check_depth(depth)
        for name, member in value.items():  # type: ignore[attr-defined]
            if type(name) is not str or not name.isascii():
                raise MalformedInput("a member name is not ASCII text", rule="canonical.name")
            if type(member) is not str or not member.isascii():
                _check(member, depth - 1)
    elif value is not None and kind is not bool:
        raise MalformedInput(f"a {kind.__name__} has no canonical form", rule="canonical.type")


def _check_elements(elements: Iterable[object], depth: int) -> None:
    """Check a list's elements; most of a large entry are texts and numbers, which a call each would double in time."""
    _check_depth(depth)
    for element in elements:
        kind = type(element)
        if kind is str:
            if not element.isascii():  # type: ignore[attr-defined]  # as above
                _check_string(element)  # type: ignore[arg-type]
        elif kind is int:
            _check_integer(element)  # type: ignore[arg-type]
        else:
            _check(element, depth - 1)


def _check_depth(depth: int) -> None:
    if depth == 0:
        raise MalformedInput(f"nested deeper than {MAX_DEPTH}", rule="canonical.depth")


def _check_integer(number: int) -> None:
    if not -MAX_INTEGER <= number <= MAX_INTEGER:
        raise MalformedInput("an integer is outside +-(2^53-1)", rule="canonical.integer")


def _check_string(text: str) -> None:
    """Check a text that is not ASCII; whoever comes here has looked, because most texts are."""
    if not unicodedata.is_normalized("NFC", text):
        raise MalformedInput("a string is not in Unicode form NFC", rule="canonical.nfc")
    if _SURROGATE.search(text):
        raise MalformedInput("a string holds half a surrogate pair", rule="canonical.unicode")
