"""Papers: what is on file is what was handed in, and nothing else gets in under a paper's name."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from aid_ledger.core.act import Actor
from aid_ledger.core.errors import DomainError
from aid_ledger.documents import files, queries, rules, service
from aid_ledger.documents.models import Document, StoredFile
from aid_ledger.log.models import LogEntry
from tests.benches import Bench
from tests.builders.documents import JPEG, PDF, PNG, paper

TODAY_ON_PAPER = dt.date(2026, 1, 5)
ELEVEN_MB = b"%PDF-" + b"0" * (11 * 1024 * 1024)
ZIP = b"PK\x03\x04" + b"\x00" * 64
MACRO = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 64
PAGE = b"<!doctype html><script>alert(1)</script>"
PARTICULARS: dict[str, Any] = {
    "kind": "sk",
    "number": "360/Kep.1/2026",
    "title": "Status tanggap darurat",
    "signer": "Bupati",
    "issued_on": TODAY_ON_PAPER,
    "valid_from": TODAY_ON_PAPER,
}


@pytest.mark.parametrize("content", [ZIP, MACRO, PAGE, b"MZ" + PDF, b" %PDF-1.7", b"GIF89a" + PNG])
def test_a_file_is_what_its_first_bytes_are(bench: Bench, anyone: Actor, content: bytes) -> None:
    """THREATS 20: a spreadsheet, a program or a page called `SK.pdf` is refused, and nothing lies on the disk."""
    with pytest.raises(rules.FileKindRefused), bench.act(anyone) as act:
        service.register_document(act, **PARTICULARS, content=content, media_type="application/pdf")
    assert not bench.kit.files.exists()


@pytest.mark.parametrize(("content", "claimed"), [(PNG, "application/pdf"), (PDF, "image/png"), (JPEG, "text/html")])
def test_a_disguised_file_is_refused(bench: Bench, anyone: Actor, content: bytes, claimed: str) -> None:
    """What is claimed must be what the bytes say, or a browser may believe the claim."""
    with pytest.raises(rules.FileDisguised), bench.act(anyone) as act:
        service.register_document(act, **PARTICULARS, content=content, media_type=claimed)


@pytest.mark.parametrize(("content", "refusal"), [(ELEVEN_MB, rules.FileTooLarge), (b"", rules.FileEmpty)])
def test_eleven_megabytes_and_nothing_are_refused(
    bench: Bench, anyone: Actor, content: bytes, refusal: type[DomainError]
) -> None:
    """One upload does not fill the disk, and an empty scan proves nothing."""
    with pytest.raises(refusal), bench.act(anyone) as act:
        service.register_document(act, **PARTICULARS, content=content)


def test_ten_megabytes_are_accepted(bench: Bench, anyone: Actor) -> None:
    """The limit itself is allowed."""
    content = PDF + b"0" * (rules.SIZE_LIMIT_BYTES - len(PDF))
    with bench.act(anyone) as act:
        service.register_document(act, **PARTICULARS, content=content)
    with bench.reading() as session:
        assert session.scalars(select(StoredFile)).one().size == rules.SIZE_LIMIT_BYTES


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"kind": "surat_sakti"}, rules.DocumentKindUnknown),
        ({"number": "  "}, rules.DocumentTextMissing),
        ({"title": ""}, rules.DocumentTextMissing),
        ({"signer": "x" * 301}, rules.DocumentTextMissing),
        ({"issued_on": dt.date(2199, 1, 1)}, rules.DocumentFromFuture),
        ({"valid_until": dt.date(2026, 1, 4)}, rules.DocumentPeriodReversed),
        ({"amount": 0}, rules.DocumentAmountRefused),
        ({"amount": -5}, rules.DocumentAmountRefused),
    ],
)
def test_a_paper_that_cannot_be_is_refused(
    bench: Bench, anyone: Actor, change: dict[str, Any], refusal: type[DomainError]
) -> None:
    """A paper justifies money: without number, signer or a possible period it justifies nothing."""
    with pytest.raises(refusal), bench.act(anyone) as act:
        service.register_document(act, **{**PARTICULARS, **change})


@pytest.mark.parametrize("amount", [1.5, True, "5"])
def test_a_stated_amount_is_a_whole_number(bench: Bench, anyone: Actor, amount: Any) -> None:  # noqa: ANN401 - a wrong type is the point
    """Money is integers, on paper too."""
    with pytest.raises(TypeError), bench.act(anyone) as act:
        service.register_document(act, **PARTICULARS, amount=amount)


def test_a_paper_is_on_file_under_its_digest(bench: Bench, anyone: Actor) -> None:
    """P3: the log holds the SHA-256 of the scan, so that another scan under the same number is found out."""
    with bench.act(anyone) as act:
        document = service.register_document(act, **PARTICULARS, content=PDF, media_type="application/pdf")
    digest = hashlib.sha256(PDF).hexdigest()
    place = bench.kit.files / digest[:2] / digest
    assert place.read_bytes() == PDF
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with bench.reading() as session:
        entry = json.loads(session.scalars(select(LogEntry.raw)).one())
        assert entry["kind"] == "DocumentRegistered"
        assert entry["body"]["file"] == service.log_digest(digest)
        assert entry["rows"]["files"].keys() == {digest}
        assert queries.content(session, bench.kit.files, document.reference)[2] == PDF


def test_one_scan_of_two_papers_is_kept_once(bench: Bench, anyone: Actor) -> None:
    """Storing is idempotent: the same bytes are the same file, however often and however many at once."""

    def register(number: int) -> str:
        with bench.act(anyone) as act:
            return service.register_document(act, **{**PARTICULARS, "number": str(number)}, content=PNG).reference

    with ThreadPoolExecutor(4) as crowd:
        references = list(crowd.map(register, range(8)))
    assert len(set(references)) == 8
    assert len([path for path in bench.kit.files.rglob("*") if path.is_file()]) == 1
    with bench.reading() as session:
        assert len(session.scalars(select(StoredFile)).all()) == 1


def test_an_act_that_fails_leaves_a_file_nobody_mentions(bench: Bench, anyone: Actor) -> None:
    """P7: the scan is on the disk before the commit; without the commit it is bytes without a paper."""
    with pytest.raises(ZeroDivisionError), bench.act(anyone) as act:  # noqa: PT012 - an Act is one deed
        service.register_document(act, **PARTICULARS, content=JPEG)
        raise ZeroDivisionError
    with bench.reading() as session:
        assert session.scalars(select(Document)).all() == []
        assert session.scalars(select(StoredFile)).all() == []
    assert files.read(bench.kit.files, hashlib.sha256(JPEG).hexdigest()) == JPEG


def test_a_scan_changed_on_the_disk_is_never_shown(bench: Bench, anyone: Actor) -> None:
    """A superuser who swaps the scan of a decree is told apart from the decree."""
    with bench.act(anyone) as act:
        document = service.register_document(act, **PARTICULARS, content=PDF)
    digest = hashlib.sha256(PDF).hexdigest()
    (bench.kit.files / digest[:2] / digest).write_bytes(PDF + b"tambahan")
    with bench.reading() as session, pytest.raises(rules.FileAltered):
        queries.content(session, bench.kit.files, document.reference)
    assert files.store(bench.kit.files, PDF) == digest
    assert files.read(bench.kit.files, digest) == PDF


def test_a_scan_that_is_gone_is_said_to_be_gone(bench: Bench, anyone: Actor) -> None:
    """A missing file, a paper without a file and a paper that does not exist are three refusals, never a crash."""
    with bench.act(anyone) as act:
        with_scan = service.register_document(act, **PARTICULARS, content=PDF)
        without = service.register_document(act, **PARTICULARS)
    digest = hashlib.sha256(PDF).hexdigest()
    (bench.kit.files / digest[:2] / digest).unlink()
    with bench.reading() as session:
        for reference in (with_scan.reference, without.reference):
            with pytest.raises(rules.FileMissing):
                queries.content(session, bench.kit.files, reference)
        with pytest.raises(rules.DocumentNotFound):
            queries.document(session, "DOC-2026-999999-0")


def test_a_registered_paper_cannot_be_changed(bench: Bench, anyone: Actor) -> None:
    """A decree whose date is moved afterwards: the database itself refuses."""
    with bench.act(anyone) as act:
        paper(act, "sk")
    with pytest.raises(DatabaseError, match="append-only"), bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE documents SET issued_on = '2020-01-01'")


def test_pages_follow_each_other_without_gap(bench: Bench, anyone: Actor) -> None:
    """A list goes on where it stopped, newest first, and a kind filters it."""
    with bench.act(anyone) as act:
        for _number in range(queries.PAGE_SIZE + 5):
            paper(act, "sk")
        paper(act, "rkb")
    with bench.reading() as session:
        first = queries.page(session, kind="sk")
        rest = queries.page(session, kind="sk", before=first[queries.PAGE_SIZE - 1].id)
        assert len(first) == queries.PAGE_SIZE + 1
        assert [row.id for row in rest] == list(range(rest[0].id, 0, -1))
        assert len(rest) == 5
        assert queries.counts_by_kind(session) == {"sk": queries.PAGE_SIZE + 5, "rkb": 1}
        assert [row.kind for row in queries.newest_of(session, [rules.DocumentKind.NEED_PLAN])] == ["rkb"]
