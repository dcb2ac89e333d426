"""What other rooms say on a person's page: what the household is due and was paid, under neutral names."""

from __future__ import annotations

from flask import Flask

from tests.builders import paying as builders
from tests.builders import programs
from tests.builders.officials import Founded
from tests.builders.web import browse


def test_a_persons_page_tells_what_the_household_is_due(web_app: Flask, founded: Founded) -> None:
    """Nothing before there is something; then the entitlement, then the batch and line that are to pay it."""
    paying = programs.paying_program(founded.bench, founded)
    home = builders.households(founded.bench, founded, 1)[0]
    page = f"/penerima/orang/{home.person}"
    operator = browse(web_app, founded, "operator")
    assert "Hak dan penyaluran" not in operator.get(page).text
    builders.determined_run(founded.bench, founded, paying)
    due = operator.get(page).text
    assert "Hak dan penyaluran" in due
    assert "ditetapkan" in due
    batch = builders.drafted_batch(founded.bench, founded, paying, is_determined=True)
    drafted = operator.get(page).text
    assert f"/penyaluran/{batch}" in drafted
    assert "baris 1" in drafted
    assert "draf" in drafted


def test_the_posko_is_not_told_who_is_paid(web_app: Flask, founded: Founded) -> None:
    """UX: the posko checks people; money is not its business."""
    paying = programs.paying_program(founded.bench, founded)
    home = builders.households(founded.bench, founded, 1)[0]
    builders.determined_run(founded.bench, founded, paying)
    assert "Hak dan penyaluran" not in browse(web_app, founded, "field").get(f"/penerima/orang/{home.person}").text
