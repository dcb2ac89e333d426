"""The sequencer of the run, in a process of its own; at times there are two. Run by `__main__.py`."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

from aid_ledger.core import logs
from aid_ledger.log import service
from tests.soak.world import World

if __name__ == "__main__":
    logs.configure(is_production=False, level=logging.ERROR)
    world = World.read(Path(sys.argv[1]))
    service.run_sequencer(world.founded().bench.sequencer, stop=threading.Event())
