"""A handover as the officers of tests tell it."""

from __future__ import annotations

from aid_ledger.delivery.rules import Scene, Witness

SEEN = Scene("Balai RW 01", (Witness("Ujang Saksi", "Ketua RT 003"), Witness("Neneng Saksi", "Bhabinkamtibmas")))
"""A handover before two neighbours."""
