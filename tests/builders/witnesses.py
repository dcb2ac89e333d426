"""Witnesses that listen on this machine: the real programme, in a thread, with a clock of the test's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aid_ledger.log import witnessing
from audit.note import COSIGNATURE, SigningKey, VerifierKey
from audit.witness.memory import Memory, Witness
from audit.witness.server import WitnessServer
from tests.benches import Bench
from tests.builders.officials import Founded

NAMES = ("bpkp", "inspektorat", "kpk", "universitas")


@dataclass
class Watching:
    """A witness that runs: how to reach it and what a policy says of it."""

    name: str
    key: SigningKey
    url: str
    witness: Witness

    @property
    def vkey(self) -> VerifierKey:
        """The public half."""
        return self.key.verifier(COSIGNATURE)

    @property
    def size(self) -> int:
        """The size it last cosigned."""
        return self.witness.last.stated.size if self.witness.last else 0


def key_of(name: str) -> SigningKey:
    """Give the same key for the same name, so that a restarted witness is the same one."""
    return SigningKey(f"{name}.example/witness", name.encode().ljust(32, b"."))


def vkey_of(name: str) -> VerifierKey:
    """Give the public half of the key for a name, for a policy."""
    return key_of(name).verifier(COSIGNATURE)


@contextmanager
def watching(bench: Bench, name: str = "kpk", *, port: int = 0, ahead_s: int = 0) -> Iterator[Watching]:
    """Run a new witness of a bench's log; it forgets everything when it is left."""
    key = key_of(name)
    place = _fresh(bench.folder / "witnesses") / "state"
    memory = Memory(place, log_keys=[bench.key.verifier()], witness=key.verifier(COSIGNATURE))
    memory.make()
    witness = Witness(memory, log_keys=[bench.key.verifier()], key=key, now_s=lambda: int(time.time()) + ahead_s)
    with WitnessServer(("127.0.0.1", port), witness, _quiet) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield Watching(name, key, f"http://127.0.0.1:{server.server_port}", witness)
        server.shutdown()
    memory.close()


def add(founded: Founded, *witnesses: Watching) -> None:
    """Have an administrator add witnesses, and the sequencer seal it."""
    for each in witnesses:
        founded.bench.acts.run(
            founded.actor("admin"), witnessing.add_witness, name=each.name, vkey=str(each.vkey), url=each.url
        )
    founded.bench.sequencer.run_once()


@contextmanager
def recommended(founded: Founded) -> Iterator[list[Watching]]:
    """Run the four witnesses that are recommended, and have them added."""
    with ExitStack() as running:
        found = [running.enter_context(watching(founded.bench, name)) for name in NAMES]
        add(founded, *found)
        yield found


def _fresh(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    place = folder / str(len(list(folder.iterdir())))
    place.mkdir()
    return place


def _quiet(_line: str) -> None:
    """Tell nobody."""
