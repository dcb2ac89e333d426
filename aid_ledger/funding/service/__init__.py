"""Letting aid in. Reading order: opening (what aid may come into), arriving (one contribution), history (the start).

Nobody lets aid in alone: whoever registers an offer neither screens nor receives it (P2). What happens to value once it
is received is decided in `programs`; a correction is a reversal by the book.
"""

from __future__ import annotations

from aid_ledger.funding.service.arriving import (
    offer_contribution,
    publish_contribution,
    receive_contribution,
    screen_contribution,
)
from aid_ledger.funding.service.history import declare_history
from aid_ledger.funding.service.opening import declare_emergency, open_source, register_donor

__all__ = [
    "declare_emergency",
    "declare_history",
    "offer_contribution",
    "open_source",
    "publish_contribution",
    "receive_contribution",
    "register_donor",
    "screen_contribution",
]
