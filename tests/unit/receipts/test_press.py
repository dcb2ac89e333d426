"""The press against the layout engine: the same page, the same words, the same verdict, for every shape of receipt."""

from __future__ import annotations

import datetime as dt
import io
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import pikepdf
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from aid_ledger.receipts import fields, qr
from aid_ledger.receipts.page import page_of
from aid_ledger.receipts.press import cutting, engraving, printing
from aid_ledger.receipts.press.printing import PressRoom
from aid_ledger.receipts.rendering import ReceiptPrinter
from aid_ledger.receipts.signing import Seal
from aid_ledger.receipts.stamping import StampKey
from audit.pdf import frame, verify_receipt
from audit.pdf.fields import Approver, Handover, HandoverWitness, ReceiptFields, SourceShare
from audit.pdf.impressions import ENGLISH, FIRST, Impression
from tests.audit.small_log import LOG_VKEY
from tests.unit.receipts.example import (
    APPROVED_AT,
    BASE_URL,
    SIGNED_AT,
    evidence_of,
    goods,
    handover,
    laid_out,
    money,
    office,
    pressed,
    signed,
)

DPI = 200
DIFFERING = 100
"""Points of a page at DPI that may differ: rounding at the edge of a letter."""
LONG_NAME = "Drs. H. Muhammad Zainuddin Abdurrahman, M.Si."
LONG_OFFICE = "Kepala Pelaksana BPBD selaku Kuasa Pengguna Anggaran"


def approvers(count: int, name: str = "Siti Rahmawati", office_held: str = "PPTK Dinas Sosial") -> tuple[Approver, ...]:
    """Let several officials approve."""
    steps = ("Diajukan", "Diverifikasi", "Disetujui dengan OTP", "Diketahui", "Dibayar")
    return tuple(
        Approver(name=f"{name} {number}", office=office_held, step=steps[number], at=APPROVED_AT)
        for number in range(count)
    )


def shared(amount: int, count: int) -> tuple[SourceShare, ...]:
    """Share an amount between sources."""
    return tuple(SourceShare(name=f"Sumber {n}", amount=amount if not n else 1) for n in range(count))


def witnesses(count: int) -> tuple[HandoverWitness, ...]:
    """Let several people see a handover."""
    return tuple(HandoverWitness(name=f"{LONG_NAME} {n}", office=f"Ketua RT 00{n}") for n in range(count))


def without_place() -> Handover:
    """Tell no place: neither by its name nor by the offices of those who were there."""
    nameless = tuple(replace(each, office="") for each in handover().witnesses)
    return handover(place="", giver_office="", witnesses=nameless)


SHAPES: dict[str, ReceiptFields] = {
    "money": money(),
    "goods before witnesses": goods(),
    "isolation names no place": money(village="", district="", program_name="Bansos JPS"),
    "one approver": money(approvers=approvers(1)),
    "two approvers": money(approvers=approvers(2)),
    "four approvers": money(approvers=approvers(4)),
    "five approvers": money(approvers=approvers(5)),
    "nobody approved": money(approvers=()),
    "longest names": money(approvers=approvers(3, LONG_NAME, LONG_OFFICE), payee=f"R** M** H** {'*' * 60}"),
    "long place": money(village=f"Desa {LONG_NAME}", district=f"Kecamatan {LONG_NAME}"),
    "long decree": money(decree=f"{'Keputusan Bupati Nomor 360/Kep.245-BPBD/2021 tentang Bantuan ' * 3}Sosial"[:200]),
    "diacritics": money(program_name="Bantuan Ñusa Élok", approvers=approvers(2, "José Müller-Çelik", "Bürgermeister")),
    "three sources": money(amount=300_002, sources=shared(300_000, 3)),
    "a fortune": money(
        amount=10**15 + 999_999,
        in_words=fields.amount_in_words(777_777_777_777_777),
        sources=shared(10**15 + 999_999, 1),
    ),
    "goods without contents": goods(contents=""),
    "goods before many words": goods(handovers=(handover(witnesses=witnesses(2), place=f"Balai {LONG_NAME}"),)),
    "goods to who isolates": goods(village="", district="", handovers=(without_place(),)),
    "stamp duty": money(
        amount=6_000_000,
        in_words=fields.amount_in_words(6_000_000),
        sources=(SourceShare(name="APBD 2021", amount=6_000_000),),
    ),
    "in English": money(),
    "a copy in English": money(),
    "goods in English": goods(),
    "stamp duty in English": money(amount=6_000_000, sources=(SourceShare(name="APBD 2021", amount=6_000_000),)),
    "a copy": money(),
    "a copy of goods": goods(),
    "a copy among many": money(approvers=()),
    "eastern time": money(zone="WIT"),
    "dashes and quotes": money(
        channel="Transfer \u2013 \u201cbank\u201d \u2022 (titik) 'ya' \\ ~ {}".replace("\u201c", '"').replace(
            "\u201d", '"'
        )
    ),
}
IMPRESSIONS = {
    "a copy": Impression(2),
    "a copy of goods": Impression(3),
    "a copy among many": Impression(99_999),
    "in English": Impression(language=ENGLISH),
    "a copy in English": Impression(99_999, ENGLISH),
    "goods in English": Impression(language=ENGLISH),
    "stamp duty in English": Impression(language=ENGLISH),
}
"""Which print each shape is; the first where nothing is said."""
every_shape = pytest.mark.parametrize("shape", SHAPES)


@cache
def both(shape: str) -> tuple[bytes, bytes]:
    """Make a receipt in both ways; the press must really have pressed it."""
    receipt, impression = SHAPES[shape], IMPRESSIONS.get(shape, FIRST)
    assert office().room.plate_for(page_of(evidence_of(receipt), office().issuer, impression)) is not None
    return signed(receipt, impression), pressed(receipt, impression)


def text_of(pdf: bytes, *options: str) -> str:
    """Read a page as it is copied from."""
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def shot_of(pdf: bytes) -> Image.Image:
    """Take a picture of a page."""
    done = subprocess.run(["pdftoppm", "-r", str(DPI), "-png", "-"], input=pdf, capture_output=True, check=True)
    return Image.open(io.BytesIO(done.stdout)).convert("RGB")


@every_shape
def test_the_same_words_stand_in_the_same_places(shape: str) -> None:
    """Copied, read aloud or looked at: nobody can tell how a receipt was made."""
    slow, quick = both(shape)
    assert text_of(slow) == text_of(quick)
    assert text_of(slow, "-layout") == text_of(quick, "-layout")
    difference = (
        ImageChops.difference(shot_of(slow), shot_of(quick)).convert("L").point(lambda level: 255 * bool(level))
    )
    assert difference.histogram()[255] < DIFFERING


@every_shape
def test_the_verdict_is_the_same(shape: str) -> None:
    """Our own strict reader finds both genuine, and the same said in both."""
    slow, quick = (verify_receipt(pdf, root_cert=office().root_pem, log_key=LOG_VKEY) for pdf in both(shape))
    assert slow == quick
    assert quick.fields == SHAPES[shape]
    assert quick.impression == IMPRESSIONS.get(shape, FIRST)


@every_shape
def test_the_structure_is_the_same(shape: str) -> None:
    """A screen reader walks through the same elements."""
    kinds = []
    for pdf in both(shape):
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            objects = [each for each in opened.objects if isinstance(each, pikepdf.Dictionary)]
            kinds.append([str(each.S) for each in objects if each.get("/Type") == "/StructElem"])
            assert opened.pages[0].obj.Resources.XObject
    assert kinds[0] == kinds[1]


STAMPS = StampKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.mark.parametrize("shape", ["money", "goods before witnesses", "longest names"])
@pytest.mark.parametrize("key", [None, STAMPS], ids=["bare", "stamped"])
def test_the_code_is_read_off_both(shape: str, key: StampKey | None) -> None:
    """A camera reads the same address off either, with its stamp or without."""
    issuer, evidence = replace(office().issuer, stamp_key=key), evidence_of(SHAPES[shape])
    slow = ReceiptPrinter(issuer).render(evidence, signed_at=SIGNED_AT)
    quick = PressRoom(issuer).print(evidence, signed_at=SIGNED_AT, seal=Seal(office().signer))
    for pdf in (slow, quick):
        [found] = zxingcpp.read_barcodes(shot_of(pdf))
        assert found.text == qr.address_of(BASE_URL, evidence, key)


names = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyz ABCDEFGH.,'-\u00e9\u00f1/0123456789"), min_size=1, max_size=90
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(names, names, st.integers(1, 10**12))
def test_whatever_the_names_the_words_are_the_same(place: str, decree: str, amount: int) -> None:
    """Any name of a village or a decree, any amount."""
    receipt = money(
        village=f"D{place}",
        decree=decree,
        amount=amount,
        in_words=fields.amount_in_words(amount),
        sources=(SourceShare(name="APBD", amount=amount),),
    )
    assert text_of(signed(receipt), "-layout") == text_of(pressed(receipt), "-layout")


def test_a_copy_says_so_and_states_the_same() -> None:
    """On the page, in the signature's reason, nowhere in the evidence; the first print is no copy."""
    first, second = pressed(money()), pressed(money(), Impression(2))
    assert "Cetakan" not in text_of(first)
    assert text_of(second).count("Cetakan ke-2 (salinan)") == 1
    with pikepdf.open(io.BytesIO(first)) as one, pikepdf.open(io.BytesIO(second)) as other:
        assert str(other.Root.Perms.DocMDP.Reason) == "Cetakan ke-2 (salinan)"
        assert "/Reason" not in one.Root.Perms.DocMDP
        assert one.attachments["bukti.json"].get_file().read_bytes() == (
            other.attachments["bukti.json"].get_file().read_bytes()
        )
        assert bytes(one.trailer.ID[0]) != bytes(other.trailer.ID[0])


def test_pressing_again_gives_the_same_bytes() -> None:
    """By another press too, so that no process has a memory that matters."""
    other = PressRoom(office().issuer)
    again = other.print(evidence_of(money()), signed_at=SIGNED_AT, seal=Seal(office().signer))
    assert again == pressed(money()) == both("money")[1]


def test_a_pressed_file_is_constant_up_to_what_varies() -> None:
    """Two households' files begin with the same bytes, which are made and hashed once."""
    other = pressed(money(payee="B*** T****", code="K" * 16, line="x9"))
    common = next(at for at, (a, b) in enumerate(zip(pressed(money()), other, strict=False)) if a != b)
    assert common > len(other) * 2 // 3


@pytest.mark.parametrize("name", ["Dèsa 漢字", "Ayu \u0130", "Łukasz", "\u0627"])
def test_a_letter_the_plate_lacks_is_laid_out(name: str) -> None:
    """The slow way prints it; the file is the one that laying out gives."""
    receipt = money(village=name)
    assert pressed(receipt) == signed(receipt)
    assert verify_receipt(pressed(receipt), root_cert=office().root_pem, log_key=LOG_VKEY).fields == receipt


def test_a_receipt_of_two_pages_is_laid_out() -> None:
    """Twenty approvers do not fit a plate of one page."""
    receipt = money(approvers=approvers(5) * 4)
    assert office().room.plate_for(page_of(evidence_of(receipt), office().issuer)) is None
    assert pressed(receipt) == signed(receipt)


def test_a_page_that_is_not_as_expected_is_no_plate() -> None:
    """If the layout engine ever draws text otherwise, receipts become slow, not wrong."""
    page = page_of(evidence_of(money(agency="Pemerintah \u6f22")), office().issuer)
    assert engraving.engrave(page, office().printer) is not None

    class Moved(ReceiptPrinter):
        """Lays out a page on which every line was moved."""

        def lay_out(self, page, these):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as its parent's
            return super().lay_out(page.each(lambda line: line[1:]), these)

    with pytest.raises(cutting.NotEngraved, match="where it should"):
        engraving.engrave(page, Moved(office().issuer))


def test_plates_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A press that prints for years does not grow."""
    monkeypatch.setattr(printing, "PLATES", 2)
    room = PressRoom(office().issuer)
    pages = [page_of(evidence_of(money(approvers=approvers(count))), office().issuer) for count in (1, 2, 3)]
    first = room.plate_for(pages[0])
    second = room.plate_for(pages[1])
    assert room.plate_for(pages[0]) is first
    room.plate_for(pages[2])
    assert room.plate_for(pages[0]) is first
    assert room.plate_for(pages[1]) is not second


def test_many_threads_press_at_once() -> None:
    """Whoever asks first has the plate made; nobody gets half a page."""
    room, seal = PressRoom(office().issuer), Seal(office().signer)
    with ThreadPoolExecutor(4) as threads:
        made = set(threads.map(lambda _: room.print(evidence_of(goods()), signed_at=SIGNED_AT, seal=seal), range(8)))
    assert made == {pressed(goods())}


def test_one_revision_one_signature_and_the_gap_is_all_that_is_not_signed() -> None:
    """What is printed needs no second look: the frame is exact."""
    pdf = pressed(money())
    frame.check_single(pdf)
    begins, ends = frame.locate(pdf)
    assert re.fullmatch(rb"<[0-9a-f]+>", pdf[begins:ends])
    assert pdf[begins - 1 : begins] == b" "


def test_the_time_is_the_one_that_was_asked_for() -> None:
    """A later certificate signs as of its own beginning."""
    later = SIGNED_AT + dt.timedelta(days=40)
    pdf = office().room.print(evidence_of(money()), signed_at=later, seal=Seal(office().signer))
    assert verify_receipt(pdf, root_cert=office().root_pem, log_key=LOG_VKEY).signed_at == later
    assert laid_out(money()) not in pdf
