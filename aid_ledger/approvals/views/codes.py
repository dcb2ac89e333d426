"""The page a code signs: exactly what it approves on the left, six digits on the right, and what it recorded after."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.approvals import queries, reading, rules, schemas, service
from aid_ledger.approvals.models import Challenge
from aid_ledger.approvals.views.readers import bp, decided, filed
from aid_ledger.approvals.words import REFUSALS, Refusal
from aid_ledger.book.rules import IDR
from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.disbursement.models import Batch
from aid_ledger.web import desk, formats, problems
from aid_ledger.web.guard import allow
from audit.note import encode_base64


@bp.post("/kode")
@problems.shown_on(".index")
@allow(Role.APPROVER)
def open_challenge() -> ResponseReturnValue:
    """Bind a coming code to the chosen batches as they are now."""
    chosen = desk.form(schemas.BundleForm())["references"]
    with desk.read() as session:
        for reference in chosen[: rules.BUNDLE_LIMIT]:
            filed(session, reference, Role.APPROVER)
    done = desk.act_once(service.open_challenge, chosen, session_hash=desk.official.session_hash)
    return redirect(url_for(".code", challenge=done.reference))


@bp.get("/kode/<challenge>")
@allow(Role.APPROVER)
def code(challenge: str) -> ResponseReturnValue:
    """Show what the code will approve, and ask for it; one that has ended says why and offers another."""
    with desk.read() as session:
        found = _challenge(session, challenge)
        if found.state == rules.ACCEPTED:
            return redirect(url_for(".recorded", challenge=challenge))
        ended = rules.why_ended(found.state, at=clock.now(), expires_at=found.expires_at)
        items = [decided(session, filed(session, each)) for each in reading.challenges_batches(session, found)]
        refusal: Refusal | None = g.get("refusal") or (REFUSALS[ended] if ended else None)
        return render_template(
            "approvals/code.html",
            challenge=found,
            items=items,
            whole=_whole(items),
            is_open=not ended,
            refusal=refusal,
            again=[item["batch"].reference for item in items if item["batch"].state == "verified"],
            seconds_left=max(0, int((found.expires_at - clock.now()).total_seconds())),
            tries_left=max(0, rules.TRIES - found.tries),
        )


@bp.post("/kode/<challenge>")
@problems.shown_on(".code")
@allow(Role.APPROVER)
def answer(challenge: str) -> ResponseReturnValue:
    """Take the code. A refusal is in the log before it is on the page."""
    digits = desk.form(schemas.CodeForm())["code"]
    outcome = desk.act(service.answer_challenge, challenge, digits, session_hash=desk.official.session_hash)
    if not outcome.is_accepted and outcome.reason != f"{rules.ENDED}{rules.ACCEPTED}":
        g.refusal = REFUSALS[outcome.reason]
        rules.check_outcome(outcome.reason, tries_left=outcome.tries_left, wait_s=outcome.wait_s)
    return redirect(url_for(".recorded", challenge=challenge))


@bp.get("/kode/<challenge>/tercatat")
@allow(Role.APPROVER)
def recorded(challenge: str) -> ResponseReturnValue:
    """Show what an accepted code recorded: the entries, their leaf hashes to keep, and who comes next."""
    with desk.read() as session:
        found = _challenge(session, challenge)
        if found.state != rules.ACCEPTED:
            return redirect(url_for(".code", challenge=challenge))
        rows = [
            {
                "given": each,
                "item": decided(session, filed(session, each.batch.reference)),
                "leaf": encode_base64(each.entry.leaf_hash),
                "next": _next(session, each.batch),
            }
            for each in reading.given(session, found)
        ]
    return render_template("approvals/recorded.html", challenge=found, rows=rows)


def _challenge(session: Session, reference: str) -> Challenge:
    """Fetch the official's own challenge of this very session; raises ChallengeNotFound for any other."""
    person = desk.official
    return queries.challenge(session, reference, official_id=person.official_id, session_hash=person.session_hash)


def _whole(items: list[dict[str, Any]]) -> dict[str, str]:
    """Sum a bundle: its verb, its households, and its money in figures and words."""
    lines = sum(item["batch"].lines for item in items)
    money = sum(item["batch"].total for item in items if item["batch"].commodity == IDR)
    goods = [item["total"] for item in items if item["batch"].commodity != IDR]
    parts = [*([formats.rupiah(money)] if money else []), *goods]
    return {
        "count": formats.banyaknya(lines, "keluarga"),
        "total": " dan ".join(parts),
        "in_words": formats.terbilang(money) if money else "",
        "verb": f"Setujui {formats.banyaknya(lines, 'keluarga')}, {' dan '.join(parts)}",
    }


def _next(session: Session, batch: Batch) -> str:
    """Say who comes next after an approval."""
    missing = batch.approvers_needed - reading.approvals_given(session, batch)
    if missing > 0:
        return f"{formats.banyaknya(missing, 'penyetuju')} lagi, orang lain dari Anda"
    return "Bendahara, mengirim ke bank" if batch.channel == "bank" else "Petugas, menyerahkan kepada keluarga"
