"""The founding: what takes effect at once, and what no longer does once both founders have signed."""

from __future__ import annotations

from tests.builders.officials import Founded


def test_everybody_is_there(founded: Founded) -> None:
    assert set(founded.people) >= {"operator", "admin2", "sekda"}
