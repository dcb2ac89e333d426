"""The sequencer in a process of its own, as in production; it notes what it published when. Run by sides.py."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from aid_ledger.core import clock, logs
from aid_ledger.core.db import make_engine
from aid_ledger.log import service
from aid_ledger.log.sequencer import Pass, Sequencer
from audit import note
from bench.sides import serve


class NotingSequencer(Sequencer):
    """A sequencer that notes, for every size it published, when that was done."""

    def __init__(self, url: str, skey: str, published: str) -> None:
        super().__init__(make_engine(url), note.parse_skey(skey), Path(published))
        self.noted: dict[int, str] = {}

    def run_once(self) -> Pass:
        """Make one pass."""
        done = super().run_once()
        self.noted.setdefault(done.size, clock.instant_text(clock.now()))
        return done


class Room:
    """The turns of this side."""

    def start(self, url: str, skey: str, published: str) -> dict[str, Any]:
        """Begin to order and sign."""
        self.sequencer = NotingSequencer(url, skey, published)
        self.stop = threading.Event()
        self.loop = threading.Thread(target=service.run_sequencer, args=(self.sequencer,), kwargs={"stop": self.stop})
        self.loop.start()
        return {}

    def spent(self) -> dict[str, Any]:
        """Tell the processor time of this process so far."""
        return {"cpu_s": time.process_time()}

    def end(self) -> dict[str, Any]:
        """Stop once nothing waits any more, and tell what was published when."""
        while not self.sequencer.is_settled():
            assert self.loop.is_alive()
            time.sleep(0.1)
        self.stop.set()
        self.loop.join()
        self.sequencer.engine.dispose()
        return {"published": list(self.sequencer.noted.items())}


if __name__ == "__main__":
    logs.configure(is_production=False, level=logging.WARNING)
    room = Room()
    serve({"start": room.start, "spent": room.spent, "end": room.end})
