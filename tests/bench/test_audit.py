"""The benches of the log: the side without a log is the same work, numbers have the names others rely on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from aid_ledger.core.errors import UnrecordedChange
from aid_ledger.log.models import LogEntry
from aid_ledger.log.pen import LogPen
from aid_ledger.recipients import service
from aid_ledger.recipients.models import Person
from audit.entry import Entry
from audit.errors import Finding
from audit.facts.people import PersonCorrected
from audit.policy import Policy
from audit.source import FolderSource
from audit.verify import verify_log
from bench import agency, cluster, deeds, proofs, reading, story, verifying
from bench.officials import REASON, UnauditedActs
from tests.builders import recipients
from tests.builders.officials import Founded

DEEDS = {
    "audited_vs_unaudited_8",
    "audited_vs_unaudited_8_cpu",
    "act_per_s_8",
    "unaudited_act_per_s_8",
    "act_cpu_ms_8",
    "unaudited_act_cpu_ms_8",
    "merge_delay_p50_s",
    "merge_delay_p99_s",
    "sequencer_cpu_share",
}

VERIFYING = {
    "verify_vs_pymerkle",
    "hash_entries_per_s",
    "pymerkle_entries_per_s",
    "replay_entries_per_s",
    "replay_entries_per_s_10k",
    "replay_lines_per_s",
    "verify_peak_mb",
    "verify_peak_mb_10k",
    "lines_peak_mb",
}


def test_what_is_not_audited_is_done_all_the_same(founded: Founded) -> None:
    """The cheat of an easy rival: without record and guard the very row is changed, and nothing is remembered of it."""
    bench = founded.bench
    recipients.imported(bench, founded, 1)
    acts = UnauditedActs(bench.engine, LogPen(), bench.kit)
    with bench.reading() as session:
        person = session.scalars(select(Person)).one()
        entries = len(session.scalars(select(LogEntry.id)).all())
    values = {"no_hp": "+6281200000001"}
    acts.run(founded.actor("operator"), service.correct_person, person.reference, reason=REASON, values=values)
    with bench.reading() as session:
        assert session.scalars(select(Person.phone_hash)).one() != person.phone_hash
        assert len(session.scalars(select(LogEntry.id)).all()) == entries


def test_the_measured_deed_is_recorded_and_guarded(founded: Founded) -> None:
    """The other half: the same service is refused when it hides something, and leaves its fact when it does not."""
    bench = founded.bench
    recipients.imported(bench, founded, 1)
    operator = founded.actor("operator")
    with bench.reading() as session:
        reference = session.scalars(select(Person.reference)).one()
    values = {"no_hp": "+6281200000001"}
    with pytest.raises(UnrecordedChange), bench.acts.open(operator) as act:
        act.session.get_one(Person, 1).rw = "009"
    bench.acts.run(operator, service.correct_person, reference, reason=REASON, values=values)
    with bench.reading() as session:
        newest = session.scalars(select(LogEntry).order_by(LogEntry.id.desc()).limit(1)).one()
    assert newest.kind == PersonCorrected.KIND


def test_medians_of_turns_become_ratios_and_processor_time() -> None:
    """The cheat of the best turn: one lucky round of either way moves nothing."""
    turn = {
        "audited": {"deeds": 10, "per_s": 90.0, "cpu_s": 0.05},
        "unaudited": {"deeds": 10, "per_s": 100.0, "cpu_s": 0.04},
    }
    lucky = turn | {"audited": {"deeds": 10, "per_s": 900.0, "cpu_s": 0.0}}
    measures = deeds.compared([turn, lucky, turn])
    assert measures["audited_vs_unaudited_8"] == 0.9
    assert measures["audited_vs_unaudited_8_cpu"] == 0.8
    assert measures["act_per_s_8"] == 90
    assert measures["unaudited_act_cpu_ms_8"] == 4


def test_officials_work_at_once_and_every_deed_is_sealed(tmp_path: Path) -> None:
    """The law that as many entries lie in the log as deeds were counted, each under a published checkpoint."""
    with cluster.running() as server:
        made = agency.prepared(server, tmp_path, "desks", households=2)
        measures = deeds.at_work(server, made, rounds=1, turn_s=0.3, clients=2)
    assert set(measures) == DEEDS
    assert all(number > 0 for number in measures.values())


def test_proofs_are_made_from_tiles_that_the_sequencer_built() -> None:
    """The law that a proof counts only when it proves its entry; the numbers have their names."""
    with cluster.running() as server:
        measures = proofs.measure(server, 0.0001)
    kinds = ("proof_ms", "proof_p99_ms", "consistency_ms", "consistency_p99_ms")
    names = {f"{kind}_{size}" for kind in kinds for size in ("10k", "100k", "1m")}
    assert set(measures) == names | {"seal_entries_per_s"}
    assert all(number > 0 for number in measures.values())


def test_the_logs_of_the_bench_are_of_the_length_asked_for_and_break_no_rule(tmp_path: Path) -> None:
    """The cheat of a log that is quick to read because something in it is missing: replay finds nothing to say."""
    vkey = story.one_by_one(tmp_path / "single", 1_200)
    single = reading.replay(str(tmp_path / "single"), vkey)
    assert 1_200 <= single["entries"] <= 1_201
    chunks = reading.replay(str(tmp_path / "chunks"), story.in_chunks(tmp_path / "chunks", 1_200))
    assert chunks["entries"] < 200


def test_banks_are_asked_and_households_visited_in_one_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The law of the mixture: rounds of both kinds are in it, and nearly every entry is of one line."""
    monkeypatch.setattr(story, "BATCH", 20)
    vkey = story.one_by_one(tmp_path, 900)
    seen: Counter[str] = Counter()

    class Listener:
        """Counts what it is given."""

        violations: Sequence[Finding] = ()

        def apply(self, _index: int, entry: Entry) -> None:
            """Count an entry by its kind."""
            seen[entry.kind] += 1

        def finish(self) -> None:
            """Nothing is left to do."""

    assert verify_log(
        FolderSource(tmp_path), now_s=2**31, trusted=Policy.of_log_key(vkey), checkers=[Listener()]
    ).is_good
    assert seen["GoodsHandedOver"] > seen["PaymentsConfirmed"] == seen["ResultImported"] > 20
    assert seen["ReceiptIssued"] > 200


def test_pymerkle_finds_the_same_root_and_a_small_run_gives_every_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law that both sides did the same work, and that no number is missing or zero."""
    monkeypatch.setattr(verifying, "TURNS", 1)
    monkeypatch.setattr(verifying, "SIZES", {"10k": 1_000, "1m": 1_200})
    with cluster.running() as server:
        measures = verifying.measure(server, 0.001)
    assert set(measures) == VERIFYING
    assert all(number > 0 for number in measures.values())
