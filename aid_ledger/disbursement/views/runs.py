"""Runs of entitlements: worked out for a region, looked at with who was left out and why, determined, drafted."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.book import queries as book
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import queries, reading, rules, schemas, service
from aid_ledger.disbursement.views.readers import (
    READERS,
    amount_words,
    bp,
    channels_of,
    document_choices,
    holds,
    my_areas,
    period_words,
    program_choices,
    region_choices,
)
from aid_ledger.documents.models import Document
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.web import desk, formats, problems
from aid_ledger.web.guard import allow


@bp.get("/hak")
@allow(*READERS)
def runs() -> ResponseReturnValue:
    """List the runs, newest first."""
    before = desk.filters(schemas.RunsFilter())["sebelum"]
    with desk.read() as session:
        found = reading.runs(session, my_areas(READERS), before=before)
        units = {row.code: row.unit for row in book.commodities(session)}
    shown = found[: queries.PAGE]
    return render_template(
        "disbursement/runs.html",
        rows=[
            (
                each,
                period_words(each.run.period),
                amount_words(each.run.amount_each, each.program.commodity, units[each.program.commodity]),
            )
            for each in shown
        ],
        may_compute=holds(Role.OPERATOR),
        next_before=shown[-1].run.id if len(found) > len(shown) else 0,
        is_first=before is None,
    )


@bp.get("/hak/baru")
@allow(Role.OPERATOR)
def new_run() -> ResponseReturnValue:
    """Ask for which programme, period and region."""
    with desk.read() as session:
        return render_template(
            "disbursement/new_run.html",
            programs=program_choices(session),
            regions=region_choices(session),
            period=f"{desk.today():%Y-%m}",
        )


@bp.post("/hak/baru")
@problems.shown_on(".new_run")
@allow(Role.OPERATOR)
def compute() -> ResponseReturnValue:
    """Work out who is due what."""
    done = desk.act_once(service.compute_entitlements, **desk.form(schemas.RunForm()))
    flash("Hak sudah dihitung. Periksa siapa yang tidak masuk, lalu tetapkan dengan SK.", "success")
    return redirect(url_for(".run", reference=done.reference))


@bp.get("/hak/<reference>")
@allow(*READERS)
def run(reference: str) -> ResponseReturnValue:
    """Show one run: counts, who was left out and why, and what comes next."""
    with desk.read() as session:
        filed = reading.run(session, reference, my_areas(READERS))
        found = filed.run
        decree = session.get(Document, found.decree_id) if found.decree_id else None
        commodity = book.commodity(session, filed.program.commodity)
        return render_template(
            "disbursement/run.html",
            filed=filed,
            run=found,
            period=period_words(found.period),
            unit=commodity.unit,
            states=queries.entitlement_states(session, found.id),
            left_out=[
                (rules.LEFT_OUT_REASONS[reason], count)
                for reason, count in queries.left_out_reasons(session, found.id).items()
            ],
            decree=decree,
            decrees=document_choices(session, DocumentKind.DECREE) if found.state == "proposed" else [],
            channels=channels_of(filed.program.commodity),
            batches=reading.batches_of_run(session, found),
            names=officials.names_by_login(session),
            facts=timeline(session, reference, names=officials.names_by_login(session)),
            may_work=holds(Role.OPERATOR),
        )


@bp.post("/hak/<reference>/tetapkan")
@problems.shown_on(".run")
@allow(Role.OPERATOR)
def determine(reference: str) -> ResponseReturnValue:
    """Make a run due by its decree."""
    with desk.read() as session:
        reading.run(session, reference, my_areas((Role.OPERATOR,)))
    desk.act_once(service.determine_run, reference, **desk.form(schemas.DecreeForm()))
    flash("Hak sudah ditetapkan. Paket penyaluran dapat disusun.", "success")
    return redirect(url_for(".run", reference=reference))


@bp.post("/hak/<reference>/susun")
@problems.shown_on(".run")
@allow(Role.OPERATOR)
def draft(reference: str) -> ResponseReturnValue:
    """Put a batch together from what a run determined."""
    values = desk.form(schemas.DraftForm())
    with desk.read() as session:
        filed = reading.run(session, reference, my_areas((Role.OPERATOR,)))
        found = filed.run
        if found.decree_id is None:
            raise rules.DecreeRefused(document="(belum ditetapkan)", document_kind="")
        asked = {
            "program": filed.program.code,
            "period": found.period,
            "region": found.region_code,
            "decree": session.get_one(Document, found.decree_id).reference,
        }
    done = desk.act_once(service.draft_batch, **asked, **values)
    with desk.read() as session:
        batch = queries.batch(session, done.reference)
    flash(f"Draf {batch.reference} berisi {formats.banyaknya(batch.lines, 'baris')}.", "success")
    return redirect(url_for(".show", reference=done.reference))
