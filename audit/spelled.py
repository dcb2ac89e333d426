"""The one spelling of an entry, a regular expression for each kind: what matches needs no second look.

It holds members in order, no spaces, texts that need no escape, and rows of tables that the kind declares, so that what
matches is canonical and of the closed schema by construction. It may be narrower than what an entry may be, never
wider: None means that this way does not know, and `entry.py` takes the bytes apart.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

from audit import canonical, facts
from audit.envelope import ACT, ACTOR_TYPES, ANY_TABLE, DOORS, ID, MAX_TEXT, NAMED_ACTORS, TABLE, Actor, Entry
from audit.errors import MalformedInput
from audit.facts.codec import DAY, DIGEST, INSTANT, PLAIN
from audit.facts.spelling import filling, object_of

_KIND_MEMBER: Final = '"kind":"'
_MAX_KIND: Final = 64
_MAX_VERSION_DIGITS: Final = 4
_SHORT: Final = f"{PLAIN}{{0,{MAX_TEXT}}}"
# Keys of rows are numbers or codes. Without quotes, commas, colons and brackets in them, the marks between rows and
# tables stand nowhere else.
_KEY: Final = f"[0-9A-Za-z/._-]{{1,{MAX_TEXT}}}"
_ROW: Final = f'"{_KEY}":(?:"{DIGEST.pattern}"|null)'
_DIGESTS: Final = rf"\{{{_ROW}(?:,{_ROW})*\}}"
_FIND_TABLES: Final = re.compile(rf'"({TABLE.pattern})":\{{([^}}]*)\}}').findall
_FIND_KEYS: Final = re.compile(r'"([^"]*)":').findall
_FIND_ROWS: Final = re.compile(rf'"({_KEY})":(?:"({DIGEST.pattern})"|null)').findall


def read_spelled(raw: bytes) -> Entry | None:
    """Read an entry by the spelling of its kind; None if it is not spelled so, which may mean anything."""
    if len(raw) > canonical.MAX_BYTES or not raw.isascii():
        return None
    text = raw.decode("ascii")
    spelling = _guess(text)
    match = spelling.match(text) if spelling else None
    if spelling is None or match is None:
        return None
    act, door, who, office, actor_type, *texts, entry_id, on, ordinal, recorded_at, rows = match.groups()
    if not _is_in_order(rows, spelling.fact) or (not who and actor_type in NAMED_ACTORS):
        return None
    try:
        datetime.fromisoformat(recorded_at)
        _known_day(on)
        fact = spelling.make(texts)
    except (ValueError, MalformedInput):
        # The form is right, and no calendar has such a day.
        return None
    actor = _known_actor(actor_type, who, office, door)
    body, by_table = facts.Body(fact), Rows(rows) if rows else {}
    entry: Entry = _entry(fact.KIND, fact.V, entry_id, act, int(ordinal), actor, recorded_at, on, body, by_table)
    return entry


class Rows(Mapping[str, Mapping[str, str | None]]):
    """The rows of an entry: their text, taken apart only when somebody looks; a verifier of rules never does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __getitem__(self, table: str) -> Mapping[str, str | None]:
        return {key: digest or None for key, digest in _FIND_ROWS(dict(_FIND_TABLES(self._text))[table])}

    def __iter__(self) -> Iterator[str]:
        return (table for table, _ in _FIND_TABLES(self._text))

    def __len__(self) -> int:
        return len(_FIND_TABLES(self._text))


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How the entries of one kind are spelled, and how the texts of their body become a fact."""

    match: Callable[[str], re.Match[str] | None]
    fact: type[facts.Fact]
    fill: Callable[..., facts.Fact]
    values: tuple[Callable[[Any], Any], ...]

    def make(self, texts: Sequence[str]) -> facts.Fact:
        """Make the fact; MalformedInput if a day or an instant is none."""
        return self.fill(*map(operator.call, self.values, texts))


def _guess(text: str) -> _Spelling | None:
    """Guess kind and version from where they usually stand; the spelling then shows whether the guess was right."""
    start = text.rfind(_KIND_MEMBER) + len(_KIND_MEMBER)
    kind = text[start : text.find('"', start, start + _MAX_KIND)]
    version = text[text.rfind(":") + 1 : -1]
    if len(kind) > _MAX_KIND or len(version) > _MAX_VERSION_DIGITS:
        return None
    return _spelling_of(kind, version)


@functools.lru_cache(maxsize=1024)
def _spelling_of(kind: str, version: str) -> _Spelling | None:
    """Spell an entry of this kind: its members in the order of their names, the body's too; None if it is unknown."""
    fact = facts.KINDS.get((kind, int(version))) if version.isdigit() else None
    if fact is None:
        return None
    members = sorted(((name, shape.spelling) for name, shape in fact.SHAPES), key=operator.itemgetter(0))
    doors, types = "|".join(sorted(DOORS)), "|".join(sorted(ACTOR_TYPES))
    actor = rf'\{{"door":"({doors})","id":"({_SHORT})","office":"({_SHORT})","type":"({types})"\}}'
    pattern = (
        rf'\{{"act":"({ACT.pattern})","actor":{actor},"body":{object_of(members)},"id":"({ID.pattern})",'
        rf'"kind":"{kind}","on":"({DAY.pattern})","ordinal":(0|[1-9][0-9]{{0,8}}),'
        rf'"recorded_at":"({INSTANT.pattern})","rows":\{{({_rows_of(fact)})\}},"v":{fact.V}\}}'
    )
    fill, values = filling(fact, [name for name, _ in members]), tuple(each.value for _, each in members)
    return _Spelling(re.compile(pattern).fullmatch, fact, fill, values)


def _rows_of(fact: type[facts.Fact]) -> str:
    """Spell the rows a kind may explain: each declared table once or not at all, in the order of their names."""
    if ANY_TABLE in fact.TABLES:
        table = f'"{TABLE.pattern}":{_DIGESTS}'
        return f"(?:{table}(?:,{table})*)?"
    # A comma stands only before another table, and nothing but the end may follow the last.
    return "".join(rf'(?:"{table}":{_DIGESTS}(?:,(?=")|(?=\}})))?' for table in sorted(fact.TABLES))


def _is_in_order(rows: str, fact: type[facts.Fact]) -> bool:
    """Tell whether keys, and tables where any may stand, ascend without repeating themselves."""
    is_open = ANY_TABLE in fact.TABLES
    if not is_open and '","' not in rows and 'l,"' not in rows:  # No table has more rows than one.
        return True
    tables = _FIND_TABLES(rows)
    return (not is_open or _ascend([table for table, _ in tables])) and all(
        _ascend(_FIND_KEYS(digests)) for _, digests in tables
    )


def _ascend(names: list[str]) -> bool:
    return all(map(operator.lt, names, names[1:]))


@functools.lru_cache(maxsize=4096)
def _known_day(text: str) -> date:
    """Read a day; a log has few, and asks for each of them thousands of times."""
    return date.fromisoformat(text)


_entry: Final = filling(Entry, [field.name for field in fields(Entry)])
_known_actor: Final = functools.lru_cache(maxsize=4096)(Actor)
