"""The paper carries a stamp only where anybody can check it: by a key that the root has named and the log lists."""

from __future__ import annotations

import io
import subprocess

import zxingcpp
from PIL import Image

from aid_ledger.custody import stamps
from aid_ledger.receipts import rules
from aid_ledger.receipts.models import Receipt
from audit import stamp, stampkeys
from audit.policy import Policy
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.builders.officials import Founded

NOW_S = 2_000_000_000


def address_on(founded: Founded, receipt: Receipt) -> str:
    """Print a receipt and read its code off the page."""
    pdf = builders.pdf_of(founded.bench, receipt)
    command = ["pdftoppm", "-r", "300", "-gray", "-png", "-"]
    shot = subprocess.run(command, input=pdf, capture_output=True, check=True)
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(shot.stdout)))
    return found.text


def test_the_stamp_on_the_paper_is_by_a_key_of_the_log(founded: Founded) -> None:
    """From the page back to the root and the log's key, with nothing of ours in between."""
    [receipt] = builders.issued(founded, count=1)
    address = address_on(founded, receipt)
    with founded.bench.reading() as session:
        listed = stamps.key_list(session)
    assert listed is not None
    trusted = Policy.of_log_key(str(founded.bench.key.verifier()))
    keys = stampkeys.check(stampkeys.parse(listed.encode()), trusted, root_cert=receipt_keys.root_pem(), now_s=NOW_S)
    signed = stamp.read(address)
    stamp.verify(signed, keys.trust.checkpoint.origin, keys.keys)
    assert signed.stamp.number == receipt.reference
    assert signed.stamp.code == builders.code_of(founded.bench, receipt)


def test_a_withdrawn_key_stamps_nothing_more(founded: Founded) -> None:
    """The receipt then goes out with its bare code, as all did before there were stamps, and can be looked up."""
    [receipt] = builders.issued(founded, count=1)
    with founded.act("admin") as act:
        stamps.withdraw_stamp_key(act, receipt_keys.stamp_key().named, reason="Kuncinya tersalin")
    place, _, fragment = address_on(founded, receipt).partition("#")
    assert place == f"{builders.BASE_URL}/periksa"
    assert rules.read_code(fragment) == builders.code_of(founded.bench, receipt)
