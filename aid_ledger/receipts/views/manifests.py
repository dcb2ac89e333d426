"""The page of a batch's manifest: what it states, what came of each asking, and the form that asks for its seal.

What the official types for the certifier lives for this one request; it is no part of an idempotency key either, which
would keep a hash of it.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Flask, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.core.roles import Role
from aid_ledger.documents import files
from aid_ledger.log.rules import NotSealed
from aid_ledger.receipts import queries as receipts
from aid_ledger.receipts import schemas
from aid_ledger.receipts.manifests import bsre, queries, rules, sealing
from aid_ledger.receipts.manifests.queries import Statement
from aid_ledger.receipts.models import BatchManifest
from aid_ledger.receipts.views.within import areas_of, settings_here
from aid_ledger.web import desk, problems
from aid_ledger.web.guard import allow

bp = Blueprint("manifests", __name__, url_prefix="/tanda-terima/manifes")

READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.AUDITOR)
TOLD: Final = {
    rules.SEALED: ("Manifes {} sudah disegel BSrE dan diperiksa.", "success"),
    rules.REFUSED: ("BSrE menolak manifes {}: belum ada segel. Periksa yang Anda ketik, lalu coba lagi.", "error"),
    rules.UNKNOWN: ("Hasil manifes {} belum pasti. Tanyakan kepada BSrE; jangan minta lagi sebelum pasti.", "error"),
}


def install(app: Flask) -> None:
    """Hang the page on an application."""
    app.register_blueprint(bp)


@bp.get("/<batch>")
@allow(*READERS)
def show(batch: str) -> ResponseReturnValue:
    """Show what the manifest of a batch states now, and the askings so far."""
    with desk.read() as session:
        progress = receipts.progress_of(session, batch, areas_of(*READERS))
        rows = queries.of_batch(session, progress.batch.id)
        try:
            stated = queries.draw_up(session, batch)
        except (rules.NothingIssued, NotSealed):
            stated = None
    newest = rows[0] if rows else None
    return render_template(
        "receipts/manifest.html",
        progress=progress,
        stated=stated,
        rows=rows,
        account=_account(),
        open_one=newest if newest is not None and newest.state in rules.OPEN else None,
        may_seal=Role.TREASURER in desk.official.roles and stated is not None and not _is_sealed(newest, stated),
    )


@bp.post("/<batch>")
@problems.shown_on(".show")
@allow(Role.TREASURER)
def seal(batch: str) -> ResponseReturnValue:
    """Ask for the seal, once, and say what came of it."""
    with desk.read() as session:
        receipts.progress_of(session, batch, areas_of(Role.TREASURER))
    form = desk.form(schemas.SealForm())
    account = _account()
    if account is None:
        raise rules.SealingUnavailable
    typed = bsre.Typed(form["secret"], form["who"] or "")
    done = sealing.seal(desk.read, desk.act, account, batch, typed, after=form["after"] or "")
    words, look = TOLD[done.state]
    flash(words.format(done.reference), look)
    return redirect(url_for(".show", batch=batch))


@bp.get("/<batch>/<reference>.pdf")
@allow(*READERS)
def download(batch: str, reference: str) -> ResponseReturnValue:
    """Hand over a manifest: sealed where it is, and as it was sent where it is not."""
    with desk.read() as session:
        receipts.progress_of(session, batch, areas_of(*READERS))
        manifest, of = queries.manifest(session, reference)
    if of.reference != batch:
        raise rules.ManifestNotFound(manifest=reference)
    content = files.read(desk.kit().files, manifest.sealed_sha256 or manifest.file_sha256)
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{manifest.reference}.pdf"'
    return response


def _is_sealed(newest: BatchManifest | None, stated: Statement) -> bool:
    """Tell whether these very receipts have a sealed manifest."""
    return newest is not None and newest.state == rules.SEALED and newest.listing == stated.counted.listing


def _account() -> bsre.Account | None:
    """Read the account; one that cannot be read is none to the page, and `receipts seal` says why."""
    try:
        return bsre.account_of(settings_here().keys_folder)
    except KeyFileFault:
        return None
