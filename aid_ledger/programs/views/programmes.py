"""Programmes: all of them with where their money is, one of them with everything that shapes it, defining one."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.queries import Holding
from aid_ledger.book.rules import IDR
from aid_ledger.core.roles import Role
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.funding.views.readers import amount_words, commodity_choices, document_choices
from aid_ledger.log.mentions import about
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.programs import queries, schemas, service
from aid_ledger.programs.models import Program
from aid_ledger.programs.rules import SOURCE_KINDS
from aid_ledger.programs.views.readers import PILLARS, READERS, bp, kind_words, limits_words
from aid_ledger.web import desk, problems
from aid_ledger.web.guard import allow

FACTS_SHOWN: Final = 30
ALLOCATIONS_SHOWN: Final = 50


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Show every programme: what it pays today, and where its money is."""
    today = desk.today()
    with desk.read() as session:
        programs = queries.programs(session)
        held = book.holdings(session)
        units = {row.code: row for row in book.commodities(session)}
        rates = queries.rates_on(session, today)
        needs_policy = bool(programs) and not queries.has_general_policy(session, today)
    return render_template(
        "programs/index.html",
        rows=[(each, _amount(rates.get(each.id), each, units)) for each in programs],
        bars=[_bar(each, held) for each in programs if any(held_by(each, held, IDR))],
        needs_policy=needs_policy,
        may_define=Role.OPERATOR in desk.official.roles,
    )


@bp.get("/baru")
@allow(Role.OPERATOR)
def new() -> ResponseReturnValue:
    """Ask for a programme."""
    with desk.read() as session:
        return render_template(
            "programs/new.html",
            pillars=list(PILLARS.items()),
            kinds=[(kind, kind_words(kind)) for kind in SOURCE_KINDS],
            commodities=commodity_choices(session, money_only=False),
            documents=document_choices(session, DocumentKind.DECREE, DocumentKind.BUDGET),
        )


@bp.post("/baru")
@problems.shown_on(".new")
@allow(Role.OPERATOR)
def create() -> ResponseReturnValue:
    """Define a programme."""
    program = desk.act(service.define_program, **desk.form(schemas.ProgramForm()))
    flash(f"Program {program.name} ditetapkan. Tetapkan besarannya, lalu alokasikan dana kepadanya.", "success")
    return redirect(url_for(".show", code=program.code))


@bp.get("/<code>")
@allow(*READERS)
def show(code: str) -> ResponseReturnValue:
    """Show one programme: where its money is, and everything that shapes what it pays."""
    with desk.read() as session:
        program = queries.program(session, code)
        return render_template("programs/show.html", **_page(session, program))


def _page(session: Session, program: Program) -> dict[str, Any]:
    held = book.holdings(session, program=program.code)
    allocations = queries.allocations(session, program.id)[:ALLOCATIONS_SHOWN]
    rates, ceilings = queries.rates(session, program.id), queries.ceilings(session, program)
    resting = [rate.document_id for rate in rates]
    resting += [each.ceiling.document_id for each in ceilings]
    resting += [allocation.document_id for allocation, _source in allocations]
    policy = queries.policy_or_none(session, program, desk.today())
    units = {row.code: row for row in book.commodities(session)}
    return {
        "program": program,
        "pillar": PILLARS.get(program.pillar, program.pillar),
        "unit": units[program.commodity],
        "units": units,
        "kinds": [kind_words(kind) for kind in queries.allowed_kinds(session, program.id)],
        "bars": [
            _source_bar(code, held) for code in dict.fromkeys(each.source for each in held if each.commodity == IDR)
        ],
        "goods": [each for each in held if each.commodity != IDR],
        "paying": queries.paying_sources(session, program),
        "rates": rates,
        "rate_today": next((rate.id for rate in rates if rate.since <= desk.today()), None),
        "ceilings": ceilings,
        "exclusions": queries.exclusions(session, program.id),
        "allocations": allocations,
        "papers": queries.papers(session, {program.legal_basis_id or 0, *resting}),
        "policy": policy,
        "limits": limits_words(policy) if policy else [],
        "facts": timeline(
            session, about("program", program.code), names=officials.names_by_login(session), limit=FACTS_SHOWN
        ),
        "today": desk.today(),
        "may_shape": Role.OPERATOR in desk.official.roles,
    }


def held_by(program: Program, held: list[Holding], commodity: str) -> list[Holding]:
    """Pick what a programme holds of one commodity."""
    return [each for each in held if each.program == program.code and each.commodity == commodity]


def _bar(program: Program, held: list[Holding]) -> dict[str, object]:
    """Make one bar of rupiah by stage, for one programme."""
    stages = {stage: amount for stage, amount in book.by_stage(held_by(program, held, IDR)).items() if amount}
    return {"label": program.name, "url": url_for("programs.show", code=program.code), "stages": stages}


def _source_bar(source: str, held: list[Holding]) -> dict[str, object]:
    """Make one bar of rupiah by stage, for one source of a programme."""
    money = [each for each in held if each.source == source and each.commodity == IDR]
    stages = {stage: amount for stage, amount in book.by_stage(money).items() if amount}
    return {"label": source, "url": url_for("funding.show", code=source), "stages": stages}


def _amount(amount: int | None, program: Program, units: dict[str, Any]) -> str:
    return (
        "belum ditetapkan" if amount is None else amount_words(amount, program.commodity, units[program.commodity].unit)
    )
