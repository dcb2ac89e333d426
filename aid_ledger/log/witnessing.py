"""Asking witnesses to cosign the newest checkpoint, and keeping what they answer (C2SP tlog-witness, client side).

Three steps an attempt, never two at once: read, call, keep. A witness that is absent costs a note in its row and stops
nothing. One that refuses saw another history than ours: that is an alarm, kept whatever it says later. Its cosignature
is checked before it is kept; whether it counts is decided by the inspector's policy (`audit.policy`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from aid_ledger.core import clock, logs
from aid_ledger.core.act import Act, keeping_house
from aid_ledger.core.db import reading
from aid_ledger.core.jobs.arguments import JsonObject
from aid_ledger.log import calling, history, rules
from aid_ledger.log.calling import NoAnswer, Reply
from aid_ledger.log.models import LogCheckpoint, Witness, WitnessCosignature, WitnessState
from aid_ledger.log.sequencer import TileFetch
from aid_ledger.log.tree import TileTree, tiles_of_proof
from audit import checkpoint, cosignature, note
from audit.errors import AuditError
from audit.facts.founding import WitnessAdded
from audit.note import COSIGNATURE, Note, encode_base64
from audit.policy import MAX_FUTURE_S

log = logs.get(__name__)

ATTEMPTS: Final = 2
"""The second one follows the size that a 409 named."""
REFUSED: Final = "refused"
AHEAD: Final = "ahead"
FORGOT: Final = "forgot"
NO_ANSWER: Final = "no_answer"
BAD_COSIGNATURE: Final = "bad_cosignature"
BUSY: Final = "busy"
ALARMS: Final = frozenset({REFUSED, AHEAD, FORGOT})
"""It contradicts us: it refused our history, it cosigned a longer one, or it lost its memory and would swear to any."""

Post = Callable[[str, bytes], Reply]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt came to: `fault` is "" if the witness cosigned the checkpoint of `size`."""

    witness: str
    size: int
    fault: str


@dataclass(frozen=True, slots=True)
class _Call:
    """What is sent to a witness: the newest checkpoint, and the proof that it continues `old_size`."""

    witness_id: int
    name: str
    vkey: str
    url: str
    known_size: int
    old_size: int
    size: int
    signed: Note
    body: bytes
    last_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an answer means: a good line and its time, or a fault, or the size to try again from."""

    fault: str = ""
    line: str = ""
    time_s: int = 0
    named_size: int | None = None


def add_witness(act: Act, *, name: str, vkey: str, url: str) -> Witness:
    """Ask one more witness from now on; that it is believed is for the policies of others to say.

    Raises:
        WitnessMalformed, WitnessKnown.
    """
    try:
        key = note.parse_vkey(vkey)
    except AuditError as error:
        raise rules.WitnessMalformed(name=name) from error
    is_address = url.startswith(("https://", "http://")) and len(url) <= rules.URL_LIMIT and url.isprintable()
    if key.algorithm != COSIGNATURE or not is_address or " " in url:
        raise rules.WitnessMalformed(name=name)
    known = act.session.scalars(select(Witness)).all()
    publics = {note.parse_vkey(each.vkey).public for each in known}
    # One key under two names is one witness (attack K3).
    if name in {each.name for each in known} or key.public in publics or len(known) >= rules.WITNESS_LIMIT:
        raise rules.WitnessKnown(name=name)

    witness = Witness(name=name, vkey=str(key), url=url.rstrip("/"), added_at=act.at)
    act.session.add(witness)
    act.session.flush()
    act.session.add(WitnessState(witness_id=witness.id, size=0, fault="", refusal=""))
    act.session.flush()

    act.record(WitnessAdded(name=witness.name, vkey=witness.vkey, url=witness.url))
    return witness


def submit(engine: Engine, name: str = "", *, post: Post = calling.post) -> list[Attempt]:
    """Ask every witness now, or the one of that name.

    Raises:
        WitnessNotFound: there is none of that name.
        NotSealed: there is no checkpoint yet.
    """
    with reading(engine) as session:
        found = [each.name for each in session.scalars(select(Witness).order_by(Witness.name))]
        newest = session.scalar(select(func.max(LogCheckpoint.size)))
    if name and name not in found:
        raise rules.WitnessNotFound(name=name)
    if newest is None:
        raise rules.NotSealed(position=0)
    return [_ask(engine, each, post, newest) for each in found if name in ("", each)]


def submit_due(engine: Engine, *, post: Post = calling.post) -> JsonObject:
    """Ask the witnesses that are due: those behind the newest checkpoint, and those whose last word is old.

    All are shown one and the same checkpoint: a quorum is of one size, and a log that grows every second would
    otherwise have each cosign another.
    """
    with reading(engine) as session:
        newest = session.scalar(select(func.max(LogCheckpoint.size)))
        if newest is None:
            return {}
        due = _due(session, newest, clock.now())
    attempts = [_ask(engine, each, post, newest) for each in due]
    missed = sum(1 for each in attempts if each.fault)
    return {"cosigned": len(attempts) - missed, "missed": missed} if attempts else {}


def _due(session: Session, newest: int, at: dt.datetime) -> list[str]:
    query = select(Witness.name, WitnessState).join(WitnessState, WitnessState.witness_id == Witness.id)
    return [
        name
        for name, state in session.execute(query.order_by(Witness.name))
        if rules.is_due(
            is_behind=state.size < newest,
            has_fault=bool(state.fault),
            asked_at=state.asked_at,
            cosigned_at=state.cosigned_at,
            at=at,
        )
    ]


def _ask(engine: Engine, name: str, post: Post, size: int) -> Attempt:
    """Submit the checkpoint of a size to one witness, once more if it names another size than we remember."""
    old_size = None
    for left in reversed(range(ATTEMPTS)):
        with reading(engine) as session:
            call = _prepare(session, name, old_size, size)
        try:
            outcome = _judge(call, post(f"{call.url}/add-checkpoint", call.body), is_last=not left)
        except NoAnswer:
            outcome = _Outcome(fault=NO_ANSWER)
        if outcome.named_size is None:
            break
        old_size = outcome.named_size
    with keeping_house(engine) as session:
        _keep(session, call, outcome)
    return Attempt(name, call.size, outcome.fault)


def _prepare(session: Session, name: str, old_size: int | None, size: int) -> _Call:
    """Write what is sent: `old_size` is the size to start from, None for the one we remember.

    Whoever has seen more than `size` is shown the newest checkpoint instead.
    """
    witness = session.scalars(select(Witness).where(Witness.name == name)).one()
    state = session.get_one(WitnessState, witness.id)
    old = state.size if old_size is None else old_size
    shown = select(LogCheckpoint).where(LogCheckpoint.size == size)
    if old > size:
        shown = select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)
    sealed = session.scalars(shown).one()
    signed = note.parse(sealed.note.encode())
    # A size beyond ours is not proved but judged: the answer to it says who is behind.
    known = min(old, sealed.size)
    proof = TileTree(sealed.size, TileFetch(session, tiles_of_proof(known, sealed.size))).consistency_proof(known)
    head = "".join(f"{line}\n" for line in [f"old {known}", *map(encode_base64, proof)])
    # Of the checkpoint only the log's own signature travels: some witnesses read no more than 16 KiB.
    return _Call(
        witness.id,
        witness.name,
        witness.vkey,
        witness.url,
        known_size=state.size,
        old_size=known,
        size=sealed.size,
        signed=signed,
        body=head.encode() + b"\n" + sealed.note.encode(),
        last_at=state.cosigned_at,
    )


def _judge(call: _Call, reply: Reply, *, is_last: bool) -> _Outcome:
    """Say what an answer means; a 409 that names no size is final, as is a 422."""
    match reply.status:
        case calling.OK:
            return _check_cosignature(call, reply.body)
        case calling.INCONSISTENT:
            return _Outcome(fault=REFUSED)
        case calling.OTHER_SIZE:
            return _judge_size(call, _named_size(reply), is_last=is_last)
        case _:
            return _Outcome(fault=f"status_{reply.status}")


def _named_size(reply: Reply) -> int | None:
    """Read the size that a 409 names; None if it names none."""
    if reply.kind != calling.SIZE:
        return None
    try:
        return checkpoint.parse_decimal(reply.body.decode("ascii").removesuffix("\n"))
    except (AuditError, UnicodeError):
        return None


def _judge_size(call: _Call, named: int | None, *, is_last: bool) -> _Outcome:
    # Naming the size we began from means that it has another root for it (tlog-witness v1.0.0).
    if named is None or named == call.old_size:
        return _Outcome(fault=REFUSED)
    if named < call.known_size:
        return _Outcome(fault=FORGOT)
    if not is_last:
        # The log may have grown, and the witness been asked by another worker, since the checkpoint was read.
        return _Outcome(named_size=named)
    return _Outcome(fault=AHEAD if named > call.size else BUSY)


def _check_cosignature(call: _Call, body: bytes) -> _Outcome:
    """Check the line before it is kept: a bad or postdated one beside the log's would spoil the checkpoint for all."""
    key = note.parse_vkey(call.vkey)
    try:
        lines = [note.parse_signature(line) for line in body.decode().splitlines()]
        mine = tuple(each for each in lines if each.is_by(key))[:1]
        sworn = cosignature.verify(Note(call.signed.text, mine), [key])
    except (AuditError, UnicodeError):
        return _Outcome(fault=BAD_COSIGNATURE)
    now_s = int(clock.now().timestamp())
    last_s = int(call.last_at.timestamp()) if call.last_at else 0
    if not sworn or not last_s <= sworn[0].time_s <= now_s + MAX_FUTURE_S:
        return _Outcome(fault=BAD_COSIGNATURE)
    return _Outcome(line=mine[0].line(), time_s=sworn[0].time_s)


def _keep(session: Session, call: _Call, outcome: _Outcome) -> None:
    """Note what came of it. The first alarm stays for good: a later success explains nothing."""
    state = session.get_one(WitnessState, call.witness_id, with_for_update=True, populate_existing=True)
    fault = outcome.fault
    state.asked_at = clock.now()
    state.fault = fault
    if fault in ALARMS and not state.refusal:
        state.refusal, state.refused_size, state.refused_at = fault, call.size, state.asked_at
    if fault:
        log.warning("witness_did_not_cosign", witness=call.name, fault=fault, size=call.size)
        return
    cosigned_at = dt.datetime.fromtimestamp(outcome.time_s, dt.UTC)
    state.size = max(state.size, call.size)
    state.cosigned_at = max(state.cosigned_at or cosigned_at, cosigned_at)
    held = session.get(WitnessCosignature, (call.size, call.witness_id))
    if held is None:
        held = WitnessCosignature(size=call.size, witness_id=call.witness_id)
        session.add(held)
    held.line, held.cosigned_at = outcome.line, cosigned_at
    session.flush()
    history.note_down(session, call.size)
