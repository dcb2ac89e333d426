"""Asking an authority of time for a token over the newest checkpoint (RFC 3161), and keeping what it answers.

A token is asked for when a round of receipts lies under a checkpoint that none covers yet. Three steps, never two at
once: read, call, keep; no Act is open. Nothing waits for it: an authority that is silent or answers something else
costs a note in its row and is asked again, ever later. A token is checked against the pinned certificate before it is
kept and again before a page says anything of it, by the verifier's own reader (`audit.timestamp`).
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from aid_ledger.core import clock, logs, outside
from aid_ledger.core.act import keeping_house
from aid_ledger.core.db import reading
from aid_ledger.core.jobs.arguments import JsonObject
from aid_ledger.core.outside import OK, Limits, NoAnswer, Reply
from aid_ledger.log import rules
from aid_ledger.log.models import LogCheckpoint, LogEntry, LogPosition, LogTimestamp, TimestampState
from aid_ledger.log.queries import newest_checkpoint
from aid_ledger.settings import Settings
from audit import note, timestamp, timestamps
from audit.errors import AuditError
from audit.facts.paying import ReceiptIssued
from audit.timestamp import Authority, Stamped

log = logs.get(__name__)

LOOK_EVERY_S: Final = 20
"""How often it is looked whether a token is due: a round waits a minute for it anyway."""
LIMITS: Final = Limits(silence_s=10, deadline_s=20, most_bytes=timestamp.MAX_TOKEN_BYTES + 1_024)
NONCE_BITS: Final = 64
NO_ANSWER: Final = "no_answer"
STALE: Final = "timestamp.stale"
"""The token is older than the question: a clock that lags, or an answer from another day."""
SKEW: Final = dt.timedelta(minutes=5)
PAGE: Final = 500
"""Tokens read at a time: some two megabytes."""
ALARMING: Final = 3
"""Misses in a row from which on people are told: one or two are an outage that ends by itself."""

Post = Callable[[str, bytes], Reply]


@dataclass(frozen=True, slots=True)
class TimeAuthority:
    """Who is asked for tokens: an address, and the certificates it is known by."""

    url: str
    pinned: Authority


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one question came to: `fault` is "" if a token over the checkpoint of `size` was kept."""

    size: int
    fault: str
    stated: Stamped | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with tokens: the newest with its size, None if it is none, and what the last question came to."""

    newest: tuple[int, Stamped] | None
    fault: str
    misses: int
    asked_at: dt.datetime | None

    @property
    def is_alarming(self) -> bool:
        """Tell whether the authority has been silent or wrong for long enough to tell people."""
        return self.misses >= ALARMING


def authority_of(settings: Settings) -> TimeAuthority | None:
    """Give the authority that is set; None where none is.

    Raises:
        NoTimeAuthority: there is an address, and no certificate to believe it by.
    """
    if not settings.timestamp_url:
        return None
    try:
        pinned = timestamp.load_authority(settings.timestamp_authority_file.read_bytes())
    except (OSError, AuditError) as error:
        raise rules.NoTimeAuthority(file=str(settings.timestamp_authority_file)) from error
    return TimeAuthority(settings.timestamp_url, pinned)


def post(address: str, body: bytes) -> Reply:
    """Send a question to an authority (RFC 3161 3.4) and read the answer, whatever its status.

    Raises:
        NoAnswer: there was none, or it was too long or too slow.
    """
    return outside.ask(address, LIMITS, body=body, headers={"Content-Type": "application/timestamp-query"})


def ask_due(engine: Engine, settings: Settings, *, post: Post = post) -> JsonObject:
    """Ask for a token if receipts lie under a checkpoint without one, and enough time went by since the last miss.

    Raises:
        NoTimeAuthority: see `authority_of`.
    """
    with reading(engine) as session:
        if not settings.timestamp_url or not _is_due(session, clock.now()):
            return {}
    attempt = ask(engine, settings, post=post)
    return {"stamped": attempt.size} if not attempt.fault else {"missed": attempt.fault}


def ask(engine: Engine, settings: Settings, *, post: Post = post) -> Attempt:
    """Ask for a token over the newest checkpoint now.

    Raises:
        NoTimeAuthority: none is set, or see `authority_of`.
        NotSealed: there is no checkpoint yet.
    """
    authority = authority_of(settings)
    if authority is None:
        raise rules.NoTimeAuthority(file="")
    with reading(engine) as session:
        newest = newest_checkpoint(session)
    if newest is None:
        raise rules.NotSealed(position=0)
    token, attempt = _call(authority, newest, post)
    with keeping_house(engine) as session:
        _keep(session, attempt, token)
    return attempt


def over(session: Session, position: int, settings: Settings) -> tuple[int, Stamped] | None:
    """Give the first good token over the entry at a position, and its size; None without one."""
    query = select(LogTimestamp).where(LogTimestamp.size > position).order_by(LogTimestamp.size).limit(1)
    return _good(session, session.scalars(query).first(), settings)


def standing(session: Session, settings: Settings) -> Standing:
    """Tell how it stands with tokens on this installation."""
    query = select(LogTimestamp).order_by(LogTimestamp.size.desc()).limit(1)
    newest = _good(session, session.scalars(query).first(), settings)
    state = session.get_one(TimestampState, 1)
    return Standing(newest, state.fault, state.misses, state.asked_at)


def token_of(session: Session, size: int) -> bytes:
    """Give the token over the checkpoint of a size; empty without one."""
    held = session.get(LogTimestamp, size)
    return bytes(held.token) if held else b""


def pages(session: Session, *, at_most: int | None = None) -> Iterator[bytes]:
    """Write the file of tokens in pieces, up to the checkpoint of a size; nothing at all where there are none."""
    last = 0
    while True:
        query = select(LogTimestamp.size, LogTimestamp.token).where(LogTimestamp.size > last)
        if at_most is not None:
            query = query.where(LogTimestamp.size <= at_most)
        found = session.execute(query.order_by(LogTimestamp.size).limit(PAGE)).all()
        if not found:
            return
        yield timestamps.encode((size, bytes(token)) for size, token in found)
        last = found[-1].size


def _is_due(session: Session, at: dt.datetime) -> bool:
    """Say whether receipts lie under the newest checkpoint and under no token, and have stopped coming."""
    state = session.get_one(TimestampState, 1)
    if state.misses and state.asked_at and at - state.asked_at < rules.stamp_pause(state.misses):
        return False
    covered = session.scalar(select(func.coalesce(func.max(LogTimestamp.size), 0)))
    sealed = session.scalar(select(func.coalesce(func.max(LogCheckpoint.size), 0)))
    uncovered = (
        select(func.min(LogEntry.recorded_at), func.max(LogEntry.recorded_at))
        .join(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogPosition.position >= covered, LogPosition.position < sealed, LogEntry.kind == ReceiptIssued.KIND)
    )
    found = session.execute(uncovered).one()
    first: dt.datetime | None = found[0]
    return first is not None and (at - found[1] >= rules.STAMP_QUIET or at - first >= rules.STAMP_LATEST)


def _call(authority: TimeAuthority, newest: LogCheckpoint, post: Post) -> tuple[bytes, Attempt]:
    """Ask for a token, and give it with what it says; b"" with the fault where the answer is not what was asked."""
    text, nonce = note.parse(newest.note.encode()).text, secrets.randbits(NONCE_BITS) | 1
    asked_at = clock.now()
    try:
        reply = post(authority.url, timestamp.request(text, nonce))
    except NoAnswer:
        return b"", Attempt(newest.size, NO_ANSWER)
    if reply.status != OK:
        return b"", Attempt(newest.size, f"status_{reply.status}")
    now_s = int(clock.now().timestamp())
    try:
        token, stated = timestamp.check_answer(reply.body, authority.pinned, text=text, nonce=nonce, now_s=now_s)
    except AuditError as error:
        return b"", Attempt(newest.size, error.rule)
    if stated.at < asked_at - SKEW:
        return b"", Attempt(newest.size, STALE)
    return token, Attempt(newest.size, "", stated)


def _keep(session: Session, attempt: Attempt, token: bytes) -> None:
    """Note what came of it. Of two workers who asked at once the second finds the first one's token."""
    state = session.get_one(TimestampState, 1, with_for_update=True, populate_existing=True)
    state.asked_at, state.fault = clock.now(), attempt.fault
    state.misses = state.misses + 1 if attempt.fault else 0
    if attempt.stated is None:
        log.warning("no_timestamp", fault=attempt.fault, size=attempt.size, misses=state.misses)
        return
    if session.get(LogTimestamp, attempt.size) is None:
        session.add(LogTimestamp(size=attempt.size, token=token, stamped_at=attempt.stated.at))


def _good(session: Session, held: LogTimestamp | None, settings: Settings) -> tuple[int, Stamped] | None:
    """Check a stored token again: one put in by hand is none, and without a pinned authority none can be believed."""
    if held is None:
        return None
    text = note.parse(session.get_one(LogCheckpoint, held.size).note.encode()).text
    try:
        authority = authority_of(settings)
        if authority is None:
            return None
        stated = timestamp.open_token(bytes(held.token), authority.pinned, now_s=int(clock.now().timestamp()))
        timestamp.check_text(stated, text)
    except (AuditError, rules.NoTimeAuthority):
        return None
    return held.size, stated
