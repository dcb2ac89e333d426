"""What failed and lies with the programme: the list by age, and its return to the treasury by STS."""

from __future__ import annotations

import json
from typing import Any

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.book.rules import IDR
from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.delivery import queries, rules, schemas, service
from aid_ledger.delivery.models import TreasuryReturn
from aid_ledger.delivery.queries import DueReturn
from aid_ledger.delivery.views.readers import READERS, amount_words, areas, batch_in_reach, bp
from aid_ledger.disbursement.models import Batch
from aid_ledger.documents import queries as documents
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.funding import queries as funding
from aid_ledger.officials.powers import covers
from aid_ledger.web import desk, formats, problems, slots
from aid_ledger.web.guard import allow
from audit.pdf.returns import ReturnFields


@bp.get("/kembali")
@allow(*READERS)
def returns() -> ResponseReturnValue:
    """List what is due to go back, oldest first, and what went."""
    at = clock.now()
    with desk.read() as session:
        due = queries.returns_due(session)
        return render_template(
            "delivery/returns.html",
            due=[
                {
                    "due": each,
                    "amount": amount_words(session, each.amount, each.commodity),
                    "age": each.age_days(at),
                    "is_late": each.age_days(at) >= rules.RETURN_DUE_DAYS,
                    "is_near": each.age_days(at) >= rules.RETURN_NOTICE_DAYS,
                }
                for each in due
            ],
            gone=[
                (row, source, program, amount_words(session, row.amount, row.commodity))
                for row, source, program in queries.returns(session)
            ],
            notice=rules.RETURN_NOTICE_DAYS,
            late=rules.RETURN_DUE_DAYS,
            may_return=Role.TREASURER in desk.official.roles,
        )


@bp.get("/kembali/baru")
@allow(Role.TREASURER)
def new_return() -> ResponseReturnValue:
    """Ask on which paper a batch's failed lines go back."""
    chosen = desk.filters(schemas.DueFilter())
    with desk.read() as session:
        due = _due(session, chosen["batch"], chosen["source"])
        kinds = (DocumentKind.RETURN,) if due.commodity == IDR else (DocumentKind.RETURN, DocumentKind.HANDOVER)
        papers = [
            (row.reference, f"{row.number}, {_stated(row.amount)} ({formats.tanggal_ringkas(row.issued_on)})")
            for row in documents.newest_of(session, kinds)
        ]
        return render_template("delivery/new_return.html", **_words(session, due), papers=papers)


@bp.get("/kembali/periksa")
@problems.shown_on(".new_return")
@allow(Role.TREASURER)
def check_return() -> ResponseReturnValue:
    """Show exactly what a return would record."""
    chosen = desk.filters(schemas.ReturnForm())
    with desk.read() as session:
        due = _due(session, chosen["batch"], chosen["source"])
        paper = documents.document(session, chosen["document"])
        return render_template(
            "delivery/check_return.html",
            **_words(session, due),
            paper=paper,
            in_words=formats.terbilang(due.amount) if due.commodity == IDR else "",
        )


@bp.post("/kembali")
@problems.shown_on(".returns")
@allow(Role.TREASURER)
def give_back() -> ResponseReturnValue:
    """Return what failed of one batch from one source."""
    chosen = desk.form(schemas.ReturnForm())
    with desk.read() as session:
        due = _due(session, chosen["batch"], chosen["source"])
    done = desk.act_once(
        service.return_to_treasury,
        batch=due.batch,
        source=due.source,
        program=due.program,
        commodity=due.commodity,
        amount=due.amount,
        document=chosen["document"],
    )
    flash(f"Pengembalian {done.reference} dicatat.", "success")
    return redirect(url_for(".show_return", reference=done.reference))


@bp.get("/kembali/<reference>")
@allow(*READERS)
def show_return(reference: str) -> ResponseReturnValue:
    """Show one return: what went back, on which paper, by whom; other rooms add what they know of it."""
    with desk.read() as session:
        row = return_in_reach(session, reference)
        said = ReturnFields.from_json(json.loads(row.statement))
    panels = slots.panels_for(current_app, "treasury_return", row)
    return render_template("delivery/return.html", row=row, said=said, panels=panels)


def return_in_reach(session: Session, reference: str) -> TreasuryReturn:
    """Fetch a return in the reader's area; raises ReturnNotFound, as for any other."""
    row = queries.treasury_return(session, reference)
    region = session.get_one(Batch, row.batch_id).region_code if row.batch_id is not None else ""
    if not any(covers(area, region) for area in areas(READERS)):
        raise rules.ReturnNotFound(sts=reference)
    return row


def _due(session: Session, batch: str, source: str) -> DueReturn:
    """Find one due return of a batch in reach; raises BatchNotFound, ReturnMismatch."""
    batch_in_reach(session, batch, (Role.TREASURER,))
    found = next((each for each in queries.returns_due(session, batch=batch) if each.source == source), None)
    if found is None:
        raise rules.ReturnMismatch(batch=batch, source=source, amount=0)
    return found


def _words(session: Session, due: DueReturn) -> dict[str, Any]:
    return {
        "due": due,
        "amount": amount_words(session, due.amount, due.commodity),
        "source": funding.source(session, due.source),
        "age": due.age_days(clock.now()),
    }


def _stated(amount: int | None) -> str:
    return formats.rupiah(amount) if amount is not None else "tanpa jumlah"
