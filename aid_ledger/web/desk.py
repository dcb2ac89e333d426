"""Where a signed-in official works: opens Acts in their name, reads without writing, and checks what was typed.

    with desk.read() as session: ...
    values = desk.form(schemas.OfficeForm())
    desk.act(service.open_office, **values)
    done = desk.act_once(service.receive_contribution, reference, **values)     # moves value: needs the form's key

Rules and queries are not here; views call the rooms' own through this.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from flask import Flask, current_app, flash, g, request
from marshmallow import Schema, fields
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.local import LocalProxy

from aid_ledger.core import clock, retry
from aid_ledger.core.act import Act, Actor, Acts, Kit
from aid_ledger.core.db import reading
from aid_ledger.web import guard, idempotency
from aid_ledger.web.guard import CurrentOfficial
from aid_ledger.web.idempotency import Done

EXTENSION: Final = "aid_ledger.desk"
CARRIED: Final = frozenset({"csrf_token", "idempotency_key"})
"""Fields of every form that no schema knows."""

KEY_BYTES: Final = 18
LEAVES: Final = "leaves"
"""The kind of flashed message that is an act whose leaf hashes are to be kept; the base page makes it a link."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deed:
    """The last Act of this request: its id, and the leaf hashes that the one who acted may keep (THREATS 4)."""

    act: str
    leaves: tuple[bytes, ...]


def install(app: Flask, acts: Acts, *, zone: str) -> None:
    """Give an application its Acts; `zone` is the agency's."""
    app.extensions[EXTENSION] = (acts, zone)

    @app.context_processor
    def form_context() -> dict[str, object]:
        typed = g.get("typed") or {}
        return {
            "typed": typed,
            "errors": g.get("errors") or {},
            "idempotency_key": typed.get("idempotency_key") or secrets.token_urlsafe(KEY_BYTES),
        }


def _official() -> CurrentOfficial:
    found = guard.current()
    if found is None:
        raise guard.SignInNeeded
    return found


official: CurrentOfficial = cast("CurrentOfficial", LocalProxy(_official))
"""The official behind this request; SignInNeeded if there is none."""


def acts() -> Acts:
    """Give the Acts of this application."""
    return cast("Acts", current_app.extensions[EXTENSION][0])


def engine() -> Engine:
    """Give the engine, for what is no deed of the official: sessions, counts of failures, jobs."""
    return acts().engine


def kit() -> Kit:
    """Give the keys and the folder of files."""
    return acts().kit


def today() -> dt.date:
    """Tell the business date at this desk."""
    return clock.today(cast("str", current_app.extensions[EXTENSION][1]))


def actor() -> Actor:
    """Give the actor of the signed-in official's deeds."""
    return actor_of(_official())


def actor_of(person: CurrentOfficial) -> Actor:
    """Give the actor of an official's deeds through the web."""
    return Actor(type="official", id=person.login, office=person.office, door="web", official_id=person.official_id)


def read() -> AbstractContextManager[Session]:
    """Open a read-only session."""
    return reading(engine())


def act(service: Callable[Concatenate[Act, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one service in one Act of the signed-in official."""
    return act_as(actor(), service, *args, **kwargs)


def act_as(someone: Actor, service: Callable[Concatenate[Act, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one service in one Act of somebody else: a citizen, or an official on the way in."""

    def once() -> T:
        with acts().open(someone) as opened:
            answer = service(opened, *args, **kwargs)
        g.deed = Deed(opened.id, tuple(opened.leaves))
        return answer

    return retry.retrying(once)


def act_once(service: Callable[Concatenate[Act, P], object], *args: P.args, **kwargs: P.kwargs) -> Done:
    """Run a service that moves value, once per key of the form; a repeated request gives the same reference.

    The service answers an object with a `reference`, or the reference itself.

    Raises:
        IdempotencyKeyMissing, IdempotencyMismatch: and whatever the service raises.
    """
    wish = idempotency.make_wish(official.login, request.path, _key(), _body())

    def deed(opened: Act) -> Done:
        return idempotency.once(opened.session, wish, opened.at, lambda: service(opened, *args, **kwargs))

    try:
        done = act(deed)
    except idempotency.RepeatedMeanwhile:
        with read() as session:
            earlier = idempotency.kept(session, wish)
        if earlier is None:
            raise
        return earlier
    made = cast("Deed", g.deed)
    if made.leaves:
        flash(made.act, LEAVES)
    return done


def deed() -> Deed | None:
    """Give the last Act of this request; None before the first."""
    return cast("Deed | None", g.get("deed"))


def form(schema: Schema) -> dict[str, Any]:
    """Check the form that was sent; raises marshmallow.ValidationError, which problems.py shows beside the fields."""
    return _load(schema, request.form)


def filters(schema: Schema) -> dict[str, Any]:
    """Check the query of the address; raises marshmallow.ValidationError."""
    return _load(schema, request.args)


def _load(schema: Schema, typed: MultiDict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in typed:
        if name not in CARRIED:
            is_list = isinstance(schema.fields.get(name), fields.List)
            values[name] = typed.getlist(name) if is_list else typed[name]
    return cast("dict[str, Any]", schema.load(values))


def _key() -> str:
    return request.headers.get("Idempotency-Key") or request.form.get("idempotency_key", "")


def _body() -> list[tuple[str, str]]:
    """List the words of a request, files by their digest."""
    words = [(name, text) for name, text in request.form.items(multi=True) if name not in CARRIED]
    for name, upload in request.files.items(multi=True):
        digest = hashlib.file_digest(upload.stream, "sha256").hexdigest()  # type: ignore[arg-type] # a seekable stream
        upload.stream.seek(0)
        words.append((name, digest))
    return words
