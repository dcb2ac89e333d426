"""The summary as a PDF to print and sign: one page of A4, laid out without fetching anything from anywhere.

Load this file by `receipts.layout.load`, for it needs the layout engine.
"""

from __future__ import annotations

import io
from functools import cache
from importlib import resources

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from aid_ledger.receipts.layout import LAYOUT
from aid_ledger.receipts.rendering import PackagedFiles


def lay_out(page: str) -> bytes:
    """Lay a page out; fonts come with the product, and whatever else a page names is refused."""
    written = io.BytesIO()
    with LAYOUT:
        fonts, style = _style()
        laid_out = HTML(string=page, url_fetcher=PackagedFiles({})).render(font_config=fonts, stylesheets=[style])
        laid_out.write_pdf(written)
    return written.getvalue()


@cache
def _style() -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    text = (resources.files("aid_ledger.oversight") / "assets" / "summary.css").read_text("utf-8")
    return fonts, CSS(string=text, font_config=fonts, url_fetcher=PackagedFiles({}))
