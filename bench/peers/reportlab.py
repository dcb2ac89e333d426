"""ReportLab and pyHanko: the page drawn line by line, faces registered once, signed by a signer that keeps its key.

The same lines in the same faces, the code drawn as squares, the evidence attached. No PDF/A: ReportLab writes no tags.
Attaching is pyHanko's, in the revision that it adds for the signature. Run by bench/sides.py.
"""

from __future__ import annotations

import io
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from aid_ledger.receipts import breaking
from aid_ledger.receipts.page import Issuer, Page, page_of
from aid_ledger.receipts.qr import address_of, modules
from audit.pdf import evidence
from audit.pdf.evidence import Evidence
from bench import paper
from bench.peers import naive, pades
from bench.sides import serve

MM: Final = 72 / 25.4
HEIGHT: Final = 210
LEFT: Final = 11
FACES: Final = {"sans": breaking.SANS, "bold": breaking.BOLD, "mono": breaking.MONO}


@cache
def canvas_class() -> Any:  # noqa: ANN401 - ReportLab is not there where types are checked
    """Register the faces once."""
    metrics = import_module("reportlab.pdfbase.pdfmetrics")
    for name, file in FACES.items():
        metrics.registerFont(import_module("reportlab.pdfbase.ttfonts").TTFont(name, str(naive.ASSETS / file)))
    return import_module("reportlab.pdfgen.canvas").Canvas


def draw(page: Page, address: str, title: str) -> bytes:
    """Draw one page."""
    out = io.BytesIO()
    canvas = canvas_class()(out, pagesize=(148 * MM, HEIGHT * MM), lang="id")
    canvas.setTitle(title)
    canvas.setAuthor(page.agency)
    y = 14.0

    def put(text: str, face: str, size: float, x: float = 0, *, right: bool = False) -> None:
        canvas.setFont(face, size)
        (canvas.drawRightString if right else canvas.drawString)((LEFT + x) * MM, (HEIGHT - y) * MM, text)

    def rule() -> None:
        canvas.line(LEFT * MM, (HEIGHT - y - 1) * MM, (LEFT + breaking.PAGE) * MM, (HEIGHT - y - 1) * MM)

    for text, face, size in (
        (page.agency, "bold", 7.6),
        (page.wording.heading, "bold", 15.5),
        (f"Nomor {page.number[0]}", "sans", 7.6),
        (page.amount[0], "bold", 22.0),
        (page.in_words[0], "sans", 8.6),
    ):
        put(text, face, size)
        y += size * 0.5
    for row in page.rows:
        put(row.label, "sans", 7.6)
        put(row.value[0], "sans", 7.6, 26)
        rule()
        y += 4.6
    for source in page.sources:
        put(source.name[0], "sans", 7.6)
        put(source.amount[0], "sans", 7.6, breaking.PAGE, right=True)
        rule()
        y += 4.6
    for step in page.steps:
        put(step.step[0], "sans", 7.6)
        put(step.name[0], "bold", 7.6, 30)
        put(step.office[0], "sans", 7.6, 60)
        put(step.at[0], "sans", 7.6, breaking.PAGE, right=True)
        rule()
        y += 4.6
    _draw_code(canvas, address, y)
    how = f"Pindai kode ini, atau buka {page.check_page} dan ketik kode {page.code[0]}"
    for text, face, size in (
        (how, "sans", 6.8),
        ("Punya berkas PDF-nya? Kirim di halaman itu: setiap byte diperiksa.", "sans", 6.8),
        (page.place[0], "sans", 6.8),
        (page.root[0], "mono", 6.0),
        (page.fingerprint, "mono", 6.0),
    ):
        put(text, face, size, 31)
        y += 4
    canvas.save()
    return out.getvalue()


def _draw_code(canvas: Any, address: str, y: float) -> None:  # noqa: ANN401 - as above
    """Draw the code as squares, in one path."""
    matrix = list(modules(address).matrix)
    side = 27 * MM / len(matrix)
    path = canvas.beginPath()
    for row, line in enumerate(matrix):
        for column, dark in enumerate(line):
            if dark:
                path.rect(LEFT * MM + column * side, (HEIGHT - y) * MM - (row + 1) * side, side, side)
    canvas.drawPath(path, stroke=0, fill=1)


def attach(pdf: bytes, attached: bytes) -> bytes:
    """Attach the evidence."""
    embed = import_module("pyhanko.pdf_utils.embed")
    writer = import_module("pyhanko.pdf_utils.incremental_writer").IncrementalPdfFileWriter(io.BytesIO(pdf))
    file = embed.EmbeddedFileObject.from_file_data(writer, data=attached, mime_type="application/json")
    name = "bukti.json"
    embed.embed_file(writer, embed.FileSpec(file_spec_string=name, file_name=name, embedded_data=file))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def one(of: Evidence, issuer: Issuer, signer: Any) -> bytes:  # noqa: ANN401 - as above
    """Make one receipt."""
    page, address = page_of(of, issuer), address_of(issuer.base_url, of, issuer.stamp_key)
    drawn = draw(page, address, f"{page.wording.heading} {of.fields.number}")
    return pades.sign(attach(drawn, evidence.write(of)), signer)


def make(folder: str, count: int) -> dict[str, Any]:
    """Make so many receipts."""
    place = Path(folder)
    batch, issuer, signer = paper.Batch(place, paper.SMALL), paper.issuer_of(place), pades.kept(place)
    made = [batch.evidence(number) for number in range(count)]
    one(made[0], issuer, signer)
    began = time.process_time()
    for each in made:
        pdf = one(each, issuer, signer)
    return {"ms": 1_000 * (time.process_time() - began) / count, "pdf": pdf.hex()}


if __name__ == "__main__":
    serve({"make": make})
