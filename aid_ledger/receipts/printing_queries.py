"""Reading what a print file needs, in sets: which receipts, in which order, where the log holds them.

Names are ciphertext, so no database can sort by them. The names of one village are opened once, sorted by, and
forgotten; what is kept of a receipt until it is printed is `Printed`, some three hundred bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final, TypeVarTuple

from sqlalchemy import Select, func, select, true
from sqlalchemy.orm import Session, aliased

from aid_ledger.book.models import Commodity
from aid_ledger.book.rules import IDR
from aid_ledger.core.crypto import FieldKeys, Opener
from aid_ledger.core.db import among, dialect_of
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.log import queries as log
from aid_ledger.log import quorum
from aid_ledger.log.rules import EntryNotFound, NotSealed
from aid_ledger.programs.models import Program
from aid_ledger.receipts import rules
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.queries import within
from aid_ledger.recipients.models import Person
from aid_ledger.regions.models import Agency, Region
from audit import checkpoint, note
from audit.checkpoint import Checkpoint
from audit.entry import parse_entry
from audit.facts.paying import ReceiptIssued

Columns = TypeVarTuple("Columns")

LIMIT: Final = 20_000
"""Receipts in one file: more households than a village has, and some six megabytes of memory while it is made."""
_NAMED: Final = re.compile(rb'"receipt":"([^"]+)"')
"""Which receipt an entry is about, found before the entry is parsed."""
PER_QUERY: Final = 500
"""Rows or ids asked for at a time: what SQLite takes in one statement, and a fact in its list."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A receipt that is printed: which print of it this is, and what the log says was issued, at which entry."""

    id: int
    public_id: str
    street: str
    copy: int
    amount: int
    entry: int
    digest: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The receipts of one file in their order, and all that they have in common.

    `village` is empty where no place is named. `newest_act` issued the last of them in the log.
    """

    agency: str
    zone: str
    batch: str
    program: str
    period: str
    village: str
    village_name: str
    district_name: str
    unit: str
    contents: str
    printed: Sequence[Printed]
    checkpoint: Checkpoint
    newest_act: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A village whose receipts can be printed: how many stand, and how many of them were printed before."""

    village: str
    name: str
    count: int
    printed: int


def offers(session: Session, batch: Batch, areas: Collection[str]) -> list[Offer]:
    """List the villages of a batch in which receipts stand; one without a name for a programme that names no place."""
    again = func.count().filter(Receipt.copies > 0)
    if session.get_one(Program, batch.program_id).needs_isolation:
        count, printed = session.execute(_standing(select(func.count(), again), batch.id, areas)).one()
        return [Offer("", "", count, printed)] if count else []
    query = _standing(select(Region.code, Region.name, func.count(), again), batch.id, areas)
    query = query.join(Region, Region.code == Entitlement.village_code).group_by(Region.code, Region.name)
    return [Offer(*row) for row in session.execute(query.order_by(Region.name, Region.code))]


def plan_of(session: Session, keys: FieldKeys, reference: str, village: str, areas: Collection[str]) -> Plan:
    """Gather what is printed of a batch in a village, within some areas.

    Raises:
        BatchNotFound: there is no such batch.
        NothingToPrint: no receipt of it stands there, or not in these areas; or a place is named where none may be.
        TooManyToPrint: there are more than one file holds.
        EntryNotFound: no entry issued one of them, so somebody wrote it into the database.
        NotSealed: an entry does not lie under a checkpoint yet.

    """
    batch = batches.batch(session, reference)
    program = session.get_one(Program, batch.program_id)
    if program.needs_isolation == bool(village):
        raise rules.NothingToPrint(batch=reference)
    where = Entitlement.village_code == village if village else true()
    wanted = _standing(select(Receipt.public_id), batch.id, areas).where(where)
    names = frozenset(session.scalars(wanted.limit(LIMIT + 1)))
    if not names:
        raise rules.NothingToPrint(batch=reference)
    if len(names) > LIMIT:
        raise rules.TooManyToPrint(limit=LIMIT)
    acts = _standing(select(Receipt.issue_act), batch.id, areas).where(where).distinct()
    issued = _issued(session, acts, names)
    printed = _sorted(session, keys, _standing(_columns(), batch.id, areas).where(where), issued)
    last = max(each.entry for each in printed)
    agency, commodity = session.get_one(Agency, 1), session.get_one(Commodity, batch.commodity)
    is_money = batch.commodity == IDR
    name, district = _place(session, village)
    return Plan(
        agency=agency.name,
        zone=agency.zone,
        batch=batch.reference,
        program=program.public_name,
        period=batch.period,
        village=village,
        village_name=name,
        district_name=district,
        unit="" if is_money else commodity.unit,
        contents="" if is_money else commodity.public_name,
        printed=printed,
        checkpoint=_sealed_over(session, last),
        newest_act=log.entry_at(session, last).act,
    )


def lock_copies(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """Hold receipts until the Act ends, and tell how often each of those that stand was printed."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(ids), PER_QUERY):
        some = among(Receipt.id, ids[start : start + PER_QUERY], dialect_of(session))
        query = select(Receipt.id, Receipt.copies).where(some, Receipt.state == rules.ISSUED)
        found += session.execute(query.order_by(Receipt.id).with_for_update()).all()
    return dict(found)


def _columns() -> Select[int, str, int, int, str, str, bytes, str]:
    return select(
        Receipt.id,
        Receipt.public_id,
        Receipt.copies,
        BatchLine.amount,
        Person.rw,
        Person.rt,
        Person.name,
        Person.seal,
    )


def _standing(query: Select[*Columns], batch_id: int, areas: Collection[str]) -> Select[*Columns]:
    """Ask for receipts of a batch that stand, in some areas."""
    return (
        query.select_from(Receipt)
        .join(BatchLine, BatchLine.id == Receipt.line_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(Person, Person.id == BatchLine.person_id)
        .where(BatchLine.batch_id == batch_id, Receipt.state == rules.ISSUED, within(areas))
    )


def _issued(session: Session, acts: Select[str], names: Collection[str]) -> dict[str, tuple[int, str]]:
    """Tell of these receipts, which some Acts issued, where the entry of each lies, and the digest it holds.

    A batch is issued in the order of its lines, so the Acts issued those of all its villages: only what is named here
    is read in full, and nothing else is kept.
    """
    found: dict[str, tuple[int, str]] = {}
    with closing(log.entries_of_acts(session, acts, ReceiptIssued)) as entries:
        for entry in entries:
            told = _NAMED.search(entry.raw)
            if told is None or told[1].decode() not in names:
                continue
            if entry.position is None:
                raise NotSealed(act=entry.act)
            body = parse_entry(entry.raw).body
            found[str(body["receipt"])] = entry.position, str(body["digest"])
    return found


def _sorted(
    session: Session,
    keys: FieldKeys,
    query: Select[int, str, int, int, str, str, bytes, str],
    issued: dict[str, tuple[int, str]],
) -> list[Printed]:
    """Put receipts into the order in which a village is walked: by RW, RT and name."""
    names = Opener(keys, table="people", column="name")
    found: list[tuple[tuple[str, str, str, int], Printed]] = []
    for key, public_id, copies, amount, rw, rt, name, seal in session.execute(query):
        if public_id not in issued:
            raise EntryNotFound(receipt=public_id)
        printed = Printed(key, public_id, f"{rt}/{rw}", copies + 1, amount, *issued[public_id])
        found.append(((rw, rt, names.open(name, seal).casefold(), key), printed))
    return [printed for _, printed in sorted(found, key=lambda each: each[0])]


def _sealed_over(session: Session, position: int) -> Checkpoint:
    """Give the newest checkpoint over a position: one that the quorum is content with, if there is one."""
    newest = log.newest_checkpoint(session)
    if newest is None or position >= newest.size:
        raise NotSealed(position=position)
    vouched = quorum.newest_vouched(session, above=position)
    return checkpoint.parse(note.parse((vouched.checkpoint if vouched else newest).note.encode()).text)


def _place(session: Session, village: str) -> tuple[str, str]:
    """Name a village and the district it lies in."""
    if not village:
        return "", ""
    place, district = aliased(Region), aliased(Region)
    query = select(place.name, district.name).join(district, district.code == place.parent_code)
    name, lies_in = session.execute(query.where(place.code == village)).one()
    return name, lies_in
