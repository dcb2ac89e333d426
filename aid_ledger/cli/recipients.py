"""Lists of recipients at the command line: checked, reported and taken in part by part, with a bar."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import click

from aid_ledger.cli.door import Clerk, as_official
from aid_ledger.core import clock
from aid_ledger.core.jobs import Progress, run_inline
from aid_ledger.core.roles import Role
from aid_ledger.recipients import jobs, queries, service
from aid_ledger.recipients.importing.checking import Checked, check_file
from aid_ledger.recipients.importing.refusals import COMMAND_LINE
from aid_ledger.recipients.importing.report import summarise, write_report
from aid_ledger.recipients.models import RecipientImport
from aid_ledger.recipients.service import ImportMode

REFUSED: Final = 2
"""The exit status when all or nothing was asked for, and nothing came in."""

MODES: Final = [mode.value for mode in ImportMode]


@click.group()
def recipients() -> None:
    """Penerima bantuan: impor daftar."""


@recipients.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Tulis masalah per baris ke CSV ini.")
@click.option("--mode", type=click.Choice(MODES), default=MODES[0], show_default=True, help="Bila ada baris salah.")
@as_official(Role.OPERATOR)
def import_list(clerk: Clerk, file: Path, report: Path | None, mode: str) -> None:
    """Periksa FILE (XLSX atau CSV) dan masukkan penerimanya."""
    areas = clerk.official.areas[Role.OPERATOR]
    with clerk.read() as session:
        yardstick = queries.yardstick(session, clock.today(clerk.office.agency.zone), areas)
    checked = check_file(file, yardstick, COMMAND_LINE)
    _tell_problems(checked)
    if report is not None:
        write_report(checked.problems, report)
        click.echo(f"Laporan: {report}")
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").digest()
    record = clerk.act(service.receive_list, checked, file_name=file.name, file_sha256=sha256, mode=mode)
    if record.state == "waiting":
        record = _take_in(clerk, record)
    _tell_outcome(record)
    if record.state == "rejected":
        click.get_current_context().exit(REFUSED)


def _take_in(clerk: Clerk, record: RecipientImport) -> RecipientImport:
    """Take every part in, showing how far it is; a run that was stopped goes on where it stopped."""
    kind = jobs.import_kind(clerk.office.acts, actor=clerk.actor)
    with click.progressbar(length=record.rows - record.bad, label="Memasukkan", show_pos=True) as bar:

        def show(progress: Progress) -> None:
            bar.update(progress.done - bar.pos)

        run_inline(kind, jobs.args_of(record.reference), on_progress=show)
    with clerk.read() as session:
        return queries.recipient_import(session, record.reference)


def _tell_problems(checked: Checked) -> None:
    summary = summarise(checked)
    click.echo(f"Dibaca {summary.rows_read} baris: {summary.rows_good} benar, {summary.rows_refused} salah.")
    for item in (*summary.errors, *summary.warnings):
        click.echo(f"  {item.count:>8}  {item.code}: {item.message.text}")


def _tell_outcome(record: RecipientImport) -> None:
    if record.state == "rejected":
        click.echo(f"{record.reference}: tidak ada yang masuk, karena ada baris yang salah.", err=True)
        return
    click.echo(f"{record.reference}: {record.people_new} orang baru, {record.people_changed} berubah.")
