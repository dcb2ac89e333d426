"""How sequencing fares, seen from outside: who does it, how far it is, what waits, and whether somebody should look.

Reads only, needs no key, and trusts none of it: what the tree holds is checked by `audit diff` and by verifiers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from aid_ledger.core.db import dialect_of, reading
from aid_ledger.log import queries
from aid_ledger.log.duty import Holder, holder_of
from aid_ledger.log.fingerprint import is_schema_told
from aid_ledger.log.queries import LogStatus
from aid_ledger.log.rules import MERGE_DELAY_S
from audit import checkpoint, note
from audit.checkpoint import Checkpoint
from audit.errors import AuditError

LATE: Final = "late"
BEHIND: Final = "behind"
NOBODY: Final = "nobody"
UNTOLD: Final = "untold"
"""The database is built by migrations that the log does not know of."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen; `holder` is None where nobody sequences or everybody who acts does (the embedded database).

    `published` is the size of the checkpoint kept outside the database, -1 if it cannot be read and 0 without one.
    """

    status: LogStatus
    holder: Holder | None
    published: int
    alarms: tuple[str, ...]


def look(engine: Engine, published: Path, *, pause: Callable[[float], object] = time.sleep) -> Watch:
    """Look once and, if entries wait, once more after the merge delay: what still waits then has waited too long.

    When an entry was committed nobody knows but the database; that it waited between two looks is seen.
    """
    # The file first, so that the database can only be ahead of it.
    outside, is_readable = _read(published)
    with reading(engine) as session:
        first = queries.status(session)
    if first.waiting:
        pause(MERGE_DELAY_S)
    with reading(engine) as session:
        status, holder = queries.status(session), holder_of(session)
        alarms = {
            NOBODY: holder is None and dialect_of(session) == "postgresql",
            LATE: status.sealed < first.sealed + first.waiting,
            UNTOLD: not is_schema_told(session),
            BEHIND: not is_readable or (outside is not None and not _continues(session, outside)),
        }
    size = outside.size if outside else 0
    return Watch(status, holder, size if is_readable else -1, tuple(name for name, is_on in alarms.items() if is_on))


def _read(published: Path) -> tuple[Checkpoint | None, bool]:
    """Read the checkpoint outside, None if there is none yet; and whether it can be read."""
    if not published.exists():
        return None, True
    try:
        return checkpoint.parse(note.parse(published.read_bytes()).text), True
    except AuditError:
        return None, False


def _continues(session: Session, outside: Checkpoint) -> bool:
    """Tell whether the database signed what was published."""
    held = queries.checkpoint_of(session, outside.size)
    return held is not None and held.root == outside.root
