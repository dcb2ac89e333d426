"""Names people read aloud and type: references with a check character, and random codes nobody can guess.

A reference (BTC-2026-000123-K) counts upward and may be guessed; a code (7H2K-9XQM-…) may not and opens something.
Which prefixes exist, and who hands out the next number, is decided by the rooms.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

CODE_BITS: Final = 80
"""Enough that guessing at a million tries a second for a century finds none of ten million codes."""

MAX_YEAR: Final = 9999
MAX_NUMBER: Final = 999_999_999

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O (read as digits) and no U."""

CHECKS: Final = ALPHABET[:31]
"""The characters a check may be: 31, because sums modulo a prime are what catches every transposition."""

_PREFIX_LENGTH: Final = 3
"""All prefixes are equally long, so that no slip can move the border between letters and digits."""

_REFERENCE = re.compile(r"([A-Z]{3})([0-9]{4})([0-9]{6}|[1-9][0-9]{6,8})([0-9A-HJKMNP-TV-Y])")
_SEPARATORS = re.compile(r"[\s\u2010-\u2015\u2212-]+")
_LOOKALIKES = str.maketrans("ILO", "110")
_BITS_PER_CHARACTER = 5
_GROUP = 4
_TEXT_LIMIT = 64


class ReferenceMalformed(DomainError):
    """The text does not have the shape of a reference."""

    kind = Kind.INVALID
    code = "reference.malformed"


class ReferenceWrongCheck(DomainError):
    """The check character does not fit: a character was mistyped or two were exchanged."""

    kind = Kind.INVALID
    code = "reference.wrong_check"


class CodeMalformed(DomainError):
    """The text does not have the shape of a code."""

    kind = Kind.INVALID
    code = "code.malformed"


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference whose check was right."""

    prefix: str
    year: int
    number: int

    def __str__(self) -> str:
        return make_reference(self.prefix, self.year, self.number)


def make_reference(prefix: str, year: int, number: int) -> str:
    """Write a reference: prefix of three capitals, year, number of at least six digits, check character.

    Raises:
        ValueError: the parts do not make a reference; prefixes and numbers are ours, never a user's.
    """
    is_named = len(prefix) == _PREFIX_LENGTH and prefix.isascii() and prefix.isalpha() and prefix.isupper()
    if not is_named or not 1 <= year <= MAX_YEAR or not 1 <= number <= MAX_NUMBER:
        raise ValueError(f"no reference of {prefix!r}, {year}, {number}")
    digits = f"{number:06}"
    return f"{prefix}-{year:04}-{digits}-{_check_of(f'{prefix}{year:04}{digits}')}"


def check_reference(text: str) -> Reference:
    """Read a reference however it was typed: any case, with or without hyphens and blanks.

    Raises:
        ReferenceMalformed: the shape is wrong.
        ReferenceWrongCheck: the shape is right, a character is not.
    """
    parts = _REFERENCE.fullmatch(_compact(text))
    if parts is None or not int(parts[2]) or not int(parts[3]):
        raise ReferenceMalformed
    prefix, year, number, check = parts.groups()
    if check != _check_of(prefix + year + number):
        raise ReferenceWrongCheck
    return Reference(prefix, int(year), int(number))


def random_code(bits: int = CODE_BITS) -> str:
    """Draw a random code in base 32, in groups of four for reading: `7H2K-9XQM-0TRD-5ZWA`.

    Raises:
        ValueError: not a positive multiple of five bits.
    """
    return _grouped("".join(secrets.choice(ALPHABET) for _ in range(_length_of(bits))))


def parse_code(text: str, bits: int = CODE_BITS) -> str:
    """Read a code however it was typed, I and L as 1 and O as 0, and give it back as `random_code` writes it.

    Raises:
        CodeMalformed: wrong length or characters; a door that must not tell wrong from unknown answers both alike.
    """
    compact = _compact(text).translate(_LOOKALIKES)
    if len(compact) != _length_of(bits) or not set(compact) <= set(ALPHABET):
        raise CodeMalformed
    return _grouped(compact)


def _check_of(compact: str) -> str:
    """Find the check: the weighted sum of all characters and the check, weights 1, 2, 4 … from the right, is 0 mod 31.

    31 is prime and 2 is neither 0 nor 1 in it, so one changed character (two letters, or two digits, differ by less
    than 31) and two exchanged neighbours always change the sum. A letter where a digit belongs is malformed anyway.
    """
    total = 0
    for character in compact:
        total = 2 * total + (int(character) if character.isdigit() else ord(character) - ord("A"))
    return CHECKS[-2 * total % len(CHECKS)]


def _compact(text: str) -> str:
    """Take out blanks and every kind of hyphen, and write capitals; an overlong text comes back empty."""
    if len(text) > _TEXT_LIMIT or not _SEPARATORS.sub("", text).isascii():
        return ""
    return _SEPARATORS.sub("", text).upper()


def _grouped(compact: str) -> str:
    return "-".join(compact[start : start + _GROUP] for start in range(0, len(compact), _GROUP))


def _length_of(bits: int) -> int:
    if bits <= 0 or bits % _BITS_PER_CHARACTER:
        raise ValueError(f"a code of {bits} bits does not fill its characters")
    return bits // _BITS_PER_CHARACTER
