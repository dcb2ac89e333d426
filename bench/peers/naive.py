"""WeasyPrint and pyHanko as their first pages show them: a page laid out anew for each receipt, then signed.

The same template, style sheet, faces, code and attachment as ours, and PDF/A-3a; everything is loaded for each receipt.
Run by bench/sides.py.
"""

from __future__ import annotations

import time
from importlib import resources
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration

from aid_ledger.receipts.page import Issuer, page_of
from aid_ledger.receipts.qr import address_of, modules
from aid_ledger.web.assets import TEMPLATE_FOLDER
from audit.pdf import evidence
from audit.pdf.evidence import Evidence
from bench import paper
from bench.peers import pades
from bench.sides import serve

ASSETS: Final = Path(str(resources.files("aid_ledger.receipts") / "assets"))


def lay_out(of: Evidence, issuer: Issuer) -> bytes:
    """Lay one receipt out."""
    environment = Environment(autoescape=True, loader=FileSystemLoader(TEMPLATE_FOLDER / "receipts"))
    code = modules(address_of(issuer.base_url, of, issuer.stamp_key)).svg_data_uri()
    html = environment.get_template("receipt_pdf.html").render(page=page_of(of, issuer), qr=code)
    fonts = FontConfiguration()
    text = "".join((ASSETS / each).read_text() for each in ("faces.css", "receipt.css"))
    style = CSS(string=text.replace('url("asset:', f'url("file://{ASSETS}/'), font_config=fonts)
    attached = Attachment(string=evidence.write(of), name="bukti.json", relationship="Data")
    document = HTML(string=html).render(stylesheets=[style], font_config=fonts)
    document.metadata.attachments = [attached]
    return bytes(document.write_pdf(pdf_variant="pdf/a-3a"))


def make(folder: str, count: int) -> dict[str, Any]:
    """Make so many receipts."""
    place = Path(folder)
    batch, issuer, signer = paper.Batch(place, paper.SMALL), paper.issuer_of(place), pades.naive(place)
    made = [batch.evidence(number) for number in range(count)]
    began = time.process_time()
    for each in made:
        pdf = pades.sign(lay_out(each, issuer), signer)
    return {"ms": 1_000 * (time.process_time() - began) / count, "pdf": pdf.hex()}


if __name__ == "__main__":
    serve({"make": make})
