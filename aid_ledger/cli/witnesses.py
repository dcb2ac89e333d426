"""`aid-ledger witnesses`: who is asked to cosign the log, when each last did, asking them now, and waiting for them.

Adding a witness is a deed of an administrator with its own entry; asking is nobody's deed, the worker does it unasked.
The policy says whose cosignatures are waited for before anything leaves; two administrators set it.
"""

from __future__ import annotations

from pathlib import Path

import click

from aid_ledger import app as composition
from aid_ledger.cli.door import Clerk, as_official, at_office
from aid_ledger.core import clock
from aid_ledger.core.db import reading
from aid_ledger.core.roles import Role
from aid_ledger.leaving import queries as leaving
from aid_ledger.leaving import service
from aid_ledger.leaving.rules import POLICY_LIMIT, PolicyMalformed
from aid_ledger.log import quorum, witnessing

MISSED = 1
"""Exit status when a witness did not cosign."""
READ_LIMIT = 4 * POLICY_LIMIT + 1
"""Bytes of a policy's file that are looked at: one more than any that is accepted can have."""
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
        found = quorum.witnesses(session)
    for each in found.witnesses:
        at = clock.instant_text(each.cosigned_at) if each.cosigned_at else "-"
        click.echo(
            f"{each.name} size={each.size} cosigned_at={at} fault={each.fault or '-'} alarm={each.refusal or '-'}"
        )
    click.echo(f"cosigned: {found.cosigned} of {len(found.witnesses)}")
    click.echo(f"policy: {found.in_force.reference}" if found.in_force else f"quorum: {found.quorum}")
    click.echo(f"quorum_met: {'yes' if found.is_full else 'no'}")


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


@witnesses.group()
def policy() -> None:
    """Kebijakan saksi: tanda tangan siapa yang ditunggu sebelum apa pun keluar."""


@policy.command("set")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_official(Role.ADMIN)
def set_policy(clerk: Clerk, file: Path) -> None:
    """Usulkan kebijakan dalam FILE (C2SP tlog-policy); admin kedua menyepakatinya, dan berlaku esok harinya."""
    with file.open("rb") as opened:
        raw = opened.read(READ_LIMIT)
    try:
        text = raw.decode()
    except UnicodeError as error:
        raise PolicyMalformed(why="UTF-8") from error
    _tell(clerk.office, clerk.act(service.propose_policy, text).reference)


@policy.command()
@click.argument("reference")
@as_official(Role.ADMIN)
def agree(clerk: Clerk, reference: str) -> None:
    """Sepakati usulan REFERENCE sebagai admin kedua."""
    clerk.act(service.agree_policy, reference)
    _tell(clerk.office, reference)


@policy.command("show")
@at_office()
def show_policy(office: composition.Office) -> None:
    """Tunjukkan kebijakan yang berlaku, dan setiap usulan."""
    with reading(office.engine) as session:
        in_force = quorum.policy_in_force(session)
    click.echo(f"in_force: {in_force.reference if in_force else '-'}")
    _tell(office)
    if in_force is not None:
        click.echo(f"\n{in_force.text}", nl=False)


def _tell(office: composition.Office, reference: str = "") -> None:
    """Say of the policy of that reference, or of every one, who proposed it and since when it holds."""
    with reading(office.engine) as session:
        found = leaving.policies(session)
    for proposed, agreed in found:
        since = clock.instant_text(agreed.since) if agreed else "-"
        if reference in ("", proposed.reference):
            click.echo(f"policy: {proposed.reference} proposed_by={proposed.proposed_by} since={since}")
