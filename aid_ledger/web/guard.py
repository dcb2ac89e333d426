"""Who may come through a door of the web: every view says it, and one that does not say it stops the start.

    @bp.get("/")
    @allow(Role.OPERATOR, Role.AUDITOR)     # one of these roles, signed in with a code
    @signed_in                              # any signed-in official
    @enrolling                              # an official who still has no device, and nobody else
    @public                                 # everybody

Rights over one object (area, own batch) are the rooms' own: their loaders answer 404. Who is signed in is told by a
loader that `app` hands in; this file knows no tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.roles import Role

MARK: Final = "__guard__"
EXTENSION: Final = "aid_ledger.guard"
PROVEN: Final = frozenset({"totp", "recovery"})
"""Factors that sign in; "password" and "enrolment" are steps on the way."""

View = TypeVar("View", bound=Callable[..., Any])


class SignInNeeded(DomainError):
    """Nobody is signed in, or the session ended."""

    kind = Kind.NOT_ALLOWED
    code = "guard.sign_in_needed"


class RoleNeeded(DomainError):
    """The signed-in official holds none of the roles this needs."""

    kind = Kind.NOT_ALLOWED
    code = "guard.role_needed"


class Whom(Enum):
    """The kinds of people a view may be for."""

    EVERYBODY = "everybody"
    SIGNED_IN = "signed_in"
    ROLES = "roles"
    ENROLLING = "enrolling"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a view said about itself."""

    whom: Whom
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class CurrentOfficial:
    """The official behind a request, as they are at this moment.

    `area` is the narrowest area of all roles; `areas` says it role by role. `office` is a code, "" without an office.
    `factor` is how this session was proved: `totp` or `recovery` (and `password`, `enrolment` on the way in).
    """

    official_id: int
    login: str
    name: str
    roles: frozenset[Role]
    area: str
    office: str
    office_title: str
    office_status: str
    session_hash: bytes
    factor: str
    areas: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    is_founding: bool = False


Loader = Callable[[], CurrentOfficial | None]


def allow(*roles: Role) -> Callable[[View], View]:
    """Say that a view is for officials who hold one of these roles."""
    if not roles:
        raise RuntimeError("a view that allows no role is for nobody; say signed_in or public")
    return _marking(Mark(Whom.ROLES, frozenset(roles)))


def signed_in(view: View) -> View:
    """Say that a view is for every signed-in official."""
    return _marking(Mark(Whom.SIGNED_IN))(view)


def enrolling(view: View) -> View:
    """Say that a view is for an official on the way to a first device."""
    return _marking(Mark(Whom.ENROLLING))(view)


def public(view: View) -> View:
    """Say that a view is for everybody."""
    return _marking(Mark(Whom.EVERYBODY))(view)


def mark_of(view: Callable[..., Any]) -> Mark | None:
    """Read what a view said about itself; None if it said nothing."""
    return cast("Mark | None", getattr(view, MARK, None))


def install(app: Flask, loader: Loader, *, sign_in: str) -> None:
    """Guard every request of an application; `sign_in` is the endpoint where people are sent to sign in."""
    app.extensions[EXTENSION] = (loader, sign_in)
    app.before_request(_guard)
    app.jinja_env.globals["may_open"] = may_open


def require_marks(app: Flask) -> None:
    """Refuse to start with a view that does not say whom it is for (deny by default)."""
    app.view_functions["static"] = public(app.view_functions["static"])
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    bare = sorted(endpoint for endpoint in endpoints if mark_of(app.view_functions[endpoint]) is None)
    if bare:
        raise RuntimeError(f"these views do not say whom they are for: {', '.join(bare)}")


def current() -> CurrentOfficial | None:
    """Give the official behind this request, whatever they have proved so far; None if there is none."""
    if "official" not in g:
        loader, _ = current_app.extensions[EXTENSION]
        g.official = loader()
    return cast("CurrentOfficial | None", g.official)


def signed_in_official() -> CurrentOfficial | None:
    """Give the official behind this request if they are signed in; None on the way in."""
    official = current()
    return official if official is not None and official.factor in PROVEN else None


def check(view: Callable[..., Any]) -> None:
    """Refuse a view to whoever it is not for.

    Raises:
        SignInNeeded, RoleNeeded.
    """
    mark = mark_of(view)
    if mark is None:
        raise RuntimeError(f"{view.__name__} does not say whom it is for")
    if mark.whom is Whom.EVERYBODY:
        return
    official = current()
    if mark.whom is Whom.ENROLLING:
        if official is None or official.factor != "enrolment":
            raise SignInNeeded
        return
    if official is None or official.factor not in PROVEN:
        raise SignInNeeded
    if mark.whom is Whom.ROLES and not mark.roles & official.roles:
        raise RoleNeeded(roles=", ".join(role.label for role in Role if role in mark.roles))


def may_open(url: str) -> bool:
    """Tell whether the official may follow a link of ours: a page must not lead where the guard turns them away.

    Only the role is asked; an object out of reach is still refused by its own page.
    """
    parts = urlsplit(url)
    if not parts.path or parts.netloc not in {"", request.host}:
        return True
    try:
        endpoint, _ = current_app.url_map.bind(request.host).match(parts.path, "GET")
        check(current_app.view_functions[endpoint])
    except (DomainError, HTTPException):
        return False
    return True


def _guard() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # No such address: Flask answers 404 itself, after this.
    try:
        check(current_app.view_functions[request.endpoint])
    except SignInNeeded:
        if request.method != "GET" or "HX-Request" in request.headers or wants_json():
            raise
        _, sign_in = current_app.extensions[EXTENSION]
        return redirect(url_for(sign_in, next=local_path(request.full_path.rstrip("?"))))
    return None


def wants_json() -> bool:
    """Tell whether a request comes from a program rather than from somebody reading a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return request.path.startswith("/api/") or best not in {None, "text/html"}


def local_path(target: str) -> str:
    """Give back an address only if it stays here; "" otherwise. An open redirect is half of a phish."""
    parts = urlsplit(target)
    is_local = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_local and target.isprintable() else ""


def _marking(mark: Mark) -> Callable[[View], View]:
    def marking(view: View) -> View:
        setattr(view, MARK, mark)
        return view

    return marking
