"""The long work this product knows, and the chores of its workers, gathered from the rooms."""

from __future__ import annotations

from typing import Final

from aid_ledger.app import Office
from aid_ledger.core.jobs import Registry
from aid_ledger.core.jobs.arguments import JsonObject
from aid_ledger.core.jobs.chores import Chore
from aid_ledger.custody import carrying
from aid_ledger.log import timestamping, witnessing
from aid_ledger.log.keyring import Keys
from aid_ledger.officials import chores as officials
from aid_ledger.receipts import jobs as receipts
from aid_ledger.recipients import jobs as recipients

EVERY_S: Final = 600
"""How often what an hour or a day brings is looked for: soon after it is over, and no burden."""

LOOK_EVERY_S: Final = 2
"""How often the log is looked at for growth that witnesses have not cosigned."""


def registry(office: Office) -> Registry:
    """List every kind of job, and what workers do unasked, bound to an open installation."""
    chores = [
        Chore("count_failed_sign_ins", EVERY_S, lambda: officials.count_failed_sign_ins(office.acts)),
        Chore("ask_witnesses", LOOK_EVERY_S, lambda: witnessing.submit_due(office.engine)),
        Chore("ask_for_time", timestamping.LOOK_EVERY_S, lambda: timestamping.ask_due(office.engine, office.settings)),
        Chore("forget_old_sessions", EVERY_S, lambda: officials.forget_old_sessions(office.engine)),
    ]
    if office.sequencer is not None:
        keys = office.sequencer.keys
        chores.append(Chore("carry_log_key_on", carrying.LOOK_EVERY_S, lambda: _carry_on(office, keys)))
    second_reader = receipts.second_reader(office.settings, office.kit.keys)
    kinds = [recipients.import_kind(office.acts), receipts.issue_kind(office.acts, fault_of=second_reader)]
    return Registry(kinds, chores=chores)


def _carry_on(office: Office, keys: Keys) -> JsonObject:
    """Carry an announced key of the log on, where this process orders the log: the embedded database."""
    taken = carrying.carry_on(office.engine, office.acts, keys)
    return {"taken": taken} if taken else {}
