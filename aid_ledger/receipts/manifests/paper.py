"""The manifest as a page: PDF/A-3a like the receipts, with what it states attached for machines; unsigned.

The same statement always gives the same bytes. Load this file by `layout.load`, for it needs the layout engine.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from functools import cache
from importlib import resources
from typing import Any

import pydyf
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration

from aid_ledger.book.rules import IDR
from aid_ledger.receipts.fields import amount_in_words
from aid_ledger.receipts.layout import LAYOUT
from aid_ledger.receipts.manifests.queries import Statement
from aid_ledger.receipts.rendering import PackagedFiles
from aid_ledger.receipts.rules import period_words
from aid_ledger.web import formats
from aid_ledger.web.assets import TEMPLATE_FOLDER
from audit import canonical
from audit.note import encode_base64

_SIGNATURE_FLAGS = 3
"""Signatures exist, and nothing is written but behind what is there (ISO 32000-1 table 219): from the start."""


def lay_out(stated: Statement) -> bytes:
    """Lay the manifest of a batch out."""
    attached = canonical.encode(_members(stated))
    with LAYOUT:
        fonts, style, colours = _style()
        page = HTML(string=_html(stated), url_fetcher=PackagedFiles({})).render(
            font_config=fonts, color_profiles=dict(colours), stylesheets=[style]
        )
        page.metadata.attachments = [_attachment(attached, stated.sealed_at)]
        page.metadata.created = page.metadata.modified = stated.sealed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        written = io.BytesIO()
        page.write_pdf(
            written,
            finisher=_make_room,
            pdf_identifier=hashlib.sha256(attached).hexdigest()[:32].encode(),
            pdf_variant="pdf/a-3a",
            # Not "srgb": the style sheet has named the profile already.
            output_intent="",
        )
    return written.getvalue()


def _make_room(_document: Document, pdf: pydyf.PDF) -> None:
    """Say that there is a form without fields: a reader then sees a signature as a field added, and as nothing else."""
    pdf.catalog["AcroForm"] = pydyf.Dictionary({"Fields": pydyf.Array([]), "SigFlags": _SIGNATURE_FLAGS})


def _members(stated: Statement) -> dict[str, Any]:
    return {
        "agency": stated.agency,
        "amount": str(stated.counted.amount),
        "batch": stated.batch,
        "checkpoint": stated.sealed_note,
        "commodity": stated.commodity,
        "listing": encode_base64(stated.counted.listing),
        "origin": stated.origin,
        "period": stated.period,
        "program": stated.program,
        "receipts": stated.counted.receipts,
        "size": stated.size,
    }


def _html(stated: Statement) -> str:
    environment = ImmutableSandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(TEMPLATE_FOLDER / "receipts")
    )
    is_money = stated.commodity == IDR
    total = stated.counted.amount
    amount = formats.rupiah(total) if is_money else formats.banyaknya(total, stated.unit)
    rows = [
        ("Program", stated.program),
        ("Periode", period_words(stated.period)),
        ("Paket", stated.batch),
        ("Tanda terima", f"{formats.jumlah(stated.counted.receipts)} diterbitkan"),
        ("Sidik daftar", encode_base64(stated.counted.listing)),
        ("Log", stated.origin),
        ("Segel log", f"{formats.jumlah(stated.size)} entri, akar {encode_base64(stated.root)}"),
    ]
    words = amount_in_words(total, "" if is_money else stated.unit)
    return environment.get_template("manifest_pdf.html").render(stated=stated, amount=amount, words=words, rows=rows)


def _attachment(attached: bytes, at: dt.datetime) -> Attachment:
    return Attachment(
        string=attached,
        url_fetcher=PackagedFiles({}),
        name="manifes.json",
        description="Isi manifes: jumlah, sidik daftar tanda terima, dan segel log",
        created=at,
        modified=at,
        relationship="Data",
    )


@cache
def _style() -> tuple[FontConfiguration, CSS, dict[str, Any]]:
    fonts = FontConfiguration()
    text = (resources.files("aid_ledger.receipts") / "assets" / "receipt.css").read_text("utf-8")
    colours: dict[str, Any] = {}
    style = CSS(string=text, font_config=fonts, color_profiles=colours, url_fetcher=PackagedFiles({}))
    for profile in colours.values():
        # The colour library writes a profile differently once its name was read, which the first page does.
        _ = profile.name
    return fonts, style, colours
