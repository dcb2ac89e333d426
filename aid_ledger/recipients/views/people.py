"""People as officials see them: masked, by village and RT, found by NIK or reference, opened for a reason."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.recipients import forms, privacy, queries, service
from aid_ledger.recipients.privacy import DAILY_LIMIT, View
from aid_ledger.recipients.refusals import ViewLimitReached
from aid_ledger.recipients.views.readers import PERSON_WORDS, READERS, SOURCE_WORDS, bp, may_keep, my_areas, place_words
from aid_ledger.regions import queries as regions
from aid_ledger.web import desk, problems, slots
from aid_ledger.web.guard import allow


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Count people by kecamatan, and offer to find one."""
    areas = my_areas()
    with desk.read() as session:
        counts = queries.count_people(session, areas)
        by_district: Counter[str] = Counter()
        for village, count in counts.items():
            by_district[village.rpartition(".")[0]] += count
        rows = [(regions.region(session, code), count) for code, count in sorted(by_district.items())]
        latest = queries.imports(session)[:3]
    return render_template(
        "recipients/index.html", rows=rows, total=sum(counts.values()), latest=latest, may_keep=may_keep()
    )


@bp.post("/cari")
@problems.shown_on(".index")
@allow(*READERS)
def search() -> ResponseReturnValue:
    """Find a person by the exact NIK or by reference; the NIK goes no further than here."""
    sought = desk.form(forms.SearchForm())["sought"]
    with desk.read() as session:
        found = find(session, sought)
    return redirect(url_for(".person", reference=found))


@bp.get("/wilayah/<code>")
@allow(*READERS)
def region(code: str) -> ResponseReturnValue:
    """Show a kecamatan's villages, or a village's people."""
    with desk.read() as session:
        path = regions.path_to(session, code)
        if path[-1].level == "village":
            return _village(session, path)
        counts = queries.count_people(session, my_areas())
        parts = [(part, counts.get(part.code, 0)) for part in regions.parts_of(session, code)]
    return render_template("recipients/district.html", path=path, parts=[each for each in parts if each[1]])


def _village(session: Session, path: list[Any]) -> ResponseReturnValue:
    code, areas = path[-1].code, my_areas()
    chosen = desk.filters(forms.PeopleFilter())
    rw, rt = chosen["rw"] or "", chosen["rt"] or ""
    people = queries.people(session, areas, village=code, rw=rw, rt=rt, after=chosen["sesudah"] or 0)
    return render_template(
        "recipients/village.html",
        path=path,
        people=privacy.masked(session, desk.kit().keys, people),
        places=queries.neighbourhoods(session, code) if people else [],
        rw=rw,
        rt=rt,
        words=PERSON_WORDS,
        next_after=people[-1].id if len(people) == queries.PAGE else 0,
        is_first=not chosen["sesudah"],
    )


@bp.get("/orang/<reference>")
@allow(*READERS)
def person(reference: str) -> ResponseReturnValue:
    """Show one person, masked."""
    return render_template("recipients/person.html", **describe(reference), view=None)


@bp.post("/orang/<reference>/lihat")
@problems.shown_on(".person")
@allow(*READERS)
def look(reference: str) -> ResponseReturnValue:
    """Show one person unmasked, once, and record it; a reload asks and records again."""
    view: View = desk.act(service.view_person, reference, purpose=desk.form(forms.ViewForm())["reason"])
    if not view.accepted:
        # The refusal is on record already; this only says so on the page.
        raise ViewLimitReached(limit=DAILY_LIMIT)
    return render_template("recipients/person.html", **describe(reference), view=view)


def describe(reference: str) -> dict[str, Any]:
    """Collect what a person's page shows, masked."""
    with desk.read() as session:
        found = queries.person(session, reference, my_areas())
        keys = desk.kit().keys
        return {
            "person": found,
            "masked": privacy.masked(session, keys, [found])[0],
            "accounts": privacy.masked_accounts(session, keys, found.id),
            "household": privacy.masked(session, keys, queries.household_of(session, found)),
            "village": regions.region(session, found.village_code),
            "district": regions.region(session, found.village_code.rpartition(".")[0]),
            "place": place_words(found),
            "words": PERSON_WORDS,
            "source": SOURCE_WORDS[found.list_source.upper()],
            "panels": slots.panels_for(current_app, "person", found),
            "facts": timeline(session, reference, names=officials.names_by_login(session)),
            "seen": queries.viewed_on(session, desk.official.official_id, desk.today()),
            "limit": DAILY_LIMIT,
            "may_keep": may_keep(),
        }


def find(session: Session, sought: str) -> str:
    """Give the reference of the person sought by NIK or reference; raises PersonNotFound."""
    reference = forms.reference_in(sought)
    if reference is not None:
        return queries.person(session, reference, my_areas()).reference
    nik = "".join(sought.split())
    return queries.person_by_nik(session, desk.kit().keys, nik, my_areas()).reference
