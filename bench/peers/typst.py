"""typst and pyHanko: a compiler that is kept, the page typeset anew for each receipt, a signer that keeps its key.

The same lines in the same faces, the code as a drawing, the evidence attached, PDF/A-3a as typst writes it. Run by
bench/sides.py.
"""

from __future__ import annotations

import io
import json
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from aid_ledger.receipts.page import Issuer, page_of
from aid_ledger.receipts.qr import address_of, modules
from audit.pdf import evidence
from audit.pdf.evidence import Evidence
from bench import paper
from bench.peers import naive, pades
from bench.sides import serve

SOURCE = Path(__file__).with_name("receipt.typ")


def compiler() -> Any:  # noqa: ANN401 - typst is not there where types are checked
    """Set the compiler up once."""
    return import_module("typst").Compiler(str(SOURCE), font_paths=[str(naive.ASSETS)], ignore_system_fonts=True)


def typeset(of: Evidence, issuer: Issuer, kept: Any) -> bytes:  # noqa: ANN401 - as above
    """Typeset one receipt."""
    page, svg = page_of(of, issuer), io.BytesIO()
    code = modules(address_of(issuer.base_url, of, issuer.stamp_key))
    code.save(svg, kind="svg", border=0, xmldecl=False)
    said = {
        "title": f"{page.wording.heading} {of.fields.number}",
        "agency": page.agency,
        "heading": page.wording.heading,
        "number": page.number[0],
        "amount": page.amount[0],
        "in_words": page.in_words[0],
        "rows": [[row.label, row.value[0]] for row in page.rows],
        "sources": [[each.name[0], each.amount[0]] for each in page.sources],
        "steps": [[each.step[0], each.name[0], each.office[0], each.at[0]] for each in page.steps],
        "check_page": page.check_page,
        "code": page.code[0],
        "place": page.place[0],
        "root": page.root[0],
        "fingerprint": page.fingerprint,
    }
    inputs = {"page": json.dumps(said), "evidence": evidence.write(of).decode(), "qr": svg.getvalue().decode()}
    return bytes(kept.compile(format="pdf", sys_inputs=inputs, pdf_standards=["a-3a"]))


def make(folder: str, count: int) -> dict[str, Any]:
    """Make so many receipts."""
    place = Path(folder)
    batch, issuer, signer = paper.Batch(place, paper.SMALL), paper.issuer_of(place), pades.kept(place)
    made, kept = [batch.evidence(number) for number in range(count)], compiler()
    pades.sign(typeset(made[0], issuer, kept), signer)
    began = time.process_time()
    for each in made:
        pdf = pades.sign(typeset(each, issuer, kept), signer)
    return {"ms": 1_000 * (time.process_time() - began) / count, "pdf": pdf.hex()}


if __name__ == "__main__":
    serve({"make": make})
