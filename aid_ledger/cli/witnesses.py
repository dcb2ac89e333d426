"""`aid-ledger witnesses`: who is asked to cosign the log, when each last did, and asking them now.

Adding a witness is a deed of an administrator with its own entry; asking is nobody's deed, the worker does it unasked.
"""

from __future__ import annotations

import click

from aid_ledger import app as composition
from aid_ledger.cli.door import Clerk, as_official, at_office
from aid_ledger.core import clock
from aid_ledger.core.db import reading
from aid_ledger.core.roles import Role
from aid_ledger.log import queries, witnessing

MISSED = 1
"""Exit status when a witness did not cosign."""
ALARM = 5
"""Exit status when a witness refuses our history: a conflict, and the gravest there is."""


@click.group()
def witnesses() -> None:
    """Saksi: pihak luar yang turut menandatangani segel log."""


@witnesses.command()
@click.argument("name")
@click.argument("vkey")
@click.argument("url")
@as_official(Role.ADMIN)
def add(clerk: Clerk, name: str, vkey: str, url: str) -> None:
    """Tambahkan saksi NAME dengan kunci VKEY, yang menerima segel di URL."""
    added = clerk.act(witnessing.add_witness, name=name, vkey=vkey, url=url)
    click.echo(f"witness: {added.name}\nurl: {added.url}")


@witnesses.command("list")
@at_office()
def show(office: composition.Office) -> None:
    """Tunjukkan setiap saksi: ukuran dan waktu terakhir ia menandatangani, dan penolakannya bila ada."""
    with reading(office.engine) as session:
        found = queries.witnesses(session)
    for each in found.witnesses:
        at = clock.instant_text(each.cosigned_at) if each.cosigned_at else "-"
        click.echo(
            f"{each.name} size={each.size} cosigned_at={at} fault={each.fault or '-'} alarm={each.refusal or '-'}"
        )
    click.echo(f"cosigned: {found.cosigned} of {len(found.witnesses)}\nquorum: {found.quorum}")


@witnesses.command()
@click.argument("name", default="")
@at_office()
def submit(office: composition.Office, name: str) -> None:
    """Minta tanda tangan sekarang dari semua saksi, atau dari NAME saja."""
    attempts = witnessing.submit(office.engine, name)
    for each in attempts:
        click.echo(f"{each.witness} size={each.size} {each.fault or 'cosigned'}")
    if any(each.fault in witnessing.ALARMS for each in attempts):
        click.get_current_context().exit(ALARM)
    click.get_current_context().exit(MISSED if any(each.fault for each in attempts) else 0)
