"""The pages of receipts: how far each batch is, its receipts, one receipt with its proof, its PDF, its end.

Officials see what the paper says, masked as on the paper; the code that opens it to a citizen is on the paper only.
An official with an area sees the receipts of that area, and the others look like none.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final, cast

from flask import Blueprint, Flask, Response, current_app, flash, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from aid_ledger.book.rules import IDR
from aid_ledger.core import references
from aid_ledger.core.jobs import live_workers
from aid_ledger.core.roles import Role
from aid_ledger.delivery.models import TreasuryReturn
from aid_ledger.delivery.views.returns import return_in_reach
from aid_ledger.disbursement.models import Batch
from aid_ledger.log import queries as log
from aid_ledger.log.timeline import TimelineItem, item_of
from aid_ledger.officials import queries as officials
from aid_ledger.receipts import jobs, layout, printfiles, printing_queries, queries, returning, rules, schemas, service
from aid_ledger.receipts.duty import StampDuty
from aid_ledger.receipts.imposing import LAYOUTS
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.views import bars, manifests, signer, timing
from aid_ledger.receipts.views.within import areas_of, settings_here
from aid_ledger.web import desk, formats, problems, slots
from aid_ledger.web.guard import allow
from audit.facts.paying import ReceiptCancelled, ReceiptIssued
from audit.pdf.impressions import INDONESIAN, Impression

if TYPE_CHECKING:
    from aid_ledger.receipts.press import Press

bp = Blueprint("receipts", __name__, url_prefix="/tanda-terima")

READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.FIELD, Role.AUDITOR)
ISSUERS: Final = (Role.OPERATOR, Role.TREASURER, Role.FIELD)
PRINTERS: Final = (Role.OPERATOR, Role.TREASURER, Role.FIELD, Role.AUDITOR)
RETURN_PRINTERS: Final = (Role.TREASURER, Role.AUDITOR)
ORDER: Final = 80
"""After delivery, before the log."""

PRESS: Final = "aid_ledger.receipts.press"
"""The place of the press in an application; its key is read when the first PDF is asked for."""

_loading = threading.Lock()


def install(app: Flask) -> None:
    """Hang the pages on an application, and let the pages of a batch offer its receipts."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Tanda terima", "receipts.index", frozenset(READERS), ORDER, "paper"))
    for role in ISSUERS:
        slots.register_home_cards(app, role, _cards)
    for kind in ("batch", "delivered_batch"):
        slots.register_panel(app, kind, _batch_panel)
    slots.register_panel(app, "treasury_return", _return_panel)
    signer.install(app)
    manifests.install(app)


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List batches in which aid arrived, with how many receipts they have."""
    before = desk.filters(schemas.ListFilter())["sebelum"]
    with desk.read() as session:
        found = queries.progress(session, _areas(), before=before)
    shown = found[: queries.PAGE]
    return render_template(
        "receipts/index.html",
        rows=shown,
        next_before=shown[-1].batch.id if len(found) > len(shown) else 0,
        is_first=before is None,
    )


@bp.get("/cari")
@problems.shown_on(".index")
@allow(*READERS)
def search() -> ResponseReturnValue:
    """Lead from a number to its page."""
    wanted = str(references.check_reference(desk.filters(schemas.SearchFilter())["nomor"]))
    if wanted.startswith("BTC-"):
        return redirect(url_for(".of_batch", batch=wanted))
    return redirect(url_for(".show", reference=wanted))


@bp.get("/paket/<batch>")
@allow(*READERS)
def of_batch(batch: str) -> ResponseReturnValue:
    """List the receipts of one batch in order."""
    after = desk.filters(schemas.BatchFilter()).get("sesudah") or 0
    with desk.read() as session:
        progress = queries.progress_of(session, batch, _areas())
        found = queries.of_batch(session, progress.batch.id, _areas(), after=after)
        bar = bars.of_batch(session, progress)
        has_workers = live_workers(session) > 0
        stamped = timing.of_batch(session, progress.batch.id, settings_here())
        offers = printing_queries.offers(session, progress.batch, areas_of(*PRINTERS)) if _holds(*PRINTERS) else []
    shown, is_money = found[: queries.PAGE], progress.batch.commodity == IDR
    return render_template(
        "receipts/batch.html",
        progress=progress,
        rows=shown,
        may_issue=_holds(*ISSUERS),
        duty=_duty(),
        bar=bar,
        is_at_work=bar is not None and bar["state"] in {"waiting", "running"},
        has_workers=has_workers,
        stamped=stamped,
        offers=offers,
        villages=[(each.village, _offered(each)) for each in offers],
        layouts=[(each.code, each.title) for each in LAYOUTS.values() if is_money or not each.is_small],
        next_after=shown[-1].receipt.id if len(found) > len(shown) else 0,
        is_first=not after,
    )


@bp.post("/paket/<batch>/terbitkan")
@problems.shown_on(".of_batch")
@allow(*ISSUERS)
def issue(batch: str) -> ResponseReturnValue:
    """Issue a receipt for every delivered line of a batch that has none, or hand a long batch to a worker.

    Clicking twice issues nothing twice.
    """
    with desk.read() as session:
        waiting = queries.progress_of(session, batch, _areas()).waiting
    if waiting > rules.ISSUE_LIMIT:
        desk.act(jobs.ask, batch)
        return redirect(url_for(".of_batch", batch=batch))
    total = desk.act(service.issue_receipts, batch)
    flash(
        f"{total} tanda terima diterbitkan." if total else "Semua yang sampai sudah memiliki tanda terima.", "success"
    )
    return redirect(url_for(".of_batch", batch=batch))


@bp.get("/paket/<batch>/kemajuan")
@allow(*READERS)
def issue_progress(batch: str) -> ResponseReturnValue:
    """Answer a page that asks how far a long batch is."""
    with desk.read() as session:
        bar = bars.of_batch(session, queries.progress_of(session, batch, _areas()))
    return render_template("web/partials/progress.html", progress=bar)


@bp.post("/paket/<batch>/hentikan")
@problems.shown_on(".of_batch")
@allow(*ISSUERS)
def stop_issuing(batch: str) -> ResponseReturnValue:
    """Call a worker off; what it has issued stands, and the rest can be asked for again."""
    with desk.read() as session:
        queries.progress_of(session, batch, _areas())
    desk.act(jobs.call_off, batch)
    flash("Penerbitan dihentikan. Yang sudah terbit tetap berlaku.", "success")
    return redirect(url_for(".of_batch", batch=batch))


@bp.post("/paket/<batch>/cetak")
@problems.shown_on(".of_batch")
@allow(*PRINTERS)
def print_village(batch: str) -> ResponseReturnValue:
    """Hand over the receipts of a village as one file; it is sent from the disk, where nobody else can open it."""
    chosen = desk.form(schemas.PrintForm())
    village, layout = chosen["village"] or "", chosen["layout"]
    by = ", ".join(filter(None, (desk.official.name, desk.official.office_title)))
    wanted = printfiles.Wanted(batch, village, layout, areas_of(*PRINTERS), by)
    doors = printfiles.Doors(desk.read, desk.act, desk.kit().keys)
    with ExitStack() as unless_sent:
        file = unless_sent.enter_context(TemporaryFile())
        printfiles.print_out(doors, the_press(), file, wanted)
        size = file.tell()
        file.seek(0)
        name = "-".join(filter(None, (batch, village, layout)))
        response = send_file(file, mimetype="application/pdf", as_attachment=True, download_name=f"{name}.pdf")
        response.content_length = size
        unless_sent.pop_all()
    return response


@bp.get("/<reference>")
@allow(*READERS)
def show(reference: str) -> ResponseReturnValue:
    """Show one receipt: what it says, whether it stands, where the log holds it."""
    with desk.read() as session:
        shown = queries.shown(session, reference, _areas())
        fields = service.open_receipt(desk.kit().keys, shown.receipt).fields
        facts = _facts(session, shown.receipt)
        sealed = log.sealed_size(session)
        successor = queries.successor(session, shown.receipt)
        predecessor = queries.predecessor(session, shown.receipt)
    issued = facts[-1] if facts else None
    return render_template(
        "receipts/show.html",
        shown=shown,
        fields=fields,
        facts=facts,
        duty=_duty(),
        position=issued.entry if issued and issued.entry is not None and issued.entry < sealed else None,
        may_print=_holds(*PRINTERS),
        may_end=_holds(Role.TREASURER) and shown.receipt.state == rules.ISSUED,
        successor=successor,
        predecessor=predecessor,
    )


@bp.post("/<reference>/cetak")
@problems.shown_on(".show")
@allow(*PRINTERS)
def print_pdf(reference: str) -> ResponseReturnValue:
    """Hand over the signed PDF, and record that it was printed once more."""
    with desk.read() as session:
        shown = queries.shown(session, reference, areas_of(*PRINTERS))
    language = desk.filters(schemas.LanguageFilter()).get("bahasa") or INDONESIAN
    response = Response(_printed(reference, language), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{shown.receipt.reference}.pdf"'
    return response


def _offered(offer: printing_queries.Offer) -> str:
    """Say of a village how many receipts it has, and how many of them were printed before."""
    again = f", {formats.jumlah(offer.printed)} pernah dicetak" if offer.printed else ""
    return f"{offer.name} ({formats.jumlah(offer.count)} tanda terima{again})"


def _printed(reference: str, language: str) -> bytes:
    """Make the next paper of a receipt and record it; the paper comes first, so that one that fails is not counted."""
    for _ in range(rules.PRINT_TRIES):
        with desk.read() as session:
            copy = queries.standing(session, reference).copies + 1
            pdf = the_press().pdf_of(session, desk.kit().keys, reference, Impression(copy, language))
        if desk.act(service.record_print, reference, copy=copy):
            return pdf
    raise rules.PrintContended(receipt=reference)


@bp.post("/<reference>/batalkan")
@problems.shown_on(".show")
@allow(Role.TREASURER)
def cancel(reference: str) -> ResponseReturnValue:
    """Cancel a receipt with a reason; the payment itself stays what it is."""
    with desk.read() as session:
        queries.shown(session, reference, _areas())
    desk.act(service.cancel_receipt, reference, **desk.form(schemas.CancelForm()))
    flash(f"Tanda terima {reference} dibatalkan. Siapa pun yang memeriksanya akan diberi tahu.", "success")
    return redirect(url_for(".show", reference=reference))


@bp.post("/<reference>/ganti")
@problems.shown_on(".show")
@allow(Role.TREASURER)
def replace_with_new(reference: str) -> ResponseReturnValue:
    """Issue a receipt in the place of one that states something wrong; what it states comes from the record alone."""
    with desk.read() as session:
        queries.shown(session, reference, _areas())
    new = desk.act(service.replace_receipt, reference, reason=desk.form(schemas.ReplaceForm())["replace_reason"])
    flash(f"Tanda terima {reference} diganti dengan {new.reference}. Cetak yang baru dan tarik kertas lama.", "success")
    return redirect(url_for(".show", reference=new.reference))


@bp.post("/setoran/<reference>/cetak")
@problems.shown_on("delivery.show_return")
@allow(*RETURN_PRINTERS)
def print_return(reference: str) -> ResponseReturnValue:
    """Hand over the signed paper of a return (STS), and record that it was printed."""
    with desk.read() as session:
        return_in_reach(session, reference)
        pdf = the_press().pdf_of_return(session, reference)
    desk.act(returning.record_print, reference)
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{reference}.pdf"'
    return response


def the_press() -> Press:
    """Give the press of this application, made at the first call.

    Raises:
        SigningUnavailable: the keys are not here.
        LayoutUnavailable: the libraries that lay pages out are not.
    """
    with _loading:
        made = cast("Press | None", current_app.extensions.get(PRESS))
        if made is None:
            settings = settings_here()
            made = current_app.extensions[PRESS] = layout.load("aid_ledger.receipts.press").load_press(settings)
        return cast("Press", made)


def _duty() -> StampDuty:
    return StampDuty.load(settings_here().stamp_duty_file)


def _areas() -> frozenset[str]:
    return areas_of(*READERS)


def _holds(*roles: Role) -> bool:
    return not desk.official.roles.isdisjoint(roles)


def _facts(session: Session, receipt: Receipt) -> list[TimelineItem]:
    """List what the log says of one receipt, newest first; each print is in the log, too, but only counted here."""
    names = officials.names_by_login(session)
    acts = [(receipt.issue_act, ReceiptIssued.KIND)]
    if receipt.end_act is not None:
        acts.insert(0, (receipt.end_act, ReceiptCancelled.KIND))
    entries = [queries.entry_about(receipt, log.entries_of_act(session, act), kind) for act, kind in acts]
    items = [item_of(entry) for entry in entries]
    if receipt.state == rules.REPLACED:
        items[0] = replace(items[0], title="Tanda terima diganti", look="moving")
    logins = [entry.envelope()["actor"]["id"] for entry in entries]
    return [replace(item, by=names.get(login, item.by)) for item, login in zip(items, logins, strict=True)]


def _cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        waiting = queries.count_waiting(session, _areas())
    if not waiting:
        return []
    return [
        slots.HomeCard(
            title="Bantuan sampai tanpa tanda terima",
            sentence="Keluarga yang sudah menerima berhak atas tanda terima.",
            url=url_for("receipts.index"),
            verb="Terbitkan",
            count=waiting,
            order=80,
        )
    ]


def _return_panel(subject: object) -> slots.Panel | None:
    """Offer the paper of a return on its page."""
    if not isinstance(subject, TreasuryReturn) or not _holds(*RETURN_PRINTERS):
        return None
    body = render_template("receipts/_return_panel.html", sts=subject.reference)
    return slots.Panel("Surat Tanda Setoran", Markup(body), order=80)  # noqa: S704 - our own template


def _batch_panel(subject: object) -> slots.Panel | None:
    """Offer the receipts on the page of a batch in which something arrived."""
    if not isinstance(subject, Batch) or not _holds(*READERS):
        return None
    with desk.read() as session:
        progress = queries.find_progress(session, subject.reference, _areas())
    if progress is None:
        return None
    body = render_template("receipts/_panel.html", progress=progress, may_issue=_holds(*ISSUERS))
    return slots.Panel("Tanda terima", Markup(body), order=80)  # noqa: S704 - our own template
