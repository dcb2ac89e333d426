"""The pages of papers: the list, one paper with its scan, registering, and downloading behind the guard.

A scan is never shown by us, only handed over as a file: nothing in it runs under our address.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Flask, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core.roles import Role
from aid_ledger.documents import queries, schemas, service
from aid_ledger.documents.rules import SIZE_LIMIT_BYTES, SUFFIXES, DocumentKind
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.web import desk, problems, slots
from aid_ledger.web.guard import allow

bp = Blueprint("documents", __name__, url_prefix="/dokumen")

READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.AUDITOR)
REGISTRARS: Final = (Role.OPERATOR, Role.VERIFIER, Role.TREASURER)
ORDER: Final = 30
SCAN: Final = "scan"
KINDS: Final = [(kind.value, kind.label) for kind in DocumentKind]
LOCKED_DOWN: Final = "sandbox; default-src 'none'"
"""Should a browser show the file after all, nothing in it may run or load."""


def install(app: Flask) -> None:
    """Hang the pages on an application."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Dokumen", "documents.index", frozenset(READERS), ORDER, "paper"))


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List papers, newest first, of one kind if asked."""
    wanted = desk.filters(schemas.ListFilter())
    kind, before = wanted["jenis"] or "", wanted["sebelum"] or 0
    with desk.read() as session:
        found = queries.page(session, kind=kind, before=before)
        counts = queries.counts_by_kind(session)
    shown = found[: queries.PAGE_SIZE]
    return render_template(
        "documents/index.html",
        documents=shown,
        kind=kind,
        kinds=[(each, counts[each.value]) for each in DocumentKind if each.value in counts],
        labels=dict(KINDS),
        total=sum(counts.values()),
        next_after=shown[-1].id if len(found) > len(shown) else 0,
        is_first=not before,
        may_register=not desk.official.roles.isdisjoint(REGISTRARS),
    )


@bp.get("/baru")
@allow(*REGISTRARS)
def new() -> ResponseReturnValue:
    """Ask for a paper."""
    return render_template("documents/new.html", kinds=KINDS)


@bp.post("/baru")
@problems.shown_on(".new")
@allow(*REGISTRARS)
def register() -> ResponseReturnValue:
    """Put a paper on file; a repeated click finds the same paper."""
    values = desk.form(schemas.DocumentForm())
    values["valid_from"] = values["valid_from"] or values["issued_on"]
    values["amount"] = None if values["amount"] is None else int(values["amount"])
    content, claimed = _scan()
    done = desk.act_once(service.register_document, **values, content=content, media_type=claimed)
    flash(f"Dokumen {done.reference} terdaftar.", "success")
    return redirect(url_for(".show", reference=done.reference))


@bp.get("/<reference>")
@allow(*READERS)
def show(reference: str) -> ResponseReturnValue:
    """Show one paper and what rests on it."""
    with desk.read() as session:
        filed = queries.filed(session, reference)
        facts = timeline(session, reference, names=officials.names_by_login(session))
    return render_template(
        "documents/show.html",
        document=filed.document,
        file=filed.file,
        label=DocumentKind(filed.document.kind).label,
        today=desk.today(),
        facts=facts,
        panels=slots.panels_for(current_app, "document", filed.document),
    )


@bp.get("/<reference>/berkas")
@allow(*READERS)
def download(reference: str) -> ResponseReturnValue:
    """Hand over the scan, checked against the digest that the log holds."""
    with desk.read() as session:
        document, file, content = queries.content(session, desk.kit().files, reference)
    response = Response(content, mimetype=file.media_type)
    name = document.reference + SUFFIXES[file.media_type]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = LOCKED_DOWN
    return response


def _scan() -> tuple[bytes | None, str]:
    """Read the scan that was sent, at most one byte past the limit; None where none was chosen."""
    upload = request.files.get(SCAN)
    if upload is None or not upload.filename:
        return None, ""
    content = upload.stream.read(SIZE_LIMIT_BYTES + 1)
    upload.stream.seek(0)  # The desk digests it too, to know a repeated request.
    return content, upload.mimetype
