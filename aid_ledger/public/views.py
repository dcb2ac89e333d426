"""The pages of citizens: is this receipt real, and what reached whom. No sign-in, no cookie, nobody else's server.

A code is sent in the body of a form and never stands in an address. Whatever goes wrong in here ends in one of the
promised answers, never in a traceback: this blueprint answers its own errors.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast

from flask import Blueprint, Flask, Response, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout

from aid_ledger.core import clock, logs
from aid_ledger.custody import stamps
from aid_ledger.log import queries as log_queries
from aid_ledger.public import answers, believing, checking, limits, reading, verdicts
from aid_ledger.public.believing import Addresses
from aid_ledger.public.reading import Reading
from aid_ledger.public.totals import Total, totals
from aid_ledger.public.verdicts import Finding, Reason
from aid_ledger.receipts.views.within import settings_here
from aid_ledger.web import desk, hurry
from aid_ledger.web.assets import A_MOMENT, FOREVER
from aid_ledger.web.guard import public

bp = Blueprint("public", __name__)

FORM_MAX_BYTES: Final = reading.UPLOAD_MAX_BYTES + 64 * 1024
"""The file and what a browser writes around it."""
TOTALS: Final = "aid_ledger.public.totals"
TOTALS_KEPT: Final = dt.timedelta(minutes=5)
"""The table is summed once in this time, however many ask; and nobody can watch single payments arrive."""
REFERENCE_BYTES: Final = 4
JSON: Final = "application/json"
"""What the page itself asks for when it has checked a stamp and wants to know what became of the receipt."""

events = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """The table of totals and when it was summed."""

    at: dt.datetime
    totals: list[Total]


def install(app: Flask) -> None:
    """Hang the pages on an application; a citizen has no session, so there is no token to check."""
    app.register_blueprint(bp)
    cast("CSRFProtect", app.extensions["csrf"]).exempt(bp)  # type: ignore[no-untyped-call] # the library has no types


@bp.before_request
def keep_small() -> None:
    """Read no more of a request than a receipt can be."""
    request.max_content_length = FORM_MAX_BYTES


@bp.get("/periksa")
@public
def check() -> ResponseReturnValue:
    """Ask for a code or a file."""
    with desk.read() as session:
        held = _held(session)
        given = believing.given(session, held, _addresses(worker=url_for(".worker")))
    return render_template("public/check.html", anchors=held, given=given, digest=believing.script_digest())


@bp.get("/periksa.html")
@public
def check_alone() -> ResponseReturnValue:
    """Hand out the page that checks without this server, in one file that is allowed nothing but what is in it."""
    with desk.read() as session:
        held = _held(session)
        given = believing.given(session, held, _addresses(worker=""))
        status = log_queries.status(session)
    style, script = believing.alone_style(), believing.alone_script()
    policy = believing.alone_policy(style, script)
    page = render_template(
        "public/alone.html", anchors=held, given=given, status=status, style=style, script=script, policy=policy
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'"
    return response


@bp.get("/periksa/periksa.js")
@public
def script() -> ResponseReturnValue:
    """Hand out the script that checks receipts in a browser; its address changes with it."""
    response = Response(believing.alone_script(), content_type="text/javascript; charset=utf-8")
    is_exact = request.args.get("v", "") == believing.script_digest()
    response.headers["Cache-Control"] = FOREVER if is_exact else A_MOMENT
    return response


@bp.get("/periksa/luring.js")
@public
def worker() -> ResponseReturnValue:
    """Hand out the worker that keeps the page for when there is no signal; it serves this one page and no other."""
    response = Response(believing.worker_script(), content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = url_for(".check")
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/periksa/kunci-cap.json")
@public
def stamp_keys() -> ResponseReturnValue:
    """Hand out the keys that stamp receipts, with their proofs, for `aid-audit receipt --qr`."""
    with desk.read() as session:
        listed = stamps.key_list(session)
    if listed is None:
        return _answer(verdicts.undecided(Reason.NO_STAMPS), HTTPStatus.NOT_FOUND)
    return Response(listed.encode(), content_type="application/json")


@bp.post("/periksa")
@public
def check_code() -> ResponseReturnValue:
    """Check a receipt by its code."""
    with hurry.hurried(request.environ):
        typed = request.form.get("code", "")
    if not typed.strip():
        return _answer(verdicts.undecided(Reason.NOTHING_GIVEN))
    if not _may_spend(limits.CODE_COST):
        return _answer(verdicts.undecided(Reason.BUSY), HTTPStatus.TOO_MANY_REQUESTS)
    with desk.read() as session:
        held = _held(session)
        return _answer(checking.check_code(session, desk.kit().keys, held, typed, at=clock.now()))


@bp.post("/periksa/berkas")
@public
def check_file() -> ResponseReturnValue:
    """Check a receipt by its PDF file."""
    if not _may_spend(limits.FILE_COST):
        return _answer(verdicts.undecided(Reason.BUSY), HTTPStatus.TOO_MANY_REQUESTS)
    with hurry.hurried(request.environ):
        upload = request.files.get("file")
    pdf = upload.stream.read(reading.UPLOAD_MAX_BYTES + 1) if upload is not None else b""
    at = clock.now()
    with desk.read() as session:
        held = _held(session)
    # No transaction is open while a stranger's file is read.
    read = checking.check_file(pdf, held, at=at)
    if not isinstance(read, Reading):
        return _answer(read)
    with desk.read() as session:
        return _answer(checking.compare(session, desk.kit().keys, held, read, at=at))


@bp.get("/periksa/akar.pem")
@public
def root_certificate() -> ResponseReturnValue:
    """Hand out the root certificate, for checking without this server."""
    with desk.read() as session:
        held = _held(session)
    if not held.root:
        return _answer(verdicts.undecided(Reason.NO_ROOT), HTTPStatus.NOT_FOUND)
    return _certificate(held.root, "akar-tanda-terima.pem")


@bp.get("/periksa/akar/<fingerprint>.pem")
@public
def earlier_root(fingerprint: str) -> ResponseReturnValue:
    """Hand out the certificate of a root that the log names, by its SHA-256 in hex, for receipts of its time."""
    with desk.read() as session:
        held = _held(session)
    found = [each.pem for each in held.roots if each.shown == fingerprint and each.certificate]
    if not found:
        return _answer(verdicts.undecided(Reason.NO_ROOT), HTTPStatus.NOT_FOUND)
    return _certificate(found[0], f"akar-tanda-terima-{fingerprint[:8]}.pem")


@bp.get("/periksa/akar.crl")
@public
def revocations() -> ResponseReturnValue:
    """Hand out what the root has taken back, for readers of PDF and for checking without this server."""
    file = settings_here().receipt_crl_file
    if not file.exists():
        return _answer(verdicts.undecided(Reason.NO_ROOT), HTTPStatus.NOT_FOUND)
    return Response(file.read_bytes(), mimetype="application/pkix-crl")


@bp.get("/transparansi")
@public
def transparency() -> ResponseReturnValue:
    """Show what reached whom."""
    kept = _totals()
    with desk.read() as session:
        status = log_queries.status(session)
    return render_template("public/transparency.html", totals=kept.totals, at=kept.at, status=status)


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Answer a body larger than any receipt, unread."""
    return _answer(verdicts.undecided(Reason.TOO_LARGE), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


@bp.errorhandler(RequestTimeout)
def too_slow(_error: RequestTimeout) -> ResponseReturnValue:
    """Answer a body that did not arrive whole in its time."""
    return _answer(verdicts.undecided(Reason.TOO_SLOW), HTTPStatus.REQUEST_TIMEOUT)


@bp.errorhandler(Exception)
def fault(error: Exception) -> ResponseReturnValue:
    """Answer whatever else goes wrong as what it is to a citizen: nobody can tell just now."""
    if isinstance(error, HTTPException):
        return _answer(verdicts.undecided(Reason.FAULT), HTTPStatus(error.code or HTTPStatus.BAD_REQUEST))
    reference = secrets.token_hex(REFERENCE_BYTES)
    events.error("bug", reference=reference, endpoint=request.endpoint or "", exc_info=error)
    return _answer(verdicts.undecided(Reason.FAULT), HTTPStatus.INTERNAL_SERVER_ERROR)


def _held(session: Session) -> checking.Anchors:
    settings = settings_here()
    return checking.anchors(session, settings.receipt_root_certificate_file, settings.receipt_crl_file)


def _answer(finding: Finding, status: HTTPStatus = HTTPStatus.OK) -> Response:
    if request.accept_mimetypes.best == JSON:
        return make_response(answers.to_json(finding, zone=settings_here().timezone), status)
    return make_response(render_template("public/result.html", finding=finding), status)


def _addresses(*, worker: str) -> Addresses:
    page = f"{settings_here().base_url.rstrip('/')}{url_for('.check')}"
    return Addresses(page=page, ask=url_for(".check"), worker=worker)


def _certificate(pem: str, name: str) -> Response:
    response = Response(pem, content_type="application/x-pem-file")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _may_spend(cost: int) -> bool:
    address = request.remote_addr or ""
    return limits.spend(desk.engine(), desk.kit().keys, address=address, at=clock.now(), cost=cost)


def _totals() -> Kept:
    now = clock.now()
    kept = cast("Kept | None", current_app.extensions.get(TOTALS))
    if kept is None or not kept.at <= now < kept.at + TOTALS_KEPT:
        # Two who come at once both sum; the last one stays. Nothing is wrong with either.
        with desk.read() as session:
            kept = current_app.extensions[TOTALS] = Kept(now, totals(session))
    return kept
