"""What is known of this log outside its database: the published checkpoint, and what each witness shows of it.

The log's own signature makes such a head evidence against the database, whoever shows it; without that signature it
proves nothing and stops nothing, or a witness would have a veto. A witness that cannot be reached costs a line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from aid_ledger.core import logs
from aid_ledger.core.db import reading
from aid_ledger.log import calling
from aid_ledger.log.calling import NoAnswer, Reply
from aid_ledger.log.models import LogHead, Witness
from aid_ledger.log.rules import LogBehind, PublishedAltered
from aid_ledger.log.sequencer import TileFetch
from aid_ledger.log.tree import TileTree
from audit import checkpoint, note
from audit.checkpoint import Checkpoint
from audit.errors import AuditError

log = logs.get(__name__)

PUBLISHED = "published"
"""The name of the head that lies beside the database; no witness is asked under it."""

Keys = Sequence[note.VerifierKey]
"""The keys of this log, at least one; whichever of them signed, it was the log."""

Get = Callable[[str], Reply]


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint of this log that somebody outside knows, signed by the log."""

    known_to: str
    size: int
    root: bytes


def published_head(published: Path, keys: Keys) -> Head | None:
    """Read the checkpoint published outside the database; None if there is none.

    Raises:
        PublishedAltered: it cannot be read or is not signed by this log.
    """
    if not published.exists():
        return None
    try:
        stated = _signed(published.read_bytes(), keys)
    except AuditError as error:
        raise PublishedAltered(rule=error.rule) from error
    return Head(PUBLISHED, stated.size, stated.root)


def not_retired(published: Path, keys: Keys) -> Keys:
    """Give, of a log's keys from the newest on, those down to the one that signed what was published last.

    A key before that was retired, and whoever stole it could otherwise tell a database what it forgot (attack K1).
    """
    for place in range(len(keys)):
        with suppress(PublishedAltered):
            if published_head(published, keys[place : place + 1]) is not None:
                return keys[: place + 1]
    return keys[:1]


def witnessed_heads(engine: Engine, keys: Keys, *, get: Get = calling.get) -> list[Head]:
    """Ask every witness, all at once, what it shows of this log; those with nothing to say are left out."""
    with reading(engine) as session:
        witnesses = session.execute(select(Witness.name, Witness.url).order_by(Witness.name)).all()
    if not witnesses:
        return []
    place = hashlib.sha256(keys[0].name.encode()).hexdigest()
    with ThreadPoolExecutor(len(witnesses)) as pool:
        heads = pool.map(lambda each: _shown(each.name, f"{each.url}/{place}/checkpoint", keys, get), witnesses)
        return [head for head in heads if head is not None]


def refuse_if_witnesses_know_more(engine: Engine, keys: Keys, *, get: Get = calling.get) -> None:
    """Ask the witnesses before anything is signed, once at the start of whatever signs.

    Raises:
        LogBehind: the database holds fewer entries than a witness knows, or others.
    """
    refuse_if_behind(engine, witnessed_heads(engine, keys, get=get))


def refuse_if_behind(engine: Engine, heads: Sequence[Head]) -> None:
    """Refuse to go on with a database that does not hold what others know of this log.

    Raises:
        LogBehind: the database holds fewer entries than somebody knows, or others.
    """
    with reading(engine) as session:
        held = session.get(LogHead, 1)
        tree = TileTree(held.size if held else 0, TileFetch(session))
        for head in heads:
            if head.size > tree.size or (head.size and tree.at(head.size).root() != head.root):
                raise LogBehind(published=head.size, database=tree.size, known_to=head.known_to)


def _shown(name: str, address: str, keys: Keys, get: Get) -> Head | None:
    try:
        reply = get(address)
    except NoAnswer:
        log.warning("witness_not_reached", witness=name)
        return None
    if reply.status != calling.OK:
        # It has never cosigned this log, or is of those that show nothing.
        return None
    try:
        stated = _signed(reply.body, keys)
    except AuditError as error:
        log.warning("witness_shows_no_checkpoint_of_ours", witness=name, rule=error.rule)
        return None
    return Head(name, stated.size, stated.root)


def _signed(words: bytes, keys: Keys) -> Checkpoint:
    signed = note.parse(words)
    note.verify(signed, keys)
    return checkpoint.parse(signed.text)
