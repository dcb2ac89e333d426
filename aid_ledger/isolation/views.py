"""The posko's pages, made for a phone: my list by RT, a new report, one episode with the four checks.

An address holds an episode's reference and never a person's: a line of an access log says of nobody that they are ill.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Flask, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from aid_ledger.core.roles import Role
from aid_ledger.isolation import forms, queries, rules, service
from aid_ledger.isolation.models import IsolationEpisode
from aid_ledger.isolation.rules import READERS, REPORTERS, EpisodeState, IsolationPlace, Origin, Outcome, Pillar
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.recipients import privacy
from aid_ledger.recipients import queries as recipients
from aid_ledger.recipients.models import Person
from aid_ledger.recipients.views.people import find
from aid_ledger.recipients.views.readers import my_areas, place_words
from aid_ledger.regions import queries as regions
from aid_ledger.web import desk, problems, slots
from aid_ledger.web.guard import allow

bp = Blueprint("isolation", __name__, url_prefix="/isoman")

ORDER: Final = 55
LOOKS: Final = {
    EpisodeState.REPORTED: ("waiting", "clock"),
    EpisodeState.VERIFIED: ("good", "check-circle"),
    EpisodeState.ENDED: ("quiet", "check"),
}


def install(app: Flask) -> None:
    """Hang the pages on an application."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Isolasi", "isolation.index", frozenset(READERS), ORDER, "home"))
    slots.register_home_cards(app, Role.FIELD, _field_cards)
    slots.register_panel(app, "person", _person_panel)


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List who isolates, by village and RT, and which pillars are still to come."""
    chosen = desk.filters(forms.ListFilter())
    village = chosen["desa"] or ""
    with desk.read() as session:
        found = queries.running(session, my_areas(READERS), village=village, after=forms.place_in(chosen["sesudah"]))
        shown = found[: queries.PAGE]
        people = privacy.masked(session, desk.kit().keys, [person for _, person in shown])
        done = queries.done_pillars(session, [episode.id for episode, _ in shown])
        names = {person.village_code: regions.region(session, person.village_code).name for _, person in shown}
    last = shown[-1] if len(found) > len(shown) else None
    return render_template(
        "isolation/index.html",
        groups=_by_place(shown, people, done, names),
        village=village,
        villages=names,
        next_after=f"{last[1].village_code}/{last[1].rw}/{last[1].rt}/{last[0].id}" if last else "",
        is_first=not chosen["sesudah"],
        may_report=_may_report(),
    )


@bp.get("/baru")
@allow(*REPORTERS)
def new() -> ResponseReturnValue:
    """Ask who isolates; once found, ask the rest."""
    reference = (g.get("typed") or {}).get("person", "")
    person = None
    with desk.read() as session:
        if reference:
            found = recipients.person(session, reference, my_areas(REPORTERS))
            person = privacy.masked(session, desk.kit().keys, [found])[0]
    return render_template(
        "isolation/new.html",
        person=person,
        place=place_words(person.person) if person else "",
        origins=[(each.value, each.label) for each in Origin],
        places=[(each.value, each.label) for each in IsolationPlace],
        today=desk.today(),
    )


@bp.post("/baru/cari")
@problems.shown_on(".new")
@allow(*REPORTERS)
def search() -> ResponseReturnValue:
    """Find who isolates by NIK or reference, and go on with the form."""
    sought = desk.form(forms.SearchForm())["sought"]
    with desk.read() as session:
        g.typed = {"person": find(session, sought)}
    return new()


@bp.post("/baru")
@problems.shown_on(".new")
@allow(*REPORTERS)
def report() -> ResponseReturnValue:
    """Take an isolation in."""
    episode = desk.act(service.report_episode, **desk.form(forms.ReportForm()))
    flash("Isolasi tercatat. Mintalah keempat pilar memeriksa.", "success")
    return redirect(url_for(".show", reference=episode.reference))


@bp.get("/<reference>")
@allow(*READERS)
def show(reference: str) -> ResponseReturnValue:
    """Show one episode: what the pillars found, and what is next."""
    with desk.read() as session:
        episode = queries.episode(session, reference, my_areas(READERS))
        return render_template("isolation/show.html", **_describe(session, episode))


@bp.post("/<reference>/periksa")
@problems.shown_on(".show")
@allow(*REPORTERS)
def check(reference: str) -> ResponseReturnValue:
    """Record what a pillar found."""
    values = desk.form(forms.CheckForm())
    values["note"] = values["note"] or ""
    desk.act(service.record_check, reference, **values)
    flash(f"Pemeriksaan {Pillar(values['pillar']).label} tercatat.", "success")
    return redirect(url_for(".show", reference=reference))


@bp.post("/<reference>/selesai")
@problems.shown_on(".show")
@allow(*REPORTERS)
def end(reference: str) -> ResponseReturnValue:
    """Record the end of an isolation."""
    desk.act(service.end_episode, reference, **desk.form(forms.EndForm()))
    flash("Isolasi selesai.", "success")
    return redirect(url_for(".index"))


def _may_report() -> bool:
    return not desk.official.roles.isdisjoint(REPORTERS)


def _by_place(
    shown: list[tuple[IsolationEpisode, Person]] | Any,  # noqa: ANN401 - a page of rows
    people: list[privacy.MaskedPerson],
    done: dict[int, frozenset[Pillar]],
    names: dict[str, str],
) -> list[dict[str, Any]]:
    """Group a page of episodes by village and RT, in the order one walks."""
    groups: list[dict[str, Any]] = []
    for (episode, person), masked in zip(shown, people, strict=True):
        title = f"{names[person.village_code]}, {place_words(person)}"
        if not groups or groups[-1]["title"] != title:
            groups.append({"title": title, "rows": []})
        missing = [pillar.label for pillar in Pillar if pillar not in done[episode.id]]
        state = EpisodeState(episode.state)
        groups[-1]["rows"].append(
            {"episode": episode, "name": masked.name, "missing": missing, "state": (state.label, *LOOKS[state])}
        )
    return groups


def _describe(session: Session, episode: IsolationEpisode) -> dict[str, Any]:
    person = session.get_one(Person, episode.person_id)
    checks = {Pillar(check.pillar): check for check in queries.checks(session, episode.id)}
    state = EpisodeState(episode.state)
    return {
        "episode": episode,
        "state": (state.label, *LOOKS[state]),
        "person": privacy.masked(session, desk.kit().keys, [person])[0],
        "place": f"{place_words(person)}, {regions.region(session, person.village_code).name}",
        "where": IsolationPlace(episode.place).label,
        "origin": Origin(episode.origin).label,
        "checks": [(pillar.label, checks.get(pillar)) for pillar in Pillar],
        "outcomes": {outcome.value: outcome.label for outcome in Outcome},
        "missing": [(pillar.value, pillar.label) for pillar in Pillar if pillar not in checks],
        "needed": rules.PILLARS_NEEDED,
        "is_over": state is EpisodeState.ENDED,
        "may_report": _may_report(),
        "today": desk.today(),
        "facts": timeline(session, episode.reference, names=officials.names_by_login(session)),
    }


def _field_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        count = queries.count_unverified(session, my_areas(REPORTERS))
    if not count:
        return []
    return [
        slots.HomeCard(
            title="Isolasi menunggu pemeriksaan",
            sentence="Kunjungi menurut RT, lalu catat hasil tiap pilar.",
            url=url_for("isolation.index"),
            verb="Buka daftar saya",
            count=count,
            is_urgent=True,
            order=55,
        )
    ]


def _person_panel(subject: object) -> slots.Panel | None:
    """Say on a person's page which isolations are known, to those who may know."""
    if not isinstance(subject, Person) or desk.official.roles.isdisjoint(READERS):
        return None
    with desk.read() as session:
        episodes = queries.of_person(session, subject.id)
    if not episodes:
        return None
    rows = [(each, (EpisodeState(each.state).label, *LOOKS[EpisodeState(each.state)])) for each in episodes]
    body = render_template("isolation/_episodes.html", rows=rows)
    return slots.Panel("Isolasi", Markup(body), order=55)  # noqa: S704 - our own template
