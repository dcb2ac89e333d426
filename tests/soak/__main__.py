"""`./run soak [--minutes M]`: many desks, killed at random, while days pass in minutes; then all is held together.

On a PostgreSQL that waits for the disk, two desks a village take round after round from entitlement to receipt, a
sequencer orders and signs, and every few seconds one of them is killed (`kill -9`) and started again; at times a second
sequencer is started beside the first. At the end nothing may be lost or done twice: the log must verify and replay, the
database must agree with it row by row, and the book with what the bank outside truly paid. Ends with 1 if not.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from aid_ledger.book import queries as book
from aid_ledger.core import clock
from aid_ledger.delivery.outcomes import UNCERTAIN
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.log.export import export
from aid_ledger.log.models import LogEntry
from aid_ledger.officials import passwords
from aid_ledger.receipts.models import Receipt
from audit import note
from audit.note import format_vkey
from audit.policy import Policy
from audit.replay import Replay
from audit.source import FolderSource
from audit.verify import verify_log
from bench import cluster
from bench.cluster import Cluster
from tests.benches import make_bench
from tests.builders import officials, paying, programs
from tests.builders.log import compared
from tests.builders.officials import Founded
from tests.soak.world import World

ROOT: Final = Path(__file__).parents[2]
VILLAGES: Final = ("32.16.06.2002", "32.16.06.2003", "32.16.01.2001")
DESKS: Final = 2
"""Two desks a village, so that they race."""
HOUSEHOLDS: Final = 25
AMOUNT: Final = 10**12
SPEED: Final = 30.0
"""Seconds that pass in one of this machine's: a code of 30 s counts for one, an Act of 30 minutes may take a minute."""


class Crew:
    """The processes of the run, by name; whoever is killed is started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[str]] = {}
        self.words = folder / "words"
        self.kills = 0

    def start(self, name: str, *command: str) -> None:
        """Start a process and keep what it says."""
        with self.words.open("a") as words:
            run = (sys.executable, "-m", command[0], str(self._folder), *command[1:])
            self._running[name] = subprocess.Popen(run, cwd=ROOT, stdout=words, stderr=words, text=True)

    def kill(self, name: str) -> None:
        """Kill one as a power cut does."""
        process = self._running.pop(name)
        if process.poll() is not None:
            raise SystemExit(f"{name} ended by itself:\n{self.words.read_text()[-4000:]}")
        process.kill()
        process.wait()
        self.kills += 1

    def names(self) -> list[str]:
        """Name who runs."""
        return list(self._running)


def main() -> None:
    """Run for so long, then judge."""
    parser = argparse.ArgumentParser(prog="./run soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None, help="of when who is killed; the rest is the machine's")
    chosen = parser.parse_args()
    with cluster.running() as server, tempfile.TemporaryDirectory() as place:
        world = prepared(server, Path(place))
        world.set_clock()
        crew = Crew(Path(place))
        try:
            toil(crew, minutes=chosen.minutes, draw=random.Random(chosen.seed))  # noqa: S311 - no secret
        finally:
            for name in crew.names():
                crew.kill(name)
        faults = judged(world, crew)
    for fault in faults:
        print(f"  NOT GOOD: {fault}")
    print("result: " + ("bad" if faults else "good"))
    sys.exit(1 if faults else 0)


def prepared(server: Cluster, folder: Path) -> World:
    """Found an agency whose villages wait to be paid, and write the world down."""
    passwords.set_cost(passwords.CHEAPEST)
    bench = make_bench(server.migrated("soak"), folder)
    founded = officials.found(bench)
    for number, name in enumerate(approvers(), start=100):
        office = (officials.DINSOS, f"KPA{number}", f"Kuasa Pengguna Anggaran {number}")
        founded.people[name] = officials.appoint(founded, name, "approver", *office, number=number)
    program = programs.paying_program(bench, founded, amount=AMOUNT)
    for village in VILLAGES:
        paying.households(bench, founded, HOUSEHOLDS, village=village)
    bench.sequencer.run_once()
    bench.engine.dispose()
    keys, lookup = bench.kit.keys.export()
    world = World(
        url=server.address("soak"),
        folder=str(folder),
        current=bench.kit.keys.current,
        keys={key_id: key.hex() for key_id, key in keys.items()},
        lookup=lookup.hex(),
        signing=note.format_skey(bench.key),
        people={login: asdict(person) for login, person in founded.people.items()},
        paying=asdict(program),
        began_at=clock.instant_text(clock.now()),
        began_s=time.monotonic(),
        speed=SPEED,
    )
    world.write()
    return world


def approvers() -> list[str]:
    """Name an approver for each desk."""
    return [f"kpa{number}" for number in range(len(VILLAGES) * DESKS)]


def toil(crew: Crew, *, minutes: float, draw: random.Random) -> None:
    """Let them work, and kill one every few seconds."""
    commands: dict[str, tuple[str, ...]] = dict.fromkeys(("sequencer", "sequencer 2"), ("tests.soak.orders",))
    for number, name in enumerate(approvers()):
        commands[name] = ("tests.soak.desk", VILLAGES[number % len(VILLAGES)], name)
    for name, command in commands.items():
        crew.start(name, *command)
    until_s = time.monotonic() + minutes * 60
    while time.monotonic() < until_s:
        time.sleep(draw.uniform(2, 8))
        name = draw.choice(list(commands))
        crew.kill(name)
        print(f"  {clock.now():%Y-%m-%d %H:%M}  killed {name}", flush=True)
        crew.start(name, *commands[name])


def judged(world: World, crew: Crew) -> list[str]:
    """Hold log, rows, book and bank against each other; tell what was done, and give every fault."""
    founded = world.founded()
    while founded.bench.sequencer.run_once().is_full:
        pass
    faults = [f"{each.table} {each.key}: {each.sentence}" for each in compared(founded.bench)]
    faults += _verified(world, founded)
    faults += _paid_once(world, founded)
    with founded.bench.reading() as session:
        faults += [f"the book does not balance: {each}" for each in book.unbalanced(session)]
        states = dict(session.execute(select(Batch.state, func.count()).group_by(Batch.state)).all())
        entries = session.scalar(select(func.count(LogEntry.id)))
    refused = Counter(line.split()[-1] for line in crew.words.read_text().splitlines() if line.startswith("32."))
    print(f"kills {crew.kills}, entries {entries}, batches {states}")
    print("refused: " + ", ".join(f"{code} {many}" for code, many in refused.most_common()))
    if not states.get("delivered"):
        faults.append("no round was ever finished")
    if "Traceback" in crew.words.read_text():
        faults.append(f"a process broke:\n{crew.words.read_text()[-4000:]}")
    return faults


def _verified(world: World, founded: Founded) -> list[str]:
    """Export the log and read it as a stranger does."""
    vkey = format_vkey(founded.bench.key.verifier())
    folder = Path(world.folder) / "exported"
    with founded.bench.reading() as session:
        export(session, folder, vkey=vkey)
    report = verify_log(
        FolderSource(folder),
        now_s=int(clock.now().timestamp()),
        trusted=Policy.of_log_key(vkey),
        checkers=[Replay()],
    )
    return [f"{each.rule} {each.index}: {each.sentence}" for each in report.findings]


def _paid_once(world: World, founded: Founded) -> list[str]:
    """Hold each line's state against what the bank decided of it, and its receipt against the line."""
    faults: list[str] = []
    with founded.bench.reading() as session:
        for village in VILLAGES:
            decided = world.bank(village).decided()
            truly = sum(int(each["amount"]) for each in decided.values() if not each["final"])
            lines = select(BatchLine.state, func.count(), func.sum(BatchLine.amount)).join(
                Batch, Batch.id == BatchLine.batch_id
            )
            of_village = lines.where(Batch.region_code == village).group_by(BatchLine.state)
            sums = {state: (many, int(total)) for state, many, total in session.execute(of_village)}
            # What the bank has decided and nobody has imported yet is on its way: in a batch that is still `sent`.
            answered = sums.get("delivered", (0, 0))[1]
            on_its_way = sum(sums.get(state, (0, 0))[1] for state in ("sent", UNCERTAIN))
            if not answered <= truly <= answered + on_its_way:
                faults.append(f"{village}: the bank paid {truly}, the book says {answered} and {on_its_way} on its way")
        twice = select(Receipt.line_id).group_by(Receipt.line_id).having(func.count() > 1)
        faults += [f"line {line} has two receipts" for line in session.scalars(twice)]
    return faults


if __name__ == "__main__":
    main()
