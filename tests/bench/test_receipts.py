"""The bench of receipts: what is made up verifies, what is timed is the product's own press, every file is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.note import format_vkey, parse_skey
from audit.pdf import verify_receipt
from bench import paper, pressing, receipts
from bench.__main__ import BENCHES

RELIED_ON = {
    "pressed_vs_naive",
    "pressed_vs_typst",
    "pressed_vs_reportlab",
    "pressed_vs_laid_out",
    "pressed_vs_signature",
}
HOUSEHOLDS = 5


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found an agency in a folder."""
    folder = tmp_path_factory.mktemp("office")
    paper.found(folder)
    return folder


@pytest.mark.parametrize("kind", paper.KEYS)
def test_every_household_of_a_batch_gets_a_genuine_file(office: Path, kind: str) -> None:
    """The cheat of a bench that prints one receipt many times, or unsigned, or of a log that does not hold it."""
    outcome = pressing.write(str(office), kind, HOUSEHOLDS, 0, HOUSEHOLDS)
    files = sorted((office / "pressed").rglob("*.pdf"))
    assert len(files) == HOUSEHOLDS
    assert outcome["bytes"] == sum(file.stat().st_size for file in files)
    vkey = format_vkey(parse_skey((office / "log.key").read_text()).verifier())
    root = (office / "root.pem").read_bytes()
    said = [verify_receipt(file.read_bytes(), root_cert=root, log_key=vkey).fields for file in files]
    assert said == [paper.fields_of(number) for number in range(HOUSEHOLDS)]
    assert len({each.code for each in said}) == HOUSEHOLDS


def test_turns_become_ratios(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above 1 a rival is slower; rivals are not installed for tests, so ours take their places."""
    ours = receipts.SIDES["pressed"]._replace(receipts=2)
    monkeypatch.setattr(receipts, "TURNS", 1)
    sides = dict.fromkeys(("naive", "reportlab", "typst"), ours) | {
        "laid_out": receipts.SIDES["laid_out"]._replace(receipts=1),
        "pressed": ours,
        "pressed_p256": receipts.SIDES["pressed_p256"]._replace(receipts=2),
        "signature": receipts.SIDES["signature"]._replace(receipts=2),
    }
    monkeypatch.setattr(receipts, "SIDES", sides)
    measures = receipts.compared(office, 1.0)
    assert measures.keys() >= RELIED_ON
    assert measures["pressed_vs_laid_out"] > 1
    assert measures["pressed_vs_naive"] == pytest.approx(measures["naive_ms"] / measures["pressed_ms"])


def test_the_bench_has_its_name() -> None:
    """`./run bench receipts`."""
    assert BENCHES["receipts"] is receipts.measure
