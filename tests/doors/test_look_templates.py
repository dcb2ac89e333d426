"""What holds for every template as written: nothing inline, nothing unescaped, every macro in the table of macros."""

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError, nodes

from aid_ledger.web import assets, formats, shapes

# A template for paper (NAME_pdf.html) is pressed by WeasyPrint and never met by a browser or its policy.
TEMPLATES = sorted(path for path in assets.TEMPLATE_FOLDER.rglob("*.html") if not path.stem.endswith("_pdf"))
MACROS = sorted((assets.TEMPLATE_FOLDER / "web" / "macros").glob("*.html"))
INLINE = re.compile(
    r"""<style|<script(?![^>]*\ssrc=)(?!\stype="application/json")"""
    r"""|\sstyle=["']|\son[a-z]+=["']|href=["']javascript:""",
    re.IGNORECASE,
)
ELSEWHERE = re.compile(r"""\b(?:src|href|action|hx-get|hx-post)=["']\s*(?:https?:)?//""", re.IGNORECASE)
UNESCAPED = re.compile(r"\|\s*safe\b")
ATTACK = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def environment() -> Environment:
    """Give the templates outside any application."""
    environment = Environment(
        loader=FileSystemLoader(assets.TEMPLATE_FOLDER), autoescape=True, undefined=StrictUndefined
    )
    formats.register(environment)
    shapes.register(environment)
    return environment


def show(environment: Environment, family: str, call: str, **values: object) -> str:
    """Show one macro."""
    source = f'{{% import "web/macros/{family}.html" as m %}}{{{{ m.{call} }}}}'
    return environment.from_string(source).render(**values)


CARRIED = assets.TEMPLATE_FOLDER / "oversight" / "evidence" / "periksa.html"
"""The page that no server of ours sends: it travels inside the evidence, with a policy of its own."""
KEPT = assets.TEMPLATE_FOLDER / "public" / "alone.html"
"""The page that is one file, for phones without signal; its policy names its script and style by their hashes, too."""


def test_a_planted_inline_style_is_noticed() -> None:
    """The law below bites."""
    for sample in ('<p style="color:red">', "<script>x()</script>", "<a onclick='x()'>", "<style>p{}</style>"):
        assert INLINE.search(sample)
    assert not INLINE.search('<script src="/static/app.js" defer></script>')
    # Data, which no browser runs, whatever the policy.
    assert not INLINE.search('<script type="application/json" id="x">')


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(assets.TEMPLATE_FOLDER)))
def test_no_template_holds_script_or_style(path: Path) -> None:
    """Law: the content security policy has no 'unsafe-inline'; such a page would be broken in the browser."""
    if path in {CARRIED, KEPT}:
        return
    assert INLINE.findall(path.read_text("utf-8")) == []


def test_the_page_that_is_carried_away_names_its_script_and_style_by_hash() -> None:
    """It is opened from a disk, where there is nothing else to load: one of each, and the policy lets in no other."""
    text = CARRIED.read_text("utf-8")
    assert len(INLINE.findall(text)) == 2
    assert text.count("<style>$style</style>") == text.count("$script</script>") == 1
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert [each.partition(";")[0] for each in policy] == ["default-src 'none'"]
    assert "style-src '$style_hash'; script-src '$script_hash';" in policy[0]


def test_the_page_for_phones_without_signal_has_one_script_and_one_style() -> None:
    """Its policy is made of what stands in it (tests/doors/test_periksa.py); there is one place for each."""
    text = KEPT.read_text("utf-8")
    assert len(INLINE.findall(text)) == 2
    assert text.count("<style>{{ style | safe }}</style>") == text.count("<script>{{ script | safe }}</script>") == 1
    assert '<meta http-equiv="Content-Security-Policy" content="{{ policy }}">' in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(assets.TEMPLATE_FOLDER)))
def test_no_template_fetches_from_elsewhere(path: Path) -> None:
    """Law: no third-party request from any page."""
    assert ELSEWHERE.findall(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", MACROS, ids=lambda path: path.stem)
def test_macros_trust_no_value(path: Path) -> None:
    """Only our own drawings and one attribute of ours are marked safe."""
    marked = [line for line in path.read_text("utf-8").splitlines() if UNESCAPED.search(line)]
    assert all("_paths[name]" in line or "' class=\"whole\"' | safe" in line for line in marked)


@pytest.mark.parametrize("path", MACROS, ids=lambda path: path.stem)
def test_every_macro_stands_in_the_table(path: Path, environment: Environment) -> None:
    """A macro nobody can find is written twice."""
    table = (assets.TEMPLATE_FOLDER / "web" / "README.md").read_text("utf-8")
    tree = environment.parse(path.read_text("utf-8"))
    names = {macro.name for macro in tree.find_all(nodes.Macro) if not macro.name.startswith("_")}
    rows = " ".join(line for line in table.splitlines() if line.startswith(f"| {path.stem} |"))
    assert {name for name in names if f"{name}(" not in rows} <= {"error_sentence"}


@pytest.mark.parametrize(
    "call",
    [
        'text("n", "Nama", values, errors)',
        'textarea("n", "Nama", values, errors)',
        'money("n", "Nama", values, errors)',
        'number("n", "Nama", values, errors)',
        'select("n", "Nama", [(values.n, values.n)], values, errors)',
        'radio("n", "Nama", [(values.n, values.n)], values, errors)',
        "summary(errors)",
    ],
)
def test_what_was_typed_comes_back_as_text(environment: Environment, call: str) -> None:
    """Cheat: a name that is a script."""
    page = show(environment, "forms", call, values={"n": ATTACK}, errors={"n": ATTACK})
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_password_never_comes_back(environment: Environment) -> None:
    """Not even after an error."""
    page = show(environment, "forms", 'text("p", "Kata sandi", values, type="password")', values={"p": "rahasia"})
    assert "rahasia" not in page


@pytest.mark.parametrize("value", ["Jumlah salah.", ["Jumlah", "salah."], {"message": "Jumlah salah.", "code": ""}])
def test_an_error_may_be_a_sentence_or_several(environment: Environment, value: str | list[str]) -> None:
    """Marshmallow gives lists, rules give a sentence with its code."""
    assert "Jumlah salah." in show(environment, "forms", 'text("n", "N", {}, errors)', errors={"n": value})


def test_every_state_has_its_own_look(environment: Environment) -> None:
    """Never colour alone: word and shape for each state."""
    for code, word in formats.STATUS_WORDS.items():
        page = show(environment, "states", "badge(code)", code=code)
        assert word in page
        assert "<svg" in page


def test_a_state_nobody_named_is_not_shown(environment: Environment) -> None:
    """An unknown state must not look like a known one."""
    with pytest.raises(UndefinedError, match="nonsense"):
        show(environment, "states", 'badge("nonsense")')


def test_a_green_mark_must_say_by_what(environment: Environment) -> None:
    """Cheat: a green shield that nothing was checked for."""
    assert "trust--claimed" in show(environment, "trust", 'mark("proved", "Asli")')
    assert "trust--proved" in show(environment, "trust", 'mark("proved", "Asli", by=["tanda tangan sah"])')


def test_seeing_personal_data_asks_why(environment: Environment) -> None:
    """Law: a look is recorded with its reason; who may not ask gets no form."""
    asked = show(environment, "masked", 'value("••00", "NIK", "/look")')
    assert 'name="reason"' in asked
    assert "required" in asked
    assert "dicatat" in asked
    assert "<form" not in show(environment, "masked", 'value("••00", "NIK")')


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 429, 500, 503, 418])
def test_no_refusal_is_without_what_to_do(environment: Environment, status: int) -> None:
    """Law: nothing ever says 'Terjadi kesalahan' alone."""
    empty: Mapping[str, object] = dict.fromkeys(
        ("title", "message", "todo", "who", "code", "reference", "back_url"), ""
    )
    page = environment.get_template("web/_problem_body.html").render(problem={**empty, "status": status})
    assert page.count("<p>") >= 2
    assert str(status) in page
    assert "Terjadi kesalahan" not in page


def test_what_waits_for_its_seal_has_no_number_yet(environment: Environment) -> None:
    """Cheat: an entry number shown before the log has given one."""
    fact = {
        "title": "Batch diajukan",
        "by": "Sari",
        "office": "",
        "at": dt.datetime(2021, 8, 5, tzinfo=dt.UTC),
    }
    assert "menunggu disegel" in show(environment, "timeline", "timeline([f])", f={**fact, "entry": None})
    assert "log nomor 0" in show(environment, "timeline", "timeline([f])", f={**fact, "entry": 0})


def test_a_finished_job_is_asked_no_more(environment: Environment) -> None:
    """The last answer carries no trigger."""
    going = show(environment, "progress", 'bar("Impor", 1, 2, "baris", poll_url="/p")')
    ended = show(environment, "progress", 'bar("Impor", 2, 2, "baris", state="done", poll_url="/p")')
    assert 'hx-trigger="every 2s"' in going
    assert "hx-trigger" not in ended
    assert "boleh ditutup" in going


def test_reading_a_form_needs_no_token(environment: Environment) -> None:
    """A GET carries neither token nor key: they would lie in the address."""
    source = (
        '{% import "web/macros/forms.html" as m %}'
        '{% call m.form("/cari", key="abc", method="get") %}{{ m.submit("Cari") }}{% endcall %}'
    )
    environment.globals["csrf_token"] = lambda: "token"
    page = environment.from_string(source).render()
    assert "token" not in page
    assert "abc" not in page
