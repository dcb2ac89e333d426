"""The browser's files are the ones we chose, named by their content, and small."""

import gzip
import re

import pytest
from flask import Flask

from aid_ledger.web import assets

ROOT = assets.STATIC_FOLDER.parents[2]
CSS_LIMIT_BYTES = 30_000  # Gzipped, for an office on a shared line.
PUBLIC_CSS_LIMIT_BYTES = 5_120  # As written, for a cheap phone.
ELSEWHERE = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import")


@pytest.fixture
def app() -> Flask:
    """Give an application that serves only the static folder."""
    app = Flask(__name__, static_folder=str(assets.STATIC_FOLDER), static_url_path="/static")
    assets.install(app)
    return app


def _address(app: Flask, name: str) -> str:
    return app.jinja_env.from_string("{{ asset_url(name) }}").render(name=name)


@pytest.mark.parametrize("name", sorted(assets.read_manifest()))
def test_a_vendor_file_is_byte_for_byte_the_one_named(name: str) -> None:
    """Cheat: a third party's script changed in our tree after it was vetted."""
    entry = assets.read_manifest()[name]
    path = assets.VENDOR_FOLDER / entry["file"]
    assert assets.digest_of(path) == entry["sha256"]
    assert f".{entry['sha256'][:8]}." in entry["file"]
    assert path.stat().st_size == entry["size_bytes"]


def test_nothing_unnamed_lies_among_the_vendor_files() -> None:
    """Cheat: a script that no manifest vouches for."""
    named = {entry["file"] for entry in assets.read_manifest().values()}
    present = {path.name for path in assets.VENDOR_FOLDER.iterdir()}
    assert present == named | {"manifest.json", "LICENSES"}


def test_every_vendor_licence_is_kept() -> None:
    """Law: MIT and OFL ask that their text goes along."""
    licences = (assets.VENDOR_FOLDER / "LICENSES").read_text("utf-8")
    for owner in ("The Bootstrap Authors", "Plus Jakarta Sans", "htmx.org"):
        assert owner in licences


def test_the_lock_names_no_registry() -> None:
    """A build elsewhere uses its own registry; integrity stays."""
    lock = (ROOT / "tools" / "vendor" / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert lock.count('"integrity": "sha512-') > 5


def test_htmx_is_pinned_to_the_line_that_inherits_headers() -> None:
    """Version 4 does not inherit hx-headers: every enhanced POST would lose its CSRF token."""
    assert assets.read_manifest()["htmx.js"]["file"].startswith("htmx-2.0.11.")


def test_the_officers_styles_stay_small() -> None:
    """At most 30 KB on the wire."""
    names = (assets.VENDOR_FOLDER / assets.read_manifest()["bootstrap.css"]["file"], assets.STATIC_FOLDER / "app.css")
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in names) <= CSS_LIMIT_BYTES


def test_the_citizens_styles_stay_tiny() -> None:
    """At most 5 KB as written."""
    assert (assets.STATIC_FOLDER / "public.css").stat().st_size <= PUBLIC_CSS_LIMIT_BYTES


def test_styles_fetch_nothing_from_elsewhere() -> None:
    """Law: no third party learns who opens a page."""
    for path in assets.STATIC_FOLDER.rglob("*.css"):
        assert not ELSEWHERE.search(path.read_text("utf-8")), path.name


def test_an_unknown_file_has_no_address(app: Flask) -> None:
    """A misspelt asset fails where it is written, not in the browser."""
    with app.test_request_context(), pytest.raises(KeyError):
        _address(app, "jquery.js")


@pytest.mark.parametrize("name", sorted(assets.asset_paths()))
def test_a_file_at_its_own_address_may_be_kept_for_ever(app: Flask, name: str) -> None:
    """The address changes with the content."""
    with app.test_request_context():
        url = _address(app, name)
    with app.test_client().get(url) as response:
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == assets.FOREVER


def test_a_file_at_an_old_address_is_not_kept(app: Flask) -> None:
    """Cheat: yesterday's address with today's content, cached for a year."""
    with app.test_client().get("/static/app.css?v=00000000") as response:
        assert response.headers["Cache-Control"] == assets.A_MOMENT


def test_a_missing_file_is_not_cached(app: Flask) -> None:
    """A 404 must not outlive the deployment that fixes it."""
    with app.test_client().get("/static/vendor/none.css") as response:
        assert response.status_code == 404
        assert "immutable" not in response.headers.get("Cache-Control", "")
