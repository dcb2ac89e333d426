"""`aid-ledger log recover`: after a restore, the log tells the database what it forgot, by the word of two officials.

Both sign in, one after the other, at the same terminal: the one who proposes and the one who agrees, administrators of
different units. What the source says is fetched and proved before anything is written; then it is one deed.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import click

from aid_ledger import app as composition
from aid_ledger.book import restoring as book
from aid_ledger.cli.door import Clerk, at_database, open_here, sign_in_at
from aid_ledger.cli.log import keys_of
from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.delivery import restoring as delivery
from aid_ledger.disbursement import restoring as disbursement
from aid_ledger.log import heads, recover
from aid_ledger.log.recover import Incident, Loss
from aid_ledger.log.rules import NotTwoPeople
from aid_ledger.log.salvage import salvage
from aid_ledger.log.words import words_of
from aid_ledger.officials import queries as officials
from aid_ledger.receipts import restoring as receipts
from aid_ledger.settings import Process, Settings

REPAIRS: Final = (book.restore, disbursement.restore, delivery.restore, receipts.restore)
"""What each room makes of the lost facts, in river order."""

BACK: Final = frozenset(
    {
        *("FundsReceived", "HistoryDeclared", "FundsAllocated", "GoodsPurchased", "GoodsReceived", "FundsReturned"),
        *("TransferReversed", "PaymentInstructed", "ResultImported", "PaymentsConfirmed", "PaymentsFailed"),
        *("PaymentsUnknown", "LinesHeld", "GoodsHandedOver", "LinesReturned", "FileCollected", "ReceiptCancelled"),
    }
)
"""Kinds whose effect is back: doing them once more would count them twice. Of all others the rows are gone."""


@click.command("recover")
@click.option("--from", "place", required=True, metavar="FOLDER|URL", help="Log hasil ekspor, cermin, atau alamatnya.")
@click.option("--incident", required=True, help="Nama kejadiannya, untuk umum.")
@click.option("--document", required=True, help="Nomor Berita Acara yang mendasarinya.")
@click.option("--as", "proposer", required=True, metavar="LOGIN", help="Admin yang mengusulkan.")
@click.option("--second", required=True, metavar="LOGIN", help="Admin dari perangkat daerah lain yang menyetujui.")
@at_database
def recover_log(settings: Settings, *, place: str, incident: str, document: str, proposer: str, second: str) -> None:
    """Kembalikan ke basis data apa yang dilupakannya sesudah dipulihkan dari cadangan, menurut log."""
    office = composition.unsequenced(open_here(settings, Process.COMMAND))
    proposing = sign_in_at(office, proposer, frozenset({Role.ADMIN}))
    agreeing = sign_in_at(office, second, frozenset({Role.ADMIN}))
    if _unit(proposing) == _unit(agreeing):
        raise NotTwoPeople
    keys, outside = keys_of(settings), composition.published_checkpoint(settings)
    published = heads.published_head(outside, keys)
    known = [*([published] if published else []), *heads.witnessed_heads(office.engine, keys)]
    found = salvage(office.engine, place, heads.not_retired(outside, keys), known)
    what = Incident(incident, document, proposer)
    loss = agreeing.act(recover.recover, found, what, REPAIRS)
    click.echo(f"since: {found.since}\nuntil: {found.size}\nrecovered: {len(found.entries)}")
    _tell(loss)


def _tell(loss: Loss) -> None:
    """List what was lost by kind: what is back and must not be done again, and what has to be."""
    counted = Counter(deed.entry.kind for deed in loss.deeds)
    for kind, count in sorted(counted.items()):
        click.echo(f"{'kembali' if kind in BACK else 'hilang'}: {count} {kind} ({words_of(kind).words})")


def _unit(clerk: Clerk) -> str:
    """Name the perangkat daerah an official works in today."""
    with clerk.read() as session:
        held = officials.office_on(session, clerk.official.official_id, clock.today(clerk.office.agency.zone))
        person = officials.official(session, clerk.official.official_id)
    return (held.agency_unit if held else person.agency_unit).casefold()
