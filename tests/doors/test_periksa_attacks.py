"""Forged receipts of this very agency, sent to the page of citizens: red, never a fault, and nobody waits for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from aid_ledger.public import reading
from tests.builders import receipts as builders
from tests.builders.officials import Founded
from tests.doors.test_periksa import headline, post_file
from tests.unit.receipts.forging import FORGERIES

KINDS = (
    *("a flipped bit", "ISA: content object", "EAA: free text", "garbage", "USF: no signature", "SWA"),
    *("an impostor of the same names", "second signature", "nested without end", "bomb of objects"),
)
"""One of each kind; all of them, without a process for each, are in tests/unit/receipts/test_attacks.py."""


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_ten_evil_files_at_once_do_not_stop_the_eleventh(
    web_app: Flask, founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: upload, prison, verdict, page. Two are read at a time, the honest one last of all."""
    monkeypatch.setattr(reading, "PATIENCE_S", 60)  # A busy machine must not turn the line into an answer of its own.
    [receipt] = builders.issued(founded, count=1)
    honest = builders.pdf_of(founded.bench, receipt)
    files = [*(FORGERIES[name](honest) for name in KINDS), honest]
    with ThreadPoolExecutor(len(files)) as crowd:
        answers = list(crowd.map(lambda pdf: post_file(web_app, pdf), files))
    assert {answer.status_code for answer in answers} == {200}
    assert [headline(answer) for answer in answers] == [*["Tidak asli"] * 10, "Asli"]
    assert ["pyHanko" in answer.text for answer in answers] == [*[False] * 10, True]
