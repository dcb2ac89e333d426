"""A channel's answer at the command line: the same service, the same sign-in, the same refusals as the page."""

from __future__ import annotations

from pathlib import Path

import click

from aid_ledger.cli.door import Clerk, as_official
from aid_ledger.core.roles import Role
from aid_ledger.delivery import queries, service
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import Batch
from aid_ledger.receipts import service as receipts


@click.group()
def delivery() -> None:
    """Pengiriman: hasil dari saluran pembayaran."""


@delivery.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--instruction", required=True, metavar="INS-…", help="Nomor instruksi yang dijawab berkas ini.")
@click.option("--inquiry", is_flag=True, help="Jawaban atas pertanyaan tentang baris yang belum pasti.")
@as_official(Role.TREASURER)
def import_results(clerk: Clerk, file: Path, instruction: str, *, inquiry: bool) -> None:
    """Baca FILE hasil dari bank, selesaikan barisnya, lalu terbitkan tanda terima untuk yang sampai."""
    result = clerk.act(service.import_results, instruction, file.read_bytes(), is_inquiry=inquiry)
    click.echo(f"{result.reference}: {result.count} baris dibaca, {result.matched} baris selesai.")
    with clerk.read() as session:
        batch = session.get_one(Batch, queries.instruction(session, instruction).batch_id)
    issued = 0
    while count := clerk.act(receipts.issue_receipts, batch.reference):
        issued += count
    click.echo(f"{issued} tanda terima diterbitkan.")
    _tell_states(clerk, batch)


def _tell_states(clerk: Clerk, batch: Batch) -> None:
    with clerk.read() as session:
        for state, (count, _total) in sorted(batches.states_of_lines(session, batch.id).items()):
            click.echo(f"  {state}: {count}")
