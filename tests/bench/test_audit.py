"""The benches of the log: the side without a log is the same work, numbers have the names others rely on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
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
from bench import cluster, deeds, ours, posts, proofs, reading, story, verifying
from bench.officials import Desk, UnauditedActs
from bench.workday import PER_ROUND, REASON, UNCOUNTED
from tests.builders import recipients
from tests.builders.officials import Founded

RATIOS = {"audited_vs_unaudited_8", "audited_vs_unaudited_8_smallest"}
DEEDS = (
    RATIOS
    | {f"{name}_cpu" for name in RATIOS}
    | {f"{name}_8{what}" for name in ("act_per_s", "act_cpu_ms") for what in ("", "_smallest")}
    | {f"unaudited_{name}_8{what}" for name in ("act_per_s", "act_cpu_ms") for what in ("", "_smallest")}
    | {"merge_delay_p50_s", "merge_delay_p99_s", "sequencer_cpu_share"}
)
OF_ONE_KIND = {f"deed_{kind}_{what}" for kind in PER_ROUND for what in ("ratio", "cpu_ratio")}

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
    """The cheat of the best turn: one lucky round of either way moves nothing; nor does a mix that nobody works."""
    done = dict.fromkeys(PER_ROUND, (2.0, 0.2, 0.1))
    less = dict.fromkeys(PER_ROUND, (2.0, 0.18, 0.08)) | {UNCOUNTED: (1.0, 99.0, 99.0)}
    turn: dict[str, deeds.Done] = {"audited": done, "unaudited": less}
    lucky: dict[str, deeds.Done] = turn | {"audited": dict.fromkeys(PER_ROUND, (2.0, 0.002, 0.001))}
    alone: dict[str, deeds.Done] = {
        "audited": {"correct_person": (10.0, 1.0, 0.05)},
        "unaudited": {"correct_person": (10.0, 0.7, 0.03)},
    }
    measures = deeds.compared({"mix": [turn, lucky, turn], "smallest": [alone]})
    assert measures["audited_vs_unaudited_8"] == pytest.approx(0.9)
    assert measures["audited_vs_unaudited_8_cpu"] == pytest.approx(0.8)
    assert measures["act_per_s_8"] == pytest.approx(80)
    assert measures["unaudited_act_cpu_ms_8"] == pytest.approx(40)
    assert measures["audited_vs_unaudited_8_smallest"] == pytest.approx(0.7)
    assert measures["deed_handover_ratio"] == pytest.approx(0.9)


def test_each_deed_of_the_mix_counts_as_often_as_a_round_has_it() -> None:
    """The cheat of the dear deed whose log costs little: it is done once in a round, however long it takes."""
    often, once = "check", "draft"
    audited: deeds.Done = {often: (1.0, 0.02, 0.02), once: (50.0, 50.0, 50.0)}
    unaudited: deeds.Done = {often: (9.0, 0.09, 0.09), once: (50.0, 50.0, 50.0)}
    alone: deeds.Done = {"correct_person": (1.0, 1.0, 1.0)}
    turns: dict[str, list[dict[str, deeds.Done]]] = {
        "mix": [{"audited": audited, "unaudited": unaudited}],
        "smallest": [dict.fromkeys(deeds.WAYS, alone)],
    }
    measures = deeds.compared(turns)
    checks = PER_ROUND[often]
    assert measures["audited_vs_unaudited_8"] == pytest.approx((checks * 0.01 + 1) / (checks * 0.02 + 1))


def test_a_whole_round_is_lived_with_the_log_and_without(tmp_path: Path) -> None:
    """The cheat of a day cut short: both ways do every deed of a round, each as often as the documents say."""
    with cluster.running() as server:
        made = posts.prepared(server, tmp_path, "desks", posts=1, lines=2 * posts.ROUND)
        clerk = deeds.clerk_of(made.posts[0])
        desk = Desk()
        desk.open(asdict(made.posts[0]), 0, **ours.desk(server.address("desks"), clerk, made.keys))
        for way in deeds.WAYS:
            lived: Counter[str] = Counter()
            for _ in range(sum(PER_ROUND.values()) + 1):
                lived.update({kind: int(took[0]) for kind, took in desk.work(way, "mix", 0, 0).items()})
            assert lived == PER_ROUND | {UNCOUNTED: 1}
        desk.close()


def test_posts_work_at_once_and_every_deed_is_sealed(tmp_path: Path) -> None:
    """The law that as many Acts lie in the log as deeds were counted, each under a published checkpoint."""
    with cluster.running() as server:
        made = posts.prepared(server, tmp_path, "desks", posts=2, lines=5 * posts.ROUND)
        measures = deeds.at_work(server, made, rounds=2, turns_s={"mix": 0.5, "smallest": 0.3})
    assert DEEDS <= set(measures) <= DEEDS | OF_ONE_KIND
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
