"""A file that our verifier accepts is read once more by other people's reader, which can say no and never yes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from structlog.testing import capture_logs

from aid_ledger.core import clock
from aid_ledger.public import checking, verdicts
from aid_ledger.public.checking import Anchors
from aid_ledger.public.reading import Reading
from aid_ledger.public.verdicts import Finding, Reason, Verdict
from aid_ledger.receipts.opinion import Opinion
from aid_ledger.receipts.press import Press
from aid_ledger.receipts.signing import KeySigner
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.rooms.public.conftest import Issued

on_one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
GOOD = Opinion(intact=True, trusted=True, coverage="ENTIRE_FILE", changes="NONE", fault="")


def held(issued: Issued) -> Anchors:
    """Read what receipts hang from."""
    certificate = issued.founded.bench.folder / "root.crt"
    certificate.write_bytes(receipt_keys.root_pem())
    with issued.founded.bench.reading() as session:
        return checking.anchors(session, certificate)


def read(issued: Issued, pdf: bytes) -> Reading:
    """Have a file read, which our own verifier is known to accept."""
    found = checking.check_file(pdf, held(issued), at=clock.now())
    assert isinstance(found, Reading), found
    return found


def compared(issued: Issued, found: Reading) -> Finding:
    """Hold a reading against the record."""
    bench, anchors = issued.founded.bench, held(issued)
    with bench.reading() as session:
        return checking.compare(session, bench.kit.keys, anchors, found, at=clock.now())


def certified_under_a_key_of_no_such_name() -> Press:
    """Give a press whose certificate is the root's, but names another key than the root's as its issuer's."""
    key, honest = receipt_keys.signing()
    builder = (
        x509.CertificateBuilder()
        .subject_name(honest.subject)
        .issuer_name(honest.issuer)
        .public_key(honest.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - dt.timedelta(hours=1))
        .not_valid_after(honest.not_valid_after_utc)
    )
    for each in honest.extensions:
        value = each.value
        if isinstance(value, x509.AuthorityKeyIdentifier):
            value = x509.AuthorityKeyIdentifier(bytes(20), None, None)
        builder = builder.add_extension(value, critical=each.critical)
    return builders.press(KeySigner(builder.sign(receipt_keys.root().key, hashes.SHA256()), key))


@on_one_database
def test_what_two_readers_do_not_agree_on_is_not_genuine(issued: Issued) -> None:
    """Our verifier accepts a certificate whose issuer it has tried; the other one looks for a key of another name."""
    bench = issued.founded.bench
    with bench.reading() as session:
        press = certified_under_a_key_of_no_such_name()
        pdf = press.pdf_of(session, bench.kit.keys, issued.receipts[0].reference)
    found = read(issued, pdf)
    assert found.second is not None
    assert (found.rule, found.second.intact, found.second.trusted) == ("", True, False)
    with capture_logs() as told:
        answer = compared(issued, found)
    assert answer == replace(verdicts.undecided(Reason.READERS_DISAGREE), second=found.second)
    alarm = {"event": "receipt_readers_disagree", "log_level": "error", "fault": found.second.fault}
    assert told == [{**alarm, "index": found.index}]


@on_one_database
def test_both_readers_agree_on_a_genuine_receipt(issued: Issued) -> None:
    """The whole file, by the pinned root, unchanged: what the page reports beside our own verdict."""
    found = read(issued, issued.pdf())
    assert found.second == GOOD
    answer = compared(issued, found)
    assert (answer.verdict, answer.second) == (Verdict.GENUINE, GOOD)


@on_one_database
def test_no_word_of_the_other_reader_makes_a_file_genuine(issued: Issued) -> None:
    """Garbage behind the end: pyHanko calls it good; our verifier refuses, and the other one is not even asked."""
    found = checking.check_file(issued.pdf() + b"% more\n", held(issued), at=clock.now())
    assert found == verdicts.refused(Reason.NOT_OURS)


@pytest.mark.parametrize(
    "written",
    [
        {},
        {**GOOD.to_json(), "intact": "yes"},
        {**GOOD.to_json(), "fault": None},
        {"intact": True, "trusted": True, "coverage": "ENTIRE_FILE", "changes": "NONE"},
    ],
)
def test_an_opinion_no_reader_has_is_none(written: dict[str, object]) -> None:
    """What comes out of the prison is held to its form: a missing word is no yes."""
    with pytest.raises(ValueError, match="this is no opinion"):
        Opinion.from_json(written)
    assert Opinion.from_json(GOOD.to_json()) == GOOD
