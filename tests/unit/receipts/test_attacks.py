"""The attacks of docs/attacks.md on receipts: each is refused by `aid-audit receipt` and by what `/periksa` asks."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from aid_ledger.custody.queries import Root
from aid_ledger.public import reading, verdicts
from aid_ledger.public.reading import Trusted
from aid_ledger.public.verdicts import Reason, Verdict
from audit import roots
from audit.pdf import objects
from audit.pdf.fields import SourceShare
from audit.policy import Policy
from tests.audit.forge import Chain, commanded, rewrite, sign
from tests.audit.small_log import LOG_VKEY
from tests.unit.receipts.example import WAYS, goods, money, office, pressed
from tests.unit.receipts.forging import BELIEVED, FORGERIES

NOW_S = int(dt.datetime(2021, 9, 1, tzinfo=dt.UTC).timestamp())
PAPERS = [(kind, way) for kind in ("money", "goods") for way in WAYS]


@cache
def honest(kind: str, way: str) -> bytes:
    """Make each kind of receipt in each of the two ways, once."""
    return WAYS[way](money() if kind == "money" else goods())


def trusted() -> Trusted:
    """Give what the page of citizens holds files against."""
    root = office().root.certificate.public_bytes(Encoding.DER)
    return Trusted((Root(roots.fingerprint(root), root),), Policy.of_log_key(LOG_VKEY), NOW_S)


def rule_at_the_page(pdf: bytes, folder: Path) -> str:
    """Do the work of the page's prisoner here, and give the rule by which it refuses; "" if it does not."""
    source = folder / "receipt.pdf"
    source.write_bytes(pdf)
    reading.verify(source, folder, reading.order(trusted()))
    return reading.understood((folder / reading.ANSWER).read_bytes()).rule


@pytest.mark.parametrize("paper", PAPERS, ids=" ".join)
def test_an_honest_receipt_is_accepted(paper: tuple[str, str], tmp_path: Path) -> None:
    """What is refused below is refused for what was done to it."""
    assert rule_at_the_page(honest(*paper), tmp_path) == ""


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_receipt_is_not_valid_anywhere(name: str, tmp_path: Path) -> None:
    """Both kinds, both ways to a page: one sentence at the command line, red on the page, and a crash at neither."""
    for paper in PAPERS:
        pdf = honest(*paper)
        forged = FORGERIES[name](pdf)
        assert forged != pdf
        rule = rule_at_the_page(forged, tmp_path)
        assert verdicts.of_rule(rule).verdict is Verdict.FALSE, (rule, paper)
        told = commanded(forged, office().root_pem)
        assert told.startswith(f"result: bad\nfirst_bad_index: unknown\nrule: {rule}\nreason: "), (told, paper)
        assert told.count("\n") == 4, (told, paper)


def test_the_attacks_are_real(tmp_path: Path) -> None:
    """Poppler calls the signature valid after each change an editor can make: the forgeries are what they say."""
    believed = []
    for name in BELIEVED:
        path = tmp_path / "forged.pdf"
        path.write_bytes(FORGERIES[name](honest("money", "pressed")))
        said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, check=False).stdout
        if b"Signature is Valid" in said:
            believed.append(name)
    assert believed == BELIEVED


def drawn_with_the_page_of(other: bytes) -> Callable[[dict[int, bytes]], None]:
    """Make a change that puts another receipt's page where a receipt's page is."""

    def change(bodies: dict[int, bytes]) -> None:
        table = objects.open_table(other)
        (page,) = [body for body in bodies.values() if b"/Type /Page/" in body]
        (number,) = re.findall(rb"/Contents ([0-9]+) 0 R", page)
        bodies[int(number)] = other[slice(*table.spans[int(number)])].partition(b" obj\n")[2]

    return change


def test_the_page_of_one_receipt_and_the_evidence_of_another_are_none(tmp_path: Path) -> None:
    """The thief of the signing key, or a press gone wrong: genuine evidence, another's page, and a good signature."""
    signer = office().signer
    chain = Chain(office().root.certificate, signer.certificate, signer.key)
    poor, rich = (
        pressed(money()),
        pressed(money(amount=900_000, sources=(SourceShare(name="APBD 2021", amount=900_000),))),
    )
    rewritten = sign(rewrite(poor, lambda _: None), chain)
    assert rule_at_the_page(rewritten, tmp_path) == ""
    mixed = sign(rewrite(poor, drawn_with_the_page_of(rich)), chain)
    assert rule_at_the_page(mixed, tmp_path) == "receipt.page"
    assert verdicts.of_rule("receipt.page") == verdicts.refused(Reason.PAGE)
    told = commanded(mixed, office().root_pem)
    assert told.endswith("rule: receipt.page\nreason: the page does not say the amount of the evidence\n")
