"""Laying a receipt out: from its fields and evidence to a page of PDF that waits for its signature.

A `ReceiptPrinter` parses its style sheet and loads its fonts once; each receipt then costs one layout. The page
fetches nothing: every file it names is packaged beside this module. The same receipt always gives the same bytes.
Filling a compiled page instead of laying each one out is another matter, and not done here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import textwrap
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import pydyf
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from aid_ledger.receipts import finishing, qr
from aid_ledger.receipts.stamping import StampKey
from aid_ledger.web import formats
from aid_ledger.web.assets import TEMPLATE_FOLDER
from audit import checkpoint, note, proof
from audit.pdf import evidence as receipt_evidence
from audit.pdf.document import ATTACHMENT
from audit.pdf.evidence import Evidence
from audit.pdf.fields import GOODS, ReceiptFields

SIGNATURE_BYTES: Final = 2_048
"""Room for a signature: some 1,300 bytes with P-256, 1,800 with RSA-2048."""
ZONE_NAMES: Final = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}

_ASSETS: Final = resources.files("aid_ledger.receipts") / "assets"
_SCHEME: Final = "asset:"
_QR: Final = "asset:qr.svg"
_TEMPLATE: Final = "receipt_pdf.html"
_MIME: Final = {"icc": "application/vnd.iccprofile", "ttf": "font/ttf", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where receipts of this agency are checked, the fingerprint of their certificate's root, and who stamps them."""

    base_url: str
    root_fingerprint: bytes
    stamp_key: StampKey | None = None


class ReceiptPrinter:
    """Lays receipts out for one agency. Not for use by several threads at once: Pango's font map is shared."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._fonts = FontConfiguration()
        style = (_ASSETS / "receipt.css").read_text("utf-8")
        self._colours: dict[str, Any] = {}
        self._style = CSS(
            string=style, font_config=self._fonts, color_profiles=self._colours, url_fetcher=PackagedFiles({})
        )
        for profile in self._colours.values():
            # The colour library writes a profile differently once its name was read, which the first page does.
            _ = profile.name
        environment = ImmutableSandboxedEnvironment(
            autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(TEMPLATE_FOLDER / "receipts")
        )
        self._template = environment.get_template(_TEMPLATE)

    def render(self, evidence: Evidence, *, signed_at: dt.datetime, signature_bytes: int = SIGNATURE_BYTES) -> bytes:
        """Lay out one receipt with its evidence attached, ready for `signing.sign`.

        `signed_at` is written into the file as the time of its making and signing. It must not lie before the entry
        was recorded, or no verifier accepts the receipt; use the same time again to print the same bytes again.

        Raises:
            MalformedInput: the evidence breaks its schema.

        """
        attached = receipt_evidence.write(evidence)
        fields = evidence.fields
        address = qr.address_of(self._issuer.base_url, evidence, self._issuer.stamp_key)
        html = self._template.render(page=page_of(evidence, self._issuer), qr=_QR)
        laid_out = HTML(string=html, url_fetcher=PackagedFiles({_QR: qr.draw(address)})).render(
            font_config=self._fonts, color_profiles=dict(self._colours), stylesheets=[self._style]
        )
        laid_out.metadata.attachments = [_attachment(attached, signed_at)]
        marks = finishing.Marks(title_of(fields), fields.agency, signed_at, signature_bytes)

        def finish(_: Document, pdf: pydyf.PDF) -> None:
            finishing.finish(pdf, marks)

        written = io.BytesIO()
        laid_out.write_pdf(
            written,
            finisher=finish,
            pdf_identifier=hashlib.sha256(attached).hexdigest()[:32].encode(),
            pdf_variant="pdf/a-3a",
            # Uncompressed here means a classic table of objects; `finish` has each stream deflated.
            uncompressed_pdf=True,
            # Not "srgb": the style sheet has named the profile already.
            output_intent="",
        )
        return finishing.fill_range(written.getvalue())


class PackagedFiles(URLFetcher):  # type: ignore[misc]  # WeasyPrint ships no types
    """Serves the files packaged with this module and those given, and nothing else: no disk, no network."""

    def __init__(self, given: dict[str, bytes]) -> None:
        super().__init__()
        self._given = given

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """Return a packaged file.

        Raises:
            FatalURLFetchingError: the page asks for anything else.

        """
        name = url.removeprefix(_SCHEME)
        kind = _MIME.get(name.rpartition(".")[2])
        if not url.startswith(_SCHEME) or kind is None or "/" in name:
            raise FatalURLFetchingError(f"a receipt may not fetch {url[:80]}")
        body = self._given.get(url)
        if body is None:
            body = (_ASSETS / name).read_bytes()
        return URLFetcherResponse(url, body, {"Content-Type": kind, **(headers or {})})


def title_of(fields: ReceiptFields) -> str:
    """Write the title of the document, as windows and screen readers announce it."""
    return f"{_heading(fields)} {fields.number}"


def page_of(evidence: Evidence, issuer: Issuer) -> dict[str, Any]:
    """Write everything the page shows as text; the template only places it."""
    fields = evidence.fields
    return {
        "heading": _heading(fields),
        "title": title_of(fields),
        "agency": fields.agency,
        "number": fields.number,
        "amount": _amount(fields.amount, fields),
        "in_words": fields.in_words,
        "contents": fields.contents,
        "rows": _rows(fields),
        "sources": [{"name": each.name, "amount": _amount(each.amount, fields)} for each in fields.sources],
        "approvers": [
            {
                "step": each.step,
                "name": each.name,
                "office": each.office,
                "at": formats.waktu_ringkas(each.at, ZONE_NAMES[fields.zone]),
            }
            for each in fields.approvers
        ],
        "code": _grouped(fields.code, 4, "-"),
        "check_page": f"{issuer.base_url.rstrip('/')}/periksa".removeprefix("https://"),
        "log": _place_in_log(evidence),
        "fingerprint": _grouped(issuer.root_fingerprint.hex(), 4, " "),
    }


def _heading(fields: ReceiptFields) -> str:
    return "Tanda Terima Bantuan Barang" if fields.kind == GOODS else "Tanda Terima Bantuan Uang"


def _amount(amount: int, fields: ReceiptFields) -> str:
    return formats.banyaknya(amount, fields.unit) if fields.kind == GOODS else formats.rupiah(amount)


def _rows(fields: ReceiptFields) -> list[dict[str, str]]:
    """Write the table of who received what from whom; lines that have nothing to say are left out."""
    paid_on = formats.tanggal(fields.paid_on) if fields.paid_on else ""
    place = f"{fields.village}, {fields.district}" if fields.village else ""
    witnesses = "; ".join(f"{each.name}, {each.office}" for each in fields.witnesses)
    rows = (
        ("Penerima", fields.payee),
        ("NIK", fields.nik),
        ("Wilayah", place),
        ("Program", fields.program_name),
        ("Periode", fields.period),
        ("Diterima", paid_on),
        ("Melalui", fields.channel),
        ("Saksi", witnesses),
        ("Dasar", fields.decree),
        ("Berkas bayar", f"{fields.batch} \u00b7 baris {fields.line}"),
    )
    return [{"label": label, "value": value} for label, value in rows if value]


def _place_in_log(evidence: Evidence) -> dict[str, str]:
    """Write where the log holds the receipt, out of the very proof that is attached."""
    proven = proof.parse(evidence.proof)
    stated = checkpoint.parse(proven.signed.text)
    return {
        "origin": stated.origin,
        "index": formats.jumlah(proven.index),
        "size": formats.jumlah(stated.size),
        "root": note.encode_base64(stated.root),
    }


def _grouped(text: str, size: int, between: str) -> str:
    return between.join(textwrap.wrap(text, size))


def _attachment(attached: bytes, signed_at: dt.datetime) -> Attachment:
    moment = signed_at.astimezone(dt.UTC)
    return Attachment(
        string=attached,
        url_fetcher=PackagedFiles({}),
        name=ATTACHMENT.decode(),
        description="Bukti: isi tanda terima, catatan log, dan pembuktiannya",
        created=moment,
        modified=moment,
        relationship="Data",
    )
