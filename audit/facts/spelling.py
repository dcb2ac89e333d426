"""The one spelling of a fact, as a regular expression: what matches is canonical and of its shape by construction.

Reading JSON into objects, checking each, writing it all again and comparing costs more than everything else a verifier
does with an entry. But a closed shape has a closed spelling: members in order, no spaces, digits in form, letters that
need no escape. One match then both checks the bytes and hands out the values. A spelling may be narrower than its
shape, never wider: other letters, escapes and numbers beyond 15 digits are read by the general way, which decides.

Every alternative ends where a letter follows that it cannot hold itself, so a match never looks at a letter more than
twice, whatever a stranger writes.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, Final


@dataclasses.dataclass(frozen=True, slots=True)
class Spelling:
    """The canonical JSON of a shape.

    `ungrouped` matches it without groups; `grouped` matches the same with a group around each text that `value`
    makes the shape's value of.
    """

    ungrouped: str
    grouped: str
    value: Callable[[Any], Any]


SHORT: Final = 200
"""Letters of a list that is read once and remembered: the same move is written for every household of a batch."""
UNSPELLED: Final = Spelling("(?!)", "((?!))", str)
"""Matches nothing: a field of such a shape sends its whole entry the general way."""


def quoted(text: str, value: Callable[[str], Any] = str) -> Spelling:
    """Spell a JSON string whose letters need no escape."""
    return Spelling(f'"(?:{text})"', f'"({text})"', value)


def bare(text: str, value: Callable[[str], Any]) -> Spelling:
    """Spell a number, true or false."""
    return Spelling(f"(?:{text})", f"({text})", value)


def filling(cls: type[Any], names: Sequence[str]) -> Callable[..., Any]:
    """Give what makes a frozen object of the values of these fields, which are all it has.

    A frozen dataclass fills itself field by field past its own guard, and that alone takes longer than reading the
    texts did. Here an open twin of the same layout is filled, and then closed by being given its class.
    """
    fields = [(name, object) for name in names]
    twin: Any = dataclasses.make_dataclass(cls.__name__, fields, bases=cls.__bases__, slots=True, eq=False, repr=False)

    def fill(*values: object) -> Any:  # noqa: ANN401 - an object of the class
        made = twin(*values)
        made.__class__ = cls
        return made

    return fill


def row_of(cls: type[Any], members: Sequence[tuple[str, Spelling]]) -> Spelling:
    """Spell a row inside a list: its members in order; at least two, so that its groups come as a tuple."""
    fill, values = filling(cls, [name for name, _ in members]), [member.value for _, member in members]

    def read(texts: tuple[str, ...]) -> Any:  # noqa: ANN401 - the row's class
        return fill(*map(operator.call, values, texts))

    ungrouped = ",".join(member.ungrouped for _, member in members)
    grouped = ",".join(member.grouped for _, member in members)
    return Spelling(rf"\[{ungrouped}\]", rf"\[{grouped}\]", read)


def list_of(member: Spelling, most: int) -> Spelling:
    """Spell a list of at most `most` members; they are told apart only after the whole has matched."""
    find = re.compile(member.grouped).findall
    value = member.value

    def take_apart(text: str) -> tuple[Any, ...]:
        return tuple(map(value, find(text)))

    remembered = functools.lru_cache(maxsize=1024)(take_apart)

    def read(text: str) -> tuple[Any, ...]:
        return remembered(text) if len(text) <= SHORT else take_apart(text)

    inside = f"(?:{member.ungrouped}(?:,{member.ungrouped}){{0,{most - 1}}})?"
    return Spelling(rf"\[{inside}\]", rf"\[({inside})\]", read)


def object_of(members: Sequence[tuple[str, Spelling]]) -> str:
    """Spell an object of exactly these members, which are given in the order of their names."""
    return r"\{" + ",".join(f'"{name}":{member.grouped}' for name, member in members) + r"\}"
