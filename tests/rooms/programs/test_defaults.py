"""The programmes of 2021 as figures: they pass the room's own rules, and loading them twice changes nothing."""

from __future__ import annotations

import datetime as dt

import pytest

from aid_ledger.programs import defaults, queries, rules
from tests.builders.documents import paper
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded


def test_all_defaults_are_defined_with_their_published_figures(founded: Founded) -> None:
    """DOMAIN 2.7: amounts by date; every programme neutral in the log, whatever its full name says."""
    with founded.act("operator") as act:
        made = defaults.load_defaults(act, document=paper(act, "sk").reference)
        assert [program.code for program in made] == [each.code for each in defaults.DEFAULTS]
    with founded.bench.reading() as session:
        for code, day, amount in (
            ("BST", dt.date(2020, 5, 1), 600_000),
            ("BST", dt.date(2021, 8, 5), 300_000),
            ("BLT_DESA", dt.date(2021, 8, 5), 300_000),
            ("JPS_A", dt.date(2021, 8, 5), 1),
        ):
            assert queries.rate_on(session, queries.program(session, code), day) == amount
        assert queries.program(session, "JPS_A").public_name == "Bansos JPS"
    assert_log_agrees(founded.bench)


def test_loading_again_adds_nothing_and_some_may_be_chosen(founded: Founded) -> None:
    """A demonstration or a founding may load them again after a crash."""
    with founded.act("operator") as act:
        decree = paper(act, "sk").reference
        assert [made.code for made in defaults.load_defaults(act, document=decree, only=["BST"])] == ["BST"]
    with founded.act("operator") as act:
        assert "BST" not in {made.code for made in defaults.load_defaults(act, document=decree)}
    with founded.act("operator") as act:
        assert defaults.load_defaults(act, document=decree) == []


@pytest.mark.parametrize("default", defaults.DEFAULTS, ids=lambda default: default.code)
def test_no_default_tells_of_an_illness(default: defaults.Default) -> None:
    """THREATS 14: the names that enter the log and the receipts are neutral."""
    good = next(each for each in defaults.GOODS if each.code == default.commodity)
    rules.check_neutral(default.code, default.public_name, good.code, good.public_name)
