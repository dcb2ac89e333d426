"""The page itself: it shows what is attached, fits a sheet of A5, fetches nothing, and a hostile name stays a name."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import pytest
import segno
from cryptography.hazmat.primitives import hashes
from PIL import Image
from weasyprint.urls import FatalURLFetchingError

from aid_ledger.receipts import qr, rendering
from audit.pdf import document, evidence, frame
from audit.pdf.fields import Approver, ReceiptFields
from tests.unit.receipts.example import APPROVED_AT, BASE_URL, SIGNED_AT, evidence_of, goods, laid_out, money, office

DPI = 300
POINTS = 72
DARK = 128
MM = 25.4


@cache
def page(kind: str) -> bytes:
    """Lay each example out once."""
    return laid_out(money() if kind == "uang" else goods())


def text_of(pdf: bytes) -> str:
    """Read the page as a person copies from it, with every run of spaces as one."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s+", " ", done.stdout.decode())


def attached(pdf: bytes) -> ReceiptFields:
    """Read the fields out of the attached evidence."""
    return evidence.parse(document.open_document(frame.Frame(pdf, frame.locate(pdf), b"")).evidence).fields


@pytest.mark.parametrize("kind", ["uang", "barang"])
def test_the_page_shows_what_is_attached(kind: str) -> None:
    """What a person reads and what a machine checks are the same receipt."""
    shown, said = text_of(page(kind)), attached(page(kind))
    texts = [said.number, said.agency, said.payee, said.nik, said.village, said.district, said.program_name]
    texts += [said.period, said.in_words, said.decree, said.batch, said.line, said.contents]
    texts += [each.name for each in said.sources] + [each.name for each in said.approvers]
    for record in said.handovers:
        texts += [f"{each.name}, {each.office}" for each in record.witnesses]
        texts += [f"{record.giver}, {record.giver_office}", record.place, record.number, "10.20 WIB"]
    texts += [said.channel] if kind == "uang" else ["Berita Acara Serah Terima", "Tanda tangan di atas kertas"]
    texts += ["-".join(said.code[start : start + 4] for start in range(0, 16, 4)), "Kamis, 5 Agustus 2021"]
    texts += ["Rp300.000" if kind == "uang" else "2 paket", "5 Agu 2021, 14.05 WIB"]
    assert [text for text in texts if text not in shown] == []


@pytest.mark.parametrize("kind", ["uang", "barang"])
def test_the_page_says_how_to_check_it(kind: str) -> None:
    """P4: where in which log, under which root; and what kind of signature this is, honestly."""
    shown = text_of(page(kind))
    proven = evidence_of(money())
    assert "nomor 211 dari 300, ledger.example/log" in shown
    assert "tanda tangan elektronik tidak tersertifikasi" in shown
    assert "bansos.bekasikab.example/periksa" in shown
    assert proven.proof.decode().split("\n\n")[1].split("\n")[2] in text_of(page("uang"))
    root = office().root.certificate
    assert root.fingerprint(hashes.SHA256()).hex() in shown.replace(" ", "")


@pytest.mark.parametrize("kind", ["uang", "barang"])
def test_the_code_on_the_page_is_the_receipts_address(kind: str) -> None:
    """Read back from the printed page, module by module; its alternative text is in the profile's tests."""
    address = qr.check_address(BASE_URL, attached(page(kind)).code)
    code = segno.make_qr(address, error=qr.ERROR_LEVEL, mask=qr.MASK, boost_error=False, mode="byte")
    matrix = [list(row) for row in code.matrix]
    assert modules_of(page(kind), len(matrix)) == matrix


def modules_of(pdf: bytes, size: int) -> list[list[int]]:
    """Find the code on the page by its solid black edges, and read its modules."""
    shot = subprocess.run(["pdftoppm", "-r", str(DPI), "-gray", "-"], input=pdf, capture_output=True, check=True).stdout
    header = re.match(rb"P5\s(\d+)\s(\d+)\s255\s", shot)
    assert header is not None
    image = Image.frombytes("L", (int(header[1]), int(header[2])), shot[header.end() :])
    # The only pure black on the page is the code's; text and rules are tinted.
    black = image.point(lambda level: 255 if level < 10 else 0)
    left, top, right, bottom = black.getbbox() or (0, 0, 0, 0)
    step = (right - left) / size
    # Poppler widens a picture to whole points.
    assert abs((right - left) - (bottom - top)) <= 2
    places = [int((number + 0.5) * step) for number in range(size)]
    grey = image.tobytes()
    return [[int(grey[(top + y) * image.width + left + x] < DARK) for x in places] for y in places]


def test_an_isolation_receipt_names_no_place() -> None:
    """THREATS 14: no desa, no kecamatan, no row that says something was left out."""
    shown = text_of(laid_out(money(village="", district="")))
    assert "Wilayah" not in shown
    assert "Sukamaju" not in shown


def test_the_agencys_clock_is_the_pages() -> None:
    """Sorong reads its own time."""
    assert "5 Agu 2021, 16.05 WIT" in text_of(laid_out(money(zone="WIT")))


def test_a_hostile_name_stays_a_name() -> None:
    """Markup in a field is text: no image is fetched, no element made, no template run."""
    name = "<img src=file:///etc/passwd>{{ 7*7 }}"
    shown = text_of(laid_out(money(program_name=name)))
    assert name in shown


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "https://example.com/x.svg", "data:image/svg+xml,x", "asset:../fields.py", "asset:qr.py"],
)
def test_nothing_else_is_fetched(url: str) -> None:
    """No disk, no network: only the packaged faces and the drawn code."""
    with pytest.raises(FatalURLFetchingError):
        rendering.PackagedFiles({}).fetch(url)


@pytest.mark.parametrize("kind", ["uang", "barang"])
def test_a_usual_receipt_is_one_sheet_of_a5(kind: str) -> None:
    """It is folded into a family's papers."""
    done = subprocess.run(["pdfinfo", "-"], input=page(kind), capture_output=True, check=True).stdout.decode()
    assert re.search(r"Pages: +1\n", done)
    width, height = (
        round(float(found) / POINTS * 25.4) for found in re.findall(r"([0-9.]+)", done.split("Page size:")[1])[:2]
    )
    assert (width, height) == (148, 210)


def test_a_long_receipt_runs_on_and_is_still_ours() -> None:
    """Twenty approvers do not fit; the second sheet is as good as the first."""
    approver = Approver(name="Dedi Kurniawan", office="PPK-SKPD Dinas Sosial", step="Diverifikasi", at=APPROVED_AT)
    long = money(approvers=(approver,) * 20)
    assert attached(laid_out(long)) == long


def test_laying_out_again_gives_the_same_bytes() -> None:
    """By another printer too, so that no process has a memory that matters."""
    other = rendering.ReceiptPrinter(office().printer._issuer)  # noqa: SLF001 - the same issuer
    assert other.render(evidence_of(money()), signed_at=SIGNED_AT) == page("uang")
