"""`aid-ledger auditors`: whose keys openings are sealed to. An administrator names a key, the auditor agrees to it."""

from __future__ import annotations

import click

from aid_ledger import app as composition
from aid_ledger.cli.door import Clerk, as_official, at_office
from aid_ledger.core.db import reading
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import lodging


@click.group()
def auditors() -> None:
    """Pemeriksa yang menerima pembukaan komitmen, tersegel untuk kuncinya."""


@auditors.command()
@click.argument("key")
@as_official(Role.ADMIN)
def add(clerk: Clerk, key: str) -> None:
    """Ajukan KEY, kunci yang dicetak aid-audit openings key di mesin pemeriksa; pemeriksa lalu menyetujuinya."""
    proposed = clerk.act(lodging.propose_key, key)
    click.echo(f"key: {proposed.reference}\nauditor: {proposed.auditor}\nstate: {proposed.state}")


@auditors.command()
@click.argument("reference")
@click.argument("key")
@as_official(Role.AUDITOR)
def confirm(clerk: Clerk, reference: str, key: str) -> None:
    """Setujui kunci REFERENCE sebagai pemeriksa, dengan menyebut KEY dari mesin sendiri."""
    agreed = clerk.act(lodging.set_key, reference, public=key)
    click.echo(f"key: {agreed.reference}\nauditor: {agreed.auditor}\nstate: {agreed.state}")


@auditors.command("list")
@at_office()
def show(office: composition.Office) -> None:
    """Tunjukkan semua kunci dan keadaannya."""
    with reading(office.engine) as session:
        for each in lodging.keys(session):
            click.echo(f"{each.reference} {each.auditor} state={each.state} {each.public}")
