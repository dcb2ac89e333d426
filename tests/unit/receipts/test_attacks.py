"""The attacks of docs/attacks.md on receipts: each is refused by `aid-audit receipt` and by what `/periksa` asks."""

from __future__ import annotations

import datetime as dt
import subprocess
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from aid_ledger.custody.queries import Root
from aid_ledger.public import reading, verdicts
from aid_ledger.public.reading import Trusted
from aid_ledger.public.verdicts import Verdict
from audit import roots
from audit.policy import Policy
from tests.audit.forge import commanded
from tests.audit.small_log import LOG_VKEY
from tests.unit.receipts.example import WAYS, goods, money, office
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
