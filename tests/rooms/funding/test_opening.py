"""Sources and donors: codes that can stand in accounts, offices that exist, and names that stay inside."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from aid_ledger.core.crypto import IntegrityFailed
from aid_ledger.funding import queries, refusals, service
from aid_ledger.funding.models import Donor, Source
from aid_ledger.funding.rules import ContributionState
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.refusals import OfficeNotFound
from tests.builders import funding as builders
from tests.builders.officials import Founded

GIVER = "Siti Contoh Dermawan"
GOOD: dict[str, Any] = {
    "code": "BTT-2026",
    "kind": "btt",
    "name": "BTT 2026",
    "year": 2026,
    "custodian_office": "BENDAHARA",
}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"kind": "hibah"}, refusals.SourceKindUnknown),
        ({"code": "btt 2026"}, refusals.SourceMalformed),
        ({"code": "BTT/2026"}, refusals.SourceMalformed),
        ({"code": "B"}, refusals.SourceMalformed),
        ({"code": "B" * 41}, refusals.SourceMalformed),
        ({"name": "  "}, refusals.SourceMalformed),
        ({"year": 20_26_0}, refusals.SourceMalformed),
        ({"custodian_office": "KASIR"}, OfficeNotFound),
        ({"approver_office": "KASIR"}, OfficeNotFound),
    ],
)
def test_a_source_that_cannot_be_is_refused(founded: Founded, change: dict[str, Any], refusal: type[Exception]) -> None:
    """A slash in a code would be a second account; an office nobody holds would be no custodian."""
    with pytest.raises(refusal), founded.act("operator") as act:
        service.open_source(act, **{**GOOD, **change})


def test_two_sources_never_share_a_code(founded: Founded) -> None:
    """One code, one set of accounts."""
    with founded.act("operator") as act:
        service.open_source(act, **GOOD)
    with pytest.raises(refusals.SourceCodeTaken), founded.act("operator") as act:
        service.open_source(act, **GOOD)


@pytest.mark.parametrize(
    ("kind", "in_rkud"), [("apbd", True), ("btt", True), ("dana_desa", True), ("csr", False), ("asn_peduli", False)]
)
def test_gifts_stay_off_the_budgets_figures(founded: Founded, kind: str, in_rkud: bool) -> None:
    """CSR and ASN Peduli are outside the RKUD, whoever would like a larger realisation."""
    code = builders.opened(founded, kind)
    with founded.bench.reading() as session:
        assert queries.source(session, code).in_rkud is in_rkud


@pytest.mark.parametrize(("kind", "name"), [("pejabat", "PT"), ("company", " "), ("company", "x" * 301)])
def test_a_donor_is_somebody(founded: Founded, kind: str, name: str) -> None:
    """A gift from nobody is refused before it is offered."""
    with pytest.raises(refusals.DonorMalformed), founded.act("operator") as act:
        service.register_donor(act, kind=kind, name=name)


def test_a_private_persons_name_stays_inside(founded: Founded) -> None:
    """P6: it is encrypted, bound to its row, absent from the log, and not shown even when that is asked for."""
    with founded.act("operator") as act:
        donor = service.register_donor(act, kind="individual", name=GIVER, show_name=True)
    assert not donor.show_name
    keys = founded.bench.kit.keys
    with founded.bench.reading() as session:
        row = session.scalars(select(Donor)).one()
        assert row.name == ""
        assert row.private_name is not None
        assert GIVER.encode() not in row.private_name
        assert queries.name_of(keys, row) == GIVER
        assert not any(GIVER.encode() in raw for raw in session.scalars(select(LogEntry.raw)))
        row.seal = "0" * 32
        with pytest.raises(IntegrityFailed):
            queries.name_of(keys, row)


def test_an_institution_is_named_in_public_only_if_it_wishes(founded: Founded) -> None:
    """The log tells the name a company shows, and none that it does not."""
    with founded.act("operator") as act:
        service.register_donor(act, kind="company", name="PT Terbuka", show_name=True)
        service.register_donor(act, kind="company", name="PT Tertutup")
    with founded.bench.reading() as session:
        log = b"".join(session.scalars(select(LogEntry.raw)))
        assert b"PT Terbuka" in log
        assert b"PT Tertutup" not in log
        assert [queries.name_of(founded.bench.kit.keys, row) for row in queries.donors(session)] == [
            "PT Tertutup",
            "PT Terbuka",
        ]


def test_lists_say_what_waits(founded: Founded) -> None:
    """What waits for whom is one query each."""
    source = builders.opened(founded, "csr")
    first = builders.offered(founded, source, amount=5)
    budget = builders.offered(founded, builders.opened(founded, "apbd"), amount=6)
    offered = ContributionState.OFFERED
    with founded.bench.reading() as session:
        assert [row.reference for row, _source in queries.waiting(session, offered, donated=True)] == [first]
        assert [row.reference for row, _source in queries.waiting(session, offered, donated=False)] == [budget]
        assert len(queries.waiting(session, offered)) == 2
        assert [row.code for row in queries.sources(session)][-1] == source
        held = session.scalars(select(Source).where(Source.code == source)).one()
        listed = queries.contributions_of(session, held.id)
        assert [(row.reference, donor.kind if donor else "") for row, donor in listed] == [(first, "company")]
        assert queries.contributions_of(session, held.id, before=listed[0][0].id) == []
