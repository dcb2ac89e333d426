"""Eight posts in eight villages: officials, households, and what lies ready to be handed out and paid to them.

Everything is made through the services before any clock runs. Each post has a programme of each kind and officials of
its own, so that in the work itself officials meet as little as they do in life: on the counters of references.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from aid_ledger.core.act import Acts
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.delivery import service as delivery
from aid_ledger.log.pen import LogPen
from aid_ledger.officials import passwords
from aid_ledger.regions import queries as regions
from audit.note import SigningKey
from bench.cluster import Cluster
from tests.benches import Bench, make_bench
from tests.builders import delivering, officials, paying, programs
from tests.builders.programs import Paying

PERIOD: Final = "2026-01"
ROUND: Final = 20
"""Households of a round: those of one village who isolate at a time, and the lines of the batch that is for them."""
APPROVERS: Final = 4
"""A code counts once in 30 seconds; so many approvers have one for a round every seven."""
GOODS: Final = "PAKET_A"
TOGETHER: Final = 20
"""Batches that one code approves, at most."""

DESK: Final = ("operator", "verifier", "field")
"""The officials of a post beside its approvers, by their roles."""


@dataclass(frozen=True)
class Post:
    """One place of work, as JSON can carry it: its officials and its own village.

    `homes` are the people who isolate in turn, `known` those whose particulars are corrected. `stock` is the batch
    whose packets, one for each of `lines`, are on their way; `draft` is what a batch for the homes is drafted from.
    """

    people: dict[str, dict[str, Any]]
    homes: list[str]
    known: list[str]
    stock: str
    lines: int
    draft: dict[str, str]


@dataclass(frozen=True)
class Posts:
    """All posts on one database, and what it takes to seal what is done there."""

    database: str
    posts: list[Post]
    keys: FieldKeys
    signing: SigningKey
    published: Path


def prepared(cluster: Cluster, folder: Path, name: str, *, posts: int, lines: int) -> Posts:
    """Found an agency and bring so many posts, each with `lines` packets on the way to its village, to the morning."""
    passwords.set_cost(passwords.CHEAPEST)
    bench = make_bench(cluster.migrated(name), folder)
    # Nothing is sealed after every deed, as the embedded database would; here once, before anything may leave.
    bench = replace(bench, acts=Acts(bench.engine, LogPen(None), bench.kit))
    founded = officials.found(bench)
    with bench.reading() as session:
        villages = regions.codes_within(session, paying.REGION, level="village")
    made = [_post(bench, founded, number, villages[2 * number : 2 * number + 2], lines) for number in range(posts)]
    cluster.settle(name)
    _send(bench, founded, [post.stock for post in made])
    bench.engine.dispose()
    cluster.settle(name)
    return Posts(name, made, bench.kit.keys, bench.key, bench.folder / "published-checkpoint")


def _post(bench: Bench, founded: officials.Founded, number: int, villages: list[str], lines: int) -> Post:
    near, far = villages
    money = programs.paying_program(bench, founded, code=f"TUNAI_{number}")
    goods = programs.paying_program(
        bench, founded, code=f"PAKET_{number}", commodity=GOODS, rate=1, amount=lines, source_kind="csr"
    )
    homes = paying.households(bench, founded, ROUND, village=near)
    known = paying.households(bench, founded, lines, village=far)
    paying.determined_run(bench, founded, money, region=near, period=PERIOD)
    stock = paying.verified_batch(bench, founded, goods, channel="goods", region=far, period=PERIOD)
    return Post(
        people={key: asdict(person) for key, person in _people(founded, number)},
        homes=[home.person for home in homes],
        known=[home.person for home in known],
        stock=stock,
        lines=lines,
        draft=_draft(money, near),
    )


def _draft(money: Paying, village: str) -> dict[str, str]:
    return {
        "program": money.program,
        "period": PERIOD,
        "region": village,
        "channel": "bank",
        "decree": money.decree,
    }


def _people(founded: officials.Founded, number: int) -> Iterator[tuple[str, officials.Person]]:
    """Appoint the officials of a post, each with an office and a device of their own."""
    wanted = {role: role for role in DESK} | {f"approver{each}": "approver" for each in range(APPROVERS)}
    for place, (key, role) in enumerate(wanted.items()):
        title = f"{key.title()} {number}"
        decree = 1_000 + len(wanted) * number + place
        login, office = f"{key}.{number}", f"{key.upper()}_{number}"
        yield key, officials.appoint(founded, login, role, officials.DINSOS, office, title, number=decree)


def _send(bench: Bench, founded: officials.Founded, batches: list[str]) -> None:
    """Have verified batches approved and on their way."""
    for start in range(0, len(batches), TOGETHER):
        outcome = paying.approve(founded, batches[start : start + TOGETHER])
        assert outcome.is_accepted, outcome.reason
    while bench.sequencer.run_once().is_full:
        pass
    for batch in batches:
        with founded.act(delivering.PAYER) as act:
            delivery.instruct(act, batch)
    while bench.sequencer.run_once().is_full:
        pass
