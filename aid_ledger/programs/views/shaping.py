"""Shaping a programme: its rates, ceilings and exclusions, and setting value aside for it after one more look."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.core.roles import Role
from aid_ledger.documents import queries as documents
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.funding import queries as funding
from aid_ledger.funding.views.readers import amount_words, document_choices, document_words
from aid_ledger.programs import queries, schemas, service
from aid_ledger.programs.models import Program
from aid_ledger.programs.views.readers import bp, kind_words
from aid_ledger.web import desk, formats, problems
from aid_ledger.web.guard import allow

BASES = (DocumentKind.DECREE, DocumentKind.BUDGET, DocumentKind.NEED_PLAN)
"""Kinds of paper that programmes rest on: SK, DPA, RKB."""


@bp.get("/<code>/besaran")
@allow(Role.OPERATOR)
def new_rate(code: str) -> ResponseReturnValue:
    """Ask what one payment is."""
    with desk.read() as session:
        program = queries.program(session, code)
        unit = book.commodity(session, program.commodity).unit
        return render_template(
            "programs/rate.html", program=program, unit=unit, documents=document_choices(session, *BASES)
        )


@bp.post("/<code>/besaran")
@problems.shown_on(".new_rate")
@allow(Role.OPERATOR)
def set_rate(code: str) -> ResponseReturnValue:
    """Set what one payment is, from a day on."""
    rate = desk.act(service.set_rate, program=code, **desk.form(schemas.RateForm()))
    flash(f"Besaran berlaku sejak {formats.tanggal(rate.since)}.", "success")
    return redirect(url_for(".show", code=code))


@bp.get("/<code>/pagu")
@allow(Role.OPERATOR)
def new_ceiling(code: str) -> ResponseReturnValue:
    """Ask for a ceiling."""
    with desk.read() as session:
        program = queries.program(session, code)
        return render_template(
            "programs/ceiling.html",
            program=program,
            unit=book.commodity(session, program.commodity).unit,
            sources=_source_choices(session, program),
            documents=document_choices(session, *BASES),
        )


@bp.post("/<code>/pagu")
@problems.shown_on(".new_ceiling")
@allow(Role.OPERATOR)
def set_ceiling(code: str) -> ResponseReturnValue:
    """Set the most a programme may commit from a source."""
    values = desk.form(schemas.CeilingForm())
    desk.act(service.set_ceiling, program=code, **values)
    flash(f"Pagu dari {values['source']} ditetapkan.", "success")
    return redirect(url_for(".show", code=code))


@bp.get("/<code>/larangan")
@allow(Role.OPERATOR)
def new_exclusion(code: str) -> ResponseReturnValue:
    """Ask which other programme one household may not receive as well."""
    with desk.read() as session:
        return render_template(
            "programs/exclusion.html",
            program=queries.program(session, code),
            others=[each.code for each in queries.programs(session) if each.code != code],
        )


@bp.post("/<code>/larangan")
@problems.shown_on(".new_exclusion")
@allow(Role.OPERATOR)
def set_exclusion(code: str) -> ResponseReturnValue:
    """Say that one household may not receive both."""
    exclusion = desk.act(service.exclude, program=code, **desk.form(schemas.ExclusionForm()))
    flash(f"Satu keluarga tidak boleh menerima {code} dan {exclusion.other_code} sekaligus.", "success")
    return redirect(url_for(".show", code=code))


@bp.get("/<code>/alokasi")
@allow(Role.OPERATOR)
def new_allocation(code: str) -> ResponseReturnValue:
    """Ask what is set aside."""
    with desk.read() as session:
        program = queries.program(session, code)
        wanted = dict.fromkeys((program.commodity, IDR))
        return render_template(
            "programs/allocation.html",
            program=program,
            sources=_source_choices(session, program),
            commodities=[
                (row.code, f"{row.name} ({row.unit})") for row in book.commodities(session) if row.code in wanted
            ],
            documents=document_choices(session),
        )


@bp.get("/<code>/alokasi/periksa")
@problems.shown_on(".new_allocation")
@allow(Role.OPERATOR)
def check_allocation(code: str) -> ResponseReturnValue:
    """Show what an allocation would record, with balances before and after."""
    values = desk.filters(schemas.AllocationForm())
    with desk.read() as session:
        program = queries.program(session, code)
        source = funding.source(session, values["source"])
        commodity = book.commodity(session, values["commodity"])
        document = documents.document(session, values["document"])
        there = book.balance(session, Place(source.code, Stage.RECEIVED), commodity.code)
        here = book.balance(session, Place(source.code, Stage.ALLOCATED, program.code), commodity.code)
    amount = values["amount"]

    def words(number: int) -> str:
        return amount_words(number, commodity.code, commodity.unit)

    return render_template(
        "programs/check_allocation.html",
        program=program,
        source=source,
        document=document_words(document),
        amount=words(amount),
        in_words=formats.terbilang(amount) if commodity.code == IDR else "",
        there=(words(there), words(max(0, there - amount))),
        here=(words(here), words(here + amount)),
        is_enough=amount <= there,
        values=values,
    )


@bp.post("/<code>/alokasi")
@problems.shown_on(".new_allocation")
@allow(Role.OPERATOR)
def allocate(code: str) -> ResponseReturnValue:
    """Set value aside, once."""
    done = desk.act_once(service.allocate, program=code, **desk.form(schemas.AllocationForm()))
    flash(f"Alokasi {done.reference} dicatat.", "success")
    return redirect(url_for(".show", code=code))


def _source_choices(session: Session, program: Program) -> list[tuple[str, str]]:
    """Offer the sources of the kinds that may pay a programme."""
    allowed = queries.allowed_kinds(session, program.id)
    return [
        (source.code, f"{source.name} ({source.code}, {kind_words(source.kind)})")
        for source in funding.sources(session)
        if source.kind in allowed
    ]
