"""`aid-ledger sequencer`: the one process that orders and seals the log; and how it fares, for people and for monitors.

Nobody's deed: it holds the log's keys, writes no fact but that an announced one is taken and that the schema
changed, and refuses rather than sign
what it cannot stand by.
"""

from __future__ import annotations

import datetime as dt
import signal
import threading
from typing import Final

import click

from aid_ledger import app as composition
from aid_ledger.cli.door import at_database
from aid_ledger.core import clock
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log import heads, service, watch
from aid_ledger.log.rules import SequencerBusy
from aid_ledger.log.sequencer import Sequencer
from aid_ledger.regions import queries as regions
from aid_ledger.settings import Process, Settings

ALARM: Final = 1
"""Exit status of `sequencer status` when somebody should look."""

ALARM_WORDS: Final = {
    watch.NOBODY: "Tidak ada pengurut yang bekerja: jalankan aid-ledger sequencer.",
    watch.LATE: "Ada entri yang menunggu segel lebih lama daripada seharusnya.",
    watch.UNTOLD: "Log belum menyebut susunan basis data yang sekarang: jalankan pengurut versi ini.",
    watch.BEHIND: "Basis data tertinggal dari segel yang sudah diumumkan: lihat panduan pemulihan.",
}
"""What each alarm means, for a person."""


@click.group(invoke_without_command=True)
@click.option("--once", is_flag=True, help="Satu putaran saja, lalu berhenti.")
@at_database
def sequencer(settings: Settings, *, once: bool) -> None:
    """Urutkan dan segel log sampai dihentikan; satu-satunya proses yang memegang kunci log."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    orders = _sequencer(settings)
    heads.refuse_if_witnesses_know_more(orders.engine, orders.verifiers())
    other = orders.duty.take()
    if once:
        if other is not None:
            raise SequencerBusy(holder=other.words())
        done = orders.run_once()
        ordered = done.ordered
        if composition.open_custodian(settings, orders).tell_schema():
            done = orders.run_once()
            ordered += done.ordered
        click.echo(f"ordered: {ordered}\nsize: {done.size}")
        return
    if other is not None:
        click.echo(f"Pengurut lain sedang bekerja ({other.words()}); yang ini menunggu gilirannya.", err=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    custodian = composition.open_custodian(settings, orders)
    click.echo(f"ordered: {service.run_sequencer(custodian, stop=stop)}")


@sequencer.command()
@at_database
def status(settings: Settings) -> None:
    """Tunjukkan siapa yang mengurutkan, sampai mana, dan apa yang menunggu; status 1 bila ada yang perlu dilihat."""
    engine = make_engine(settings.engine_url(), reading=True, behind_pooler=settings.is_behind_pooler)
    try:
        found = watch.look(engine, composition.published_checkpoint(settings))
    finally:
        engine.dispose()
    fares, holder = found.status, found.holder
    place = "embedded" if settings.is_sqlite else "-"
    click.echo(f"holder: {holder.words() if holder else place}")
    click.echo(f"holder_since: {_at(holder.since) if holder else '-'}")
    click.echo(f"last_pass_at: {_at(holder.seen_at if holder else fares.sealed_at)}")
    click.echo(f"ordered: {fares.ordered}\nsealed: {fares.sealed}\npublished: {found.published}")
    click.echo(f"waiting: {fares.waiting}\noldest_waiting_at: {_at(fares.oldest_waiting_at)}")
    click.echo(f"lag_s: {max(0, int(fares.lag(clock.now()).total_seconds()))}")
    click.echo(f"alarm: {' '.join(found.alarms) or '-'}")
    for alarm in found.alarms:
        click.echo(ALARM_WORDS[alarm], err=True)
    click.get_current_context().exit(ALARM if found.alarms else 0)


def _at(moment: dt.datetime | None) -> str:
    return clock.instant_text(moment) if moment else "-"


def _sequencer(settings: Settings) -> Sequencer:
    engine = composition.prepared_engine(settings)
    with reading(engine) as session:
        agency = regions.agency(session)
    genesis = "demo" if agency.is_practice else "production"
    faults = settings.production_faults(Process.SEQUENCER, genesis_environment=genesis)
    if faults:
        raise composition.StartRefused("\n".join(faults))
    click.get_current_context().call_on_close(engine.dispose)
    found = composition.open_sequencer(settings, engine)
    click.get_current_context().call_on_close(found.duty.leave)
    return found
