"""Print files: the same receipts as in their own files, on any paper, in memory that does not grow with the village."""

from __future__ import annotations

import io
import re
import subprocess
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from aid_ledger.receipts import bundle, qr
from aid_ledger.receipts.bundle import Bundle, Leaf
from aid_ledger.receipts.imposing import LAYOUTS
from aid_ledger.receipts.placing import Placed, place_in_log
from aid_ledger.receipts.press import assembling
from aid_ledger.receipts.press.binding import Bindery
from aid_ledger.receipts.press.printing import PressRoom
from aid_ledger.receipts.second_reader import fault_of
from aid_ledger.receipts.signing import Seal
from audit.pdf.fields import Approver, ReceiptFields
from audit.pdf.impressions import FIRST, Impression
from tests.builders.receipt_keys import der_of
from tests.unit.receipts.example import APPROVED_AT, SIGNED_AT, evidence_of, money, office, pressed
from tests.unit.receipts.test_breaking import POINTS_PER_MM, boxes_of
from tests.unit.receipts.test_stamped_print import KEY, longest

DPI = 300


@cache
def bindery() -> Bindery:
    """Set the bindery up once; it stamps, as an agency's does."""
    return Bindery(PressRoom(replace(office().issuer, stamp_key=KEY)))


@cache
def placed() -> Placed:
    """Say where the log holds the example."""
    return place_in_log(evidence_of(money()))


def household(number: int) -> ReceiptFields:
    """Give one of many households their receipt."""
    return money(number=f"TTB-2021-{number:06}-K", payee=f"A*** {chr(65 + number % 26)}***", line=f"k{number}")


def bound(*leaves: Leaf, layout: str = "a5", **changes: object) -> bytes:
    """Bind some receipts."""
    out = io.BytesIO()
    bindery().bind(out, cover(*leaves, layout=layout, **changes), leaves, seal=Seal(office().signer))
    return out.getvalue()


def cover(*leaves: Leaf, layout: str = "a5", **changes: object) -> Bundle:
    """Describe a file of some receipts."""
    described = Bundle(
        agency="Pemerintah Kabupaten Bekasi",
        zone="WIB",
        batch="BTC-2021-000041-7",
        program="Bansos Jaring Pengaman Sosial",
        period="Agustus 2021",
        village="Desa Sukamaju",
        district="Kecamatan Tambun Utara",
        layout=layout,
        copy=max(leaf.copy for leaf in leaves),
        count=len(leaves),
        amount=sum(leaf.fields.amount for leaf in leaves),
        unit="",
        contents="",
        checkpoint=placed().checkpoint,
        printed_by="Yayah Nurjanah, Kaur Kesra",
        printed_at=SIGNED_AT,
    )
    return replace(described, **changes)  # type: ignore[arg-type]  # each test names members of its own


def leaf(receipt: ReceiptFields, *, street: str = "003/007", copy: int = 1) -> Leaf:
    """Put a receipt on its way into a file."""
    return Leaf(receipt, placed(), street, copy)


def text_of(pdf: bytes, *options: str) -> str:
    """Read a file's text as it stands on the sheets."""
    command = ["pdftotext", *options, "-", "-"]
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout.decode()


def picture_of(pdf: bytes, page: int) -> Image.Image:
    """Print a page with DPI dots an inch, in grey."""
    command = ["pdftoppm", "-r", str(DPI), "-gray", "-f", str(page), "-l", str(page), "-"]
    return Image.open(io.BytesIO(subprocess.run(command, input=pdf, capture_output=True, check=True).stdout))


@pytest.mark.parametrize("impression", [FIRST, Impression(2)], ids=["first", "second"])
def test_a_receipt_reads_in_a_file_as_it_does_alone(impression: Impression) -> None:
    """Whoever holds the sheet holds the words of the file that proves it."""
    pdf = bound(leaf(money(), copy=impression.copy))
    assert text_of(pdf, "-f", "2", "-l", "2") == text_of(pressed(money(), impression))


def test_the_small_receipt_says_nothing_else() -> None:
    """Every line on A6 is one of the whole receipt, in other breaks; amount, number, code and place are among them."""
    small = " ".join(text_of(bound(leaf(money()), layout="4a6"), "-f", "2", "-l", "2").split())
    whole = " ".join(text_of(pressed(money())).split())
    stated = money()
    for said in (stated.number, stated.payee, stated.nik, stated.in_words, "Rp300.000", "JBSW-Y3DP-EHPK-3PXP"):
        assert said in small
        assert said in whole
    assert "Siti Rahmawati" not in small, "approvals are in the receipt's own file"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["usual", "longest"])
def test_every_code_is_read_off_a_300_dpi_print(layout: str, kind: str) -> None:
    """On A6 too: its code is no smaller than on A5, so a phone that reads one reads the other."""
    said = money() if kind == "usual" else longest()
    receipts = [replace(said, number=f"{said.number[:-1]}{letter}") for letter in "ABCD"]
    pdf = bound(*[leaf(each) for each in receipts], layout=layout)
    sheets = range(2, text_of(pdf).count("\f"))
    found = {code.text for page in sheets for code in zxingcpp.read_barcodes(picture_of(pdf, page))}
    assert found == {qr.address_at(office().issuer.base_url, each, placed(), KEY) for each in receipts}


def upon_each_other(boxes: list[tuple[float, float, float, float, str]]) -> list[tuple[str, str]]:
    """Name words that stand on the same line and run into each other."""
    return [
        (word, other[4])
        for number, (left, top, right, bottom, word) in enumerate(boxes)
        for other in boxes[number + 1 :]
        if top < (other[1] + other[3]) / 2 < bottom and left < other[2] - 0.1 and other[0] < right - 0.1
    ]


@pytest.mark.parametrize("text", ["W" * 60, "Kecamatan Tambun " * 5, "il " * 30])
def test_no_column_of_the_small_page_or_the_list_runs_into_another(text: str) -> None:
    """The widths of `small.css` and `handout.css` are those that text is broken by, and nothing leaves the paper."""
    receipt = money(number=text[:40], payee=text, village=text, district=text, channel=text, in_words=text)
    pdf = bound(leaf(receipt, copy=999_999), layout="4a6")
    _cover, small, listed = boxes_of(pdf)
    # What does not fit one place goes on in the next.
    place = LAYOUTS["4a6"].receipt[0]
    lefts, rights = [box[0] % place for box in small], [box[2] % place for box in small]
    assert min(lefts) > 6 * POINTS_PER_MM - 0.2
    assert max(rights) < 99 * POINTS_PER_MM + 0.2
    assert upon_each_other(small) == upon_each_other(listed) == []
    edge = (10 + 128) * POINTS_PER_MM * LAYOUTS["4a6"].enlarged
    assert max(box[2] for box in listed) < edge + 0.2


def test_receipts_stand_in_their_order_and_the_list_follows() -> None:
    """Sheets are filled row by row; the list has a box for each, and says which are copies."""
    leaves = [
        leaf(household(number), street=f"{number // 3 + 1:03}/007", copy=1 + (number == 4)) for number in range(7)
    ]
    text = text_of(bound(*leaves, layout="2a5"))
    numbers = re.findall("TTB-2021-[0-9]{6}-K", text)
    assert numbers == [leaf.fields.number for leaf in leaves] * 2
    assert text.count("Cetakan ke-2 (salinan)") == 1
    assert text.count("\ncetakan ke-2\n") == 1
    assert "Daftar penyerahan tanda terima \u00b7 cetakan ke-2" in text
    assert "Cetakan ke-2. Tanda terima di berkas ini pernah dicetak" in " ".join(text.split())


def test_what_fits_no_plate_takes_as_many_places_as_it_needs() -> None:
    """A letter that no plate has, and a receipt of two pages: laid out by themselves, between the others."""
    officials = tuple(Approver(name=f"Siti {n}", office="PPTK", step="Diajukan", at=APPROVED_AT) for n in range(20))
    strange = leaf(money(number="TTB-2021-000002-K", payee="\u0141*** \u6f22**"))
    long = leaf(money(number="TTB-2021-000003-K", approvers=officials))
    pdf = bound(leaf(household(1)), strange, long, leaf(household(4)), layout="2a5")
    text = text_of(pdf)
    assert text.count("\u6f22") == 2, "on its sheet and in the list"
    assert "Siti 19" in text
    assert [text.count(f"TTB-2021-00000{n}-K") for n in (1, 2, 3, 4)] == [2, 2, 2, 2]
    assert text.count("\f") == 1 + 3 + 1, "a cover, five places on three sheets, a list"


@pytest.mark.parametrize("streets", [True, False])
def test_a_file_that_may_name_no_place_names_none(streets: bool) -> None:
    """THREATS 14: neither cover nor list has so much as a column for it."""
    receipt = money(village="", district="")
    changes = {} if streets else {"village": "", "district": ""}
    text = text_of(bound(leaf(receipt, street="003/007" if streets else ""), **changes))
    for word in ("RT/RW", "003/007", "Sukamaju"):
        assert (word in text) is streets


def test_a_list_of_many_pages_is_numbered() -> None:
    """The last page has as many rows as are left."""
    pages = bundle.list_pages(cover(leaf(money())), [bundle.listed(household(n), "001/001", 1) for n in range(40)])
    assert [len(page.rows) for page in pages] == [17, 17, 6]
    assert [page.foot.partition(" \u00b7")[0] for page in pages] == [f"Halaman {n} dari 3" for n in (1, 2, 3)]
    assert [page.rows[0].order for page in pages] == ["1", "18", "35"]


def test_a_page_tree_of_many_pages_has_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another reader finds one signature over the whole file, and each page."""
    monkeypatch.setattr(assembling, "GROUP", 4)
    pdf = bound(*[leaf(household(number)) for number in range(9)])
    assert fault_of(pdf, [der_of(office().root)]) == ""
    assert text_of(pdf).count("\f") == 11
    assert fault_of(pdf.replace(b"Desa", b"Dosa"), [der_of(office().root)]) != ""
    assert fault_of(pdf + b"\n", [der_of(office().root)]) != ""


def test_a_village_of_hundreds_takes_no_more_memory_than_one_of_ten() -> None:
    """What is kept of a receipt until the end is its row in the list: far less than its page."""

    def peak(count: int) -> int:
        def leaves() -> Iterator[Leaf]:
            for number in range(count):
                yield leaf(household(number))

        described = cover(leaf(money()), count=count)
        with Path("/dev/null").open("wb") as out:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            bindery().bind(out, described, leaves(), seal=Seal(office().signer))
            return tracemalloc.get_traced_memory()[1] - before

    bound(*[leaf(household(number)) for number in range(30)])
    tracemalloc.start()
    try:
        few, many = peak(30), peak(330)
    finally:
        tracemalloc.stop()
    assert (many - few) / 300 < 4_000, "bytes a receipt"
