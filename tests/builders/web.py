"""The web application on a founded agency, and browsers that sign in the way officials do."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from aid_ledger import app as composition
from aid_ledger.core import keyfiles
from aid_ledger.settings import Environment, Settings
from audit import note
from tests.builders import receipt_keys
from tests.builders.officials import Founded

CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def settings_of(founded: Founded) -> Settings:
    """Write the key files of a founded bench and give settings that point at them and at its database."""
    bench = founded.bench
    settings = Settings(
        environment=Environment.TEST,
        database_url=bench.engine.url.render_as_string(hide_password=False),
        var=bench.folder / "var",
        origin=bench.key.name,
    )
    if bench.engine.dialect.name == "sqlite":
        settings = Settings(
            environment=Environment.TEST,
            database_url=f"sqlite:///{bench.folder / 'copy.sqlite'}",
            var=settings.var,
            origin=bench.key.name,
        )
    if not settings.keys_folder.exists():
        _write_keys(founded, settings)
    return settings


def shell_of(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point the environment of this process at a founded bench, as the shell of its host is."""
    settings = settings_of(founded)
    monkeypatch.setenv("AID_LEDGER_ENV", "test")
    monkeypatch.setenv("AID_LEDGER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("AID_LEDGER_VAR", str(settings.var))
    monkeypatch.setenv("AID_LEDGER_ORIGIN", settings.origin)
    return settings


@contextmanager
def running_app(founded: Founded) -> Iterator[Flask]:
    """Build the application as a web server does, on the database of a founded bench."""
    app = composition.create_app(settings_of(founded))
    app.testing = True
    app.jinja_env.bytecode_cache = COMPILED
    engine = app.extensions["aid_ledger.office"].engine
    founded.engines.append(engine)
    yield app
    founded.engines.remove(engine)
    engine.dispose()


_compile_builder = Rule._compile_builder  # noqa: SLF001 - see `kept_builder`
_builders: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}


def kept_builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT002
    """Give what writes the addresses of a rule, compiled once for all applications of this process.

    Every application here has the same few hundred rules, and compiling them is most of what building one takes.
    """
    key = (rule.rule, tuple(rule._trace), append_unknown)  # noqa: SLF001 - the same parts, the same code
    if rule.defaults or key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = kept_builder  # type: ignore[assignment, method-assign] # noqa: SLF001 - see there


class Compiled(BytecodeCache):
    """What pages compile to, kept for all applications of this process: each would compile every page anew."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a page with this source, if there is any."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a page."""
        self._kept[bucket.key, bucket.checksum] = bucket.code


COMPILED = Compiled()


class Browser:
    """One browser: keeps cookies, sends the form token of the page it last read."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path)

    def post(self, path: str, form: dict[str, str] | None = None, *, page: str = "/masuk") -> TestResponse:
        """Send a form with the token of `page`, and a fresh idempotency key unless the form has one."""
        token = self.form_token(page)
        sent = {"csrf_token": token, "idempotency_key": secrets.token_urlsafe(12), **(form or {})}
        return self.client.post(path, data=sent)

    def form_token(self, page: str) -> str:
        """Read the form token of a page, following where it leads."""
        found = CSRF.search(self.client.get(page, follow_redirects=True).text)
        assert found, f"{page} has no form"
        return found[1]

    def sign_in(self, founded: Founded, login: str) -> TestResponse:
        """Sign in with password and code, as one does."""
        person = founded.people[login]
        first = self.post("/masuk", {"login": login, "password": person.password})
        assert first.status_code == 302, first.text
        second = self.post("/masuk/kode", {"code": person.code()}, page="/masuk/kode")
        assert second.status_code == 302, second.text
        return second


def browse(app: Flask, founded: Founded, login: str) -> Browser:
    """Give a browser in which an official is signed in."""
    browser = Browser(app)
    browser.sign_in(founded, login)
    return browser


def _write_keys(founded: Founded, settings: Settings) -> None:
    by_id, lookup = founded.bench.kit.keys.export()
    content = {
        "version": keyfiles.FILE_VERSION,
        "current": founded.bench.kit.keys.current,
        "keys": {key_id: base64.b64encode(key).decode() for key_id, key in by_id.items()},
        "lookup": base64.b64encode(lookup).decode(),
    }
    keyfiles.write_private(settings.field_keys_file, json.dumps(content).encode())
    keyfiles.write_private(settings.log_key_file, note.format_skey(founded.bench.key).encode())
    keyfiles.write_private(settings.session_key_file, secrets.token_bytes(32))
    receipt_keys.write_keys(settings)
