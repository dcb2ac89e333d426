"""What the paper of a return says: every word is fixed, and digested into the log, in the deed that returns it.

Names may change later; the paper keeps those of its day. Its schema is `audit.pdf.returns`; the room of receipts lays
it out and signs it.
"""

from __future__ import annotations

from aid_ledger.book.models import Commodity
from aid_ledger.book.rules import IDR
from aid_ledger.core.act import Act
from aid_ledger.disbursement.models import Batch
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Source
from aid_ledger.officials import queries as officials
from aid_ledger.officials.queries import HeldOffice
from aid_ledger.programs.models import Program
from aid_ledger.regions import queries as regions
from aid_ledger.regions.rules import ZONE_WORDS
from aid_ledger.web import formats
from audit.pdf.fields import MAX_TEXT
from audit.pdf.returns import ReturnFields


def fields_of(  # noqa: PLR0913 - what comes together on one paper
    act: Act,
    *,
    number: str,
    source: Source,
    program: Program,
    commodity: Commodity,
    amount: int,
    batch: Batch | None,
    lines: int,
    paper: Document,
    treasurer: int,
    held: HeldOffice,
) -> ReturnFields:
    """Write down a return of this Act."""
    agency = regions.agency(act.session)
    is_money = commodity.code == IDR
    in_words = formats.terbilang(amount)
    names = officials.names_by_login(act.session)
    return ReturnFields(
        number=number,
        agency=_line(agency.name),
        zone=ZONE_WORDS[agency.zone],
        source=source.code,
        source_name=_line(source.name),
        program=program.code,
        program_name=_line(program.public_name),
        amount=amount,
        commodity=commodity.code,
        unit="" if is_money else commodity.unit,
        in_words=in_words if is_money else f"{in_words.removesuffix(' rupiah')} {commodity.unit}",
        batch=batch.reference if batch is not None else "",
        lines=lines,
        document=paper.reference,
        document_number=_line(paper.number),
        document_day=paper.issued_on,
        document_signer=_line(paper.signer),
        registered_by=_line(names.get(paper.registered_by, paper.registered_by)),
        returned_by=_line(officials.official(act.session, treasurer).name),
        office=_line(held.title),
        at=act.at,
    )


def _line(text: str) -> str:
    """Write a text as a paper can hold it: one line, printable, no longer than its schema allows."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:MAX_TEXT]
