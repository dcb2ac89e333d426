"""Print files: the receipts of a batch in one village, made as one file and counted as one more print of each.

A file is made first and recorded afterwards, in one Act; only then does it leave. So a file that could not be made is
not counted, and none leaves uncounted. If anything happened to its receipts in between, the Act refuses and the file is
thrown away: what it says of prints and of what stands would not be true. A crash between the two leaves a file that
nobody was given and nothing in the log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.act import Act
from aid_ledger.core.crypto import FieldKeys, IntegrityFailed, Opener
from aid_ledger.core.db import among, dialect_of
from aid_ledger.leaving import service as leaving
from aid_ledger.receipts import fields as stated
from aid_ledger.receipts import printing_queries as queries
from aid_ledger.receipts import rules, service
from aid_ledger.receipts.bundle import Bundle, Leaf
from aid_ledger.receipts.imposing import LAYOUTS
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.placing import Placed
from aid_ledger.receipts.printing_queries import Plan
from aid_ledger.regions.rules import ZONE_WORDS
from audit.facts.paying import PrintedReceipt, ReceiptsPrinted

if TYPE_CHECKING:
    from aid_ledger.receipts.press import Press

PER_QUERY: Final = 250
"""Receipts opened at a time: all that is in memory of their contents."""
PER_FACT: Final = 500
"""Receipts named in one fact: what its list may hold (audit/facts/codec.py)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks to have printed; `village` is empty for a programme that names no place."""

    batch: str
    village: str
    layout: str
    areas: Collection[str]
    by: str


@dataclass(frozen=True, slots=True)
class Doors:
    """How a door reads and acts: `act` runs a service in one Act of whoever came in."""

    read: Callable[[], AbstractContextManager[Session]]
    act: Callable[..., object]
    keys: FieldKeys


def print_out(doors: Doors, press: Press, out: BinaryIO, wanted: Wanted) -> Bundle:
    """Write the print file of what is wanted, record it, and tell what it is. It may leave once this returns.

    Raises:
        BatchNotFound: there is no such batch.
        NothingToPrint: no receipt of it stands there, or not in these areas.
        TooManyToPrint: there are more than one file holds.
        LayoutTooSmall: they are handover records, and the paper has no room for four to sign.
        NotSealed: some of their entries do not lie under a checkpoint yet.
        SigningUnavailable: no signing certificate here is of the root in force, or it has ended.
        PrintOutdated, NotWitnessed, WaySpent: as `record_print_file`.

    """
    with doors.read() as session:
        plan = queries.plan_of(session, doors.keys, wanted.batch, wanted.village, wanted.areas)
        if plan.unit and LAYOUTS[wanted.layout].is_small:
            raise rules.LayoutTooSmall(batch=wanted.batch)
        bundle = _bundle_of(plan, wanted, clock.now())
        press.bind(session, out, bundle, leaves(session, doors.keys, plan))
    doors.act(record_print_file, plan, wanted.layout)
    return bundle


def leaves(session: Session, keys: FieldKeys, plan: Plan) -> Iterator[Leaf]:
    """Open the receipts of a plan in its order, some at a time.

    Raises:
        IntegrityFailed: what a receipt states is not what the log says was issued.

    """
    opener = Opener(keys, table="receipts", column="fields")
    for start in range(0, len(plan.printed), PER_QUERY):
        part = plan.printed[start : start + PER_QUERY]
        query = select(Receipt.id, Receipt.fields, Receipt.seal)
        rows = session.execute(query.where(among(Receipt.id, [each.id for each in part], dialect_of(session))))
        found = {key: (fields, seal) for key, fields, seal in rows}
        for each in part:
            opened = service.read_opened(opener.open(*found[each.id]))
            if stated.log_digest(opened.fields, opened.salt) != each.digest:
                raise IntegrityFailed(f"receipt {each.public_id} states something else than was issued")
            placed = Placed(each.entry, plan.checkpoint)
            yield Leaf(opened.fields, placed, each.street if plan.village else "", each.copy)


def record_print_file(act: Act, plan: Plan, layout: str) -> None:
    """Record that the receipts of a plan were printed once more, all at once; only then may the file leave.

    Raises:
        PrintOutdated: one of them was printed or has ended since the file was made.
        NotSealed, NotWitnessed, WaySpent: neither the quorum nor an open way lets them out.

    """
    ids = sorted(each.id for each in plan.printed)
    now = queries.lock_copies(act.session, ids)
    # A file leaves once: what a way is charged with is this very print, by its act.
    leaving.let_leave(act, [plan.newest_act], what=act.id, amount=0, lines=len(ids))

    if now != {each.id: each.copy - 1 for each in plan.printed}:
        raise rules.PrintOutdated(batch=plan.batch)

    for start in range(0, len(ids), PER_FACT):
        some = among(Receipt.id, ids[start : start + PER_FACT], dialect_of(act.session))
        act.session.execute(
            update(Receipt).where(some).values(copies=Receipt.copies + 1),
            execution_options={"synchronize_session": False},
        )
    act.wrote(Receipt, ids)

    # In the order of their random names, and without the village: the log tells nobody who lives next to whom, nor of
    # which programmes no place is named (THREATS 14).
    named = sorted((each.public_id, each.copy) for each in plan.printed)
    for start in range(0, len(named), PER_FACT):
        printed = tuple(PrintedReceipt(receipt, copy) for receipt, copy in named[start : start + PER_FACT])
        act.record(ReceiptsPrinted(batch=plan.batch, layout=layout, printed=printed))


def _bundle_of(plan: Plan, wanted: Wanted, at: dt.datetime) -> Bundle:
    return Bundle(
        agency=plan.agency,
        zone=ZONE_WORDS[plan.zone],
        batch=plan.batch,
        program=plan.program,
        period=rules.period_words(plan.period),
        village=plan.village_name,
        district=plan.district_name,
        layout=wanted.layout,
        copy=max(each.copy for each in plan.printed),
        count=len(plan.printed),
        amount=sum(each.amount for each in plan.printed),
        unit=plan.unit,
        contents=plan.contents,
        checkpoint=plan.checkpoint,
        printed_by=wanted.by,
        printed_at=at,
    )
