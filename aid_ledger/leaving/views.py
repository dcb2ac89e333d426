"""The pages of the way on without witnesses: who is missed, what may still leave, proposing a way, opening it.

While a way is open every officer's page says so on top, and what is left of it.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.leaving import queries, rules, schemas, service
from aid_ledger.leaving.queries import WayView
from aid_ledger.log import quorum
from aid_ledger.log.timeline import timeline
from aid_ledger.log.words import ago
from aid_ledger.officials import queries as officials
from aid_ledger.web import desk, formats, problems, slots
from aid_ledger.web.guard import allow

bp = Blueprint("leaving", __name__, url_prefix="/tanpa-saksi")

READERS: Final = tuple(Role)
"""What goes on without witnesses is told to everybody who works here."""

ANSWERABLE: Final = (Role.APPROVER, Role.TREASURER)
ORDER: Final = 89
"""Beside the log."""


def install(app: Flask) -> None:
    """Hang the pages on an application, with the line on top of every page while a way is open."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Tanpa saksi", "leaving.index", frozenset(ANSWERABLE), ORDER, "clock"))
    slots.register_banner(app, _banner)
    for role in ANSWERABLE:
        slots.register_home_cards(app, role, _cards)


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Say whether witnesses are missed, which way is open, and which were."""
    now = clock.now()
    with desk.read() as session:
        since = quorum.missed_since(session)
        return render_template(
            "leaving/index.html",
            witnesses=quorum.witnesses(session),
            since=since,
            is_missed=since is not None and now - since >= rules.PATIENCE,
            open_way=queries.open_way(session, now),
            ways=[(each, _state(each)) for each in queries.ways(session)],
            names=officials.names_by_login(session),
            may_propose=_may(),
            patience=int(rules.PATIENCE.total_seconds()) // 60,
        )


@bp.get("/baru")
@allow(*ANSWERABLE)
def new() -> ResponseReturnValue:
    """Ask for the reason and the caps of a way."""
    with desk.read() as session:
        since = quorum.missed_since(session)
        missed = [each for each in quorum.witnesses(session).witnesses if each.is_needed and not each.has_cosigned]
    return render_template("leaving/new.html", since=since, missed=missed, hours=service.longest_way())


@bp.get("/periksa")
@problems.shown_on(".new")
@allow(*ANSWERABLE)
def check() -> ResponseReturnValue:
    """Show exactly what a proposal would record."""
    values = desk.filters(schemas.WayForm())
    rules.check_way(**values, most_hours=service.longest_way())
    return render_template("leaving/check.html", values=values)


@bp.post("/usulkan")
@problems.shown_on(".new")
@allow(*ANSWERABLE)
def propose() -> ResponseReturnValue:
    """Propose a way."""
    done = desk.act_once(service.propose_way, **desk.form(schemas.WayForm()))
    flash("Usulan dicatat. Penyetuju atau bendahara dari kantor lain yang membukanya.", "success")
    return redirect(url_for(".show", reference=done.reference))


@bp.get("/<reference>")
@allow(*READERS)
def show(reference: str) -> ResponseReturnValue:
    """Show one way, what left by it, and let the second official open it."""
    with desk.read() as session:
        found = queries.way(session, reference)
        return render_template(
            "leaving/show.html",
            found=found,
            state=_state(found),
            uses=queries.uses(session, found.way.id),
            names=officials.names_by_login(session),
            facts=timeline(session, reference, names=officials.names_by_login(session)),
            may_agree=_may_open(session, found),
        )


@bp.post("/<reference>/buka")
@problems.shown_on(".show")
@allow(*ANSWERABLE)
def open_way(reference: str) -> ResponseReturnValue:
    """Open a way as the second official."""
    desk.form(schemas.NothingForm())
    opening = desk.act(service.open_way, reference)
    flash(f"Jalan tanpa saksi terbuka sampai {formats.waktu(opening.until)}.", "success")
    return redirect(url_for(".show", reference=reference))


def _may() -> bool:
    return not desk.official.roles.isdisjoint(ANSWERABLE)


def _may_open(session: Session, found: WayView) -> bool:
    """Tell whether to offer the button; the service asks for the office and the time again."""
    if found.opening is not None or not _may() or found.way.proposed_by == desk.official.login:
        return False
    office = officials.office_on(session, desk.official.official_id, desk.today())
    return office is not None and office.agency_unit != found.way.proposed_unit


def _state(found: WayView) -> tuple[str, str, str]:
    """Say how a way stands: words, look and icon."""
    if found.opening is None:
        is_old = clock.now() - found.way.proposed_at > rules.PROPOSAL_KEPT
        return ("tidak dibuka", "quiet", "dot") if is_old else ("menunggu pejabat kedua", "waiting", "clock")
    if found.is_open(clock.now()):
        return ("terbuka", "waiting", "clock")
    return ("sudah berakhir", "quiet", "dot")


def _banner() -> slots.Banner | None:
    with desk.read() as session:
        found = queries.open_way(session, clock.now())
    if found is None or found.opening is None:
        return None
    left = f"{formats.rupiah(found.amount_left)} dan {formats.banyaknya(found.lines_left, 'baris')}"
    return slots.Banner(
        title="Berjalan tanpa saksi",
        words=f"Sisa {left}, sampai {formats.waktu(found.opening.until)}. Yang keluar dihitung pada batas ini.",
        url=url_for("leaving.show", reference=found.way.reference),
        verb="Lihat",
    )


def _cards(viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        waiting = [
            each
            for each in queries.ways(session)
            if _state(each)[1] == "waiting" and each.opening is None and each.way.proposed_by != viewer.id
        ]
        since = quorum.missed_since(session)
        is_open = queries.open_way(session, clock.now()) is not None
    cards = []
    if waiting:
        cards.append(
            slots.HomeCard(
                title="Jalan tanpa saksi menunggu pejabat kedua",
                sentence="Diusulkan rekan dari kantor lain. Baca alasannya sebelum membukanya.",
                url=url_for("leaving.show", reference=waiting[0].way.reference),
                verb="Periksa usulan",
                count=len(waiting),
                is_urgent=True,
                order=10,
            )
        )
    if since is not None and clock.now() - since >= rules.PATIENCE and not is_open and not waiting:
        cards.append(
            slots.HomeCard(
                title="Saksi belum kembali",
                sentence=f"Sejak {ago(since)} kuorum saksi ditunggu; berkas dan serah terima menunggu mereka.",
                url=url_for("leaving.index"),
                verb="Lihat siapa yang ditunggu",
                is_urgent=True,
                order=11,
            )
        )
    return cards
