"""Whether what came back from a certifier is our page with one believed signature, and nothing else is changed.

pyHanko judges the signature and every object that was added; that our bytes come first, and that page and attachment
are as they were, is looked at once more here. Load this file by `layout.load`: the reader is large.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel, SuspiciousModification
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

PREFIX: Final = "prefix"
UNREADABLE: Final = "unreadable"
SIGNATURES: Final = "signatures"
SIGNATURE: Final = "signature"
CHANGED: Final = "changed"


def fault_of(ours: bytes, returned: bytes, roots: Sequence[bytes]) -> str:
    """Say in a word what is wrong with a page that came back signed; "" if nothing. `roots` are certificates (DER)."""
    if returned == ours or not returned.startswith(ours):
        return PREFIX
    # In a thread of its own: the reader runs an event loop, and a worker may have one.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(_fault_of, ours, returned, roots).result()


def _fault_of(ours: bytes, returned: bytes, roots: Sequence[bytes]) -> str:
    try:
        before, reader = PdfFileReader(io.BytesIO(ours)), PdfFileReader(io.BytesIO(returned))
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            return SIGNATURES
        if _shown(before) != _shown(reader):
            return CHANGED
        difference = DEFAULT_DIFF_POLICY.review_file(reader, before.xrefs.total_revisions - 1)
        if isinstance(difference, SuspiciousModification):
            return CHANGED
        context = ValidationContext(trust_roots=[Certificate.load(each) for each in roots], allow_fetching=False)
        status = validate_pdf_signature(signatures[0], signer_validation_context=context)
    except (PdfError, SignatureValidationError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return UNREADABLE
    is_whole = status.coverage in {SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION}
    level = status.modification_level
    is_left_alone = level is not None and level <= ModificationLevel.LTA_UPDATES
    return "" if status.bottom_line and is_whole and is_left_alone else SIGNATURE


def _shown(reader: PdfFileReader) -> list[Any]:
    """List what a reader of the file is shown: each page's drawing and size, and what is attached, by name."""
    pages, names = reader.root["/Pages"]["/Kids"], reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    # Only asked for by its place does an element come as what it refers to.
    drawn = [
        (page["/Contents"].data, str(page["/MediaBox"]), str(page.raw_get("/Resources")))
        for page in (pages[place] for place in range(len(pages)))
    ]
    attached = [(str(names[place]), names[place + 1]["/EF"]["/F"].data) for place in range(0, len(names), 2)]
    return [*drawn, *attached]
