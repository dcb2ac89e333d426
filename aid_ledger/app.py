"""Where everything is put together: settings, keys, engine, log and rooms become a web application or an office.

Every door builds itself here and nowhere else, so that each of them opens the same Acts. A misconfigured installation
does not start; it says in sentences why (THREATS 12).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from flask import Flask, Response, request, session
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix

from aid_ledger import tables
from aid_ledger.approvals import views as approvals_views
from aid_ledger.book import views as book_views
from aid_ledger.core import clock, keyfiles, logs, migrating, retry
from aid_ledger.core.act import Acts, Kit, keeping_house
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.db import make_engine, reading
from aid_ledger.custody.carrying import Custodian
from aid_ledger.delivery import views as delivery_views
from aid_ledger.disbursement import views as disbursement_views
from aid_ledger.documents import views as documents_views
from aid_ledger.founding import views as founding_views
from aid_ledger.funding import views as funding_views
from aid_ledger.isolation import views as isolation_views
from aid_ledger.leaving import views as leaving_views
from aid_ledger.leaving.service import set_longest_way
from aid_ledger.log import views as log_views
from aid_ledger.log.fingerprint import is_schema_told
from aid_ledger.log.keyring import KeyFiles
from aid_ledger.log.pen import LogPen
from aid_ledger.log.sequencer import Sequencer
from aid_ledger.log.sworn import SwornFloor
from aid_ledger.officials import sessions
from aid_ledger.officials import views as officials_views
from aid_ledger.officials.service import set_new_factor_wait
from aid_ledger.oversight import views as oversight_views
from aid_ledger.procurement import views as procurement_views
from aid_ledger.programs import views as programs_views
from aid_ledger.public import views as public_views
from aid_ledger.receipts import views as receipts_views
from aid_ledger.recipients import views as recipients_views
from aid_ledger.regions import queries as regions
from aid_ledger.regions.models import Agency
from aid_ledger.settings import DEMO_ORIGIN, Process, Settings
from aid_ledger.web import assets, desk, formats, guard, home, problems, shapes, slots

UPLOAD_MAX_BYTES: Final = 256 * 1024 * 1024
"""A list of a million recipients is some 150 MB; nothing anyone uploads is larger."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
ONE_YEAR_S: Final = 31_536_000


class StartRefused(RuntimeError):
    """This installation must not start; the message says why, a sentence per line, and what to do."""


@dataclass(frozen=True, slots=True)
class Office:
    """An installation ready to act: what every door needs."""

    settings: Settings
    engine: Engine
    kit: Kit
    acts: Acts
    sequencer: Sequencer | None
    """Only where this process orders the log: the embedded database. None on PostgreSQL."""
    agency: Agency


def published_checkpoint(settings: Settings) -> Path:
    """Name the file outside the database that holds the last published checkpoint."""
    return settings.var / "log" / "checkpoint"


def open_office(settings: Settings, process: Process = Process.COMMAND) -> Office:
    """Open an installation that was founded.

    Raises:
        StartRefused: it is misconfigured, not migrated or not founded.
        KeyFileFault: a key file is missing or open to others.
    """
    engine = prepared_engine(settings)
    with reading(engine) as rows:
        if not regions.is_founded(rows):
            raise StartRefused("This database has no agency yet: run `aid-ledger init` first.")
        agency = regions.agency(rows)
        # The embedded database is told by the server that is about to start (`cli/serving.py`).
        is_told = settings.is_sqlite or process is not Process.WEB or is_schema_told(rows)
    if not is_told:
        engine.dispose()
        raise StartRefused(
            "The log does not say what this database is built by: start `aid-ledger sequencer` of this version, which "
            "says so, then this."
        )
    faults = settings.production_faults(process, genesis_environment="demo" if agency.is_practice else "production")
    if faults:
        raise StartRefused("\n".join(faults))
    if settings.origin not in {"", DEMO_ORIGIN, agency.origin}:
        raise StartRefused(f"AID_LEDGER_ORIGIN is {settings.origin}, but this log began as {agency.origin}.")
    set_new_factor_wait(settings.new_factor_wait)
    set_longest_way(settings.unwitnessed_hours)
    kit = Kit(keyfiles.load_field_keys(settings.field_keys_file), settings.var / "files")
    sequencer = open_sequencer(settings, engine) if settings.is_sqlite else None
    acts = Acts(engine, LogPen(sequencer), kit, zone=agency.zone, floor=SwornFloor(engine))
    return Office(settings, engine, kit, acts, sequencer, agency)


def unsequenced(office: Office) -> Office:
    """Give the same installation with Acts whose entries wait: while its log is being recovered nothing is ordered."""
    acts = Acts(office.engine, LogPen(), office.kit, zone=office.agency.zone, floor=SwornFloor(office.engine))
    return replace(office, acts=acts, sequencer=None)


def prepared_engine(settings: Settings) -> Engine:
    """Give the engine of a database at the newest migration; the embedded one is migrated here.

    Raises:
        StartRefused: a PostgreSQL database is not migrated; its owner role does that.
    """
    if settings.is_sqlite:
        settings.var.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.engine_url(), behind_pooler=settings.is_behind_pooler)
    newest = migrating.newest_revision()
    if migrating.revision_of(engine) != newest:
        if not settings.is_sqlite:
            raise StartRefused(f"The database is not at migration {newest}: run `aid-ledger migrate` as its owner.")
        migrating.upgrade(engine)
    return engine


def open_sequencer(settings: Settings, engine: Engine) -> Sequencer:
    """Give the one sequencer of this installation; this process must hold the log's keys."""
    keys = KeyFiles(settings.log_key_file, settings.log_next_key_file)
    return Sequencer(engine, keys, published_checkpoint(settings))


def open_custodian(settings: Settings, sequencer: Sequencer) -> Custodian:
    """Have a sequencer of a process of its own also take the log's next key when its time has come.

    That process may read no personal data, so the field keys it acts with are fresh ones that open nothing.
    """
    engine = sequencer.engine
    with reading(engine) as rows:
        zone = regions.agency(rows).zone
    kit = Kit(FieldKeys.fresh(), settings.var / "files")
    pen = LogPen(sequencer if settings.is_sqlite else None)
    return Custodian(sequencer, Acts(engine, pen, kit, zone=zone, floor=SwornFloor(engine)))


def create_app(settings: Settings | None = None) -> Flask:
    """Build the web application.

    Raises:
        StartRefused, KeyFileFault: see `open_office`.
        RuntimeError: a view does not say whom it is for.
    """
    settings = settings or Settings.from_env()
    return make_app(open_office(settings, Process.WEB))


def make_app(office: Office) -> Flask:
    """Build the web application of an open installation."""
    settings = office.settings
    logs.configure(is_production=settings.is_production)
    app = Flask("aid_ledger", static_folder=str(assets.STATIC_FOLDER), template_folder=str(assets.TEMPLATE_FOLDER))
    _configure(app, settings)
    app.jinja_env.undefined = StrictUndefined
    formats.register(app.jinja_env, zone=office.agency.zone)
    shapes.register(app.jinja_env)
    assets.install(app)
    app.extensions["aid_ledger.office"] = office
    desk.install(app, office.acts, zone=office.agency.zone)
    problems.install(app)
    CSRFProtect(app)  # type: ignore[no-untyped-call] # the library has no types
    guard.install(app, _loader(office), sign_in="sign_in.ask_password")
    slots.install(app, agency_name=office.agency.name, viewer=home.load_viewer)
    app.after_request(_with_headers(settings))
    home.install(app)
    for room in ROOMS:
        room.install(app)
    guard.require_marks(app)
    return app


ROOMS: Final = (
    log_views,
    officials_views,
    founding_views,
    leaving_views,
    documents_views,
    book_views,
    funding_views,
    programs_views,
    procurement_views,
    recipients_views,
    isolation_views,
    disbursement_views,
    approvals_views,
    delivery_views,
    receipts_views,
    oversight_views,
    public_views,
)
"""The rooms' views in river order; each has `install(app)` for its blueprints, menu lines, cards and panels."""

METADATA: Final = tables.METADATA
"""Named so that every table is known wherever an installation is opened."""


def _configure(app: Flask, settings: Settings) -> None:
    is_https = settings.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=keyfiles.read_private(settings.session_key_file),
        MAX_CONTENT_LENGTH=UPLOAD_MAX_BYTES,
        SESSION_COOKIE_NAME="__Host-buku" if is_https else "buku",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # The token lives and dies with the session it is bound to.
        TEMPLATES_AUTO_RELOAD=False,
    )
    if is_https:
        # Only a proxy speaks https for us; it sets these three and nobody else reaches this port.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]


def _loader(office: Office) -> guard.Loader:
    """Make the loader of the signed-in official from the session's cookie."""

    def load() -> guard.CurrentOfficial | None:
        token = session.get("token", "")
        if not token:
            return None
        at = clock.now()
        with reading(office.engine) as rows:
            found = sessions.current(rows, token, at, clock.today(office.agency.zone))
        if found is None:
            return None
        official, is_due = found
        if is_due:
            _touch(office.engine, official.session_hash, at)
        return official

    return load


def _touch(engine: Engine, session_hash: bytes, at: dt.datetime) -> None:
    """Note that a session is in use, unless somebody is writing for long just now: the next click notes it."""
    try:
        with keeping_house(engine) as rows:
            sessions.touch(rows, session_hash, at)
    except OperationalError as error:
        if not retry.is_serialization_failure(error):
            raise


def _with_headers(settings: Settings) -> Callable[[Response], Response]:
    headers = dict(HEADERS)
    if settings.base_url.startswith("https://"):
        headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_S}; includeSubDomains"

    def add(response: Response) -> Response:
        for name, text in headers.items():
            response.headers.setdefault(name, text)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return add
