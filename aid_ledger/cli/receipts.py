"""Receipts at the command line: all of a batch, part by part, with a bar; and the seal on their manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from aid_ledger.cli.door import Clerk, as_official, ask
from aid_ledger.core.jobs import Progress, run_inline
from aid_ledger.core.roles import Role
from aid_ledger.receipts import jobs, layout, printfiles, queries
from aid_ledger.receipts.imposing import LAYOUTS
from aid_ledger.receipts.manifests import bsre, rules, sealing

ISSUERS: Final = (Role.OPERATOR, Role.TREASURER)
PRINTERS: Final = (Role.OPERATOR, Role.TREASURER, Role.FIELD, Role.AUDITOR)
EXITS: Final = {rules.SEALED: 0, rules.REFUSED: 1, rules.UNKNOWN: 5}
"""Exit status by what came of a seal: what nobody knows is a conflict that a person settles."""


@click.group("receipts")
def receipts() -> None:
    """Tanda terima: terbitkan untuk semua yang sampai, cetak untuk satu desa, minta segel atas manifesnya."""


@receipts.command()
@click.argument("batch", metavar="BTC-…")
@as_official(*ISSUERS)
def issue(clerk: Clerk, batch: str) -> None:
    """Terbitkan tanda terima bagi semua baris paket yang sampai, lalu periksa contohnya; boleh diulang."""
    with clerk.read() as session:
        waiting = queries.progress_of(session, batch, _areas(clerk, ISSUERS)).waiting
    second_reader = jobs.second_reader(clerk.office.settings, clerk.office.kit.keys)
    kind = jobs.issue_kind(clerk.office.acts, fault_of=second_reader, actor=clerk.actor)
    with click.progressbar(length=waiting, label="Menerbitkan", show_pos=True) as bar:

        def show(progress: Progress) -> None:
            bar.update(progress.done - bar.pos)

        result = run_inline(kind, jobs.args_of(batch, clerk.actor.id), on_progress=show)
    click.echo(f"issued: {result['issued']}\nsampled: {result['sampled']}")


@receipts.command("print")
@click.argument("batch", metavar="BTC-…")
@click.option("--village", default="", help="Kode desa; kosong untuk program yang tidak menyebut wilayah.")
@click.option("--layout", "paper", type=click.Choice(tuple(LAYOUTS)), default="4a6", help="Susunan di atas kertas.")
@click.option("--out", "path", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Berkas PDF baru.")
@as_official(*PRINTERS)
def print_village(clerk: Clerk, batch: str, village: str, paper: str, path: Path) -> None:
    """Cetak tanda terima satu desa sebagai satu berkas PDF bertanda tangan; setiap pencetakan dicatat."""
    press = layout.load("aid_ledger.receipts.press").load_press(clerk.office.settings)
    by = ", ".join(filter(None, (clerk.official.name, clerk.official.office_title)))
    wanted = printfiles.Wanted(batch, village, paper, _areas(clerk, PRINTERS), by)
    doors = printfiles.Doors(clerk.read, clerk.act, clerk.office.kit.keys)
    # Under its own name once it is recorded: what lies there may be handed out.
    draft = path.with_name(f"{path.name}.part")
    with draft.open("xb") as out:
        try:
            bundle = printfiles.print_out(doors, press, out, wanted)
            out.flush()
            draft.replace(path)
        finally:
            # Only what was opened here: somebody else's draft has stopped this above.
            draft.unlink(missing_ok=True)
    click.echo(f"receipts: {bundle.count}\ncopy: {bundle.copy}\namount: {bundle.amount}")


@receipts.command()
@click.argument("batch", metavar="BTC-…")
@click.option("--who", default="", metavar="NIK", help="NIK atau surel BSrE Anda, bila instansi tidak memakai segel.")
@click.option("--after", default="", metavar="MAN-…", help="Minta lagi walaupun hasil permintaan ini tidak diketahui.")
@as_official(Role.TREASURER)
def seal(clerk: Clerk, batch: str, who: str, after: str) -> None:
    """Minta segel elektronik BSrE atas manifes tanda terima paket; status 1 bila ditolak, 5 bila belum pasti."""
    account = bsre.account_of(clerk.office.settings.keys_folder)
    if account is None:
        raise rules.SealingUnavailable
    if not account.subscriber and not who:
        raise click.UsageError("sebut --who: instansi ini memakai tanda tangan pejabat, bukan segel")
    typed = bsre.Typed(ask("Kode TOTP BSrE" if account.subscriber else "Frasa sandi BSrE"), who)
    done = sealing.seal(clerk.read, clerk.act, account, batch, typed, after=after)
    click.echo(f"manifest: {done.reference}\nstate: {done.state}\nreason: {done.reason or '-'}")
    if done.state == rules.SEALED:
        click.echo(f"file_sha256: {done.sealed_sha256}")
    if done.state == rules.UNKNOWN:
        click.echo("Belum pasti: tanyakan kepada BSrE. Jangan minta lagi sebelum ada kepastian.", err=True)
    click.get_current_context().exit(EXITS[done.state])


def _areas(clerk: Clerk, roles: Sequence[Role]) -> frozenset[str]:
    """Tell where an official holds one of these roles, "" for everywhere."""
    held = [role for role in roles if role in clerk.official.roles]
    return frozenset(area for role in held for area in clerk.official.areas.get(role, ("",)))
