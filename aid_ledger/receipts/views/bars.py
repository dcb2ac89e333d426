"""The bar of a long batch: how many of its receipts are issued, and what came of the sample at the end."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from aid_ledger.core.jobs import JobState, Progress
from aid_ledger.receipts import jobs, rules
from aid_ledger.receipts.queries import Progress as OfBatch
from aid_ledger.web.bars import look_of


def of_batch(session: Session, progress: OfBatch) -> dict[str, Any] | None:
    """Describe how far the latest work on a batch is, for the bar; None where none was asked for."""
    reference = progress.batch.reference
    job = jobs.newest(session, reference)
    if job is None:
        return None
    return {
        "title": f"Menerbitkan tanda terima {reference}",
        "done": progress.issued,
        "total": progress.delivered,
        "unit": "tanda terima",
        "state": look_of(job.state),
        "seconds_left": job.eta_s,
        "poll_url": url_for("receipts.issue_progress", batch=reference),
        "result": _words(job),
        "result_url": url_for("receipts.of_batch", batch=reference),
        "result_verb": "Lihat tanda terima",
    }


def _words(job: Progress) -> str:
    if job.state is JobState.DONE:
        sampled = int(str((job.result or {}).get("sampled", 0)))
        if not sampled:
            return "Selesai. Contoh berkasnya belum diperiksa: PDF tidak dapat dibuat di mesin pekerja."
        return f"Selesai. {sampled} contoh berkasnya diperiksa pembaca PDF lain dan lulus."
    if job.error_code == rules.SampleRefused.code:
        facts = job.error_facts or {}
        refused = f"Semua terbit, tetapi berkas {facts.get('receipt')} ditolak pembaca PDF lain."
        return f"{refused} Jangan cetak paket ini dahulu."
    if job.state is JobState.CANCELLED:
        return "Dihentikan. Yang sudah terbit tetap berlaku; sisanya dapat diterbitkan lagi."
    if job.state is JobState.FAILED:
        return "Pekerjaan berhenti. Yang sudah terbit tetap berlaku; sisanya dapat diterbitkan lagi."
    return ""
