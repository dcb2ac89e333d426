"""A second pair of eyes on a signed receipt: a reader of other people, pyHanko, which shares no code with ours.

Our own verifier accepts what our own press makes; both could be wrong in the same way. So some of what is issued in
bulk is read by this one too, and each file that a citizen sends and our verifier accepts. What it is asked: intact, by
the pinned root, the whole file in one revision, no change allowed or made. Load this file by `layout.load`, or in a
prison: the reader is large, and only whoever asks it needs it.
"""

from __future__ import annotations

import io
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from aid_ledger.receipts.opinion import Opinion

Answer = TypeVar("Answer")


def fault_of(pdf: bytes, roots: Sequence[bytes]) -> str:
    """Say what another reader finds wrong in a signed receipt; "" if nothing. `roots` are certificates (DER)."""
    return opinion_of(pdf, roots).fault


def opinion_of(pdf: bytes, roots: Sequence[bytes]) -> Opinion:
    """Ask another reader about a signed receipt. `roots` are certificates (DER)."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        signatures = reader.embedded_signatures
        if len(signatures) != 1 or reader.xrefs.total_revisions != 1:
            return _nothing(f"{len(signatures)} signatures in {reader.xrefs.total_revisions} revisions")
        moment = signatures[0].self_reported_timestamp
        trusted = [Certificate.load(each) for each in roots]
        context = ValidationContext(trust_roots=trusted, moment=moment, allow_fetching=False)
        status = _at_once(async_validate_pdf_signature(signatures[0], signer_validation_context=context))
    except (PdfError, SignatureValidationError, ValueError, TypeError) as error:
        return _nothing(type(error).__name__)
    return _opinion(status)


def _opinion(status: PdfSignatureStatus) -> Opinion:
    is_whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    is_unchanged = status.modification_level is ModificationLevel.NONE and bool(status.docmdp_ok)
    return Opinion(
        intact=bool(status.intact and status.valid),
        trusted=bool(status.trusted),
        coverage=status.coverage.name if status.coverage else "",
        changes=status.modification_level.name if status.modification_level else "",
        fault="" if status.bottom_line and is_whole and is_unchanged else status.summary(),
    )


def _nothing(fault: str) -> Opinion:
    """Say that the reader did not get as far as the signature, and why."""
    return Opinion(intact=False, trusted=False, coverage="", changes="", fault=fault)


def _at_once(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run what never waits, for nothing is fetched: an event loop opens a socket, which a prison forbids."""
    try:
        work.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    finally:
        work.close()
    raise RuntimeError("the reader waits for something outside")
