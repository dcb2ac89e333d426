"""The stamped QR code comes off paper: laser prints at 300 dpi, and photographs of them by a cheap phone.

Each picture is a real page of ours, made worse as printers, light, hands and cameras make it; what is read must be the
very stamp, which then verifies.
"""

from __future__ import annotations

import io
import random
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import zxingcpp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from aid_ledger.receipts import qr, rendering
from aid_ledger.receipts.page import Issuer
from aid_ledger.receipts.stamping import StampKey
from audit import stamp
from audit.pdf.fields import ReceiptFields, SourceShare
from tests.audit.small_log import ORIGIN
from tests.unit.receipts.example import BASE_URL, SIGNED_AT, evidence_of, goods, money, office

KEY = StampKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
WIDEST = 69
"""Modules of the widest code there can be: 27.5 mm of them are 0.4 mm each, near five dots."""
Picture = Image.Image


def longest() -> ReceiptFields:
    """Give the receipt whose stamp says the most."""
    name, amount = "A***" * (stamp.MAX_TEXT_BYTES // 4), 2 * 10**17
    share = SourceShare(name="Sumbangan", amount=amount)
    return replace(goods(), program_name=name, payee=name, contents=name, amount=amount, sources=(share,))


RECEIPTS: dict[str, Callable[[], ReceiptFields]] = {"money": money, "goods": goods, "longest": longest}


@cache
def printer() -> rendering.ReceiptPrinter:
    """Give a printer that stamps."""
    fingerprint = office().root.certificate.fingerprint(hashes.SHA256())
    return rendering.ReceiptPrinter(Issuer(BASE_URL, fingerprint, KEY))


@cache
def scan(kind: str, dpi: int) -> Picture:
    """Print a receipt's page and scan it, as evenly as no printer does."""
    pdf = printer().render(evidence_of(RECEIPTS[kind]()), signed_at=SIGNED_AT)
    command = ["pdftoppm", "-r", str(dpi), "-gray", "-png", "-"]
    shot = subprocess.run(command, input=pdf, capture_output=True, check=True)
    page = Image.open(io.BytesIO(shot.stdout)).convert("L")
    # The lower left part, where the code is.
    return page.crop((0, page.height * 6 // 10, page.width * 4 // 10, page.height))


def speckled(picture: Picture, strength: int) -> Picture:
    """Add grain, the same each time."""
    grain = random.Random(7).randbytes(picture.width * picture.height)  # noqa: S311 - it hides no secret
    noise = Image.frombytes("L", picture.size, grain).point(lambda level: level * strength // 255)
    return ImageChops.subtract(ImageChops.add(picture, noise), Image.new("L", picture.size, strength // 2))


def printed(picture: Picture) -> Picture:
    """Print as a laser printer low on toner does: black or white, dots that spread, specks."""
    dots = speckled(picture, 120).point(lambda level: 255 if level > 110 else 0)
    return dots.filter(ImageFilter.MinFilter(3))


def photographed(picture: Picture) -> Picture:
    """Photograph as a cheap phone does: from the side, turned, unsharp, pale, half in shadow, grainy, as small JPEG."""
    width, height = picture.size
    page = Image.new("L", (width * 2, height * 2), 235)
    page.paste(picture, (width // 2, height // 2))
    turned = page.rotate(17, resample=Image.Resampling.BICUBIC, fillcolor=235)
    w, h = turned.size
    # Corners of what the camera sees, as places on the page: the far edge is farther away.
    seen = (w * 0.04, h * 0.02, -w * 0.05, h * 0.95, w * 1.04, h, w * 0.93, h * 0.05)
    tilted = turned.transform((w, h), Image.Transform.QUAD, seen, Image.Resampling.BICUBIC)
    pale = ImageEnhance.Contrast(tilted).enhance(0.4)
    shadow = Image.linear_gradient("L").resize((w, h)).rotate(90).point(lambda level: 150 + level * 105 // 255)
    lit = ImageChops.multiply(pale, shadow)
    out = io.BytesIO()
    speckled(lit.filter(ImageFilter.GaussianBlur(1.6)), 36).save(out, "JPEG", quality=40)
    return Image.open(out)


def read(picture: Picture) -> str:
    """Read the one code there is."""
    [found] = zxingcpp.read_barcodes(picture)
    return found.text


@pytest.mark.parametrize("kind", RECEIPTS)
@pytest.mark.parametrize(("dpi", "worsen"), [(300, printed), (400, photographed)], ids=["print", "photo"])
def test_a_bad_picture_still_gives_the_stamp(kind: str, dpi: int, worsen: Callable[[Picture], Picture]) -> None:
    """Whatever was read verifies, and is the receipt's address to the last digit."""
    address = read(worsen(scan(kind, dpi)))
    assert address == qr.address_of(BASE_URL, evidence_of(RECEIPTS[kind]()), KEY)
    assert stamp.verify(stamp.read(address), ORIGIN, [KEY.public]) == KEY.public


@pytest.mark.parametrize("kind", RECEIPTS)
def test_a_stamp_is_never_too_wide_for_its_place(kind: str) -> None:
    """The widest code's squares can still be printed and seen."""
    address = qr.address_of(BASE_URL, evidence_of(RECEIPTS[kind]()), KEY)
    assert qr.modules(address).symbol_size(border=0)[0] <= WIDEST


def test_digits_stand_in_a_segment_of_their_own() -> None:
    """As bytes the same stamp would be five versions larger."""
    assert qr.modules(qr.check_address(BASE_URL, "1" * 350)).version == 10
    assert qr.modules(qr.check_address(BASE_URL, "A" * 350)).version == 15
    assert qr.modules(qr.check_address(BASE_URL, "JBSWY3DPEHPK3PXP")).version == 4


def test_without_a_key_the_bare_code_is_printed() -> None:
    """As on paper from before there were stamps."""
    evidence = evidence_of(money())
    assert qr.address_of(BASE_URL, evidence, None) == f"{BASE_URL}/periksa#{evidence.fields.code}"


def test_the_same_receipt_has_the_same_stamp() -> None:
    """So that it is printed again byte for byte."""
    assert KEY.stamp(evidence_of(money())) == KEY.stamp(evidence_of(money()))
