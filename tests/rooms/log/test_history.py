"""The history that outsiders bracket times with: taken in by quorum and by the hour, never while entries wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.act import Acts, keeping_house
from aid_ledger.core.db import reading
from aid_ledger.log import history, queries, rules, witnessing
from aid_ledger.log.export import export
from aid_ledger.log.models import LogCheckpoint, LogHistory
from aid_ledger.log.pen import LogPen
from audit import cosignature, note
from audit.cli import main as audit_main
from audit.history import MAX_HISTORY_BYTES, split
from tests.builders import witnesses as builders
from tests.builders.officials import Founded
from tests.rooms.log.writing import define

NAMES = ("bpkp", "inspektorat", "kpk", "universitas")
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def four(founded: Founded) -> Iterator[list[builders.Watching]]:
    """Run four witnesses, of whom three make a quorum."""
    with ExitStack() as running:
        found = [running.enter_context(builders.watching(founded.bench, name)) for name in NAMES]
        builders.add(founded, *found)
        yield found


def grow(founded: Founded, code: str) -> int:
    """Do a deed, have it sealed, and give the new size."""
    founded.bench.acts.run(founded.actor("operator"), define, code)
    return founded.bench.sequencer.run_once().size


def ask(founded: Founded, *names: str) -> None:
    """Have these witnesses asked."""
    for name in names:
        assert [each.fault for each in witnessing.submit(founded.bench.engine, name)] == [""]


def noted(founded: Founded) -> dict[int, int]:
    """Give the sizes in the history, each with how many witnesses have cosigned it."""
    with founded.bench.reading() as session:
        pieces = b"".join(history.pages(session))
        sizes = session.scalars(select(LogHistory.size).order_by(LogHistory.size)).all()
    notes = [note.parse(each) for each in split(pieces)]
    return {size: len(each.signatures) - 1 for size, each in zip(sizes, notes, strict=True)}


def test_a_checkpoint_enters_with_its_quorum_and_gains_later_oaths(
    founded: Founded, four: list[builders.Watching]
) -> None:
    """Two of four bound no time; the fourth, who comes later, is added; who swears again is not."""
    size = grow(founded, "BERAS")
    ask(founded, "bpkp", "kpk")
    assert noted(founded) == {}
    ask(founded, "universitas")
    assert noted(founded) == {size: 3}
    ask(founded, "inspektorat")
    with founded.bench.reading() as session:
        first = b"".join(history.pages(session))
    ask(founded, *NAMES)
    assert noted(founded) == {size: 4}
    with founded.bench.reading() as session:
        assert b"".join(history.pages(session)) == first
    good = cosignature.verify(note.parse(next(split(first))), [each.vkey for each in four])
    assert len(good) == len(NAMES)


def test_one_checkpoint_an_hour_is_enough(founded: Founded, four: list[builders.Watching]) -> None:
    """The log grows by the second, its history by the hour."""
    first = grow(founded, "BERAS")
    ask(founded, *NAMES)
    grow(founded, "MINYAK")
    ask(founded, *NAMES)
    assert list(noted(founded)) == [first]
    with clock.frozen(clock.now() + HOUR):
        second = grow(founded, "GULA")
        ask(founded, *NAMES)
    assert list(noted(founded)) == [first, second]


def test_nothing_enters_while_an_entry_waits(founded: Founded, four: list[builders.Watching]) -> None:
    """What was recorded before the oath and is ordered after it would look backdated, and nobody cheated."""
    size = grow(founded, "BERAS")
    unordered = Acts(founded.bench.engine, LogPen(None), founded.bench.acts.kit)
    with clock.frozen(clock.now() - rules.HISTORY_LAG - dt.timedelta(seconds=1)):
        unordered.run(founded.actor("operator"), define, "MINYAK")
    ask(founded, *NAMES)
    assert noted(founded) == {}
    assert founded.bench.sequencer.run_once().size == size + 1
    ask(founded, *NAMES)
    assert list(noted(founded)) == [size + 1]


def test_what_is_too_long_becomes_coarser(
    founded: Founded, four: list[builders.Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second checkpoint of the older half goes, but none that is pinned."""
    sizes = [grow(founded, f"K{number}") for number in range(9)]
    with keeping_house(founded.bench.engine) as session:
        for size in sizes[:8]:
            sealed = session.get_one(LogCheckpoint, size)
            pinned = size == sizes[3]
            session.add(LogHistory(size=size, note=sealed.note, noted_at=clock.now() - HOUR, is_pinned=pinned))
    monkeypatch.setattr(rules, "HISTORY_LIMIT", 8)
    monkeypatch.setattr(history, "PAGE", 2)
    ask(founded, *NAMES)
    assert list(noted(founded)) == [sizes[0], *sizes[2:]]


def test_the_longest_history_can_be_read() -> None:
    """The agency's limit stays below the verifier's, with as many witnesses as a policy holds."""
    line, body = 250, 400
    assert rules.HISTORY_LIMIT * (rules.WITNESS_LIMIT * line // 2 + body) < MAX_HISTORY_BYTES


def test_an_inspector_brackets_times_with_what_is_served(
    web_app: Flask, founded: Founded, four: list[builders.Watching], tmp_path: Path
) -> None:
    """THREATS 9: the exported and the served history are one, and the log of honest clocks lies within it."""
    grow(founded, "BERAS")
    ask(founded, *NAMES)
    grow(founded, "MINYAK")
    ask(founded, *NAMES)
    with reading(founded.bench.engine) as session:
        export(session, tmp_path / "log", vkey=queries.name_of_log(session).vkey)
    served = web_app.test_client().get("/log/history")
    assert (served.status_code, served.data) == (200, (tmp_path / "log" / "history").read_bytes())
    assert len(list(split(served.data))) == 1
    lines = [f"log {founded.bench.key.verifier()}", *(f"witness {each.name} {each.vkey}" for each in four)]
    lines += [f"group three 3 {' '.join(NAMES)}", "quorum three"]
    (tmp_path / "policy").write_text("".join(f"{line}\n" for line in lines))
    told = CliRunner().invoke(audit_main, ["verify", str(tmp_path / "log"), "--policy", str(tmp_path / "policy")])
    assert (told.exit_code, "bracketed: yes" in told.output) == (0, True)
