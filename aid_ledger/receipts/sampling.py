"""A second pair of eyes on what was issued in bulk: some of the files are made and read by a reader of other people.

Our own verifier accepts what our own press makes; both could be wrong in the same way. pyHanko shares no code with
either. What it is asked: intact, by the pinned root, the whole file in one revision, no change allowed or made. Load
this file by `layout.load`: the reader is large, and only whoever samples needs it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext


def fault_of(pdf: bytes, roots: Sequence[bytes]) -> str:
    """Say what another reader finds wrong in a signed receipt; "" if nothing. `roots` are certificates (DER)."""
    # In a thread of its own: the reader runs an event loop, and a worker may have one.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(_fault_of, pdf, roots).result()


def _fault_of(pdf: bytes, roots: Sequence[bytes]) -> str:
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        signatures = reader.embedded_signatures
        if len(signatures) != 1 or reader.xrefs.total_revisions != 1:
            return f"{len(signatures)} signatures in {reader.xrefs.total_revisions} revisions"
        moment = signatures[0].self_reported_timestamp
        trusted = [Certificate.load(each) for each in roots]
        context = ValidationContext(trust_roots=trusted, moment=moment, allow_fetching=False)
        status = validate_pdf_signature(signatures[0], signer_validation_context=context)
    except (PdfError, SignatureValidationError, ValueError, TypeError) as error:
        return type(error).__name__
    is_whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    is_unchanged = status.modification_level is ModificationLevel.NONE and bool(status.docmdp_ok)
    return "" if status.bottom_line and is_whole and is_unchanged else status.summary()
