"""The envelope of a log entry: which kind of fact, in which act, by whom, when, and which rows it explains.

The envelope is fixed and checked here, member by member; the body belongs to its kind and is checked by
`facts/`. Whether the fact was allowed is decided by `replay/`, and its place among the others by `verify.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from audit import canonical, facts
from audit.errors import MalformedInput

if TYPE_CHECKING:
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
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
# 32 bytes are 43 letters with two bits to spare; the last letter leaves them zero, so a digest has one spelling.
_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


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
    _check_kind(entry, body)
    return entry


def _check_kind(entry: Entry, body: dict[str, JSON]) -> None:
    """Hold the body and the tables of `rows` against what the kind declares."""
    try:
        facts.check_body(entry.kind, entry.v, body)
    except MalformedInput as error:
        raise MalformedInput(f"{entry.kind} v{entry.v}: {error.sentence}", rule="entry.schema") from error
    if not entry.rows:
        return
    declared = facts.tables_of(entry.kind, entry.v)
    undeclared = entry.rows.keys() - declared
    if undeclared and _ANY_TABLE not in declared:
        raise MalformedInput(f"{entry.kind} may not explain rows of {min(undeclared)}", rule="entry.rows")


def _text(members: Mapping[str, JSON], name: str, form: re.Pattern[str]) -> str:
    value = members[name]
    if type(value) is not str or not form.fullmatch(value):
        raise MalformedInput(f"{name} does not have its form", rule=f"entry.{name}")
    return value


def _instant(members: Mapping[str, JSON]) -> str:
    text = _text(members, "recorded_at", _INSTANT)
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedInput("recorded_at is no instant of any calendar", rule="entry.recorded_at") from error
    return text


def _day(members: Mapping[str, JSON]) -> str:
    text = _text(members, "on", _DAY)
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
        if digest is not None and (type(digest) is not str or not _DIGEST.fullmatch(digest)):
            raise MalformedInput(f"a row of {table} has no SHA-256 digest", rule="entry.rows")
        if not 1 <= len(key) <= _MAX_TEXT:
            raise MalformedInput(f"a row of {table} has no key", rule="entry.rows")
        digests[key] = digest
    return digests
