"""The agency's own witness policy: two administrators, from the next day; and nothing leaves before its quorum."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.act import keeping_house
from aid_ledger.delivery import queries as instructions
from aid_ledger.delivery import service as delivery
from aid_ledger.leaving import rules, service
from aid_ledger.log import calling, queries, quorum, witnessing
from aid_ledger.log.models import LogCheckpoint, Witness, WitnessCosignature
from aid_ledger.log.rules import NotSealed, NotWitnessed
from aid_ledger.officials.refusals import AdminNeeded
from aid_ledger.receipts import service as receipts
from aid_ledger.receipts.proving import evidence_of
from audit import cosignature, note, proof
from tests.builders import delivering, leaving
from tests.builders import receipts as papers
from tests.builders import witnesses as builders
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded, close_founding
from tests.rooms.delivery.test_handing import handed
from tests.rooms.delivery.test_instructing import unsealed
from tests.rooms.log.writing import define

EXAMPLE = Path(__file__).parents[3] / "docs" / "contoh" / "policy.txt"


def instruct(founded: Founded, batch: str) -> str:
    """Hand a batch to its channel."""
    with founded.act("treasurer") as act:
        return delivery.instruct(act, batch).reference


# --- setting it -----------------------------------------------------------------------------------------------------


def test_nobody_sets_a_witness_policy_alone(founded: Founded, four: list[builders.Watching]) -> None:
    """THREATS 4: after the founding two administrators, from the next day; a proposal binds nothing."""
    close_founding(founded)
    text = leaving.policy_text(founded, four)
    with pytest.raises(AdminNeeded):
        leaving.set_policy(founded, text, by="treasurer")
    reference = leaving.set_policy(founded, text, by="admin")
    with pytest.raises(rules.PolicyNotSecondPerson), founded.act("admin") as act:
        service.agree_policy(act, reference)
    with pytest.raises(AdminNeeded), founded.act("approver") as act:
        service.agree_policy(act, reference)
    with founded.act("admin2") as act:
        since = service.agree_policy(act, reference).since
    with pytest.raises(rules.PolicyAgreed), founded.act("admin2") as act:
        service.agree_policy(act, reference)
    with founded.bench.reading() as session:
        assert quorum.policy_in_force(session) is None
    assert since.astimezone(dt.timezone(dt.timedelta(hours=7))).time() == dt.time()
    with clock.frozen(since), founded.bench.reading() as session:
        held = quorum.policy_in_force(session)
    assert held is not None
    assert (held.reference, held.text) == (reference, text)
    assert_log_agrees(founded.bench)


def test_a_policy_is_about_this_log_and_its_witnesses(founded: Founded, four: list[builders.Watching]) -> None:
    """Another city's policy, a witness nobody asks, or a text that is none: refused, each by its name."""
    text = leaving.policy_text(founded, four)
    stranger = builders.key_of("stranger").verifier(note.COSIGNATURE)
    other = note.SigningKey("bansos.lain.example/log", b"o" * 32).verifier()
    for wrong, refusal in (
        (text.replace("quorum enough\n", ""), rules.PolicyMalformed),
        (f"# {'x' * rules.POLICY_LIMIT}\n{text}", rules.PolicyMalformed),
        (f"# e\u0301\n{text}", rules.PolicyMalformed),
        (text.replace(str(founded.bench.key.verifier()), str(other)), rules.PolicyOfAnotherLog),
        (f"log {other}\n{text}", rules.PolicyOfAnotherLog),
        (f"witness stranger {stranger}\n{text}", rules.PolicyNamesStranger),
        (EXAMPLE.read_text(), rules.PolicyOfAnotherLog),
    ):
        with pytest.raises(refusal):
            leaving.set_policy(founded, wrong)
    with pytest.raises(rules.PolicyNotFound), founded.act("admin") as act:
        service.agree_policy(act, "WPL-2021-000009-X")


def test_the_example_policy_works_as_it_is_written(founded: Founded, four: list[builders.Watching]) -> None:
    """docs/contoh/policy.txt with the keys of this log and its witnesses, comments and addresses included."""
    text = EXAMPLE.read_text()
    for line in text.splitlines():
        if line.startswith("log "):
            text = text.replace(line.split()[1], str(founded.bench.key.verifier()))
        if line.startswith("witness "):
            name, key = line.split()[1:3]
            text = text.replace(key, str(builders.key_of(name).verifier(note.COSIGNATURE)))
    leaving.set_policy(founded, text)
    leaving.cosign(founded.bench, "bpkp", "inspektorat", "universitas")
    with founded.bench.reading() as session:
        assert not quorum.witnesses(session).is_full
    leaving.cosign(founded.bench, "kpk")
    with founded.bench.reading() as session:
        assert quorum.witnesses(session).is_full
    assert_log_agrees(founded.bench)


def test_a_policy_without_a_quorum_waits_for_nobody(founded: Founded, policy: str) -> None:
    """Two may end the waiting as they began it, and the log says so."""
    leaving.set_policy(founded, f"log {founded.bench.key.verifier()}\nquorum none\n")
    with founded.bench.reading() as session:
        assert quorum.policy_in_force(session) is None
    delivering.sent(founded.bench, founded, count=1)


# --- waiting for it -------------------------------------------------------------------------------------------------


def test_no_file_leaves_before_the_quorum_has_signed(founded: Founded, policy: str) -> None:
    """THREATS 4: instructing waits for the approvals' quorum, the file for the instruction's; none without the KPK."""
    bench = founded.bench
    batch, _paid = delivering.approved(bench, founded, count=2)
    leaving.cosign(bench, "bpkp", "inspektorat", "universitas")
    with pytest.raises(NotWitnessed) as refusal:
        instruct(founded, batch)
    assert refusal.value.facts["signed"] == "bpkp, inspektorat, universitas"
    assert refusal.value.facts["missing"] == "kpk"
    leaving.cosign(bench, "kpk")
    reference = instruct(founded, batch)
    with pytest.raises(NotWitnessed), founded.act("treasurer") as act:
        delivery.collect(act, reference)
    with pytest.raises(NotWitnessed), bench.reading() as session:
        list(delivery.file_of(session, bench.kit.keys, instructions.instruction(session, reference)))
    leaving.cosign(bench, *leaving.QUORUM)
    with founded.act("treasurer") as act:
        assert delivery.collect(act, reference).lines == 2
    assert_log_agrees(bench)


def test_nothing_is_handed_over_or_printed_before_the_quorum_has_signed(founded: Founded, policy: str) -> None:
    """THREATS 4: packets and papers wait as files do; what could not be given needs no witness to come back."""
    bench = founded.bench
    approved, paid = delivering.approved(bench, founded, count=3, channel="goods")
    leaving.cosign(bench, *leaving.QUORUM)
    batch = delivering.Sent(approved, instruct(founded, approved), paid, 3)
    with pytest.raises(NotWitnessed):
        handed(founded, batch, [1])
    with founded.act("field") as act:
        delivery.fail_lines(act, batch.batch, {3: "RECIPIENT_MOVED"})
    leaving.cosign(bench, *leaving.QUORUM)
    handed(founded, batch, [1])
    assert papers.issue(founded, batch.batch, by="field") == 1
    [receipt] = papers.receipts(bench)
    with pytest.raises(NotWitnessed), founded.act("field") as act:
        receipts.record_print(act, receipt.reference, copy=1)
    leaving.cosign(bench, *leaving.QUORUM)
    with founded.act("field") as act:
        assert receipts.record_print(act, receipt.reference, copy=1)


def test_a_receipt_carries_the_newest_quorum_and_not_the_newest_checkpoint(
    founded: Founded, four: list[builders.Watching]
) -> None:
    """UX 8: a log that grew since is no reason to print a paper that nobody outside has vouched for."""
    bench = founded.bench
    [receipt] = papers.issued(founded, count=1)
    leaving.set_policy(founded, leaving.policy_text(founded, four))
    leaving.cosign(bench, *leaving.QUORUM)
    bench.acts.run(founded.actor("operator"), define, "BERAS")
    bench.sequencer.run_once()
    with bench.reading() as session:
        shown = proof.parse(evidence_of(session, bench.kit.keys, receipt).proof)
    assert len(shown.signed.signatures) == 4


def test_the_seal_comes_before_the_witnesses(founded: Founded, policy: str) -> None:
    """An entry that waits for the sequencer is told apart from one that waits for witnesses."""
    bench = founded.bench
    leaving.cosign(bench, *leaving.QUORUM)
    with unsealed(founded).open(founded.actor("operator")) as act:
        define(act, "BERAS")
    with pytest.raises(NotSealed), bench.reading() as session:
        quorum.require_sealed(session, act.id)
    with bench.reading() as session:
        assert quorum.mark_of_act(session, act.id) is None
        assert quorum.mark_of_act(session, "0" * 32) is None
    bench.sequencer.run_once()
    with pytest.raises(NotWitnessed), bench.reading() as session:
        quorum.require_sealed(session, act.id)


def test_rows_put_in_by_hand_are_no_quorum(founded: Founded, policy: str) -> None:
    """A superuser writes the cosignatures of everybody; they open nothing, and stop no later one."""
    bench = founded.bench
    bench.acts.run(founded.actor("operator"), define, "BERAS")
    size = bench.sequencer.run_once().size
    forger = builders.key_of("stranger")
    with bench.reading() as session:
        text = note.parse(session.get_one(LogCheckpoint, size).note.encode()).text
        ids = session.scalars(select(Witness.id)).all()
    with keeping_house(bench.engine) as session:
        for id_ in ids:
            line = cosignature.sign(text, forger, time_s=int(clock.now().timestamp())).line()
            session.add(WitnessCosignature(size=size, witness_id=id_, line=line, cosigned_at=clock.now()))
    with bench.reading() as session:
        assert quorum.newest_vouched(session) is None
    leaving.cosign(bench, *leaving.QUORUM)
    with bench.reading() as session:
        vouched = quorum.newest_vouched(session)
    assert vouched is not None
    assert (vouched.checkpoint.size, sorted(vouched.cosigned)) == (size, list(leaving.QUORUM))


@pytest.mark.parametrize("windows", [(1, 2), (1, 9), (9,)])
def test_witnesses_far_behind_are_found(
    founded: Founded, policy: str, windows: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many checkpoints came since, the newest that they filled is found; and none where there is none."""
    monkeypatch.setattr(quorum, "WINDOWS", windows)
    bench = founded.bench
    leaving.cosign(bench, *leaving.QUORUM)
    with bench.reading() as session:
        size = queries.sealed_size(session)
    for code in ("BERAS", "MINYAK", "GULA", "TELUR"):
        bench.acts.run(founded.actor("operator"), define, code)
        bench.sequencer.run_once()
    with bench.reading() as session:
        found = [quorum.newest_vouched(session, above=above) for above in (0, size - 1, size)]
    assert [each.checkpoint.size if each else 0 for each in found] == [size, size, 0]


def test_a_witness_ahead_of_time_does_not_count(founded: Founded, policy: str) -> None:
    """B2: seen from a clock set back, what was cosigned later is from the future, and no quorum."""
    bench = founded.bench
    leaving.cosign(bench, *leaving.QUORUM)
    with bench.reading() as session:
        held, vouched = quorum.policy_in_force(session), quorum.newest_vouched(session)
    assert held is not None
    assert vouched is not None
    earliest = min(each.time_s for each in vouched.cosigned.values())
    with bench.reading() as session, clock.frozen(held.since):
        assert quorum.newest_vouched(session) is not None
    with keeping_house(bench.engine) as session:
        for row in session.scalars(
            select(WitnessCosignature).where(WitnessCosignature.size == vouched.checkpoint.size)
        ):
            name = session.scalars(select(Witness.name).where(Witness.id == row.witness_id)).one()
            text = note.parse(vouched.checkpoint.note.encode()).text
            row.line = cosignature.sign(text, builders.key_of(name), time_s=earliest + 3600).line()
    with bench.reading() as session:
        assert quorum.newest_vouched(session) is None


def test_a_growing_log_is_shown_to_all_at_one_size(founded: Founded, policy: str) -> None:
    """A quorum is of one checkpoint: a log that grows between two questions must not have each cosign another."""
    bench = founded.bench
    bench.sequencer.run_once()

    def grow_and_post(address: str, body: bytes) -> calling.Reply:
        bench.acts.run(founded.actor("operator"), define, f"BARANG{bench.sequencer.run_once().size}")
        bench.sequencer.run_once()
        return calling.post(address, body)

    assert witnessing.submit_due(bench.engine, post=grow_and_post) == {"cosigned": 4, "missed": 0}
    with bench.reading() as session:
        assert quorum.newest_vouched(session) is not None
