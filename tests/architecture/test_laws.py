"""The laws on trial: each must catch its bad sample and let the good one beside it pass."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tests.architecture import laws
from tests.architecture.headings import Headings
from tests.architecture.sources import Law, Source

LONG_FUNCTION = "def pay() -> None:\n" + "    check()\n" * 60
RULES = "aid_ledger/book/rules.py"
LATER = "TO" + "DO"

# law, path, bad sample, good sample at the same path
CASES: list[tuple[Law, str, str, str]] = [
    (laws.functions_fit_a_screen, "aid_ledger/book/service.py", LONG_FUNCTION, "def pay() -> None:\n    check()\n"),
    (laws.files_hold_one_idea, "audit/verify.py", "x = 1\n" * 401, "x = 1\n" * 400),
    (laws.files_hold_one_idea, "templates/book/show.html", "<p>\n" * 401, "<p>\n" * 400),
    (laws.only_the_act_commits, "aid_ledger/book/service.py", "session.commit()\n", "session.flush()\n"),
    (laws.only_the_act_commits, "aid_ledger/book/service.py", "with engine.begin() as c: pass\n", "begin_act()\n"),
    (
        laws.sql_stays_behind_its_doors,
        "aid_ledger/book/queries.py",
        "from sqlalchemy import text\n",
        "import sqlalchemy\n",
    ),
    (
        laws.sql_stays_behind_its_doors,
        "aid_ledger/book/queries.py",
        "import sqlalchemy as sa\nsa.text('x')\n",
        "a.text\n",
    ),
    (laws.sql_stays_behind_its_doors, "aid_ledger/book/service.py", "session.connection()\n", "session.scalar(q)\n"),
    (laws.errors_are_caught_by_name, RULES, "try: f()\nexcept Exception: g()\n", "try: f()\nexcept KeyError: g()\n"),
    (laws.errors_are_caught_by_name, RULES, "try: f()\nexcept: g()\n", "try: f()\nexcept (OSError, KeyError): g()\n"),
    (laws.errors_are_caught_by_name, RULES, "try: f()\nexcept (KeyError, Exception): g()\n", "f()\n"),
    (laws.errors_are_caught_by_name, RULES, "with suppress(Exception): f()\n", "with suppress(KeyError): f()\n"),
    (laws.imports_stand_at_the_top, RULES, "def f():\n    import json\n", "import json\n"),
    (laws.money_is_whole, RULES, "def share(total: float) -> int: ...\n", "def share(total: int) -> int: ...\n"),
    (laws.money_is_whole, RULES, "fee = total * 0.5\n", "fee = total // 2\n"),
    (laws.money_is_whole, "aid_ledger/book/models.py", "sa.Float\n", "sa.BigInteger\n"),
    (laws.money_is_whole, "audit/replay/balances.py", "float('1')\n", "int('1')\n"),
    (laws.rules_divide_whole, RULES, "half = total / 2\n", "half = total // 2\n"),
    (
        laws.settings_read_the_environment,
        "audit/cli.py",
        "import os\nos.environ['HOME']\n",
        "import os\nos.fspath(x)\n",
    ),
    (laws.settings_read_the_environment, "aid_ledger/app.py", "from os import getenv\n", "from os import fspath\n"),
    (
        laws.flask_stays_at_the_doors,
        "aid_ledger/book/service.py",
        "from flask import g\n",
        "from decimal import Decimal\n",
    ),
    (laws.flask_stays_at_the_doors, "aid_ledger/core/jobs.py", "import flask_login\n", "import json\n"),
    (laws.replay_is_asked_by_judges_only, RULES, "from audit import replay\n", "from audit import facts\n"),
    (laws.replay_is_asked_by_judges_only, RULES, "import audit.replay.balances\n", "import audit.canonical\n"),
    (laws.replay_is_asked_by_judges_only, RULES, "from aid_ledger.book import agreement\n", "import audit.proof\n"),
    (laws.nothing_is_left_for_later, "docs/GLOSSARY.md", f"{LATER}: finish\n", "Finished.\n"),
]


@pytest.mark.parametrize(
    ("law", "path", "bad", "good"), CASES, ids=[f"{n}-{c[0].__name__}" for n, c in enumerate(CASES)]
)
def test_a_law_catches_its_breach_and_nothing_else(law: Law, path: str, bad: str, good: str) -> None:
    """The cheat of a law that is written and never bites."""
    assert len(list(law(Source(PurePosixPath(path), bad)))) == 1
    assert list(law(Source(PurePosixPath(path), good))) == []


@pytest.mark.parametrize(
    ("law", "door", "words"),
    [
        (laws.only_the_act_commits, "aid_ledger/core/act.py", "session.commit()\n"),
        (laws.sql_stays_behind_its_doors, "aid_ledger/log/sequencer.py", "from sqlalchemy import text\n"),
        (laws.sql_stays_behind_its_doors, "migrations/versions/0001_begin.py", "from sqlalchemy import text\n"),
        (laws.errors_are_caught_by_name, "aid_ledger/web/problems.py", "try: f()\nexcept Exception: g()\n"),
        (laws.settings_read_the_environment, "aid_ledger/settings.py", "import os\nos.environ\n"),
        (laws.flask_stays_at_the_doors, "aid_ledger/book/views.py", "import flask\n"),
        (laws.flask_stays_at_the_doors, "aid_ledger/oversight/views/samples.py", "import flask\n"),
        (laws.replay_is_asked_by_judges_only, "aid_ledger/log/diff.py", "from audit import replay\n"),
        (laws.replay_is_asked_by_judges_only, "aid_ledger/book/agreement.py", "from audit import replay\n"),
        (laws.money_is_whole, "aid_ledger/core/jobs.py", "PAUSE_S = 0.5\n"),
    ],
)
def test_a_door_may_do_what_it_is_for(law: Law, door: str, words: str) -> None:
    """The law's written exceptions, and no wider."""
    assert list(law(Source(PurePosixPath(door), words))) == []


def test_a_vague_name_is_caught() -> None:
    """The cheat of a drawer called utils."""
    assert list(laws.names_mean_something(Source(PurePosixPath("aid_ledger/book/utils.py"), "")))
    assert not list(laws.names_mean_something(Source(PurePosixPath("aid_ledger/book/balances.py"), "")))


LAYOUT = "<html><body>{% block heading %}<h1>Aid</h1>{% endblock %}{% block content %}{% endblock %}</body></html>"
MACROS = "{% macro title(words) %}<h1>{{ words }}</h1>{% endmacro %}"


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("", 1),
        ("{% block heading %}{% endblock %}", 0),
        ("{% block content %}<h1>Second</h1>{% endblock %}", 2),
        ("{% block heading %}<h1>Own</h1>{% endblock %}", 1),
        ("{% block heading %}{% if x %}<h1>A</h1>{% else %}<h1>B</h1>{% endif %}{% endblock %}", 1),
        ("{% import '_ui.html' as ui %}{% block heading %}{{ ui.title('Own') }}{% endblock %}", 1),
        ("{% import '_ui.html' as ui %}{% block content %}{{ ui.title('Second') }}{% endblock %}", 2),
        ("{% block content %}{% include '_part.html' %}{% endblock %}", 2),
    ],
)
def test_headings_are_counted_as_a_reader_meets_them(page: str, shown: int) -> None:
    """The cheat of two first headings, or none, by way of layouts, branches, macros and parts."""
    texts = {"layout.html": LAYOUT, "_ui.html": MACROS, "_part.html": "<h1>Part</h1>"}
    headings = Headings({**texts, "page.html": "{% extends 'layout.html' %}" + page})
    assert headings.pages() == ["page.html"]
    assert headings.count("page.html") == shown
