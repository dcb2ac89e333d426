"""`aid-ledger`: the commands of the agency, and what every one of them answers when it is refused.

Commands of a room are in a file of this folder; what they do is in the room's services.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import click

from aid_ledger.app import StartRefused
from aid_ledger.cli import (
    auditors,
    delivery,
    evidence,
    founding,
    household,
    keys,
    log,
    receipts,
    receiptsroot,
    recipients,
    recovering,
    sequencing,
    serving,
    signer,
    stamps,
    witnesses,
)
from aid_ledger.core import logs
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.settings import SettingsFault
from aid_ledger.web import problems

EXIT: Final = {
    Kind.INVALID: 2,
    Kind.NOT_FOUND: 3,
    Kind.NOT_ALLOWED: 4,
    Kind.CONFLICT: 5,
    Kind.EXHAUSTED: 6,
    Kind.UNAVAILABLE: 7,
}
MISCONFIGURED: Final = 7
"""The installation, not the command, is what has to change. A bug ends with a traceback and Python's own status 1."""


class Commands(click.Group):
    """The group of all commands; it turns refusals into a sentence, a remedy and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - by click's own API
        """Run a command and present its refusal as the web does."""
        try:
            return super().invoke(ctx)
        except DomainError as refusal:
            message = problems.fill(problems.read_messages(), refusal)
            click.echo(f"{message.sentence or refusal.message} ({refusal.code})", err=True)
            if message.remedy:
                click.echo(message.remedy, err=True)
            ctx.exit(EXIT[refusal.kind])
        except (StartRefused, SettingsFault, KeyFileFault) as fault:
            click.echo(str(fault), err=True)
            ctx.exit(MISCONFIGURED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Buku bantuan sosial sebuah pemerintah daerah."""
    logs.configure(is_production=False, level=logging.WARNING)


main.add_command(founding.init)
main.add_command(household.migrate)
main.add_command(serving.demo)
main.add_command(serving.serve)
main.add_command(serving.worker)
main.add_command(recipients.recipients)
main.add_command(delivery.delivery)
main.add_command(evidence.evidence)
main.add_command(auditors.auditors)
main.add_command(sequencing.sequencer)
main.add_command(log.log_group)
log.log_group.add_command(recovering.recover_log)
main.add_command(log.audit_group)
main.add_command(log.book_group)
main.add_command(witnesses.witnesses)
main.add_command(keys.keys)
main.add_command(receipts.receipts)
main.add_command(receiptsroot.receipts_root)
main.add_command(signer.receipt_signer)
main.add_command(stamps.stamps_group)
