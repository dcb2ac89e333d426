"""U3: what the database is built by is in the log, once for each change, said by the process that orders it."""

from __future__ import annotations

import pytest

from aid_ledger import app as composition
from aid_ledger.core.act import SYSTEM, Act
from aid_ledger.core.migrating import schema_digest
from aid_ledger.custody.carrying import Custodian
from aid_ledger.log import watch
from aid_ledger.log.fingerprint import is_schema_told, logged_schema, tell_schema
from aid_ledger.log.rules import LogBehind
from aid_ledger.settings import Process
from audit import checkpoint, note
from audit.facts.founding import SchemaChanged
from tests.benches import Bench
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.web import settings_of
from tests.rooms.log.writing import define

ANOTHER = "B" * 42 + "A"


def changed(act: Act) -> None:
    """Say what a process of another version says of its own migrations."""
    act.record(SchemaChanged(old=schema_digest(), new=ANOTHER))


def last_word(bench: Bench) -> str:
    """Read the fingerprint that the log said last."""
    with bench.reading() as session:
        return logged_schema(session)


def test_a_schema_that_changed_is_said_once(founded: Founded) -> None:
    """U3: by the sequencer, after a good pass; its later starts have nothing to say."""
    bench = founded.bench
    bench.acts.run(SYSTEM, changed)
    assert last_word(bench) == ANOTHER
    custodian = Custodian(bench.sequencer, bench.acts)
    custodian.run_once()
    assert last_word(bench) == schema_digest()
    with bench.reading() as session:
        assert is_schema_told(session)
    size = bench.sequencer.run_once().size
    Custodian(bench.sequencer, bench.acts).run_once()
    assert not tell_schema(bench.engine, bench.acts)
    assert bench.sequencer.run_once().size == size
    assert_log_agrees(bench)


def test_before_the_founding_nothing_is_owed(bench: Bench) -> None:
    """There is no log yet that could be told; its first entry will say it."""
    assert last_word(bench) == ""
    assert not tell_schema(bench.engine, bench.acts)


def test_a_log_begins_with_what_builds_its_database(founded: Founded) -> None:
    """What the first entry says is what runs, guards of history included."""
    founded.bench.sequencer.run_once()
    assert last_word(founded.bench) == schema_digest()


def test_a_database_that_is_behind_says_nothing_of_its_schema(founded: Founded) -> None:
    """THREATS 8: a restored database may have forgotten that it was said; recovery tells it."""
    bench = founded.bench
    bench.acts.run(SYSTEM, changed)
    bench.sequencer.run_once()
    ahead = checkpoint.Checkpoint(bench.key.name, 10**6, bytes(32)).text()
    (bench.folder / "published-checkpoint").write_bytes(note.sign(ahead, bench.key))
    custodian = Custodian(bench.sequencer, bench.acts)
    with pytest.raises(LogBehind):
        custodian.run_once()
    assert last_word(bench) == ANOTHER


def test_pages_wait_until_the_log_knows_the_schema(founded: Founded) -> None:
    """U3: on PostgreSQL no page is served by a version that the log does not know; the alarm says so on both."""
    bench = founded.bench
    bench.acts.run(SYSTEM, changed)
    bench.acts.run(founded.actor("operator"), define, "BERAS")
    bench.sequencer.run_once()
    settings = settings_of(founded)
    seen = watch.look(bench.engine, bench.folder / "published-checkpoint", pause=lambda _s: None)
    assert watch.UNTOLD in seen.alarms
    if settings.is_sqlite:
        composition.open_office(settings, Process.WEB).engine.dispose()
    else:
        with pytest.raises(composition.StartRefused, match="aid-ledger sequencer"):
            composition.open_office(settings, Process.WEB)
    assert tell_schema(bench.engine, bench.acts)
    bench.sequencer.run_once()
    composition.open_office(settings, Process.WEB).engine.dispose()
    seen = watch.look(bench.engine, bench.folder / "published-checkpoint", pause=lambda _s: None)
    assert watch.UNTOLD not in seen.alarms
