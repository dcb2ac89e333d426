"""What waits: the verifier's queue and the approver's, one batch verified, one batch refused with a reason."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.approvals import rules, schemas, service
from aid_ledger.approvals.views.readers import DECIDERS, age_of, bar, bp, decided, filed
from aid_ledger.book import queries as book
from aid_ledger.core.act import Act
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement import reading as disbursement
from aid_ledger.disbursement import service as disbursing
from aid_ledger.disbursement.models import Batch
from aid_ledger.disbursement.rules import ChangedSinceShown, check_transition
from aid_ledger.disbursement.views.readers import amount_words, holds, my_areas, period_words
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.web import desk, problems
from aid_ledger.web.guard import allow


@bp.get("/")
@allow(*DECIDERS)
def index() -> ResponseReturnValue:
    """List what waits for the official, oldest first: to verify, to approve."""
    chosen = desk.filters(schemas.QueueFilter())
    with desk.read() as session:
        return render_template(
            "approvals/index.html",
            to_verify=_queue(session, Role.VERIFIER, "submitted", chosen["verifikasi"] or 0),
            to_approve=_queue(session, Role.APPROVER, "verified", chosen["persetujuan"] or 0),
            is_verifier=holds(Role.VERIFIER),
            is_approver=holds(Role.APPROVER),
            limit=rules.BUNDLE_LIMIT,
        )


@bp.get("/<reference>")
@allow(*DECIDERS)
def show(reference: str) -> ResponseReturnValue:
    """Show what is decided about one batch, and the decision the official may take."""
    with desk.read() as session:
        found = filed(session, reference)
        names = officials.names_by_login(session)
        state = found.batch.state
        may_verify = state == "submitted" and holds(Role.VERIFIER)
        may_approve = state == "verified" and holds(Role.APPROVER)
        return render_template(
            "approvals/show.html",
            item=decided(session, found),
            facts=timeline(session, reference, names=names),
            bar=bar(session, found) if may_verify or may_approve else "",
            may_verify=may_verify,
            may_approve=may_approve,
        )


@bp.post("/<reference>/verifikasi")
@problems.shown_on(".show")
@allow(Role.VERIFIER)
def verify(reference: str) -> ResponseReturnValue:
    """Record that papers and list are in order, as they were shown."""
    shown = desk.form(schemas.VerifyForm())
    with desk.read() as session:
        filed(session, reference, Role.VERIFIER)
    desk.act_once(verify_shown, reference, **shown)
    flash(f"Verifikasi {reference} dicatat. Penyetuju dapat memeriksanya sekarang.", "success")
    return redirect(url_for(".index"))


@bp.get("/<reference>/tolak")
@allow(*DECIDERS)
def rejecting(reference: str) -> ResponseReturnValue:
    """Ask why, and whether its maker may mend it."""
    with desk.read() as session:
        found = filed(session, reference, _role_for(reference, session))
        check_transition(reference, found.batch.state, "rejected")
        return render_template("approvals/reject.html", item=decided(session, found), bar=bar(session, found))


@bp.post("/<reference>/tolak")
@problems.shown_on(".rejecting")
@allow(*DECIDERS)
def reject(reference: str) -> ResponseReturnValue:
    """Refuse a batch for good, or send it back to its maker."""
    values = desk.form(schemas.RejectForm())
    with desk.read() as session:
        filed(session, reference, _role_for(reference, session))
    send_back = values["outcome"] == schemas.SEND_BACK
    desk.act_once(service.reject_batch, reference, reason=values["reason"], send_back=send_back)
    flash(f"Paket {reference} {'dikembalikan kepada pembuatnya' if send_back else 'ditolak'}.", "success")
    return redirect(url_for(".index"))


def verify_shown(act: Act, reference: str, *, digest: str) -> Batch:
    """Verify a batch if it is still what the page showed; raises ChangedSinceShown and what `verify_batch` raises."""
    batch = disbursing.lock_batch(act, reference)
    if batch.digest is None or batch.digest.hex() != digest:
        raise ChangedSinceShown(batch=reference)
    return service.verify_batch(act, reference)


def _role_for(reference: str, session: Session) -> Role:
    """Tell whose turn it is: the verifier's before verification, the approver's after."""
    return Role.VERIFIER if batches.batch(session, reference).state == "submitted" else Role.APPROVER


def _queue(session: Session, role: Role, state: str, after: int) -> dict[str, Any]:
    """Read a page of a queue: each batch with its words, its age, and what bars the reader."""
    found = disbursement.waiting(session, my_areas((role,)), state, after=after)
    shown = found[: batches.PAGE]
    units = {row.code: row.unit for row in book.commodities(session)}
    rows = [
        {
            "filed": each,
            "period": period_words(each.batch.period),
            "total": amount_words(each.batch.total, each.batch.commodity, units[each.batch.commodity]),
            "age": age_of(each),
            "bar": bar(session, each, by_steps_only=True),
        }
        for each in shown
    ]
    return {
        "rows": rows,
        "next_after": shown[-1].batch.id if len(found) > len(shown) else 0,
        "is_first": not after,
    }
