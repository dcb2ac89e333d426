"""What every process of the run shares: the database, the keys, who acts, how fast time passes, what the bank knows."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from aid_ledger.core import clock
from aid_ledger.core.act import Acts, Kit
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.db import make_engine
from aid_ledger.log.pen import LogPen
from aid_ledger.log.sequencer import Sequencer
from audit import note
from tests.benches import Bench
from tests.builders.officials import Founded, Person
from tests.builders.programs import Paying

Decision = dict[str, Any]
"""What the bank decided of a payment: its first answer, its final one, and the amount."""


@dataclass(frozen=True)
class World:
    """The run as a file that each process reads. Times are seconds of this machine's monotonic clock."""

    url: str
    folder: str
    current: str
    keys: dict[str, str]
    lookup: str
    signing: str
    people: dict[str, dict[str, Any]]
    paying: dict[str, Any]
    began_at: str
    began_s: float
    speed: float

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the world and set this process's clock by it."""
        world = cls(**json.loads((folder / "world.json").read_text()))
        world.set_clock()
        return world

    def write(self) -> None:
        """Write the world where the others read it; only this user may."""
        file = Path(self.folder) / "world.json"
        file.touch(0o600)
        file.write_text(json.dumps(asdict(self)))

    def set_clock(self) -> None:
        """Let time pass quicker than it does, at the same speed for all: days of work fit into minutes."""
        began = clock.parse_instant(self.began_at)
        clock.set_clock(lambda: began + dt.timedelta(seconds=(time.monotonic() - self.began_s) * self.speed))

    def founded(self) -> Founded:
        """Open the agency as a desk does: Acts write their entries, and another process orders them."""
        engine = make_engine(self.url)
        keys = {key_id: bytes.fromhex(key) for key_id, key in self.keys.items()}
        field_keys = FieldKeys(current=self.current, keys=keys, lookup=bytes.fromhex(self.lookup))
        kit = Kit(field_keys, Path(self.folder) / "files")
        signing = note.parse_skey(self.signing)
        sequencer = Sequencer(engine, signing, Path(self.folder) / "published-checkpoint")
        bench = Bench(engine, Acts(engine, LogPen(None), kit), sequencer, signing, kit, Path(self.folder))
        return Founded(bench, {login: Person(**person) for login, person in self.people.items()})

    @property
    def program(self) -> Paying:
        """The programme that pays."""
        return Paying(**self.paying)

    def bank(self, village: str) -> Bank:
        """Ask the bank outside, as one village's desks know it."""
        return Bank(Path(self.folder) / f"bank-{village}.jsonl")


class Bank:
    """Pays each reference once, whoever asks how often, and remembers it on its own disk: the money that truly left."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def answers(self, asked: Mapping[str, Decision]) -> dict[str, Decision]:
        """Answer for every payment asked for; what was decided before stays decided.

        Appending is one write of less than a page: of two desks that ask at once the first one counts.
        """
        with self._file.open("a") as file:
            for reference in asked.keys() - self.decided().keys():
                file.write(json.dumps([reference, asked[reference]]) + "\n")
                file.flush()
        return {reference: said for reference, said in self.decided().items() if reference in asked}

    def decided(self) -> dict[str, Decision]:
        """Tell all that was decided, by reference; the first word counts."""
        decided: dict[str, Decision] = {}
        for reference, said in self._lines():
            decided.setdefault(reference, said)
        return decided

    def _lines(self) -> Iterator[tuple[str, Decision]]:
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                reference, said = json.loads(line)
                yield reference, said
