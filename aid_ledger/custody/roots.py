"""Changing the root that receipts hang from: proposed with the old root's signature, agreed to, withdrawn, or taken.

The same steps, people and 72 hours as for the log's key (`service.py`). Receipts under checkpoints from before the
taking hang from the old root for ever. The process that sequences the log takes the root (`carrying.py`).
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from aid_ledger.core.act import Act
from aid_ledger.custody import queries, rules
from aid_ledger.custody.handed import RootStatement
from aid_ledger.custody.models import ReceiptRoot
from aid_ledger.custody.service import require_second
from aid_ledger.log import queries as log
from aid_ledger.officials.service.people import require_admin
from audit.facts.custody import ReceiptRootAnnounced, ReceiptRootProposed, ReceiptRootTaken, ReceiptRootWithdrawn
from audit.note import encode_base64
from audit.roots import fingerprint

TYPED_AT_LEAST = 16
"""Hex digits of a fingerprint that a person compares: 64 bits, which nobody makes a second certificate for."""


def propose_root(act: Act, statement: bytes, *, decree: str) -> ReceiptRoot:
    """Propose that receipts hang from a new root; nothing changes until a second person agrees.

    Raises: AdminNeeded, RootStatementMalformed, RootUndecided, RootUsedBefore, NotSealed.
    """
    require_admin(act)
    handed = RootStatement.read(statement, log.name_of_log(act.session).origin)
    old, new = fingerprint(handed.old), fingerprint(handed.new)
    known = act.session.scalars(select(ReceiptRoot)).all()
    used = queries.receipt_roots(act.session)

    if old != used[-1].fingerprint or not decree.strip():
        raise rules.RootStatementMalformed
    if any(each.state in rules.OPEN for each in known):
        raise rules.RootUndecided
    if new in {each.fingerprint for each in known} | {each.fingerprint for each in used}:
        raise rules.RootUsedBefore

    root = ReceiptRoot(
        fingerprint=new,
        old_fingerprint=old,
        certificate=encode_base64(handed.new),
        old_certificate=encode_base64(handed.old),
        signature=encode_base64(handed.signature),
        decree=decree.strip(),
        state=rules.PROPOSED,
        proposed_by=act.actor.id,
        proposed_at=act.at,
        announced_act="",
        taken_act="",
    )
    act.session.add(root)
    act.session.flush()

    act.record(ReceiptRootProposed(old=old, new=new, decree=root.decree))
    return root


def announce_root(act: Act, typed: str, *, wait: dt.timedelta) -> ReceiptRoot:
    """Agree, as the second person, to a proposed root; `typed` is its fingerprint in hex, or the first 16 digits of it.

    Raises: AdminNeeded, RootNotFound, RootNotProposed, SecondPersonNeeded.
    """
    require_admin(act)
    root = _open_root(act, typed)

    if root.state != rules.PROPOSED:
        raise rules.RootNotProposed
    require_second(act, root.proposed_by)

    root.state, root.usable_from, root.announced_act = rules.ANNOUNCED, act.at + max(wait, rules.wait_of(0)), act.id
    act.session.flush()

    act.record(
        ReceiptRootAnnounced(
            old=root.old_fingerprint,
            new=root.fingerprint,
            old_certificate=root.old_certificate,
            certificate=root.certificate,
            signature=root.signature,
            usable_from=root.usable_from,
            proposed_by=root.proposed_by,
            decree=root.decree,
        )
    )
    return root


def withdraw_root(act: Act, typed: str, *, reason: str) -> ReceiptRoot:
    """Give up a proposed or announced root: one person is enough, for it keeps everything as it is.

    Raises: AdminNeeded, RootNotFound.
    """
    require_admin(act)
    root = _open_root(act, typed)

    root.state = rules.WITHDRAWN
    act.session.flush()

    act.record(ReceiptRootWithdrawn(new=root.fingerprint, reason=reason))
    return root


def take_root(act: Act, root_id: int) -> ReceiptRoot:
    """Pass on to an announced root. Nobody decides this; asked for by `carrying.take_root` alone.

    Raises: KeyNotRipe.
    """
    query = select(ReceiptRoot).where(ReceiptRoot.id == root_id).with_for_update()
    root = act.session.scalars(query.execution_options(populate_existing=True)).one()

    if root.state != rules.ANNOUNCED or root.usable_from is None or act.at < root.usable_from:
        raise rules.KeyNotRipe

    root.state, root.taken_act = rules.TAKEN, act.id
    act.session.flush()

    act.record(ReceiptRootTaken(old=root.old_fingerprint, new=root.fingerprint))
    return root


def _open_root(act: Act, typed: str) -> ReceiptRoot:
    """Fetch, locked, the root on which something is to be decided, if it is the one that is meant."""
    query = select(ReceiptRoot).where(ReceiptRoot.state.in_(rules.OPEN)).with_for_update()
    found = act.session.scalars(query.execution_options(populate_existing=True)).first()
    meant = typed.strip().lower()
    if found is None or len(meant) < TYPED_AT_LEAST or not queries.hex_of(found.fingerprint).startswith(meant):
        raise rules.RootNotFound
    return found
