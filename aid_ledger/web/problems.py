"""The outermost door of the web: every refusal becomes a page, or a form shown again, in words that help.

Kinds of refusals become statuses here and nowhere else. A view that takes a form says on which page it stood:

    @bp.post("/baru")
    @problems.shown_on(".new")           # the GET view, run again with `typed` and `errors` in its templates
    @allow(Role.ADMIN)

The words for each code are in messages/<room>.toml. A bug becomes a reference number; its text stays in our logs.
"""

from __future__ import annotations

import secrets
import string
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from aid_ledger.core import logs, retry
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.web import formats, guard

SHOWN_ON: Final = "__shown_on__"
MESSAGES_FOLDER: Final = Path(__file__).parent / "messages"
STATUS: Final = {
    Kind.NOT_FOUND: 404,
    Kind.NOT_ALLOWED: 403,
    Kind.CONFLICT: 409,
    Kind.INVALID: 422,
    Kind.EXHAUSTED: 429,
    Kind.UNAVAILABLE: 503,
}
BUG: Final = 500
REFERENCE_BYTES: Final = 4

View = TypeVar("View", bound=Callable[..., Any])
log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """The words for one code: what happened, what to do, and who may do it ("" if that is not the question)."""

    sentence: str
    remedy: str = ""
    who: str = ""
    title: str = ""
    field: str = ""
    """The field of a form the refusal is about; "" if it is about the whole form."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as the page shows it; an empty text takes the words of its status."""

    status: int
    title: str = ""
    message: str = ""
    todo: str = ""
    who: str = ""
    code: str = ""
    reference: str = ""
    back_url: str = ""


class _Words(string.Formatter):
    """Fill a sentence with facts; `{total:rupiah}` passes a fact through a format of the pages."""

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - by API
        """Leave a hole where a fact is missing: a page with a hole beats no page."""
        return kwargs.get(str(key), "…") if isinstance(key, str) else super().get_value(key, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - by API
        """Apply a format of the pages by name."""
        if not format_spec or value == "…":
            return str(value)
        return str(getattr(formats, format_spec)(value))


_words = _Words()


@cache
def read_messages(folder: Path = MESSAGES_FOLDER) -> Mapping[str, Message]:
    """Read the words of every room, once: code to message. Two rooms with one code are our mistake."""
    found: dict[str, Message] = {}
    for path in sorted(folder.glob("*.toml")):
        for code, words in tomllib.loads(path.read_text("utf-8")).items():
            if code in found:
                raise RuntimeError(f"{path.name}: {code} has words already")
            found[code] = Message(**words)
    return found


def shown_on(endpoint: str) -> Callable[[View], View]:
    """Say on which page a form stood; ".name" is a view of the same blueprint."""

    def marking(view: View) -> View:
        setattr(view, SHOWN_ON, endpoint)
        return view

    return marking


def install(app: Flask) -> None:
    """Let an application answer every refusal and every bug through this file."""
    app.extensions["aid_ledger.messages"] = read_messages()
    app.register_error_handler(DomainError, _on_refusal)
    app.register_error_handler(ValidationError, _on_malformed)
    app.register_error_handler(CSRFError, _on_stale_form)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_bug)


def words_of(refusal: DomainError) -> Message:
    """Give the words for a refusal, filled with its facts."""
    return fill(current_app.extensions["aid_ledger.messages"], refusal)


def fill(messages: Mapping[str, Message], refusal: DomainError) -> Message:
    """Give the words for a refusal out of those of every room; the command line uses the same."""
    known = messages.get(refusal.code)
    if known is None:
        log.error("refusal_without_words", code=refusal.code)
        return Message("")
    filled = {name: _words.format(text, **refusal.facts) for name, text in asdict(known).items()}
    return Message(**filled)


def _on_refusal(refusal: DomainError) -> ResponseReturnValue:
    message = words_of(refusal)
    status = 401 if isinstance(refusal, guard.SignInNeeded) else STATUS[refusal.kind]
    todo = message.remedy
    said = {message.field: {"message": f"{message.sentence} {todo}".strip(), "code": refusal.code}}
    shown = _shown_again(said, status)
    if shown is not None:
        return shown
    problem = Problem(status, message.title, message.sentence, todo, message.who, refusal.code, back_url=_back_url())
    return _answer(problem, dict(refusal.facts))


def _on_malformed(error: ValidationError) -> ResponseReturnValue:
    raw: dict[str, object] = error.normalized_messages()  # type: ignore[no-untyped-call] # marshmallow leaves it open
    said = {"" if name == "_schema" else name: _sentences(told) for name, told in raw.items()}
    shown = _shown_again(said, STATUS[Kind.INVALID])
    if shown is not None:
        return shown
    sentences = " ".join(dict.fromkeys(" ".join(told) for told in said.values()))  # Names of fields are in `facts`.
    return _answer(Problem(STATUS[Kind.INVALID], message=sentences, code="form.malformed", back_url=_back_url()), raw)


def _on_stale_form(_error: CSRFError) -> ResponseReturnValue:
    message = "Halaman ini terlalu lama terbuka, atau dibuka sebelum Anda masuk kembali."
    return _answer(Problem(400, message=message, code="form.stale", back_url=_back_url()), {})


def _on_http(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:  # noqa: PLR2004 - a redirect raised by the router is no refusal
        return error
    page, status = _answer(Problem(error.code or BUG, back_url=_back_url()), {})
    response = make_response(page, status)
    for name, text in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = text
    return response


def _on_bug(error: Exception) -> ResponseReturnValue:
    if retry.is_serialization_failure(error):
        return _on_refusal(retry.DatabaseBusy())  # Outside an Act nobody tried again: a sign-in while others write.
    if current_app.testing:
        raise error
    reference = secrets.token_hex(REFERENCE_BYTES)
    log.error("bug", reference=reference, endpoint=request.endpoint or "", exc_info=error)
    try:
        return _answer(Problem(BUG, reference=reference), {})
    except Exception as second:
        log.error("bug_in_problem_page", reference=reference, exc_info=second)  # noqa: TRY400 - structured, not prose
        return Response(f"Ada kesalahan pada sistem kami. Rujukan {reference}.\n", BUG, mimetype="text/plain")


def _answer(problem: Problem, facts: Mapping[str, object]) -> tuple[Response | str, int]:
    if guard.wants_json():
        body = {"type": "about:blank", "title": problem.title or problem.code, "status": problem.status}
        body |= {"detail": problem.message, "code": problem.code, "facts": dict(facts)}
        response = jsonify(body)
        response.content_type = "application/problem+json"  # RFC 9457 section 3
        return response, problem.status
    page = "web/problem.html" if guard.signed_in_official() else "web/problem_public.html"
    return render_template(page, problem=asdict(problem)), problem.status


def _shown_again(said: Mapping[str, object], status: int) -> ResponseReturnValue | None:
    """Run the page of the form again with what was typed; None if the view named none or it cannot be shown."""
    view = current_app.view_functions.get(request.endpoint or "")
    endpoint = getattr(view, SHOWN_ON, "")
    if not endpoint or guard.wants_json():
        return None
    if endpoint.startswith("."):
        endpoint = (request.blueprint or "") + endpoint
    page: Callable[..., Any] = current_app.view_functions[endpoint]
    names = {name for rule in current_app.url_map.iter_rules(endpoint) for name in rule.arguments}
    arguments = {name: value for name, value in (request.view_args or {}).items() if name in names}
    g.typed, g.errors = request.form or request.args, said  # A last look arrives by GET.
    try:
        guard.check(page)
        response = current_app.make_response(page(**arguments))
    except DomainError:
        return None  # The page itself is refused: the first refusal says enough.
    if response.status_code < 300:  # noqa: PLR2004 - a redirect leads on and keeps its own status
        response.status_code = status
    return response


def _sentences(told: object) -> list[str]:
    match told:
        case list():
            return [sentence for part in told for sentence in _sentences(part)]
        case dict():
            return [sentence for part in told.values() for sentence in _sentences(part)]
    return [str(told)]


def _back_url() -> str:
    """Lead back to the page before, if it was one of ours."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host or parts.path == request.path:
        return ""
    return guard.local_path(parts.path)
