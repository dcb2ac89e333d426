"""Changing the log's key: proposed with both keys' signatures, agreed to by a second person, withdrawn, or taken.

Between agreement and taking lie 72 hours in which the announcement is sealed, witnessed and read; whoever finds a key
there that they do not know withdraws it. What a thief of the old key lacks are a second official, the witnesses and
this time (THREATS 11). The sequencer alone takes the key (`carrying.py`), because it alone has it.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from aid_ledger.core.act import Act
from aid_ledger.custody import rules
from aid_ledger.log import queries as log
from aid_ledger.log.models import LogKey
from aid_ledger.officials import queries as officials
from aid_ledger.officials.powers import acting_official_id
from aid_ledger.officials.service.people import require_admin
from audit.facts.custody import LogKeyAnnounced, LogKeyProposed, LogKeyTaken, LogKeyWithdrawn


def propose_key(act: Act, statement: bytes, *, decree: str) -> LogKey:
    """Propose that the log be signed with a new key; nothing changes until a second person agrees.

    Raises: AdminNeeded, StatementMalformed, KeyUndecided, KeyUsedBefore, NotSealed.
    """
    require_admin(act)
    old, new, old_signature, new_signature = rules.read_statement(statement)
    known = act.session.scalars(select(LogKey)).all()
    named = log.name_of_log(act.session)

    if str(old) != named.vkey or not decree.strip():
        raise rules.StatementMalformed
    if any(each.state in rules.OPEN for each in known):
        raise rules.KeyUndecided
    if str(new) in {each.vkey for each in known} or new in {each.key for each in named.keys}:
        raise rules.KeyUsedBefore

    key = LogKey(
        vkey=str(new),
        old_vkey=str(old),
        old_signature=old_signature,
        new_signature=new_signature,
        decree=decree.strip(),
        state=rules.PROPOSED,
        proposed_by=act.actor.id,
        proposed_at=act.at,
        announced_act="",
        taken_act="",
    )
    act.session.add(key)
    act.session.flush()

    act.record(LogKeyProposed(old=key.old_vkey, new=key.vkey, decree=key.decree))
    return key


def announce_key(act: Act, key_id: str, *, wait: dt.timedelta) -> LogKey:
    """Agree, as the second person, to a proposed key; from now on it waits to be taken.

    `key_id` is the new key's, as the second person has it on paper, so that nobody agrees to another one.

    Raises: AdminNeeded, KeyNotFound, KeyNotProposed, SecondPersonNeeded.
    """
    require_admin(act)
    key = _open_key(act, key_id)

    if key.state != rules.PROPOSED:
        raise rules.KeyNotProposed
    require_second(act, key.proposed_by)

    key.state, key.usable_from, key.announced_act = rules.ANNOUNCED, act.at + max(wait, rules.wait_of(0)), act.id
    act.session.flush()

    act.record(
        LogKeyAnnounced(
            old=key.old_vkey,
            new=key.vkey,
            old_signature=key.old_signature,
            new_signature=key.new_signature,
            usable_from=key.usable_from,
            proposed_by=key.proposed_by,
            decree=key.decree,
        )
    )
    return key


def withdraw_key(act: Act, key_id: str, *, reason: str) -> LogKey:
    """Give up a proposed or announced key: one person is enough, for it keeps everything as it is.

    Raises: AdminNeeded, KeyNotFound.
    """
    require_admin(act)
    key = _open_key(act, key_id)

    key.state = rules.WITHDRAWN
    act.session.flush()

    act.record(LogKeyWithdrawn(new=key.vkey, reason=reason))
    return key


def take_key(act: Act, key_id: int, *, seen: str, kept: str) -> LogKey:
    """Pass on to an announced key; `seen` and `kept` are the checkpoints that show how long it lay in the open.

    Nobody decides this: two people have, and the time has passed. Asked for by `carrying.carry_on` alone.

    Raises: KeyNotRipe.
    """
    query = select(LogKey).where(LogKey.id == key_id).with_for_update()
    key = act.session.scalars(query.execution_options(populate_existing=True)).one()

    if key.state != rules.ANNOUNCED or key.usable_from is None or act.at < key.usable_from:
        raise rules.KeyNotRipe

    key.state, key.taken_act = rules.TAKEN, act.id
    act.session.flush()

    act.record(LogKeyTaken(old=key.old_vkey, new=key.vkey, seen=seen, kept=kept))
    return key


def require_second(act: Act, proposed_by: str) -> None:
    """Refuse whoever proposed what they agree to, and whoever holds that person's office; raises SecondPersonNeeded."""
    proposer = officials.official_by_login(act.session, proposed_by)
    if proposer.id in officials.barred_with(act.session, acting_official_id(act), act.on):
        raise rules.SecondPersonNeeded


def _open_key(act: Act, key_id: str) -> LogKey:
    """Fetch, locked, the key on which something is to be decided, if it is the one that is meant."""
    query = select(LogKey).where(LogKey.state.in_(rules.OPEN)).with_for_update()
    found = act.session.scalars(query.execution_options(populate_existing=True)).first()
    if found is None or found.vkey.split("+")[1] != key_id.strip().lower():
        raise rules.KeyNotFound
    return found
