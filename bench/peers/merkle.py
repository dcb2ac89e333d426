"""pymerkle: the Merkle tree that Python programmers find first, RFC 6962 in its default mode, in memory.

It gets the entries from the same bundles, read and cut by the same code as ours, appends them as its documentation
does, and is asked for its root. It keeps the tree, which ours does not need to; its faster ways (a cache of subroots)
are on, as they are by default. Run by bench/sides.py.
"""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import Any

from audit import tiles
from audit.source import FolderSource
from bench.sides import peak_mb, serve


def build(folder: str, size: int) -> dict[str, Any]:
    """Build the tree of a log and give its root."""
    source = FolderSource(Path(folder))
    began = time.process_time()
    tree = import_module("pymerkle").InmemoryTree(algorithm="sha256")
    for bundle in tiles.tiles_of_level(tiles.ENTRIES, size):
        for entry in tiles.read_bundle(source, bundle.index, bundle.width):
            tree.append_entry(entry)
    root = tree.get_root()
    return {"seconds": time.process_time() - began, "root": root.hex(), "peak_mb": peak_mb()}


if __name__ == "__main__":
    serve({"build": build})
