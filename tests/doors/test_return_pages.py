"""The page of a return and its paper: printed by those who may, checked by anybody with its number or its file."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from aid_ledger.delivery.models import TreasuryReturn
from aid_ledger.log.models import LogEntry
from tests.builders.officials import Founded
from tests.builders.web import browse
from tests.doors.test_periksa import ask, headline, post_code, post_file
from tests.rooms.delivery.test_returning import failed, returned, sts


@pytest.fixture
def row(founded: Founded) -> TreasuryReturn:
    """Return what failed of a batch."""
    batch = failed(founded)
    return returned(founded, batch, 2 * batch.rate, sts(founded, amount=2 * batch.rate))


def test_a_return_is_printed_and_checked_by_anybody(web_app: Flask, founded: Founded, row: TreasuryReturn) -> None:
    """From the list to its page, its PDF, and the public check by file and by number; each print is recorded."""
    treasurer = browse(web_app, founded, "treasurer")
    here = f"/pengiriman/kembali/{row.reference}"
    assert here in treasurer.get("/pengiriman/kembali").text
    page = treasurer.get(here).text
    for words in (
        "enam ratus ribu rupiah",
        "2 baris gagal",
        "Treasurer Contoh, Bendahara Pengeluaran",
        "Cetak STS (PDF)",
    ):
        assert words in page
    printed = treasurer.post(f"/tanda-terima/setoran/{row.reference}/cetak", page=here)
    assert printed.status_code == 200
    assert printed.data.startswith(b"%PDF-")
    with founded.bench.reading() as session:
        query = select(func.count()).select_from(LogEntry).where(LogEntry.kind == "ReturnPrinted")
        assert session.scalar(query) == 1
    checked = post_file(web_app, printed.data, "sts.pdf")
    assert headline(checked) == "Asli"
    assert "Rp600.000 (enam ratus ribu rupiah)" in checked.text
    assert "dibatalkan" not in checked.text
    for typed in (row.reference, f" {row.reference.lower()} ", row.reference.replace("-", " ")):
        found = post_code(web_app, typed)
        assert headline(found) == "Asli"
        assert "2 baris gagal" in found.text
    assert (ask(web_app, row.reference).json or {})["verdict"] == "GENUINE"


def test_a_return_that_is_none_is_refused(web_app: Flask, row: TreasuryReturn) -> None:
    """A number nobody gave, one mistyped, and a file of which one letter is another."""
    for typed in ("STS-2021-000999-X", row.reference[:-1] + "9", f"STS 2021 {'9' * 40}"):
        answer = post_code(web_app, typed)
        assert headline(answer) == "Tidak asli"
        assert "Nomor setoran ini tidak ada" in answer.text


@pytest.mark.parametrize(("login", "status"), [("operator", 403), ("field", 403), ("approver", 403), ("auditor", 200)])
def test_only_treasurers_and_auditors_print_a_return(
    web_app: Flask, founded: Founded, row: TreasuryReturn, login: str, status: int
) -> None:
    """Whoever does not answer for the money opens neither the page nor the paper."""
    official = browse(web_app, founded, login)
    assert official.get(f"/pengiriman/kembali/{row.reference}").status_code == status
    printed = official.post(f"/tanda-terima/setoran/{row.reference}/cetak", page="/")
    assert printed.status_code == status


def test_a_return_of_another_area_looks_like_none(web_app: Flask, founded: Founded, row: TreasuryReturn) -> None:
    """A treasurer of one kecamatan opens no return of the whole kabupaten."""
    with founded.bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE role_grants SET area = '32.16.01' WHERE role = 'treasurer'")
    treasurer = browse(web_app, founded, "treasurer")
    for answer in (
        treasurer.get(f"/pengiriman/kembali/{row.reference}"),
        treasurer.post(f"/tanda-terima/setoran/{row.reference}/cetak", page="/"),
        treasurer.get("/pengiriman/kembali/STS-2021-000999-X"),
    ):
        assert answer.status_code == 404
        assert "delivery.return_not_found" in answer.text
