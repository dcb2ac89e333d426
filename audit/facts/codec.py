"""How a fact becomes the body of an entry and back: closed schemas, derived from the fact's own fields.

A fact is a frozen dataclass; its field types are the schema. Unknown, missing or malformed members are refused in
both directions, so that one meaning has one spelling. What the kinds mean is in the other files of this folder; the
bytes are made by `audit.canonical`, and `spelling.py` reads the usual ones without taking them apart first.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from audit.errors import MalformedInput, UnknownKind
from audit.facts.spelling import UNSPELLED, Spelling, bare, list_of, quoted, row_of

MAX_AMOUNT = 10**18 - 1
"""Whole rupiah or units in one fact: far above any national budget, and safe in a signed 64-bit column."""

MAX_COUNT = 2**53 - 1
"""Largest JSON integer every reader keeps exact (RFC 8785 section 3.2.2.3)."""

MAX_ITEMS = 500
"""Most members of any list in one fact; longer lists are chunked into several facts."""

AMOUNT = re.compile(r"0|[1-9][0-9]{0,17}")
# 32 bytes are 43 letters with two bits to spare; the last letter leaves them zero, so a digest has one spelling.
DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,79}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
PLAIN = r"[ !#-\[\]-\x7f]"
"""A letter that JSON writes as itself in one byte: ASCII without control letters, quotes and backslashes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """How one field is written into JSON and read back; both raise MalformedInput on anything else.

    `form` says it in words, for whoever writes a reader of their own. `spelling` matches nothing that `read` would
    refuse, and makes the same value of it; by default it matches nothing.
    """

    form: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    spelling: Spelling = UNSPELLED


def _refuse(what: str) -> MalformedInput:
    return MalformedInput(f"fact field: {what}")


def _amount_out(value: Any) -> str:  # noqa: ANN401 - a field's value before it is checked
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_AMOUNT:
        raise _refuse("an amount is a whole number of at least zero")
    return str(int(value))


def _amount_in(value: Any) -> int:  # noqa: ANN401 - parsed JSON
    if not isinstance(value, str) or not AMOUNT.fullmatch(value):
        raise _refuse("an amount is a decimal string without leading zeros")
    return int(value)


def _count(value: Any) -> int:  # noqa: ANN401 - parsed JSON or a field's value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise _refuse("a count is an integer from 0 to 2^53-1")
    return int(value)


def _flag(value: Any) -> bool:  # noqa: ANN401 - parsed JSON or a field's value
    if not isinstance(value, bool):
        raise _refuse("a yes or no is true or false")
    return value


def _day_out(value: Any) -> str:  # noqa: ANN401 - a field's value before it is checked
    if value is None:
        return ""
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        raise _refuse("a day is a date")
    return value.isoformat()


def _day_in(value: Any) -> dt.date | None:  # noqa: ANN401 - parsed JSON
    if value == "":
        return None
    try:
        day = dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _refuse("a day is YYYY-MM-DD or empty") from None
    if day.isoformat() != value:
        raise _refuse("a day is YYYY-MM-DD or empty")
    return day


def _instant_out(value: Any) -> str:  # noqa: ANN401 - a field's value before it is checked
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise _refuse("an instant is an aware datetime")
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _instant_in(value: Any) -> dt.datetime:  # noqa: ANN401 - parsed JSON
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise _refuse("an instant is UTC with six fraction digits")
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        raise _refuse("an instant is a real time") from None


def _string(form: str, limit: int, pattern: re.Pattern[str] | None = None, *, empty: bool = False) -> Shape:
    def check(value: Any) -> str:  # noqa: ANN401 - parsed JSON or a field's value
        if not isinstance(value, str) or len(value) > limit:
            raise _refuse(f"a text of at most {limit} characters")
        if pattern is not None and not (empty and value == "") and not pattern.fullmatch(value):
            raise _refuse(f"text {value[:40]!r} does not have the form of its field")
        return str(value)

    if pattern is None:
        return Shape(form, check, check, quoted(f"{PLAIN}{{0,{limit}}}"))
    return Shape(form, check, check, quoted(f"(?:{pattern.pattern})?" if empty else pattern.pattern))


# The same few days and hours are written over and over.
_known_day = functools.lru_cache(maxsize=4096)(_day_in)

Amount = Annotated[int, Shape("amount", _amount_out, _amount_in, quoted(AMOUNT.pattern, int))]
"""Whole rupiah, or whole units of a good; a decimal string in JSON."""
Count = Annotated[int, Shape("count", _count, _count, bare("0|[1-9][0-9]{0,14}", int))]
"""How many, or a row's number."""
Flag = Annotated[bool, Shape("flag", _flag, _flag, bare("true|false", "true".__eq__))]
Day = Annotated[dt.date | None, Shape("day", _day_out, _day_in, quoted(f"(?:{DAY.pattern})?", _known_day))]
"""A calendar day in the agency's zone; None (an empty string in JSON) means no limit or not stated."""
Moment = Annotated[dt.datetime, Shape("moment", _instant_out, _instant_in, quoted(INSTANT.pattern, _instant_in))]
Code = Annotated[str, _string("code", 80, CODE)]
"""A reference, key or code of ours: never a name, never empty."""
MaybeCode = Annotated[str, _string("code or empty", 80, CODE, empty=True)]
"""As Code; empty means there is none."""
Digest = Annotated[str, _string("digest", 43, DIGEST)]
"""SHA-256 as base64url without padding."""
MaybeDigest = Annotated[str, _string("digest or empty", 43, DIGEST, empty=True)]
Line = Annotated[str, _string("line", 300)]
"""One line of public text: a document's number, a public name."""
Words = Annotated[str, _string("words", 2_000)]
"""A reason or note that an official wrote knowing it is public."""
Signed = Annotated[str, _string("file", 16_384)]
"""A signed checkpoint as it travels; with the cosignatures of 32 witnesses some 6,000 characters."""
FileText = Annotated[str, _string("file", 16_384)]
"""The whole text of a small public file: a witness policy with all its 32 witnesses has some 10,000 characters."""


class Fact:
    """What was done, in the past tense. Subclasses are frozen dataclasses made by `@fact`."""

    KIND: ClassVar[str]
    V: ClassVar[int]
    TABLES: ClassVar[frozenset[str]]
    SHAPES: ClassVar[tuple[tuple[str, Shape], ...]]

    def body(self) -> dict[str, Any]:
        """Write the fact as the body of its entry; raises MalformedInput if a field does not fit its shape."""
        return {name: shape.write(getattr(self, name)) for name, shape in self.SHAPES}


KINDS: dict[tuple[str, int], type[Fact]] = {}
"""The closed vocabulary: every kind and version this verifier knows."""

F = TypeVar("F")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fact(*tables: str, v: int = 1) -> Callable[[type[F]], type[F]]:
    """Make a class a fact kind that may explain rows of these tables ("*" only for RowsWritten)."""

    def make(cls: type[F]) -> type[F]:
        made: Any = dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.KIND, made.V, made.TABLES = cls.__name__, v, frozenset(tables)
        made.SHAPES = _shapes_of(made)
        KINDS[cls.__name__, v] = made
        return made  # type: ignore[no-any-return] # the dataclass decorator is applied to a class we were given

    return make


@dataclass_transform(frozen_default=True)
def row(cls: type[F]) -> type[F]:
    """Make a class a row inside a fact: written as a JSON array of its fields in order."""
    made: Any = dataclasses.dataclass(frozen=True, slots=True)(cls)
    made.SHAPES = _shapes_of(made)
    return made  # type: ignore[no-any-return] # as above


class Body(Mapping[str, Any]):
    """The body of an entry that was read: its fact, written out again only when somebody asks for a member."""

    __slots__ = ("fact",)

    def __init__(self, fact: Fact) -> None:
        self.fact = fact

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - JSON
        return dict(self.fact.SHAPES)[name].write(getattr(self.fact, name))

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.fact.SHAPES)

    def __len__(self) -> int:
        return len(self.fact.SHAPES)


def decode(kind: str, v: int, body: object) -> Fact:
    """Read a body back into its fact; MalformedInput if it is not exactly that kind's shape, UnknownKind if new."""
    if isinstance(body, Body) and (kind, v) == (body.fact.KIND, body.fact.V):
        return body.fact
    cls = KINDS.get((kind, v))
    if cls is None:
        message = f"kind {kind} version {v} is newer than this verifier"
        raise UnknownKind(message)
    if not isinstance(body, dict) or body.keys() != {name for name, _ in cls.SHAPES}:
        raise _refuse(f"{kind} has exactly the members {', '.join(name for name, _ in cls.SHAPES)}")
    return cls(**{name: shape.read(body[name]) for name, shape in cls.SHAPES})


def _shapes_of(cls: Any) -> tuple[tuple[str, Shape], ...]:  # noqa: ANN401 - a dataclass under construction
    hints = get_type_hints(cls, include_extras=True)
    return tuple((field.name, _shape_of(hints[field.name])) for field in dataclasses.fields(cls))


def _shape_of(hint: Any) -> Shape:  # noqa: ANN401 - a type hint
    if get_origin(hint) is Annotated:
        return next(part for part in get_args(hint)[1:] if isinstance(part, Shape))
    if get_origin(hint) is tuple:
        return _list_of(_shape_of(get_args(hint)[0]))
    return _row_of(hint)


def _list_of(member: Shape) -> Shape:
    def write(values: Any) -> list[Any]:  # noqa: ANN401 - a field's value
        if not isinstance(values, tuple) or len(values) > MAX_ITEMS:
            raise _refuse(f"a tuple of at most {MAX_ITEMS}")
        return [member.write(value) for value in values]

    def read(values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - parsed JSON
        if not isinstance(values, list) or len(values) > MAX_ITEMS:
            raise _refuse(f"a list of at most {MAX_ITEMS}")
        return tuple(member.read(value) for value in values)

    return Shape(f"list of {member.form}", write, read, list_of(member.spelling, MAX_ITEMS))


def _row_of(cls: Any) -> Shape:  # noqa: ANN401 - a class made by `row`
    writers = [shape.write for _, shape in cls.SHAPES]
    names = [name for name, _ in cls.SHAPES]

    def write(value: Any) -> list[Any]:  # noqa: ANN401 - a field's value
        if not isinstance(value, cls):
            raise _refuse(f"a {cls.__name__}")
        return [write(getattr(value, name)) for write, name in zip(writers, names, strict=True)]

    def read(value: Any) -> Any:  # noqa: ANN401 - parsed JSON in, the row class out
        if not isinstance(value, list) or len(value) != len(cls.SHAPES):
            raise _refuse(f"a {cls.__name__} has {len(cls.SHAPES)} members")
        return cls(*(shape.read(part) for (_, shape), part in zip(cls.SHAPES, value, strict=True)))

    form = ", ".join(f"{name}: {shape.form}" for name, shape in cls.SHAPES)
    return Shape(f"[{form}]", write, read, row_of(cls, [(name, shape.spelling) for name, shape in cls.SHAPES]))
