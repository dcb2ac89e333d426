"""Receipts at the command line: all of a batch, part by part, with a bar; stopped and begun again at will."""

from __future__ import annotations

from typing import Final

import click

from aid_ledger.cli.door import Clerk, as_official
from aid_ledger.core.jobs import Progress, run_inline
from aid_ledger.core.roles import Role
from aid_ledger.receipts import jobs, queries

ISSUERS: Final = (Role.OPERATOR, Role.TREASURER)


@click.group("receipts")
def receipts() -> None:
    """Tanda terima: terbitkan untuk semua yang sampai."""


@receipts.command()
@click.argument("batch", metavar="BTC-…")
@as_official(*ISSUERS)
def issue(clerk: Clerk, batch: str) -> None:
    """Terbitkan tanda terima bagi semua baris paket yang sampai, lalu periksa contohnya; boleh diulang."""
    held = [role for role in ISSUERS if role in clerk.official.roles]
    areas = frozenset(area for role in held for area in clerk.official.areas.get(role, ("",)))
    with clerk.read() as session:
        waiting = queries.progress_of(session, batch, areas).waiting
    second_reader = jobs.second_reader(clerk.office.settings, clerk.office.kit.keys)
    kind = jobs.issue_kind(clerk.office.acts, fault_of=second_reader, actor=clerk.actor)
    with click.progressbar(length=waiting, label="Menerbitkan", show_pos=True) as bar:

        def show(progress: Progress) -> None:
            bar.update(progress.done - bar.pos)

        result = run_inline(kind, jobs.args_of(batch, clerk.actor.id), on_progress=show)
    click.echo(f"issued: {result['issued']}\nsampled: {result['sampled']}")
