"""The envelope of a log entry: which kind of fact, in which act, by whom, when, and which rows it explains.

The envelope is fixed and checked here, member by member; the body belongs to its kind and is checked by
`facts/`. Whether the fact was allowed is decided by `replay/`, and its place among the others by `order.py`.

An entry is read in one of two ways that always agree. Most match the one spelling of their kind, a regular expression
that checks bytes, canonical form, envelope and schema at once. Whatever does not match is taken apart, and only that
way refuses: it also reads what no spelling covers, such as text with letters beyond ASCII.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from audit import canonical, facts
from audit.errors import MalformedInput
from audit.facts.codec import DAY, DIGEST, INSTANT, PLAIN
from audit.facts.spelling import object_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.canonical import JSON

ACTOR_TYPES: Final = frozenset({"official", "public", "system", "channel"})
DOORS: Final = frozenset({"web", "cli", "job", "init"})
MAX_ORDINAL: Final = 2**31 - 1

_NAMED_ACTORS: Final = frozenset({"official", "channel"})
_ANY_TABLE: Final = "*"
_MAX_TEXT: Final = 200
_MEMBERS: Final = frozenset({"kind", "v", "id", "act", "ordinal", "actor", "recorded_at", "on", "body", "rows"})
_ACTOR_MEMBERS: Final = frozenset({"type", "id", "office", "door"})
_KIND: Final = re.compile(r"[A-Z][A-Za-z0-9]{1,63}")
_ID: Final = re.compile(r"[0-9A-Za-z-]{26,36}")
_ACT: Final = re.compile(r"[0-9a-f]{32}")
_TABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")

_SHORT: Final = f"{PLAIN}{{0,{_MAX_TEXT}}}"
_ROW: Final = f'"{PLAIN}{{1,{_MAX_TEXT}}}":(?:"{DIGEST.pattern}"|null)'
_ROWS: Final = rf'"{_TABLE.pattern}":\{{{_ROW}(?:,{_ROW})*\}}'
_FIND_TABLES: Final = re.compile(rf'"({_TABLE.pattern})":\{{({_ROW}(?:,{_ROW})*)\}}').findall
_FIND_ROWS: Final = re.compile(f'"({PLAIN}+)":(?:"({DIGEST.pattern})"|null)').findall
_KIND_MEMBER: Final = '"kind":"'
_MAX_VERSION_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, according to the server; `id` and `office` are "" where there is none."""

    type: str
    id: str
    office: str
    door: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; instants and days stay text, whose order is their order.

    `rows` maps a table and the text of a primary key to the digest of the stored row, or to None for a row
    that is gone.
    """

    kind: str
    v: int
    id: str
    act: str
    ordinal: int
    actor: Actor
    recorded_at: str
    on: str
    body: Mapping[str, JSON]
    rows: Mapping[str, Mapping[str, str | None]]


def encode_entry(entry: Entry) -> bytes:
    """Write an entry as the bytes the log hashes, after the checks every reader will make.

    Raises:
        MalformedInput: the entry breaks the envelope, its kind's schema, or the canonical form.
        UnknownKind: this package does not know the kind.

    """
    actor = entry.actor
    members: dict[str, object] = {
        "kind": entry.kind,
        "v": entry.v,
        "id": entry.id,
        "act": entry.act,
        "ordinal": entry.ordinal,
        "actor": {"type": actor.type, "id": actor.id, "office": actor.office, "door": actor.door},
        "recorded_at": entry.recorded_at,
        "on": entry.on,
        "body": dict(entry.body),
        "rows": {table: dict(digests) for table, digests in entry.rows.items()},
    }
    raw = canonical.encode(members)
    # What is written is read back, so that no entry can be written that a verifier refuses.
    parse_entry(raw)
    return raw


def parse_entry(raw: bytes) -> Entry:
    """Read one entry, refusing whatever is not exactly an entry of a known kind.

    Raises:
        MalformedInput: the bytes are not canonical, or break the envelope or the kind's schema.
        UnknownKind: the kind or its version is newer than this package.

    """
    return read_spelled(raw) or read_members(raw)


def read_spelled(raw: bytes) -> Entry | None:
    """Read an entry by the spelling of its kind; None if it is not spelled so, which may mean anything."""
    if len(raw) > canonical.MAX_BYTES or not raw.isascii():
        return None
    text = raw.decode("ascii")
    guessed = _guess_kind(text)
    if guessed not in facts.KINDS:
        return None
    spelling = _spelling_of(*guessed)
    match = spelling.match(text)
    if match is None:
        return None
    act, door, who, office, kind_of_actor, *texts, entry_id, on, ordinal, recorded_at, rows_text = match.groups()
    rows = _spelled_rows(rows_text, spelling.fact.TABLES) if rows_text else {}
    if rows is None or (not who and kind_of_actor in _NAMED_ACTORS):
        return None
    try:
        datetime.fromisoformat(recorded_at)
        _known_day(on)
        fact = spelling.make(texts)
    except (ValueError, MalformedInput):
        # The form is right, and no calendar has such a day.
        return None
    return Entry(
        kind=fact.KIND,
        v=fact.V,
        id=entry_id,
        act=act,
        ordinal=int(ordinal),
        actor=_known_actor(kind_of_actor, who, office, door),
        recorded_at=recorded_at,
        on=on,
        body=facts.Body(fact),
        rows=rows,
    )


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How the entries of one kind are spelled, and how the texts of their body become a fact."""

    match: Callable[[str], re.Match[str] | None]
    fact: type[facts.Fact]
    members: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def make(self, texts: list[str]) -> facts.Fact:
        """Make the fact; MalformedInput if a day or an instant is none."""
        pairs = zip(self.members, texts, strict=True)
        return self.fact(**{name: value(text) if value else text for (name, value), text in pairs})


@functools.cache
def _spelling_of(kind: str, v: int) -> _Spelling:
    """Spell an entry of a known kind: its members in the order of their names, the body's too."""
    fact = facts.KINDS[kind, v]
    members = sorted(((name, shape.spelling) for name, shape in fact.SHAPES), key=operator.itemgetter(0))
    doors, types = "|".join(sorted(DOORS)), "|".join(sorted(ACTOR_TYPES))
    actor = rf'\{{"door":"({doors})","id":"({_SHORT})","office":"({_SHORT})","type":"({types})"\}}'
    pattern = (
        rf'\{{"act":"({_ACT.pattern})","actor":{actor},"body":{object_of(members)},"id":"({_ID.pattern})",'
        rf'"kind":"{kind}","on":"({DAY.pattern})","ordinal":(0|[1-9][0-9]{{0,8}}),'
        rf'"recorded_at":"({INSTANT.pattern})","rows":\{{((?:{_ROWS}(?:,{_ROWS})*)?)\}},"v":{v}\}}'
    )
    return _Spelling(re.compile(pattern).fullmatch, fact, tuple((name, each.value) for name, each in members))


def _guess_kind(text: str) -> tuple[str, int]:
    """Guess kind and version from where they usually stand; the spelling then shows whether the guess was right."""
    start = text.rfind(_KIND_MEMBER) + len(_KIND_MEMBER)
    version = text[text.rfind(":") + 1 : -1]
    if len(version) > _MAX_VERSION_DIGITS or not version.isdigit():
        return "", 0
    return text[start : text.find('"', start)], int(version)


def _spelled_rows(text: str, declared: frozenset[str]) -> dict[str, dict[str, str | None]] | None:
    """Read rows that are spelled right; None where names are out of order or repeated, or a table is undeclared."""
    tables = _FIND_TABLES(text)
    rows: dict[str, dict[str, str | None]] = {}
    for table, digests in tables:
        pairs = _FIND_ROWS(digests)
        if not _is_ascending([key for key, _ in pairs]):
            return None
        rows[table] = {key: digest or None for key, digest in pairs}
    if not _is_ascending([table for table, _ in tables]):
        return None
    return rows if rows.keys() <= declared or _ANY_TABLE in declared else None


def _is_ascending(names: list[str]) -> bool:
    return len(names) == 1 or all(map(operator.lt, names, names[1:]))


@functools.lru_cache(maxsize=4096)
def _known_day(text: str) -> date:
    """Read a day; a log has few, and asks for each of them thousands of times."""
    return date.fromisoformat(text)


_known_actor: Final = functools.lru_cache(maxsize=4096)(Actor)


def read_members(raw: bytes) -> Entry:
    """Read an entry by taking it apart; raises as `parse_entry`."""
    members = canonical.parse(raw)
    if members.keys() != _MEMBERS:
        raise MalformedInput("an entry has exactly the ten members of its envelope", rule="entry.members")
    ordinal = members["ordinal"]
    if type(ordinal) is not int or not 0 <= ordinal <= MAX_ORDINAL:
        raise MalformedInput("ordinal is not a count from 0", rule="entry.ordinal")
    version, body = members["v"], members["body"]
    if type(version) is not int or version < 1 or type(body) is not dict:
        raise MalformedInput("v is not a number from 1, or body not an object", rule="entry.body")
    entry = Entry(
        kind=_text(members, "kind", _KIND),
        v=version,
        id=_text(members, "id", _ID),
        act=_text(members, "act", _ACT),
        ordinal=ordinal,
        actor=_actor(members["actor"]),
        recorded_at=_instant(members),
        on=_day(members),
        body=body,
        rows=_rows(members["rows"]),
    )
    return _read_body(entry)


def _read_body(entry: Entry) -> Entry:
    """Hold the body and the tables of `rows` against what the kind declares."""
    try:
        fact = facts.decode(entry.kind, entry.v, entry.body)
    except MalformedInput as error:
        raise MalformedInput(f"{entry.kind} v{entry.v}: {error.sentence}", rule="entry.schema") from error
    undeclared = entry.rows.keys() - fact.TABLES
    if undeclared and _ANY_TABLE not in fact.TABLES:
        raise MalformedInput(f"{entry.kind} may not explain rows of {min(undeclared)}", rule="entry.rows")
    return replace(entry, body=facts.Body(fact))


def _text(members: Mapping[str, JSON], name: str, form: re.Pattern[str]) -> str:
    value = members[name]
    if type(value) is not str or not form.fullmatch(value):
        raise MalformedInput(f"{name} does not have its form", rule=f"entry.{name}")
    return value


def _instant(members: Mapping[str, JSON]) -> str:
    text = _text(members, "recorded_at", INSTANT)
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedInput("recorded_at is no instant of any calendar", rule="entry.recorded_at") from error
    return text


def _day(members: Mapping[str, JSON]) -> str:
    text = _text(members, "on", DAY)
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise MalformedInput("on is no day of any calendar", rule="entry.on") from error
    return text


def _actor(value: JSON) -> Actor:
    if type(value) is not dict or value.keys() != _ACTOR_MEMBERS:
        raise MalformedInput("actor has exactly type, id, office and door", rule="entry.actor")
    texts = {name: member for name, member in value.items() if type(member) is str and len(member) <= _MAX_TEXT}
    if len(texts) != len(_ACTOR_MEMBERS) or texts["type"] not in ACTOR_TYPES or texts["door"] not in DOORS:
        raise MalformedInput("actor has an unknown type or door, or a member that is no short text", rule="entry.actor")
    if texts["type"] in _NAMED_ACTORS and not texts["id"]:
        raise MalformedInput(f"an actor of type {texts['type']} has an id", rule="entry.actor")
    return Actor(**texts)


def _rows(value: JSON) -> dict[str, dict[str, str | None]]:
    if type(value) is not dict:
        raise MalformedInput("rows is not an object", rule="entry.rows")
    return {table: _digests(table, digests) for table, digests in value.items()}


def _digests(table: str, value: JSON) -> dict[str, str | None]:
    """Read the digests of one table; a table without rows is left out, never written empty."""
    if not _TABLE.fullmatch(table) or type(value) is not dict or not value:
        raise MalformedInput("rows does not map tables to rows", rule="entry.rows")
    digests: dict[str, str | None] = {}
    for key, digest in value.items():
        if digest is not None and (type(digest) is not str or not DIGEST.fullmatch(digest)):
            raise MalformedInput(f"a row of {table} has no SHA-256 digest", rule="entry.rows")
        if not 1 <= len(key) <= _MAX_TEXT:
            raise MalformedInput(f"a row of {table} has no key", rule="entry.rows")
        digests[key] = digest
    return digests
