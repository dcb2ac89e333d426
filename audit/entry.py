"""Reading and writing entries: the envelope here, member by member; the body by its kind, in `facts/`.

Whether the fact was allowed is decided by `replay/`, and its place among the others by `order.py`.

An entry is read in one of two ways that always agree. Most match the one spelling of their kind (`spelled.py`), which
checks bytes, canonical form, envelope and schema at once. Whatever does not match is taken apart here, and only this
way refuses: it also reads what no spelling covers, such as text with letters beyond ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from audit import canonical, facts
from audit.envelope import (
    ACT,
    ACTOR_TYPES,
    ANY_TABLE,
    DOORS,
    ID,
    MAX_ORDINAL,
    MAX_TEXT,
    NAMED_ACTORS,
    TABLE,
    Actor,
    Entry,
)
from audit.errors import MalformedInput
from audit.facts.codec import DAY, DIGEST, INSTANT
from audit.spelled import read_spelled

if TYPE_CHECKING:
    from audit.canonical import JSON

__all__ = ["Actor", "Entry", "encode_entry", "parse_entry", "read_members"]

_MEMBERS: Final = frozenset({"kind", "v", "id", "act", "ordinal", "actor", "recorded_at", "on", "body", "rows"})
_ACTOR_MEMBERS: Final = frozenset({"type", "id", "office", "door"})
_KIND: Final = re.compile(r"[A-Z][A-Za-z0-9]{1,63}")


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
        id=_text(members, "id", ID),
        act=_text(members, "act", ACT),
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
    if undeclared and ANY_TABLE not in fact.TABLES:
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
    texts = {name: member for name, member in value.items() if type(member) is str and len(member) <= MAX_TEXT}
    if len(texts) != len(_ACTOR_MEMBERS) or texts["type"] not in ACTOR_TYPES or texts["door"] not in DOORS:
        raise MalformedInput("actor has an unknown type or door, or a member that is no short text", rule="entry.actor")
    if texts["type"] in NAMED_ACTORS and not texts["id"]:
        raise MalformedInput(f"an actor of type {texts['type']} has an id", rule="entry.actor")
    return Actor(**texts)


def _rows(value: JSON) -> dict[str, dict[str, str | None]]:
    if type(value) is not dict:
        raise MalformedInput("rows is not an object", rule="entry.rows")
    return {table: _digests(table, digests) for table, digests in value.items()}


def _digests(table: str, value: JSON) -> dict[str, str | None]:
    """Read the digests of one table; a table without rows is left out, never written empty."""
    if not TABLE.fullmatch(table) or type(value) is not dict or not value:
        raise MalformedInput("rows does not map tables to rows", rule="entry.rows")
    digests: dict[str, str | None] = {}
    for key, digest in value.items():
        if digest is not None and (type(digest) is not str or not DIGEST.fullmatch(digest)):
            raise MalformedInput(f"a row of {table} has no SHA-256 digest", rule="entry.rows")
        if not 1 <= len(key) <= MAX_TEXT:
            raise MalformedInput(f"a row of {table} has no key", rule="entry.rows")
        digests[key] = digest
    return digests
