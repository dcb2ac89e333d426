"""An agency with a programme, money, and households whose entitlements a decree has determined: ready to be paid.

Everything is made through the services by the officials who do it, before any clock runs. The database made here is a
template: every turn of a measurement works on a fresh copy of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aid_ledger.book.rules import IDR
from aid_ledger.core.act import Actor
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.demo import households as synthetic
from aid_ledger.demo.households import Village
from aid_ledger.disbursement import service as disbursement
from aid_ledger.officials import passwords
from aid_ledger.programs import service as programs
from aid_ledger.regions import queries as regions
from audit.note import SigningKey
from bench.cluster import Cluster
from tests.benches import Bench, make_bench
from tests.builders import funding, officials, recipients
from tests.builders.documents import paper

REGION = "32.16"
PROGRAM = "BST"
PERIOD = "2026-01"
RATE = 600_000
SEED = 2026
BANK = "110"
FIRST_ACCOUNT = 2_000_000_000
"""Account numbers are given in a row: one shared by two households would be set aside."""
SPARE = 1_000_000_000
"""More than the batch needs, so that single transfers find value too."""


@dataclass(frozen=True)
class Agency:
    """What it takes to act on a copy of the template, and to seal it: who acts, the keys, and what to pay."""

    template: str
    operator: Actor
    keys: FieldKeys
    signing: SigningKey
    published: Path
    source: str
    decree: str
    households: int


def prepared(cluster: Cluster, folder: Path, name: str, *, households: int) -> Agency:
    """Found an agency in a database of its own and bring it to the eve of a payment."""
    passwords.set_cost(passwords.CHEAPEST)
    bench = make_bench(cluster.migrated(name), folder)
    founded = officials.found(bench)
    source = funding.received(bench, founded, "apbd", amount=households * RATE + SPARE)
    decree = _open_program(founded, source, amount=households * RATE)
    recipients.imported_rows(bench, founded, _people(bench, households))
    cluster.settle(name)  # A database that never heard of its rows plans badly; autovacuum would have seen them.
    _determine(bench, founded, decree)
    bench.engine.dispose()
    cluster.settle(name)
    return Agency(
        template=name,
        operator=founded.actor("operator"),
        keys=bench.kit.keys,
        signing=bench.key,
        published=bench.folder / "published-checkpoint",
        source=source,
        decree=decree,
        households=households,
    )


def _open_program(founded: officials.Founded, source: str, *, amount: int) -> str:
    with founded.act("operator") as act:
        decree = paper(act, "sk").reference
        programs.define_program(
            act,
            code=PROGRAM,
            name="Bantuan Sosial Tunai",
            public_name="Bantuan Sosial Tunai",
            aliases="",
            pillar="pemulihan",
            unit="household",
            commodity=IDR,
            allowed_sources=("apbd",),
            needs_isolation=False,
            is_managed=True,
            starts_on=dt.date(2021, 1, 1),
            ends_on=None,
            legal_basis=None,
        )
        programs.set_rate(act, program=PROGRAM, amount=RATE, since=dt.date(2021, 1, 1), document=decree)
        programs.allocate(act, source=source, program=PROGRAM, commodity=IDR, amount=amount, document=decree)
    with founded.act("sekda") as act:
        programs.propose_policy(act, limits=((0, 1),))
    return decree


def _people(bench: Bench, count: int) -> Iterator[dict[str, str]]:
    """Make synthetic households all over the agency, every one with an account of its own."""
    with bench.reading() as session:
        villages = [Village(code, code) for code in regions.codes_within(session, REGION, level="village")]
    rows = synthetic.rows(villages, count=count, seed=SEED, with_faults=False)
    for number, row in enumerate(rows, start=FIRST_ACCOUNT):
        yield row | {"bank": BANK, "no_rekening": str(number), "nama_rekening": row["nama"].upper()}


def _determine(bench: Bench, founded: officials.Founded, decree: str) -> None:
    operator = founded.actor("operator")
    run = bench.acts.run(operator, disbursement.compute_entitlements, program=PROGRAM, period=PERIOD, region=REGION)
    bench.acts.run(operator, disbursement.determine_run, run.reference, decree=decree)
