"""What the log costs a deed: eight officials at work on PostgreSQL, with and without record and guard, in turns.

The clients are processes, for Python's threads would measure Python's lock; the sequencer is one more, and runs through
all turns as in production. Without record and guard there is nothing for it to do. See docs/benchmarks.md.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import func, select

from aid_ledger.core import clock
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log import queries
from aid_ledger.log.models import LogEntry, LogPosition
from aid_ledger.recipients.models import Person
from audit import note
from bench import ours
from bench.agency import Agency, prepared
from bench.cluster import Cluster
from bench.sides import Side

CLIENTS: Final = 8
HOUSEHOLDS: Final = 1_600
"""Two hundred for each official, so that nobody meets a row that is still warm from the deed before."""
ROUNDS: Final = 12
TURN_S: Final = 4.0
"""Short turns, many times: a machine that others use too changes its mind within minutes."""
WARMING_S: Final = 2.0
START_S: Final = 0.2
"""From telling the first to begin until all have been told."""
MS: Final = 1_000
WAYS: Final = ("audited", "unaudited")


def measure(cluster: Cluster, scale: float) -> dict[str, float]:
    """Measure the ratio, and how long entries wait for the checkpoint that covers them."""
    with tempfile.TemporaryDirectory() as place:
        agency = prepared(cluster, Path(place), "desks", households=max(CLIENTS, round(HOUSEHOLDS * scale)))
        return at_work(cluster, agency, rounds=max(2, round(ROUNDS * scale)), turn_s=max(0.3, TURN_S * scale))


def at_work(
    cluster: Cluster, agency: Agency, *, rounds: int, turn_s: float, clients: int = CLIENTS
) -> dict[str, float]:
    """Have all officials work at once, turn by turn, while the sequencer orders and signs."""
    url = cluster.address(agency.template)
    with ExitStack() as stack:
        desks = [stack.enter_context(Side("bench.officials")) for _ in range(clients)]
        sequencer = stack.enter_context(Side("bench.sequencing"))
        people, before = _people(url), _entries(url)
        for number, desk in enumerate(desks):
            desk.ask("open", people=people[number::clients], **ours.desk(url, agency.operator, agency.keys))
        skey = note.format_skey(agency.signing)
        sequencer.ask("start", url=url, skey=skey, published=str(agency.published))
        for way in WAYS:
            _turn(desks, way, min(WARMING_S, turn_s))
        cluster.settle(agency.template)
        turns, warm = [], _entries(url)
        spent = sequencer.ask("spent")["cpu_s"]
        # Whoever goes first in one round goes second in the next, so that neither always inherits the other's mess.
        for order in itertools.islice(itertools.cycle((WAYS, WAYS[::-1])), rounds):
            turns.append({way: _turn(desks, way, turn_s) for way in order})
            _tell(turns[-1])
        spent = sequencer.ask("spent")["cpu_s"] - spent
        published = sequencer.ask("end")["published"]
    audited = sum(turn["audited"]["deeds"] for turn in turns)
    assert _entries(url) - warm == audited, "a deed without its entry, or an entry without its deed"
    delays = sorted(_delays(url, before, published))
    return compared(turns) | {
        "merge_delay_p50_s": _percentile(delays, 0.5),
        "merge_delay_p99_s": _percentile(delays, 0.99),
        "sequencer_cpu_share": spent / (rounds * turn_s * len(WAYS)),
    }


def compared(turns: Sequence[dict[str, dict[str, float]]]) -> dict[str, float]:
    """Make measures of all turns: medians, and ratios of medians."""
    per_s = {way: median(turn[way]["per_s"] for turn in turns) for way in WAYS}
    cpu_ms = {way: median(turn[way]["cpu_s"] * MS / turn[way]["deeds"] for turn in turns) for way in WAYS}
    return {
        "audited_vs_unaudited_8": per_s["audited"] / per_s["unaudited"],
        "audited_vs_unaudited_8_cpu": cpu_ms["unaudited"] / cpu_ms["audited"],
        "act_per_s_8": per_s["audited"],
        "unaudited_act_per_s_8": per_s["unaudited"],
        "act_cpu_ms_8": cpu_ms["audited"],
        "unaudited_act_cpu_ms_8": cpu_ms["unaudited"],
    }


def _turn(desks: Sequence[Side], way: str, turn_s: float) -> dict[str, float]:
    """Let all work until one moment, and add up what they did: deeds, and processor time of both ends."""
    until_s = time.monotonic() + START_S + turn_s
    for desk in desks:
        desk.tell("work", way=way, since_s=until_s - turn_s, until_s=until_s)
    done = [desk.hear() for desk in desks]
    return {what: sum(each[what] for each in done) for what in ("deeds", "per_s", "cpu_s")}


def _tell(turn: dict[str, dict[str, float]]) -> None:
    print("  " + "  ".join(f"{way} {turn[way]['per_s']:.1f}" for way in WAYS), flush=True)


def _people(url: str) -> list[str]:
    engine = make_engine(url)
    with reading(engine) as session:
        found = list(session.scalars(select(Person.reference).order_by(Person.id)))
    engine.dispose()
    return found


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
