"""What aid may come into: sources, donors, emergency statuses. None of them moves value."""

from __future__ import annotations

import datetime as dt
import secrets

from aid_ledger.core import numbering
from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.crypto import encrypt
from aid_ledger.documents import queries as documents
from aid_ledger.documents.rules import DocumentKind, one_line
from aid_ledger.funding import rules
from aid_ledger.funding.models import Donor, EmergencyStatus, Source
from aid_ledger.funding.refusals import EmergencyMalformed, SourceCodeTaken
from aid_ledger.funding.rules import DonorKind
from aid_ledger.officials import queries as officials
from audit.facts.money import DonorRegistered, EmergencyDeclared, SourceOpened

on_constraint("uq_sources_code", SourceCodeTaken)


def open_source(  # noqa: PLR0913 - the particulars of one source, each by its name
    act: Act, *, code: str, kind: str, name: str, year: int, custodian_office: str, approver_office: str | None = None
) -> Source:
    """Open a source of one year; its code is public and stands in every account of it.

    Raises:
        SourceKindUnknown, SourceMalformed: kind, code, name or year cannot be.
        SourceCodeTaken: another source has this code.
        OfficeNotFound: custodian or approver is no office.
    """
    name = one_line(name)

    wanted = rules.source_kind(kind)
    rules.check_source(code=code, name=name, year=year)
    custodian = officials.office_by_code(act.session, custodian_office)
    approver = officials.office_by_code(act.session, approver_office) if approver_office else None

    source = Source(
        code=code,
        kind=wanted.value,
        name=name,
        in_rkud=wanted.in_rkud,
        year=year,
        custodian_office=custodian.code,
        approver_office=approver.code if approver else None,
        opened_at=act.at,
    )
    act.session.add(source)
    act.session.flush()

    act.record(
        SourceOpened(
            source=code,
            kind=wanted.value,
            name=name,
            in_rkud=int(wanted.in_rkud),
            custodian=custodian.code,
            year=year,
        )
    )
    return source


def register_donor(act: Act, *, kind: str, name: str, show_name: bool = False) -> Donor:
    """Register a giver. An individual's name is encrypted and never public, whatever `show_name` says.

    Raises:
        DonorMalformed: kind or name cannot be.
    """
    name = one_line(name)

    wanted = rules.donor_kind(kind, name)
    is_private = wanted is DonorKind.INDIVIDUAL

    seal = secrets.token_hex(16)
    sealed = encrypt(act.kit.keys, name, table=Donor.__tablename__, column="private_name", row=seal)
    donor = Donor(
        reference=numbering.next_reference(act, "DON"),
        kind=wanted.value,
        name="" if is_private else name,
        private_name=sealed if is_private else None,
        show_name=show_name and not is_private,
        registered_at=act.at,
        seal=seal,
    )
    act.session.add(donor)
    act.session.flush()

    act.record(
        DonorRegistered(donor=donor.reference, kind=wanted.value, public_name=donor.name if donor.show_name else "")
    )
    return donor


def declare_emergency(
    act: Act, *, level: str, decree: str, since: dt.date, until: dt.date | None = None
) -> EmergencyStatus:
    """Enter an emergency status by its decree (a document of kind `sk`); None until means: until it is ended.

    Raises:
        DocumentNotFound: the decree is not on file.
        EmergencyMalformed: the level is none, the paper is no decree, or the period is outside the decree's.
    """
    paper = documents.document(act.session, decree)

    wanted = rules.emergency_level(level)
    if paper.kind != DocumentKind.DECREE.value:
        raise EmergencyMalformed(field="decree")
    rules.check_emergency(since=since, until=until, valid_from=paper.valid_from, valid_until=paper.valid_until)

    status = EmergencyStatus(
        reference=numbering.next_reference(act, "EMG"),
        level=wanted.value,
        decree_id=paper.id,
        since=since,
        until=until,
    )
    act.session.add(status)
    act.session.flush()

    act.record(
        EmergencyDeclared(status=status.reference, level=wanted.value, decree=paper.reference, since=since, until=until)
    )
    return status
