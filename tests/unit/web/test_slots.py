"""The common pages show what rooms registered, to whom it concerns, in the order of the river."""

import pytest
from flask import Flask, render_template_string
from markupsafe import Markup

from aid_ledger.core.roles import Role
from aid_ledger.web import slots

OPERATOR = frozenset({Role.OPERATOR})
AUDITOR = frozenset({Role.AUDITOR})


@pytest.fixture
def app() -> Flask:
    """Give an application with two pages and a signed-in operator."""
    app = Flask(__name__)
    app.add_url_rule("/batches", "disbursement.index", _menu)
    app.add_url_rule("/batches/new", "disbursement.new", _menu)
    app.add_url_rule("/sources", "funding.index", _menu)
    app.add_url_rule("/flags", "oversight.index", _menu)
    viewer = slots.Viewer("Sari", "PPTK", OPERATOR, "/out")
    slots.install(app, agency_name="Contoh", viewer=lambda: viewer)
    slots.register_menu(
        app,
        slots.MenuItem("Batch", "disbursement.index", OPERATOR, 60),
        slots.MenuItem("Sumber dana", "funding.index", OPERATOR | AUDITOR, 40),
        slots.MenuItem("Tanda bahaya", "oversight.index", AUDITOR, 90),
    )
    return app


def _menu() -> str:
    return render_template_string(
        "{% for l in menu_links %}{{ l.label }} {{ l.url }}{{ '*' if l.is_current }}|{% endfor %}"
    )


def test_a_menu_never_holds_one_page_twice(app: Flask) -> None:
    """Two rooms claiming one page is our mistake, found at start."""
    with pytest.raises(RuntimeError):
        slots.register_menu(app, slots.MenuItem("Lagi", "funding.index", OPERATOR, 1))


def test_a_menu_shows_only_what_a_role_may_open(app: Flask) -> None:
    """The auditor's page is not in the operator's menu."""
    assert [item.label for item in slots.menu_for(app, OPERATOR)] == ["Sumber dana", "Batch"]
    assert [item.label for item in slots.menu_for(app, AUDITOR)] == ["Sumber dana", "Tanda bahaya"]
    assert slots.menu_for(app, frozenset()) == ()


def test_the_menu_marks_where_one_is(app: Flask) -> None:
    """A page of the same room counts as being there."""
    assert app.test_client().get("/batches/new").text == "Sumber dana /sources|Batch /batches*|"


def test_nobody_signed_in_sees_no_menu() -> None:
    """The sign-in page lists nothing."""
    app = Flask(__name__)
    app.add_url_rule("/", "index", _menu)
    slots.install(app, agency_name="Contoh", viewer=lambda: None)
    assert app.test_client().get("/").text == ""


def test_home_cards_come_urgent_first_and_once(app: Flask) -> None:
    """Somebody with two roles does not see one task twice."""
    later = slots.HomeCard("Draf", "2 draf", "/d", "Buka", count=2)
    urgent = slots.HomeCard("Dikembalikan", "1 batch", "/r", "Perbaiki", count=1, is_urgent=True)

    def cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
        return [later, urgent]

    slots.register_home_cards(app, Role.OPERATOR, cards)
    slots.register_home_cards(app, Role.VERIFIER, cards)
    slots.register_home_cards(app, Role.AUDITOR, lambda _viewer: [slots.HomeCard("Temuan", "", "/t", "Buka")])
    viewer = slots.Viewer("Sari", "PPTK", frozenset({Role.OPERATOR, Role.VERIFIER}), "/out")
    assert slots.home_cards_for(app, viewer) == (urgent, later)


def test_panels_of_other_rooms_stand_in_order(app: Flask) -> None:
    """A room with nothing to say about this object adds nothing."""
    slots.register_panel(app, "batch", lambda _batch: slots.Panel("Pengaduan", Markup("<p>2</p>"), order=90))
    slots.register_panel(app, "batch", lambda batch: slots.Panel("Tanda terima", Markup("<p>{}</p>").format(batch), 20))
    slots.register_panel(app, "batch", lambda _batch: None)
    panels = slots.panels_for(app, "batch", "<BTC-1>")
    assert [panel.title for panel in panels] == ["Tanda terima", "Pengaduan"]
    assert panels[0].body == "<p>&lt;BTC-1&gt;</p>"
    assert slots.panels_for(app, "source", "x") == ()
