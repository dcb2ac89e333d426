"""Papers for tests, registered through the service."""

from __future__ import annotations

import datetime as dt
import itertools

from aid_ledger.core.act import Act
from aid_ledger.documents import service
from aid_ledger.documents.models import Document

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 32

_numbers = itertools.count(1)


def paper(
    act: Act,
    kind: str,
    *,
    number: str = "",
    issued_on: dt.date | None = None,
    valid_until: dt.date | None = None,
    amount: int | None = None,
    content: bytes | None = None,
) -> Document:
    """Register a paper with a number of its own; issued on the first day of the Act's year unless told."""
    day = issued_on or dt.date(act.on.year, 1, 1)
    return service.register_document(
        act,
        kind=kind,
        number=number or f"{next(_numbers)}/{kind.upper()}/{act.on.year}",
        title=f"Dokumen uji {kind}",
        signer="Pejabat Contoh",
        issued_on=day,
        valid_from=day,
        valid_until=valid_until,
        amount=amount,
        content=content,
    )
