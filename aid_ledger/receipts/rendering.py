"""Laying a receipt out: from its page and particulars to a file of PDF that waits for its signature.

A `ReceiptPrinter` parses its style sheet and loads its fonts once; each receipt then costs one layout. The page
fetches nothing: every file it names is packaged beside this module. The same receipt always gives the same bytes.
Most receipts are not laid out at all: `press` fills in a page that was laid out once. Those that do not fit come here.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import pydyf
import segno
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from aid_ledger.receipts import finishing
from aid_ledger.receipts.page import Issuer, Page, page_of
from aid_ledger.receipts.tongues import TONGUES
from aid_ledger.receipts.varying import Particulars, fill_range, particulars_of
from aid_ledger.web.assets import TEMPLATE_FOLDER
from audit.pdf.document import ATTACHMENT
from audit.pdf.evidence import Evidence
from audit.pdf.impressions import FIRST, Impression

_ASSETS: Final = resources.files("aid_ledger.receipts") / "assets"
_SCHEME: Final = "asset:"
_QR: Final = "asset:qr.png"
_FACES: Final = "faces.css"
"""The typefaces and colours that all designs share."""
_EVIDENCE_LABEL: Final = "Bukti: isi tanda terima, catatan log, dan pembuktiannya"
_MIME: Final = {"icc": "application/vnd.iccprofile", "ttf": "font/ttf", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Design:
    """How a page looks: its template, and its style sheet among the packaged files."""

    template: str
    style: str


RECEIPT: Final = Design("receipt_pdf.html", "receipt.css")
"""A receipt on A5, with everything it states."""
SMALL: Final = Design("small_pdf.html", "small.css")
"""A receipt on A6, for print files: the same letters and code on half the paper, so fewer rows."""
COVER: Final = Design("cover_pdf.html", "cover.css")
HANDOUT: Final = Design("handout_pdf.html", "handout.css")
"""The first page of a print file, and one of its last, for A5; on A4 they are drawn larger."""


class Layouter:
    """Lays pages of one design out. Not for use by several threads at once: Pango's font map is shared."""

    def __init__(self, design: Design) -> None:
        self._fonts = FontConfiguration()
        style = "".join((_ASSETS / each).read_text("utf-8") for each in (_FACES, design.style))
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
        self._template = environment.get_template(design.template)
        self._files = PackagedFiles({_QR: _any_picture()})

    def document(self, **named: object) -> Document:
        """Lay out what the template makes of the values it names."""
        html = self._template.render(qr=_QR, **named)
        return HTML(string=html, url_fetcher=self._files).render(
            font_config=self._fonts, color_profiles=dict(self._colours), stylesheets=[self._style]
        )

    def pages(self, **named: object) -> bytes:
        """Lay pages out as a bare file, from which others take them over (`press.borrowing`)."""
        written = io.BytesIO()
        # With tags every text names its own typeface, which cutting relies on; else only the first of a row does.
        self.document(**named).write_pdf(
            written, finisher=_deflate, uncompressed_pdf=True, output_intent="", pdf_tags=True
        )
        return written.getvalue()


class ReceiptPrinter:
    """Lays receipts out for one agency, in one of two designs."""

    def __init__(self, issuer: Issuer, design: Design = RECEIPT) -> None:
        self._issuer = issuer
        self._layouter = Layouter(design)

    def render(self, evidence: Evidence, impression: Impression = FIRST, *, signed_at: dt.datetime) -> bytes:
        """Lay out one print of a receipt with its evidence attached, ready for `signing.sign`.

        `signed_at` is written into the file as the time of its making and signing. It must not lie before the entry
        was recorded, or no verifier accepts the receipt; use the same time again to print the same bytes again.

        Raises:
            MalformedInput: the evidence breaks its schema.

        """
        these = particulars_of(evidence, self._issuer, impression, signed_at=signed_at)
        return self.lay_out(page_of(evidence, self._issuer, impression), these)

    def lay_out(self, page: Page, these: Particulars) -> bytes:
        """Lay out a page with its particulars."""
        laid_out = self._layouter.document(page=page)
        laid_out.metadata.attachments = [_attachment(these)]

        def finish(_: Document, pdf: pydyf.PDF) -> None:
            finishing.finish(pdf, these)

        written = io.BytesIO()
        laid_out.write_pdf(
            written,
            finisher=finish,
            pdf_identifier=these.identifier.encode(),
            pdf_variant="pdf/a-3a",
            # Uncompressed here means a classic table of objects; `finish` has each stream deflated.
            uncompressed_pdf=True,
            # Not "srgb": the style sheet has named the profile already.
            output_intent="",
        )
        return fill_range(written.getvalue())


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


def _deflate(_: Document, pdf: pydyf.PDF) -> None:
    """Have each stream deflated: "uncompressed" means a classic table of objects to the engine."""
    for each in pdf.objects:
        if isinstance(each, pydyf.Stream):
            each.compress = True


def _any_picture() -> bytes:
    """Make a picture for the layout engine to place; `finishing` puts the receipt's own in its stead."""
    picture = io.BytesIO()
    segno.make_qr("0").save(picture, kind="png")
    return picture.getvalue()


def _attachment(these: Particulars) -> Attachment:
    return Attachment(
        string=these.evidence,
        url_fetcher=PackagedFiles({}),
        name=ATTACHMENT.decode(),
        description=TONGUES[these.impression.language].say(_EVIDENCE_LABEL),
        created=these.moment,
        modified=these.moment,
        relationship="Data",
    )
