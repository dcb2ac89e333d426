"""What the page of a return's paper (Surat Tanda Setoran) shows, on the sheet and in the columns of a receipt.

It is looked up by its number, which is no secret: nobody's name, village or account is on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from aid_ledger.receipts import breaking, qr
from aid_ledger.receipts.breaking import wrap, wrap_after
from aid_ledger.receipts.page import (
    RETURN,
    Issuer,
    Page,
    Row,
    Source,
    Step,
    amount_of,
    grouped,
    moment_words,
    place_words,
)
from aid_ledger.receipts.placing import place_in_log
from aid_ledger.receipts.tongues import TONGUES
from aid_ledger.receipts.varying import Particulars
from aid_ledger.web import formats
from audit import note
from audit.pdf import returns
from audit.pdf.impressions import INDONESIAN
from audit.pdf.returns import ReturnEvidence, ReturnFields


def page_of(evidence: ReturnEvidence, issuer: Issuer) -> Page:
    """Write everything the page shows; raises MalformedInput if the evidence holds no proof."""
    fields = evidence.fields
    placed = place_in_log(evidence)
    amount = amount_of(fields.amount, fields.unit)
    # Its readers are the agency's own treasury and its examiners.
    tongue = TONGUES[INDONESIAN]
    return Page(
        tongue=tongue,
        wording=RETURN,
        agency=fields.agency,
        check_page=issuer.check_page,
        fingerprint=grouped(issuer.root_fingerprint.hex(), 4, " "),
        number=wrap(fields.number, breaking.NUMBER),
        copy=(),
        duty="",
        amount=wrap(amount, breaking.AMOUNT),
        in_words=wrap(fields.in_words, breaking.IN_WORDS),
        contents=(),
        rows=tuple(Row(label, wrap(value, breaking.ROW)) for label, value in _rows(fields)),
        sources=(
            Source(wrap(f"{fields.source_name} ({fields.source})", breaking.SOURCE), wrap(amount, breaking.SHARE)),
        ),
        steps=(
            _step("Disetor oleh", fields.returned_by, fields.office, moment_words(fields.at, fields.zone, tongue)),
            _step("Dokumen dicatat", fields.registered_by, "", ""),
        ),
        code=wrap(fields.number, breaking.CODE),
        place=wrap(place_words(placed, tongue), breaking.PLACE),
        root=wrap(note.encode_base64(placed.checkpoint.root), breaking.HASH),
    )


def particulars_of(evidence: ReturnEvidence, issuer: Issuer, *, signed_at: dt.datetime) -> Particulars:
    """Gather what varies in the file; raises MalformedInput for bad evidence."""
    fields = evidence.fields
    return Particulars(
        title=f"{RETURN.heading} {fields.number}",
        author=fields.agency,
        moment=signed_at.astimezone(dt.UTC),
        evidence=returns.write(evidence),
        address=qr.check_address(issuer.base_url, fields.number),
    )


def _rows(fields: ReturnFields) -> Iterator[tuple[str, str]]:
    yield "Program", f"{fields.program_name} ({fields.program})"
    lines = f"{formats.banyaknya(fields.lines, 'baris gagal')} dari berkas {fields.batch}"
    yield "Yang kembali", lines if fields.batch else "Sisa dana program yang tidak disalurkan"
    yield "Bukti setor", f"{fields.document_number}, {_day(fields)}"
    yield "Ditandatangani", fields.document_signer
    yield "Dokumen", fields.document


def _day(fields: ReturnFields) -> str:
    return formats.tanggal(fields.document_day) if fields.document_day else ""


def _step(step: str, name: str, office: str, at: str) -> Step:
    written = wrap(f"{name}," if office else name, breaking.OFFICIAL)
    beside = wrap_after(written[-1] if written else "", office, breaking.OFFICE)
    return Step(wrap(step, breaking.STEP), written, beside, wrap(at, breaking.MOMENT))
