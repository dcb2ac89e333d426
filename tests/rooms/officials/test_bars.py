"""Who counts as one person where steps must be separate: whoever holds another's place, and the other way round."""

from __future__ import annotations

import datetime as dt

from aid_ledger.officials import queries, service
from tests.builders.officials import Founded

AUGUST = dt.date(2021, 8, 5)


def stand_in(founded: Founded, login: str, acts_for: str, since: dt.date, until: dt.date) -> None:
    """Let one official hold the place of another."""
    with founded.act("sekda") as act:
        service.hold_office(
            act,
            login=login,
            office="KPA",
            status="plt",
            since=since,
            until=until,
            decree="SK.1",
            acts_for=acts_for,
        )


def barred(founded: Founded, login: str, on: dt.date = AUGUST) -> set[str]:
    """Name who counts as an official."""
    with founded.bench.reading() as session:
        ids = queries.barred_with(session, founded.people[login].official_id, on)
        return {queries.official(session, id_).login for id_ in ids}


def test_without_a_stand_in_everybody_is_themselves(founded: Founded) -> None:
    """The control."""
    assert barred(founded, "approver") == {"approver"}


def test_a_stand_in_and_the_absent_are_one(founded: Founded) -> None:
    """THREATS 3: Plt and the one whose place they hold, seen from either side."""
    stand_in(founded, "operator", "approver", AUGUST, dt.date(2021, 9, 1))
    assert barred(founded, "operator") == barred(founded, "approver") == {"operator", "approver"}


def test_a_chain_of_stand_ins_is_one(founded: Founded) -> None:
    """Cheat: through a third hand."""
    stand_in(founded, "operator", "approver", AUGUST, dt.date(2021, 9, 1))
    stand_in(founded, "field", "operator", AUGUST, dt.date(2021, 9, 1))
    assert barred(founded, "field") == {"field", "operator", "approver"}


def test_the_bar_outlives_the_term(founded: Founded) -> None:
    """Cheat: make the batch as Plt in July, be approved by the one who came back in August."""
    stand_in(founded, "operator", "approver", dt.date(2021, 7, 1), dt.date(2021, 7, 31))
    assert barred(founded, "approver") == {"operator", "approver"}
    assert barred(founded, "approver", dt.date(2021, 12, 1)) == {"approver"}


def test_a_term_to_come_bars_nobody_yet(founded: Founded) -> None:
    """The control: the decree is for September."""
    stand_in(founded, "operator", "approver", dt.date(2021, 9, 1), dt.date(2021, 9, 30))
    assert barred(founded, "approver") == {"approver"}
