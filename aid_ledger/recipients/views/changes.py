"""Changing the register by hand: a correction, another account, a civil status, another agency's list."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from aid_ledger.documents import queries as documents
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.recipients import forms, queries, service
from aid_ledger.recipients.importing.refusals import UPLOAD
from aid_ledger.recipients.rules import SEXES, SOURCES
from aid_ledger.recipients.views.people import describe
from aid_ledger.recipients.views.readers import KEEPERS, SOURCE_WORDS, bp, my_areas
from aid_ledger.web import desk, fields, problems
from aid_ledger.web.guard import allow

NUMBERS: Final = "nomor"
STATUSES: Final = [
    ("deceased", "Meninggal", "Bantuan berikutnya berhenti."),
    ("moved", "Pindah keluar", "Bantuan berikutnya berhenti."),
    ("active", "Aktif kembali", "Hanya dengan dokumen yang terdaftar."),
]
SEX_WORDS: Final = {"L": "Laki-laki", "P": "Perempuan"}


@bp.get("/orang/<reference>/koreksi")
@allow(*KEEPERS)
def new_correction(reference: str) -> ResponseReturnValue:
    """Ask what is to be different; nothing of what is kept is shown here."""
    with desk.read() as session:
        queries.person(session, reference, my_areas(KEEPERS))
        villages = queries.villages(session, my_areas(KEEPERS))
    return render_template(
        "recipients/correction.html",
        reference=reference,
        villages=[(code, f"{name} ({code})") for code, name in villages],
        sexes=[(each, SEX_WORDS[each]) for each in SEXES],
        sources=[(each, SOURCE_WORDS[each]) for each in SOURCES],
    )


@bp.post("/orang/<reference>/koreksi")
@problems.shown_on(".new_correction")
@allow(*KEEPERS)
def correct(reference: str) -> ResponseReturnValue:
    """Record a correction."""
    with desk.read() as session:
        yardstick = queries.yardstick(session, desk.today(), my_areas(KEEPERS))
    values = desk.form(forms.CorrectionForm(yardstick))
    desk.act(service.correct_person, reference, reason=values["reason"], values=forms.changes_in(values))
    flash("Koreksi tercatat.", "success")
    return redirect(url_for(".person", reference=reference))


@bp.get("/orang/<reference>/rekening")
@allow(*KEEPERS)
def new_account(reference: str) -> ResponseReturnValue:
    """Ask for a person's other account."""
    return render_template("recipients/account.html", **describe(reference))


@bp.post("/orang/<reference>/rekening")
@problems.shown_on(".new_account")
@allow(*KEEPERS)
def change_account(reference: str) -> ResponseReturnValue:
    """Record another account."""
    desk.act(service.change_account, reference, **desk.form(forms.AccountForm()))
    flash("Rekening baru tercatat. Rekening lama disimpan dan tidak dipakai lagi.", "success")
    return redirect(url_for(".person", reference=reference))


@bp.get("/orang/<reference>/status")
@allow(*KEEPERS)
def new_status(reference: str) -> ResponseReturnValue:
    """Ask what became of a person."""
    with desk.read() as session:
        found = queries.person(session, reference, my_areas(KEEPERS))
        papers = documents.newest_of(session, tuple(DocumentKind))
    return render_template(
        "recipients/status.html",
        reference=reference,
        statuses=[each for each in STATUSES if each[0] != found.state],
        papers=[(paper.reference, f"{paper.number}, {paper.title}") for paper in papers],
        today=desk.today(),
    )


@bp.post("/orang/<reference>/status")
@problems.shown_on(".new_status")
@allow(*KEEPERS)
def record_status(reference: str) -> ResponseReturnValue:
    """Record a civil status."""
    desk.act(service.record_civil_status, reference, **desk.form(forms.StatusForm()))
    flash("Status kependudukan tercatat.", "success")
    return redirect(url_for(".person", reference=reference))


@bp.get("/bantuan-lain")
@allow(*KEEPERS)
def new_external() -> ResponseReturnValue:
    """Ask for a list of another agency's recipients."""
    return render_template("recipients/external.html", limit=UPLOAD.file_bytes // 2**20)


@bp.post("/bantuan-lain")
@problems.shown_on(".new_external")
@allow(*KEEPERS)
def load_external() -> ResponseReturnValue:
    """Load a list of another agency's recipients as hashes."""
    values = desk.form(forms.ExternalAidForm())
    upload = request.files.get(NUMBERS)
    content = upload.stream.read(UPLOAD.file_bytes + 1) if upload is not None else b""
    if not content or len(content) > UPLOAD.file_bytes:
        raise ValidationError({NUMBERS: [fields.MISSING if not content else "Berkas ini terlalu besar."]})
    count = desk.act(service.load_external_aid, niks=service.niks_in(content), **values)
    flash(f"{count} NIK baru tercatat untuk {values['program']} periode {values['period']}.", "success")
    return redirect(url_for(".index"))
