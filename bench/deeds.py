"""What the log costs a deed: eight posts at work on PostgreSQL, with and without record and guard, in turns.

The clients are processes, for Python's threads would measure Python's lock; the sequencer is one more, and runs through
all turns as in production. Without record and guard there is nothing for it to do. See docs/benchmarks.md.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import func, select

from aid_ledger.core import clock
from aid_ledger.core.act import Actor
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log import queries
from aid_ledger.log.models import LogEntry, LogPosition
from audit import note
from bench import ours, posts
from bench.cluster import Cluster
from bench.posts import ROUND, Post, Posts
from bench.sides import Side
from bench.workday import PER_ROUND
from tests.builders.officials import Person

CLIENTS: Final = 8
PACKETS: Final = 600
"""On the way to each village, one for a household: more than a post hands over in all turns."""
ROUNDS: Final = 10
TURNS_S: Final = {"mix": 5.0, "smallest": 2.5}
"""Short turns, many times: a machine that others use too changes its mind within minutes."""
WARMING_S: Final = 3.0
START_S: Final = 0.2
"""From telling the first to begin until all have been told."""
MS: Final = 1_000
WAYS: Final = ("audited", "unaudited")

Done = Mapping[str, tuple[float, float, float]]
"""For each kind of deed: how many, their seconds by the clock, their processor seconds."""


def measure(cluster: Cluster, scale: float) -> dict[str, float]:
    """Measure the ratios, and how long entries wait for the checkpoint that covers them."""
    with tempfile.TemporaryDirectory() as place:
        packets = max(2 * ROUND, round(PACKETS * scale))
        made = posts.prepared(cluster, Path(place), "desks", posts=CLIENTS, lines=packets)
        turns_s = {work: max(0.3, turn_s * scale) for work, turn_s in TURNS_S.items()}
        return at_work(cluster, made, rounds=max(2, round(ROUNDS * scale)), turns_s=turns_s)


def at_work(cluster: Cluster, made: Posts, *, rounds: int, turns_s: Mapping[str, float]) -> dict[str, float]:
    """Have all posts work at once, turn by turn, while the sequencer orders and signs."""
    url = cluster.address(made.database)
    with ExitStack() as stack:
        desks = [stack.enter_context(Side("bench.officials")) for _ in made.posts]
        sequencer = stack.enter_context(Side("bench.sequencing"))
        before = _entries(url)
        for number, (desk, post) in enumerate(zip(desks, made.posts, strict=True)):
            first = number * ROUND // len(desks)
            desk.ask("open", post=asdict(post), first=first, **ours.desk(url, clerk_of(post), made.keys))
        skey = note.format_skey(made.signing)
        sequencer.ask("start", url=url, skey=skey, published=str(made.published))
        for work, way in itertools.product(turns_s, WAYS):
            _turn(desks, work, way, min(WARMING_S, turns_s[work]))
        cluster.settle(made.database)
        turns: dict[str, list[dict[str, Done]]] = {work: [] for work in turns_s}
        warm = _acts(url)
        spent = sequencer.ask("spent")["cpu_s"]
        # Whoever goes first in one round goes second in the next, so that neither always inherits the other's mess.
        for order in itertools.islice(itertools.cycle((WAYS, WAYS[::-1])), rounds):
            for work, turn_s in turns_s.items():
                turns[work].append({way: _turn(desks, work, way, turn_s) for way in order})
                _tell(work, turns[work][-1])
        spent = sequencer.ask("spent")["cpu_s"] - spent
        published = sequencer.ask("end")["published"]
    audited = sum(kind[0] for work in turns.values() for turn in work for kind in turn["audited"].values())
    assert _acts(url) - warm == audited, "a deed without its entries, or entries without their deed"
    delays = sorted(_delays(url, before, published))
    return compared(turns) | {
        "merge_delay_p50_s": _percentile(delays, 0.5),
        "merge_delay_p99_s": _percentile(delays, 0.99),
        "sequencer_cpu_share": spent / (rounds * sum(turns_s.values()) * len(WAYS)),
    }


def compared(turns: Mapping[str, Sequence[Mapping[str, Done]]]) -> dict[str, float]:
    """Make measures of all turns: what a deed takes is the median of its turns' means, a mix of deeds their sum."""
    mix = {way: _medians([turn[way] for turn in turns["mix"]]) for way in WAYS}
    smallest = {way: _medians([turn[way] for turn in turns["smallest"]]) for way in WAYS}
    kinds = [kind for kind in PER_ROUND if all(kind in took for took in mix.values())]
    return {
        **_ratios({way: _mixed({kind: took[kind] for kind in kinds}) for way, took in mix.items()}, ""),
        **_ratios({way: took["correct_person"] for way, took in smallest.items()}, "_smallest"),
        **{f"deed_{kind}_ratio": mix["unaudited"][kind][0] / mix["audited"][kind][0] for kind in kinds},
        **{f"deed_{kind}_cpu_ratio": mix["unaudited"][kind][1] / mix["audited"][kind][1] for kind in kinds},
    }


Took = tuple[float, float]
"""Seconds by the clock of one deed with all at work, and its processor seconds."""


def _medians(turns: Sequence[Done]) -> dict[str, Took]:
    """Tell what each kind of deed took, from the turns in which it was done at all."""
    by_kind = {kind: [turn[kind] for turn in turns if kind in turn] for kind in PER_ROUND}
    return {
        kind: (median(each[1] / each[0] for each in done), median(each[2] / each[0] for each in done))
        for kind, done in by_kind.items()
        if done
    }


def _mixed(took: Mapping[str, Took]) -> Took:
    """Tell what one deed takes on average, each kind as often as a round has it."""
    deeds = sum(PER_ROUND[kind] for kind in took)
    clock_s = sum(PER_ROUND[kind] * each[0] for kind, each in took.items())
    return clock_s / deeds, sum(PER_ROUND[kind] * each[1] for kind, each in took.items()) / deeds


def _ratios(took: Mapping[str, Took], what: str) -> dict[str, float]:
    audited, unaudited = took["audited"], took["unaudited"]
    return {
        f"audited_vs_unaudited_8{what}": unaudited[0] / audited[0],
        f"audited_vs_unaudited_8{what}_cpu": unaudited[1] / audited[1],
        f"act_per_s_8{what}": CLIENTS / audited[0],
        f"unaudited_act_per_s_8{what}": CLIENTS / unaudited[0],
        f"act_cpu_ms_8{what}": audited[1] * MS,
        f"unaudited_act_cpu_ms_8{what}": unaudited[1] * MS,
    }


def clerk_of(post: Post) -> Actor:
    """Give the operator of a post."""
    return Person(**post.people["operator"]).actor()


def _turn(desks: Sequence[Side], work: str, way: str, turn_s: float) -> dict[str, tuple[float, float, float]]:
    """Let all work until one moment, and add up what they did."""
    until_s = time.monotonic() + START_S + turn_s
    for desk in desks:
        desk.tell("work", way=way, work=work, since_s=until_s - turn_s, until_s=until_s)
    done = [desk.hear() for desk in desks]
    kinds = {kind for each in done for kind in each}
    return {kind: _added([each[kind] for each in done if kind in each]) for kind in kinds}


def _added(parts: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    count, clock_s, cpu_s = (sum(column) for column in zip(*parts, strict=True))
    return count, clock_s, cpu_s


def _tell(work: str, turn: Mapping[str, Done]) -> None:
    said = (f"{way} {sum(each[0] for each in turn[way].values()):.0f}" for way in WAYS)
    print(f"  {work}: " + "  ".join(said), flush=True)


def _acts(url: str) -> int:
    engine = make_engine(url)
    with reading(engine) as session:
        count = session.scalar(select(func.count(LogEntry.act.distinct()))) or 0
    engine.dispose()
    return count


def _entries(url: str) -> int:
    engine = make_engine(url)
    with reading(engine) as session:
        count = session.scalar(select(func.count(LogEntry.id))) or 0
    engine.dispose()
    return count


def _delays(url: str, since: int, published: Sequence[tuple[str, str]]) -> list[float]:
    """Tell for every entry the seconds from the opening of its Act to the publication of a checkpoint that covers it.

    An Act opens a little before it commits, so these are a little longer than the delay that is promised.
    """
    sizes, moments = zip(*sorted((int(size), at) for size, at in published), strict=True)
    engine = make_engine(url)
    with reading(engine) as session:
        query = select(LogPosition.position, LogEntry.recorded_at).join(LogEntry, LogEntry.id == LogPosition.entry_id)
        placed = session.execute(query.where(LogPosition.position >= since)).all()
        assert queries.sealed_size(session) == sizes[-1]
    engine.dispose()
    return [
        (clock.parse_instant(moments[bisect_right(sizes, position)]) - recorded_at).total_seconds()
        for position, recorded_at in placed
    ]


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
