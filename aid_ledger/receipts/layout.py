"""The layout engine needs libraries of the system (Pango). Without them everything but paper works.

What lays pages out is therefore loaded when the first page is asked for, and never when the application starts.
"""

from __future__ import annotations

import logging
import threading
from importlib import import_module
from typing import Any, Final

from aid_ledger.core.errors import DomainError, Kind

LAYOUT: Final = threading.Lock()
"""One page is laid out at a time in a process: the engine's font map is shared by all threads."""


# Seven lines for each page would bury what the log of a server is for.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)


class LayoutUnavailable(DomainError):
    """The libraries that lay pages out are not installed on this machine."""

    kind = Kind.UNAVAILABLE
    code = "receipt.layout_unavailable"


def load(module: str) -> Any:  # noqa: ANN401 - a module, known by its name only
    """Load a module that lays pages out; raises LayoutUnavailable where the libraries are missing."""
    try:
        return import_module(module)
    except OSError as error:
        raise LayoutUnavailable from error
