"""An entry as its reader holds it, and the forms of its members. How it is read is in `entry.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from audit.canonical import JSON

ACTOR_TYPES: Final = frozenset({"official", "public", "system", "channel"})
NAMED_ACTORS: Final = frozenset({"official", "channel"})
DOORS: Final = frozenset({"web", "cli", "job", "init"})
MAX_ORDINAL: Final = 2**31 - 1
MAX_TEXT: Final = 200
"""Letters of a login, an office, or the primary key of a row."""
ANY_TABLE: Final = "*"
"""What RowsWritten declares: it explains rows of the fact that it continues."""
ID: Final = re.compile(r"[0-9A-Za-z-]{26,36}")
ACT: Final = re.compile(r"[0-9a-f]{32}")
TABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


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

    `rows` maps a table and the text of a primary key to the digest of the stored row, or to None for a row that is
    gone. What was read is taken apart further only when somebody looks into `body` or `rows`.
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
