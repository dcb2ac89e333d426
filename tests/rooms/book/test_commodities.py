"""What may be counted: under a code that can stand in a fact, once, and with words for people."""

from __future__ import annotations

import pytest

from aid_ledger.book import queries, service
from aid_ledger.book.rules import CommodityMalformed, CommodityTaken
from aid_ledger.core.act import Actor
from tests.benches import Bench

GOOD = {"code": "BERAS_KG", "unit": "kg", "name": "Beras medium", "public_name": "Beras"}


@pytest.mark.parametrize(
    "change",
    [
        {"code": "beras"},
        {"code": "BERAS/KG"},
        {"code": "B"},
        {"code": "B" * 41},
        {"unit": ""},
        {"name": ""},
        {"public_name": "x" * 301},
    ],
)
def test_what_cannot_be_counted_is_refused(bench: Bench, anyone: Actor, change: dict[str, str]) -> None:
    """A slash in a code would be a second account; an empty name would be on every receipt."""
    with pytest.raises(CommodityMalformed), bench.act(anyone) as act:
        service.define_commodity(act, **{**GOOD, **change})


def test_a_good_is_defined_once(bench: Bench, anyone: Actor) -> None:
    """Redefining a packet would change what was handed over."""
    with bench.act(anyone) as act:
        service.define_commodity(act, **GOOD)
    with pytest.raises(CommodityTaken), bench.act(anyone) as act:
        service.define_commodity(act, **{**GOOD, "unit": "karung"})
    with bench.reading() as session:
        assert [row.unit for row in queries.commodities(session)] == ["kg"]
