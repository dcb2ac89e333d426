"""The floor that witnesses put under the clock: a clock set back opens no Act, and whoever forces one is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import update

from aid_ledger.core import clock
from aid_ledger.core.act import Act, Acts, keeping_house
from aid_ledger.core.db import reading
from aid_ledger.core.floor import LONGEST_ACT, ActTooLong, ClockBehind
from aid_ledger.log import sworn, witnessing
from aid_ledger.log.export import export
from aid_ledger.log.models import WitnessState
from aid_ledger.log.pen import LogPen
from aid_ledger.log.sworn import SwornFloor, sworn_time
from aid_ledger.officials import service
from audit import policy
from audit.source import FolderSource
from audit.verify import verify_log
from tests.builders import witnesses as builders
from tests.builders.officials import SINCE, Founded
from tests.rooms.log.writing import count_entries, define

NAMES = ("bpkp", "kpk", "universitas")
LAST_WEEK = dt.timedelta(days=7)


@pytest.fixture
def watched(founded: Founded) -> Iterator[Founded]:
    """Give an agency with three witnesses, all of whom make the quorum, that have cosigned nothing."""
    with ExitStack() as running:
        builders.add(founded, *(running.enter_context(builders.watching(founded.bench, name)) for name in NAMES))
        yield founded


def ask(founded: Founded, *names: str) -> None:
    """Have these witnesses asked."""
    for name in names:
        assert [each.fault for each in witnessing.submit(founded.bench.engine, name)] == [""]


def floored(founded: Founded) -> Acts:
    """Give Acts as the application opens them."""
    bench = founded.bench
    return Acts(bench.engine, LogPen(bench.sequencer), bench.kit, floor=SwornFloor(bench.engine))


def read_sworn(founded: Founded) -> dt.datetime | None:
    """Read what a quorum has sworn to."""
    with reading(founded.bench.engine) as session:
        return sworn_time(session)


def test_a_clock_set_back_opens_no_act(watched: Founded) -> None:
    """THREATS 9: an acting office that ended last week cannot be had back by setting the clock to last week."""
    with watched.act("admin") as act:
        ended = clock.today() - dt.timedelta(days=3)
        service.hold_office(act, login="field", office="KPA", status="plt", since=SINCE, until=ended, decree="SK 1")
    watched.bench.sequencer.run_once()
    ask(watched, *NAMES)
    before = count_entries(watched.bench)
    with clock.frozen(clock.now() - LAST_WEEK):
        acts = floored(watched)
        with pytest.raises(ClockBehind), acts.open(watched.actor("field")):
            pytest.fail("no Act opens")
        with pytest.raises(ClockBehind):
            acts.run(watched.actor("field"), define, "BERAS")
    assert count_entries(watched.bench) == before
    floored(watched).run(watched.actor("operator"), define, "BERAS")
    assert count_entries(watched.bench) == before + 1


def test_whoever_forces_an_act_into_the_past_is_named(watched: Founded, tmp_path: Path) -> None:
    """THREATS 9, B1: a server without the floor writes the entry, signs it, and every inspector sees its index."""
    watched.bench.sequencer.run_once()
    ask(watched, *NAMES)
    with clock.frozen(clock.now() - LAST_WEEK):
        watched.bench.acts.run(watched.actor("field"), define, "BERAS")
    size = watched.bench.sequencer.run_once().size
    ask(watched, *NAMES)
    vkey = watched.bench.key.verifier()
    with reading(watched.bench.engine) as session:
        export(session, tmp_path, vkey=str(vkey))
    lines = [f"log {vkey}", *(f"witness {name} {builders.vkey_of(name)}" for name in NAMES)]
    lines += [f"group everybody all {' '.join(NAMES)}", "quorum everybody"]
    trusted = policy.parse("".join(f"{line}\n" for line in lines).encode())
    report = verify_log(FolderSource(tmp_path), now_s=int(clock.now().timestamp()), trusted=trusted)
    assert [(each.rule, each.index) for each in report.findings] == [("time.bracket", size - 1)]
    assert report.bracketed == f"until {size - 1}"


def test_the_floor_is_a_quorums(watched: Founded) -> None:
    """One witness whose clock runs ahead stops no aid, and one that stays away takes the floor away from nobody."""
    assert read_sworn(watched) is None
    ask(watched, "kpk", "bpkp")
    assert read_sworn(watched) is None
    ask(watched, "universitas")
    lowest = read_sworn(watched)
    assert lowest is not None
    with keeping_house(watched.bench.engine) as session:
        ahead = lowest + dt.timedelta(days=1)
        name = update(WitnessState).where(WitnessState.witness_id == 1).values(cosigned_at=ahead)
        session.execute(name)
    assert read_sworn(watched) == lowest


def test_an_agency_without_witnesses_has_no_floor(founded: Founded) -> None:
    """Nobody has sworn: any clock opens an Act, and the verifier says `bracketed: no`."""
    assert read_sworn(founded) is None
    with clock.frozen(clock.now() - LAST_WEEK):
        floored(founded).run(founded.actor("operator"), define, "BERAS")


def test_the_floor_is_asked_for_once_a_second_and_never_goes_down(
    watched: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs an Act nothing, and whoever wipes out our note of it still has to restart every process."""
    floor = SwornFloor(watched.bench.engine)
    assert floor() is None
    ask(watched, *NAMES)
    assert floor() is None
    monkeypatch.setattr(sworn, "ASKED_EVERY_S", 0.0)
    held = floor()
    assert held == read_sworn(watched)
    assert held is not None
    with keeping_house(watched.bench.engine) as session:
        session.execute(update(WitnessState).values(cosigned_at=None))
    assert (floor(), read_sworn(watched)) == (held, None)


def test_an_act_that_takes_too_long_leaves_nothing(founded: Founded) -> None:
    """THREATS 9: its time would lie before an oath that did not know it; rows and entries are both gone."""
    before = count_entries(founded.bench)

    def too_long(act: Act) -> None:
        define(act, "BERAS")
        still.move_to(still.at + LONGEST_ACT + dt.timedelta(seconds=1))

    with clock.frozen(clock.now()) as still, pytest.raises(ActTooLong):
        founded.bench.acts.run(founded.actor("operator"), too_long)
    assert count_entries(founded.bench) == before
