"""Who is due: everyone in the region gets an entitlement or a reason, once, and nobody is worked out by a stranger."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.errors import DomainError
from aid_ledger.disbursement import queries, rules, service
from aid_ledger.disbursement.models import Entitlement, LeftOut
from aid_ledger.documents import service as documents
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.programs import service as programs
from aid_ledger.programs.refusals import RateMissing
from aid_ledger.recipients import service as recipients
from aid_ledger.recipients.particulars import hash_nik
from aid_ledger.regions.rules import RegionNotFound
from tests.builders.documents import paper
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.paying import PERIOD, REGION, determined_run, households, row_of
from tests.builders.powers import another
from tests.builders.programmes import defined
from tests.builders.programs import Paying, paying_program
from tests.builders.recipients import imported_rows

ELSEWHERE = "32.16.01.2001"


def compute(
    founded: Founded, paying: Paying, *, by: str = "operator", region: str = REGION, period: str = PERIOD
) -> str:
    """Compute entitlements and give the run's reference."""
    with founded.act(by) as act:
        return service.compute_entitlements(act, program=paying.program, period=period, region=region).reference


def reasons(founded: Founded, run: str) -> dict[str, int]:
    """Count why a run left people out; "" counts those who are due."""
    with founded.bench.reading() as session:
        row = queries.run(session, run)
        return {"": row.count} | queries.left_out_reasons(session, row.id)


def test_a_stranger_computes_nothing(founded: Founded) -> None:
    """P2: only an operator makes lists; a verifier who makes one would judge their own."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 1)
    for login in ("verifier", "approver", "treasurer", "auditor", "admin"):
        with pytest.raises(RoleMissing):
            compute(founded, paying, by=login)


def test_an_operator_of_one_kecamatan_computes_no_other(founded: Founded) -> None:
    """THREATS 19: the role reaches as far as its area, and a whole kabupaten is more than a kecamatan."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 1)
    another(founded, "camat", "operator", area="32.16.06")
    for region in ("32.16", "32.16.01", "32.16.01.2001"):
        with pytest.raises(RoleMissing):
            compute(founded, paying, by="camat", region=region)
    assert reasons(founded, compute(founded, paying, by="camat", region="32.16.06")) == {"": 1}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"region": "99.99"}, RegionNotFound),
        ({"region": "32.1"}, RegionNotFound),
        ({"period": "Agustus 2021"}, rules.PeriodMalformed),
        ({}, rules.NobodyEligible),
    ],
)
def test_a_question_without_sense_has_no_run(
    founded: Founded, change: dict[str, str], refusal: type[DomainError]
) -> None:
    """A region that is none, a month in words, a kabupaten without people: refused, and nothing is kept."""
    paying = paying_program(founded.bench, founded)
    with pytest.raises(refusal):
        compute(founded, paying, **change)
    with founded.bench.reading() as session:
        assert queries.runs(session) == []


def test_a_programme_without_a_rate_pays_nothing(founded: Founded) -> None:
    """An amount is set by a document before anyone is due it."""
    households(founded.bench, founded, 1)
    with founded.act("operator") as act:
        defined(act, "TANPA_TARIF")
    with pytest.raises(RateMissing), founded.act("operator") as act:
        service.compute_entitlements(act, program="TANPA_TARIF", period=PERIOD, region=REGION)


def test_everyone_in_the_region_gets_an_entitlement_or_a_reason(founded: Founded) -> None:
    """Nobody falls off the list in silence: the dead, the moved, children alone, ASN families, each with a reason."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    homes = households(bench, founded, 3)
    households(bench, founded, 2, village=ELSEWHERE)
    imported_rows(
        bench,
        founded,
        [
            row_of(8_001, card=8_001),
            row_of(8_002, card=8_001, pekerjaan="PNS"),
            row_of(8_003, card=8_003) | child(8_003),
            row_of(8_004, card=8_004) | child(8_004),
            row_of(8_005, card=8_004),
        ],
    )
    with founded.act("operator") as act:
        recipients.record_civil_status(act, homes[0].person, status="deceased", since=act.on)
        recipients.record_civil_status(act, homes[1].person, status="moved", since=act.on)
    run = compute(founded, paying, region="32.16.06")
    assert reasons(founded, run) == {
        "": 2,
        "deceased": 1,
        "moved": 1,
        "excluded_occupation": 1,
        "under_age": 1,
    }
    assert_log_agrees(bench)


def child(number: int) -> dict[str, str]:
    """Make a row a child's: the date of birth stands in the NIK too."""
    born = dt.date(2019, 1, 1) + dt.timedelta(days=number % 300)
    return {"nik": f"321606{born:%d%m%y}0000", "tanggal_lahir": born.isoformat()}


def test_a_household_is_due_once_in_a_period(founded: Founded) -> None:
    """Red flag 2: the same village asked for again, or the kabupaten after the village, makes nobody due twice."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 2)
    compute(founded, paying, region="32.16.06.2002")
    with pytest.raises(rules.NobodyEligible):
        compute(founded, paying)
    households(founded.bench, founded, 1)
    assert reasons(founded, compute(founded, paying)) == {"": 1, "already_entitled": 2}
    assert reasons(founded, compute(founded, paying, period="2021-09")) == {"": 3}


def test_two_computations_at_once_make_each_household_due_once(founded: Founded) -> None:
    """P7: a double click, or two operators, meet in the database's own rule."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 5)

    def click(_number: int) -> bool:
        try:
            founded.bench.acts.run(
                founded.actor("operator"),
                service.compute_entitlements,
                program=paying.program,
                period=PERIOD,
                region=REGION,
            )
        except (rules.EntitlementAlreadyClaimed, rules.NobodyEligible):
            return False
        return True

    with ThreadPoolExecutor(4) as crowd:
        assert sum(crowd.map(click, range(4))) == 1
    with founded.bench.reading() as session:
        assert len(session.scalars(select(Entitlement)).all()) == 5
        assert session.scalars(select(LeftOut)).all() == []
    assert_log_agrees(founded.bench)


@pytest.mark.parametrize("named_by", ["this", "other"])
def test_programmes_that_exclude_each_other_exclude_both_ways(founded: Founded, named_by: str) -> None:
    """1 KK 1 bantuan: whichever of two programmes names the other, one household gets one of them."""
    bench = founded.bench
    first, second = paying_program(bench, founded), paying_program(bench, founded)
    one, other = (first, second) if named_by == "other" else (second, first)
    with founded.act("operator") as act:
        programs.exclude(act, program=one.program, other=other.program)
    households(bench, founded, 2, village=ELSEWHERE)
    compute(founded, first)
    households(bench, founded, 1)
    assert reasons(founded, compute(founded, second)) == {"": 1, "double_aid": 2}


def test_other_agencies_aid_to_any_of_the_family_counts(founded: Founded) -> None:
    """Double aid through the wife's NIK: a list of another agency's payees knows people, aid goes to households."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    with founded.act("operator") as act:
        programs.exclude(act, program=paying.program, other="PKH")
    husband, wife, single = row_of(8_101, card=8_101), row_of(8_102, card=8_101), row_of(8_103, card=8_103)
    imported_rows(bench, founded, [husband, wife, single])
    with founded.act("operator") as act:
        recipients.load_external_aid(act, program="PKH", period=PERIOD, niks=[wife["nik"]])
        assert hash_nik(act.kit.keys, wife["nik"])
    assert reasons(founded, compute(founded, paying)) == {"": 1, "double_aid": 1}
    assert reasons(founded, compute(founded, paying, period="2021-09")) == {"": 2}


def test_numbers_do_not_follow_people(founded: Founded) -> None:
    """P6: the numbers of entitlements stand in the public log; in the order of the list they would name people."""
    paying = paying_program(founded.bench, founded)
    homes = households(founded.bench, founded, 40)
    compute(founded, paying)
    with founded.bench.reading() as session:
        people = session.scalars(select(Entitlement.person_id).order_by(Entitlement.id)).all()
    assert sorted(people) == [home.person_id for home in homes]
    assert people != sorted(people)


@pytest.mark.parametrize("kind", ["expired", "not_yet", "dpa"])
def test_nobody_is_determined_without_a_decree_in_force(founded: Founded, kind: str) -> None:
    """Red flags 19, 20 and 31: yesterday's SK, tomorrow's, and a paper that is no SK."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 1)
    run = compute(founded, paying)
    today = clock.today()
    with founded.act("operator") as act:
        if kind == "expired":
            decree = paper(act, "sk", issued_on=today - dt.timedelta(days=9), valid_until=today - dt.timedelta(days=1))
        elif kind == "not_yet":
            decree = documents.register_document(
                act,
                kind="sk",
                number="1/Kep/2021",
                title="Berlaku besok",
                signer="Bupati",
                issued_on=today,
                valid_from=today + dt.timedelta(days=1),
            )
        else:
            decree = paper(act, "dpa")
        reference = decree.reference
    with pytest.raises(rules.DecreeRefused), founded.act("operator") as act:
        service.determine_run(act, run, decree=reference)


def test_a_run_is_determined_once(founded: Founded) -> None:
    """A second SK over the same people is a second list, not a second stamp."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 3)
    run = determined_run(founded.bench, founded, paying)
    with pytest.raises(rules.RunNotProposed), founded.act("operator") as act:
        service.determine_run(act, run, decree=paying.decree)
    with founded.bench.reading() as session:
        assert queries.entitlement_states(session, queries.run(session, run).id) == {"determined": 3}
        with pytest.raises(rules.RunNotFound):
            queries.run(session, "RUN-2021-999999-X")
    assert_log_agrees(founded.bench)
