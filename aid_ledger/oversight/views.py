"""The pages of oversight: the summary for KPK and inspectorate on screen, paper and as a workbook; the trace both ways.

Reads only. Households stand here as numbers; who they are is opened in their own room, with a reason.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import queries as batches
from aid_ledger.oversight import schemas, sheets, trace
from aid_ledger.oversight.summary import Summary, summarise
from aid_ledger.oversight.trace import TracedLine
from aid_ledger.receipts import layout
from aid_ledger.receipts.views.within import areas_of
from aid_ledger.web import desk, problems, slots
from aid_ledger.web.guard import allow

bp = Blueprint("oversight", __name__, url_prefix="/pengawasan")

READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.FIELD, Role.AUDITOR)
"""Everybody but ADMIN, who sees no aid."""
ORDER: Final = 85
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def install(app: Flask) -> None:
    """Hang the pages on an application."""
    app.register_blueprint(bp)
    slots.register_menu(
        app,
        slots.MenuItem("Pengawasan", "oversight.summary", frozenset(READERS), ORDER, "chart"),
    )


@bp.get("/ringkasan")
@allow(*READERS)
def summary() -> ResponseReturnValue:
    """Show the summary."""
    return render_template("oversight/summary.html", summary=_summary())


@bp.get("/ringkasan.pdf")
@allow(*READERS)
def summary_pdf() -> ResponseReturnValue:
    """Hand over the summary for paper."""
    gathered = _summary()
    page = render_template("oversight/summary_pdf.html", summary=gathered, printed_by=desk.official.name)
    printing = layout.load("aid_ledger.oversight.printing")
    return _download(printing.lay_out(page), gathered, "pdf", "application/pdf")


@bp.get("/ringkasan.xlsx")
@allow(*READERS)
def summary_xlsx() -> ResponseReturnValue:
    """Hand over the summary as a workbook."""
    gathered = _summary()
    return _download(sheets.workbook(gathered), gathered, "xlsx", XLSX)


@bp.get("/telusur")
@allow(*READERS)
def ask() -> ResponseReturnValue:
    """Ask what to follow."""
    return render_template("oversight/trace.html", typed=request.args)


@bp.get("/telusur/cari")
@problems.shown_on(".ask")
@allow(*READERS)
def follow() -> ResponseReturnValue:
    """Lead from a number to its trace."""
    typed = desk.filters(schemas.TraceFilter())["nomor"]
    with desk.read() as session:
        lead = trace.follow(session, typed)
    if lead.kind == trace.TO_SOURCE:
        return redirect(url_for(".of_source", code=lead.number))
    if lead.kind == trace.TO_BATCH:
        return redirect(url_for(".of_batch", reference=lead.number))
    return redirect(url_for(".of_household", number=lead.number))


@bp.get("/telusur/sumber/<code>")
@allow(*READERS)
def of_source(code: str) -> ResponseReturnValue:
    """Follow a source to programmes and to the lines it pays."""
    after = desk.filters(schemas.PageFilter())["sesudah"] or 0
    with desk.read() as session:
        source = trace.source(session, code)
        lines = trace.lines_of_source(session, source.id, areas_of(*READERS), after=after)
        return render_template(
            "oversight/source.html",
            source=source,
            contributions=trace.contributions_of_source(session, source.id),
            shares=trace.shares_of_source(session, source.id),
            **_page(lines, after),
        )


@bp.get("/telusur/paket/<reference>")
@allow(*READERS)
def of_batch(reference: str) -> ResponseReturnValue:
    """Follow a batch to its sources and its lines."""
    after = desk.filters(schemas.PageFilter())["sesudah"] or 0
    with desk.read() as session:
        batch = batches.batch(session, reference)
        lines = trace.lines_of_batch(session, batch.id, areas_of(*READERS), after=after)
        return render_template(
            "oversight/batch.html",
            batch=batch,
            shares=batches.shares(session, batch.id),
            **_page(lines, after),
        )


@bp.get("/telusur/keluarga/<number>")
@allow(*READERS)
def of_household(number: str) -> ResponseReturnValue:
    """Follow a household, by any of its numbers, back to the sources of what it got."""
    with desk.read() as session:
        lines = trace.lines_of_household(session, number, areas_of(*READERS))
    return render_template("oversight/household.html", number=number, lines=lines)


def _summary() -> Summary:
    with desk.read() as session:
        return summarise(session, clock.now())


def _page(lines: list[TracedLine], after: int) -> dict[str, object]:
    shown = lines[: trace.PAGE]
    return {"lines": shown, "last": shown[-1] if len(lines) > len(shown) else None, "is_first": not after}


def _download(content: bytes, gathered: Summary, suffix: str, media_type: str) -> Response:
    response = Response(content, mimetype=media_type)
    name = f"ringkasan-{gathered.at.date().isoformat()}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
