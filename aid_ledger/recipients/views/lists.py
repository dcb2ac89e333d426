"""Lists on their way in: the form, what was wrong with each list, its report for the spreadsheet, and the long ones."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from aid_ledger.core.act import Act
from aid_ledger.core.jobs import JobState, Progress, attempts, enqueue, live_workers
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.recipients import forms, incoming, jobs, queries, service, template
from aid_ledger.recipients.importing.checking import Checked, check_file
from aid_ledger.recipients.importing.refusals import UPLOAD
from aid_ledger.recipients.importing.report import Separator, write_report
from aid_ledger.recipients.messages import MESSAGES
from aid_ledger.recipients.models import RecipientImport
from aid_ledger.recipients.service import ImportMode
from aid_ledger.recipients.views.readers import IMPORT_WORDS, KEEPERS, READERS, bp, may_keep, my_areas
from aid_ledger.web import desk, fields, problems
from aid_ledger.web.bars import look_of
from aid_ledger.web.guard import allow

AT_ONCE_ROWS: Final = 20_000
"""A list of more good rows is taken in by a worker: a browser waits ten seconds for an answer, not a minute."""

FIELD: Final = "daftar"
COPY_BYTES: Final = 1 << 20
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MODES: Final = [
    (ImportMode.GOOD_ROWS.value, ImportMode.GOOD_ROWS.label, "Baris yang salah dilaporkan dan tidak masuk."),
    (
        ImportMode.ALL_OR_NOTHING.value,
        ImportMode.ALL_OR_NOTHING.label,
        "Satu baris salah berarti tidak ada yang masuk.",
    ),
]


@bp.get("/impor")
@allow(*READERS)
def imports() -> ResponseReturnValue:
    """List what was read, newest first."""
    before = desk.filters(forms.ListFilter())["sebelum"]
    with desk.read() as session:
        found = queries.imports(session, before=before)
        names = officials.names_by_login(session)
    return render_template(
        "recipients/imports.html",
        imports=found,
        names=names,
        words=IMPORT_WORDS,
        next_before=found[-1].id if len(found) == queries.PAGE else 0,
        is_first=before is None,
        may_keep=may_keep(),
    )


@bp.get("/impor/baru")
@allow(*KEEPERS)
def new_import() -> ResponseReturnValue:
    """Ask for a list."""
    return render_template("recipients/new_import.html", modes=MODES, limit=UPLOAD.file_bytes // COPY_BYTES)


@bp.get("/impor/templat")
@allow(*KEEPERS)
def import_template() -> ResponseReturnValue:
    """Give an empty list in which Excel cannot eat the digits, with the codes of the villages beside."""
    with desk.read() as session:
        content = template.workbook(queries.villages(session, my_areas(KEEPERS)))
    response = Response(content, mimetype=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="templat-penerima.xlsx"'
    return response


@bp.post("/impor/baru")
@problems.shown_on(".new_import")
@allow(*KEEPERS)
def take_list() -> ResponseReturnValue:
    """Check a list and take it in, or hand a long one to a worker."""
    mode = desk.form(forms.ImportForm())["mode"]
    upload = request.files.get(FIELD)
    if upload is None or not upload.filename:
        raise ValidationError({FIELD: [fields.MISSING]})
    with desk.read() as session:
        yardstick = queries.yardstick(session, desk.today(), my_areas(KEEPERS))
    with _kept_apart(upload) as (path, sha256):
        checked = check_file(path, yardstick, UPLOAD)
    reference, is_repeat = desk.act(_take, checked, upload.filename, sha256, mode)
    if is_repeat:
        flash("Berkas ini sudah pernah dibaca; tidak ada yang diubah. Ini hasil yang pertama.", "warning")
    return redirect(url_for(".show_import", reference=reference))


@bp.get("/impor/<reference>")
@allow(*READERS)
def show_import(reference: str) -> ResponseReturnValue:
    """Show what became of a list and what is wrong in it."""
    after = desk.filters(forms.ProblemFilter())["sesudah"]
    with desk.read() as session:
        record = queries.recipient_import(session, reference)
        found = queries.problems(session, record.id, after=-1 if after is None else after)
        names = officials.names_by_login(session)
        return render_template(
            "recipients/import.html",
            record=record,
            state=IMPORT_WORDS[record.state],
            mode=ImportMode(record.mode).label,
            by=names.get(record.imported_by, record.imported_by),
            problems=found,
            counted=[
                (level, code, MESSAGES[code], times)
                for level, code, times in queries.problems_by_code(session, record.id)
            ],
            stored=queries.count_problems(session, record.id),
            next_after=found[-1].order if len(found) == queries.PAGE else None,
            is_first=after is None,
            bar=_bar(session, record),
            has_workers=live_workers(session) > 0,
            may_keep=may_keep(),
            facts=timeline(session, reference, names=names),
        )


@bp.get("/impor/<reference>/kemajuan")
@allow(*READERS)
def import_progress(reference: str) -> ResponseReturnValue:
    """Answer a page that asks how far a long list is."""
    with desk.read() as session:
        bar = _bar(session, queries.recipient_import(session, reference))
    return render_template("web/partials/progress.html", progress=bar)


@bp.post("/impor/<reference>/lanjutkan")
@allow(*KEEPERS)
def resume_import(reference: str) -> ResponseReturnValue:
    """Ask again for a long list whose work had stopped; what is in stays in."""
    desk.act(_resume, reference)
    return redirect(url_for(".show_import", reference=reference))


@bp.get("/impor/<reference>/laporan.csv")
@allow(*READERS)
def import_report(reference: str) -> ResponseReturnValue:
    """Give the problems as Excel here opens them in columns."""
    with desk.read() as session:
        record = queries.recipient_import(session, reference)
        found = queries.problems(session, record.id, limit=service.PROBLEMS_STORED)
        rows = [(each.row, each.column, each.code, each.message) for each in found]
    schema = {"baris": pl.Int64, "kolom": pl.String, "kode": pl.String, "pesan": pl.String}
    written = io.BytesIO()
    write_report(pl.DataFrame(rows, schema=schema, orient="row"), written, Separator.SEMICOLON)
    response = Response(written.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="laporan-{record.reference}.csv"'
    return response


def _take(act: Act, checked: Checked, file_name: str, sha256: bytes, mode: str) -> tuple[str, bool]:
    """Take a list in, or receive it and ask for the work; gives its reference and whether it was known already."""
    is_long = checked.good.height > AT_ONCE_ROWS
    deed = service.receive_list if is_long else service.import_recipients
    record = deed(act, checked, file_name=file_name, file_sha256=sha256, mode=mode)
    if record.state == "waiting":
        enqueue(act.session, jobs.KIND, jobs.args_of(record.reference), job_id=jobs.job_id(record.reference))
    return record.reference, record.imported_at != act.at


def _resume(act: Act, reference: str) -> None:
    record = queries.recipient_import(act.session, reference, lock=True)
    newest = jobs.newest(act.session, reference)
    if record.state == "waiting" and newest is not None and newest.state in {JobState.FAILED, JobState.CANCELLED}:
        enqueue(act.session, jobs.KIND, jobs.args_of(reference), job_id=attempts.next_id(newest))


@contextmanager
def _kept_apart(upload: FileStorage) -> Iterator[tuple[Path, bytes]]:
    """Put an upload where only this user reads it, for as long as it is checked; gives its place and digest."""
    folder = desk.kit().files / incoming.FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix="unggahan-")
    path = Path(name)
    digest = hashlib.sha256()
    try:
        with os.fdopen(handle, "wb") as file:
            while piece := upload.stream.read(COPY_BYTES):
                digest.update(piece)
                file.write(piece)
        yield path, digest.digest()
    finally:
        path.unlink(missing_ok=True)


def _bar(session: Session, record: RecipientImport) -> dict[str, Any] | None:
    """Describe how far a long list is, for the bar; None for a list that came in at once."""
    job = jobs.newest(session, record.reference)
    if job is None:
        return None
    due = record.rows - record.bad
    return {
        "title": f"Memasukkan {record.reference}",
        "done": due if job.state is JobState.DONE else record.good,
        "total": due,
        "unit": "baris",
        "state": look_of(job.state),
        "seconds_left": job.eta_s,
        "poll_url": url_for("recipients.import_progress", reference=record.reference),
        "result": _job_words(job, record),
        "result_url": url_for("recipients.show_import", reference=record.reference),
        "result_verb": "Lihat hasilnya",
    }


def _job_words(job: Progress, record: RecipientImport) -> str:
    if job.state is JobState.DONE:
        return f"Selesai: {record.people_new} orang baru, {record.people_changed} berubah."
    if job.state.is_final:
        return "Pekerjaan berhenti. Baris yang sudah masuk tetap masuk; Anda dapat melanjutkannya dari halaman impor."
    return ""
