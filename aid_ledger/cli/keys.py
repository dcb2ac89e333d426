"""`aid-ledger keys`: changing the key that signs the log, from the new key's file to its first checkpoint.

`announce` and `take` run as the user of the sequencer, who alone reads the keys, and decide nothing. `propose`,
`approve` and `withdraw` are deeds of administrators, who never see a key.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from aid_ledger import app as composition
from aid_ledger.cli.door import Clerk, as_official, at_database
from aid_ledger.core import clock, keyfiles
from aid_ledger.core.db import reading
from aid_ledger.core.roles import Role
from aid_ledger.custody import carrying, queries, rules, service
from aid_ledger.log import queries as log
from aid_ledger.log.keyring import read_key
from aid_ledger.log.rules import KeyMissing
from aid_ledger.log.sequencer import publish
from aid_ledger.settings import Settings
from audit import keys as rotation
from audit import note

STEPS = {
    carrying.UNSEALED: "pengumumannya belum disegel",
    carrying.UNSEEN: "kuorum saksi belum menandatangani segel yang memuat pengumumannya",
    carrying.WAITING: "masa tunggunya belum lewat",
    carrying.UNKEPT: "kuorum saksi belum menandatangani segel yang 72 jam lebih muda",
    carrying.RIPE: "siap dipakai",
}
"""What an announced key waits for."""


@click.group()
def keys() -> None:
    """Kunci log: ganti kunci yang menandatangani segel log."""


@keys.command()
@at_database
def announce(settings: Settings) -> None:
    """Buat kunci baru dan pernyataan yang ditandatangani kunci lama dan baru; dijalankan pengguna sequencer."""
    engine = _engine(settings)
    with reading(engine) as session:
        in_use = log.name_of_log(session).vkey
        old = read_key(settings.log_key_file)
        if str(old.verifier()) != in_use:
            raise KeyMissing(vkey=in_use)
        new = _next_key(session, settings, old.name)
    text = rotation.statement(old.verifier(), new.verifier())
    publish(settings.key_statement_file, note.sign(text, old, new).decode())
    click.echo(f"key_id: {new.verifier().key_id.hex()}\nvkey: {new.verifier()}")
    click.echo(f"key_file: {settings.log_next_key_file}\nstatement: {settings.key_statement_file}")


@keys.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--decree", required=True, help="Nomor keputusan yang mendasari penggantian kunci.")
@as_official(Role.ADMIN)
def propose(clerk: Clerk, file: Path | None, decree: str) -> None:
    """Usulkan kunci baru dengan pernyataan di FILE; tanpa FILE dipakai yang ditulis keys announce."""
    place = file or clerk.office.settings.key_statement_file
    key = clerk.act(service.propose_key, _read(place), decree=decree)
    click.echo(f"proposed: {key.vkey}")


@keys.command()
@click.argument("key_id")
@as_official(Role.ADMIN)
def approve(clerk: Clerk, key_id: str) -> None:
    """Setujui, sebagai orang kedua, kunci dengan delapan angka KEY_ID yang Anda terima di atas kertas."""
    key = clerk.act(service.announce_key, key_id, wait=clerk.office.settings.log_key_wait)
    click.echo(f"announced: {key.vkey}\nusable_from: {_instant(key.usable_from)}")


@keys.command()
@click.argument("key_id")
@click.option("--reason", required=True, help="Mengapa kunci itu tidak jadi dipakai; terbaca semua orang.")
@as_official(Role.ADMIN)
def withdraw(clerk: Clerk, key_id: str, reason: str) -> None:
    """Batalkan kunci yang diusulkan atau diumumkan; kunci itu tidak akan pernah menandatangani log ini."""
    key = clerk.act(service.withdraw_key, key_id, reason=reason)
    click.echo(f"withdrawn: {key.vkey}")


@keys.command()
@at_database
def take(settings: Settings) -> None:
    """Pakai kunci yang diumumkan bila waktunya sudah tiba; biasanya sequencer melakukannya sendiri."""
    engine = _engine(settings)
    taken = composition.open_custodian(settings, composition.open_sequencer(settings, engine)).carry_on()
    click.echo(f"taken: {taken or '-'}")
    _tell_progress(engine)


@keys.command("list")
@at_database
def show(settings: Settings) -> None:
    """Tunjukkan setiap kunci log, ukuran yang ditandatanganinya, dan sampai di mana penggantiannya."""
    engine = _engine(settings)
    with reading(engine) as session:
        for each in log.name_of_log(session).keys:
            click.echo(f"{each.key} {each.first}-{'' if each.last is None else each.last}")
        for key in queries.unused_keys(session):
            click.echo(f"{key.vkey} {key.state}")
    _tell_progress(engine)


def _engine(settings: Settings) -> Engine:
    engine = composition.prepared_engine(settings)
    click.get_current_context().call_on_close(engine.dispose)
    return engine


def _tell_progress(engine: Engine) -> None:
    with reading(engine) as session:
        found = carrying.progress(session, clock.now())
    if found is not None:
        click.echo(f"waits_for: {STEPS[found.step]}")
        click.echo(f"usable_from: {_instant(found.key.usable_from)}")


def _next_key(session: Session, settings: Settings, origin: str) -> note.SigningKey:
    """Take up the next key's file, or make it; one whose key was withdrawn is written over.

    A crash in between leaves the file, and running the command again takes it up.
    """
    path = settings.log_next_key_file
    if path.exists():
        held = read_key(path)
        if queries.state_of(session, str(held.verifier())) != rules.WITHDRAWN:
            return held
    key = note.SigningKey.generate(origin)
    keyfiles.write_private(path, note.format_skey(key).encode() + b"\n", replace=True)
    return key


def _instant(at: dt.datetime | None) -> str:
    return clock.instant_text(at) if at else "-"


def _read(place: Path) -> bytes:
    """Read a statement; one that is missing or far too long is none."""
    try:
        with place.open("rb") as file:
            return file.read(rules.STATEMENT_LIMIT_BYTES + 1)
    except OSError as error:
        raise rules.StatementMalformed from error
