"""The pages of the book: what every source holds by stage, one account with its transfers, what is counted."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.book import queries, rules, schemas, service
from aid_ledger.book.queries import Holding
from aid_ledger.book.rules import IDR, AccountNotFound, Place, Stage
from aid_ledger.core.roles import Role
from aid_ledger.documents.schemas import PageFilter
from aid_ledger.web import desk, problems, slots
from aid_ledger.web.guard import allow

bp = Blueprint("book", __name__, url_prefix="/buku")

READERS = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.AUDITOR)
ORDER = 40
"""After sources and documents in the menu: the book is where they meet."""


def install(app: Flask) -> None:
    """Hang the pages on an application."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Buku", "book.index", frozenset(READERS), ORDER, "chart"))


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Show what every source holds of one commodity, by programme and stage."""
    wanted = desk.filters(schemas.CommodityFilter())["barang"] or IDR
    with desk.read() as session:
        commodities = queries.commodities(session)
        known = any(each.code == wanted for each in commodities)
        commodity = queries.commodity(session, wanted) if known or wanted != IDR else None
        held = queries.holdings(session, commodity=wanted)
    return render_template(
        "book/index.html",
        commodities=commodities,
        commodity=commodity,
        is_money=wanted == IDR,
        held=held,
        bars=[_bar(source, list(rows)) for source, rows in groupby(held, key=lambda each: each.source)],
    )


@bp.get("/rekening/<source>/<program>/<stage>/<commodity>")
@allow(*READERS)
def account(source: str, program: str, stage: str, commodity: str) -> ResponseReturnValue:
    """Show one account and its transfers, newest first."""
    before = desk.filters(PageFilter())["sebelum"] or 0
    place = _place(source, program, stage)
    with desk.read() as session:
        found = queries.account(session, place, commodity)
        if found is None:
            raise AccountNotFound(account=place.key(), commodity=commodity)
        legs = queries.statement(session, found.id, before=before)
        return render_template(
            "book/account.html",
            place=place,
            commodity=queries.commodity(session, commodity),
            is_money=commodity == IDR,
            balance=queries.balance(session, place, commodity),
            legs=legs[: queries.PAGE_SIZE],
            next_after=legs[queries.PAGE_SIZE - 1].transfer.id if len(legs) > queries.PAGE_SIZE else 0,
            is_first=not before,
        )


@bp.get("/barang")
@allow(*READERS)
def commodities() -> ResponseReturnValue:
    """List what is counted, and ask an operator for more."""
    with desk.read() as session:
        found = queries.commodities(session)
    return render_template("book/commodities.html", commodities=found, may_add=Role.OPERATOR in desk.official.roles)


@bp.post("/barang")
@problems.shown_on(".commodities")
@allow(Role.OPERATOR)
def define() -> ResponseReturnValue:
    """Define a good."""
    made = desk.act(service.define_commodity, **desk.form(schemas.CommodityForm()))
    flash(f"{made.name} sekarang dapat dihitung dalam {made.unit}.", "success")
    return redirect(url_for(".commodities"))


def _bar(source: str, held: list[Holding]) -> dict[str, object]:
    stages = {stage: amount for stage, amount in queries.by_stage(held).items() if amount}
    return {"label": source, "stages": stages}


def _place(source: str, program: str, stage: str) -> Place:
    """Read an account's place off an address; raises AccountNotFound."""
    try:
        return Place(source, Stage(stage), program)
    except ValueError:
        raise AccountNotFound(account=f"{source}/{program}/{stage}"[: rules.WORDS_LIMIT]) from None
