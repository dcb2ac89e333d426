"""Asking witnesses: an absent one stops nothing, a refusal is never forgotten, nothing is kept unchecked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.act import keeping_house
from aid_ledger.log import queries, quorum, rules, witnessing
from aid_ledger.log.calling import NoAnswer, Reply
from aid_ledger.log.models import WitnessCosignature, WitnessState
from aid_ledger.log.quorum import WitnessView
from aid_ledger.log.witnessing import AHEAD, BAD_COSIGNATURE, BUSY, FORGOT, NO_ANSWER, REFUSED, Attempt
from audit import cosignature, note
from audit.note import COSIGNATURE, SigningKey
from tests.benches import Bench, copy_database, make_bench
from tests.builders import witnesses as builders
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.conftest import FoundedTemplate
from tests.rooms.log.writing import define

SIZE = "text/x.tlog.size"
DEAD = "http://127.0.0.1:9"
"""The discard port: nobody listens."""


@pytest.fixture
def twin(backend: str, founded_template: FoundedTemplate, tmp_path: Path) -> Iterator[Founded]:
    """Give the same log once more, with the same key: a restored backup, or the liar's second history."""
    folder = tmp_path / "twin"
    folder.mkdir()
    url, remove = copy_database(backend, founded_template.url, folder)
    made = make_bench(url, folder, key=founded_template.key, keys=founded_template.keys)
    yield Founded(made, {login: replace(person) for login, person in founded_template.people.items()})
    made.engine.dispose()
    remove()


def grow(founded: Founded, *codes: str) -> int:
    """Do deeds, have them sealed, and give the new size."""
    for code in codes:
        founded.bench.acts.run(founded.actor("operator"), define, code)
    return founded.bench.sequencer.run_once().size


def state(founded: Founded, name: str = "kpk") -> WitnessView:
    """Read how it went with a witness."""
    with founded.bench.reading() as session:
        return next(each for each in quorum.witnesses(session).witnesses if each.name == name)


def shown(founded: Founded) -> note.Note:
    """Read the checkpoint as it is served."""
    with founded.bench.reading() as session:
        newest = queries.newest_checkpoint(session)
        assert newest is not None
        return note.parse(queries.cosigned_note(session, newest).encode())


def ask(founded: Founded, name: str = "kpk") -> Attempt:
    """Submit to one witness now."""
    return witnessing.submit(founded.bench.engine, name)[0]


def answers(founded: Founded, *replies: Reply | NoAnswer) -> Attempt:
    """Submit to a witness that gives these answers one after the other."""
    waiting = list(replies)

    def post(_address: str, _body: bytes) -> Reply:
        reply = waiting.pop(0)
        if isinstance(reply, NoAnswer):
            raise reply
        return reply

    attempt = witnessing.submit(founded.bench.engine, "kpk", post=post)[0]
    assert waiting == []
    return attempt


@pytest.fixture
def asked(founded: Founded) -> Iterator[builders.Watching]:
    """Add a witness that runs and has cosigned nothing."""
    with builders.watching(founded.bench) as witness:
        builders.add(founded, witness)
        yield witness


def test_a_fork_of_the_same_size_is_refused(founded: Founded, twin: Founded, asked: builders.Watching) -> None:
    """F1: two roots for one size; the second history gets no cosignature and an alarm."""
    assert ask(founded).fault == ""
    builders.add(twin, asked)
    attempt = ask(twin)
    assert (attempt.size, attempt.fault) == (asked.size, REFUSED)
    assert (state(twin).refusal, state(twin).refused_size) == (REFUSED, attempt.size)
    assert cosignature.verify(shown(twin), [asked.vkey]) == []


def test_a_fork_that_grew_is_refused(founded: Founded, twin: Founded, asked: builders.Watching) -> None:
    """F2, T2: a restored backup with other deeds on top has no proof that it continues what was cosigned."""
    ask(founded)
    builders.add(twin, asked)
    grow(twin, "BERAS", "MINYAK")
    assert ask(twin).fault == REFUSED


def test_a_log_that_was_rolled_back_is_behind(founded: Founded, twin: Founded, asked: builders.Watching) -> None:
    """T1: the witness names a size that this database has not; it is asked twice, so growth meanwhile is no alarm."""
    grow(founded, "BERAS", "MINYAK", "GULA")
    ask(founded)
    builders.add(twin, asked)
    assert ask(twin).fault == AHEAD
    assert state(twin).refusal == AHEAD


def test_a_witness_that_lost_its_memory_is_not_asked_to_begin_again(founded: Founded) -> None:
    """W2: it names less than it has cosigned; whoever goes on with it lets it swear to any history."""
    with builders.watching(founded.bench) as witness:
        builders.add(founded, witness)
        port = int(witness.url.rpartition(":")[2])
        ask(founded)
    grow(founded, "BERAS")
    with builders.watching(founded.bench, port=port) as again:
        assert ask(founded).fault == FORGOT
        assert again.size == 0


def test_an_alarm_outlives_every_success(founded: Founded, asked: builders.Watching) -> None:
    """LOG A6: the first refusal stays in the row whatever comes later, other refusals included."""
    assert answers(founded, Reply(422, "text/plain", b"")).fault == REFUSED
    first = state(founded)
    assert ask(founded).fault == ""
    grow(founded, "BERAS")
    answers(founded, Reply(409, SIZE, b"0\n"))
    after = state(founded)
    assert (after.refusal, after.refused_at, after.refused_size) == (REFUSED, first.refused_at, first.refused_size)
    assert after.size == asked.size


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(409, "text/plain", b"3\n"), REFUSED),
        (Reply(409, SIZE, b""), REFUSED),
        (Reply(409, SIZE, b"03\n"), REFUSED),
        (Reply(409, SIZE, b"\xff\n"), REFUSED),
        (Reply(409, SIZE, b"0\n"), REFUSED),
        (Reply(422, "text/plain", b"no\n"), REFUSED),
        (Reply(400, "text/plain", b""), "status_400"),
        (Reply(403, "text/plain", b""), "status_403"),
        (Reply(404, "text/plain", b""), "status_404"),
        (Reply(302, "text/plain", b""), "status_302"),
        (Reply(500, "text/plain", b""), "status_500"),
        (Reply(200, "text/plain", b""), BAD_COSIGNATURE),
        (Reply(200, "text/plain", b"\xff"), BAD_COSIGNATURE),
        (Reply(200, "text/plain", b"<html>"), BAD_COSIGNATURE),
        (NoAnswer(), NO_ANSWER),
    ],
)
def test_each_answer_means_one_thing(
    founded: Founded, asked: builders.Watching, reply: Reply | NoAnswer, fault: str
) -> None:
    """LOG A6: 409 without a size and 422 are final and alarms; the rest are faults, and nothing is stored."""
    assert answers(founded, reply).fault == fault
    assert state(founded).refusal == (fault if fault == REFUSED else "")
    assert len(shown(founded).signatures) == 1


def test_a_witness_that_always_names_another_size_is_left(founded: Founded, asked: builders.Watching) -> None:
    """One retry an attempt, not a game without end."""
    assert answers(founded, Reply(409, SIZE, b"1\n"), Reply(409, SIZE, b"2\n")).fault == BUSY
    assert state(founded).refusal == ""


@pytest.mark.parametrize("off", ["other_key", "other_text", "future", "past"])
def test_a_cosignature_is_checked_before_it_is_kept(founded: Founded, asked: builders.Watching, off: str) -> None:
    """B2: one bad or postdated line beside the log's would make every verifier refuse the whole checkpoint."""
    ask(founded)
    now_s = int(clock.now().timestamp())
    key = SigningKey(asked.key.name, bytes(32)) if off == "other_key" else asked.key
    text = shown(founded).text + ("more\n" if off == "other_text" else "")
    time_s = now_s + {"future": 1_000, "past": -1_000}.get(off, 0)
    line = cosignature.sign(text, key, time_s=time_s).line().encode()
    before = shown(founded)
    assert answers(founded, Reply(200, "text/plain", line)).fault == BAD_COSIGNATURE
    assert shown(founded) == before


def test_an_absent_witness_stops_nothing(founded: Founded) -> None:
    """THREATS 4: the log grows and is sealed, the others cosign, the row says who was not there."""
    with builders.watching(founded.bench) as witness:
        builders.add(founded, witness)
        dead = builders.Watching("bpkp", builders.key_of("bpkp"), DEAD, witness.witness)
        builders.add(founded, dead)
        size = grow(founded, "BERAS")
        attempts = {each.witness: each.fault for each in witnessing.submit(founded.bench.engine)}
        assert attempts == {"bpkp": NO_ANSWER, "kpk": ""}
        assert witness.size == size
    assert (state(founded, "bpkp").fault, state(founded, "bpkp").refusal) == (NO_ANSWER, "")


def test_nobody_adds_a_key_twice_or_one_that_does_not_cosign(founded: Founded, asked: builders.Watching) -> None:
    """K3, N4: a key under a second name is no second witness; a log's key is none at all."""
    other = str(SigningKey.generate("bpkp.example").verifier(COSIGNATURE))
    same = str(SigningKey("bpkp.example", asked.key.seed).verifier(COSIGNATURE))

    def try_to_add(name: str, vkey: str, url: str) -> None:
        founded.bench.acts.run(founded.actor("admin"), witnessing.add_witness, name=name, vkey=vkey, url=url)

    for name, vkey in (("kpk", other), ("bpkp", same)):
        with pytest.raises(rules.WitnessKnown):
            try_to_add(name, vkey, DEAD)
    long = f"http://{'a' * rules.URL_LIMIT}"
    as_log = str(SigningKey.generate("bpkp.example").verifier())
    for vkey, url in (("nonsense", DEAD), (as_log, DEAD), (other, "file:///etc"), (other, "http://a b"), (other, long)):
        with pytest.raises(rules.WitnessMalformed):
            try_to_add("bpkp", vkey, url)
    with pytest.raises(rules.WitnessNotFound):
        witnessing.submit(founded.bench.engine, "bpkp")


def test_there_are_no_more_witnesses_than_a_policy_holds(founded: Founded) -> None:
    """C2SP tlog-policy: every reader supports 32."""
    with founded.act("admin") as act:
        for number in range(rules.WITNESS_LIMIT):
            vkey = str(SigningKey.generate(f"w{number}").verifier(COSIGNATURE))
            witnessing.add_witness(act, name=f"w{number}", vkey=vkey, url=DEAD)
        vkey = str(SigningKey.generate("more").verifier(COSIGNATURE))
        with pytest.raises(rules.WitnessKnown):
            witnessing.add_witness(act, name="more", vkey=vkey, url=DEAD)


def test_a_line_put_in_by_hand_counts_for_no_other_size(founded: Founded, asked: builders.Watching) -> None:
    """What is served with a checkpoint are the lines for exactly that checkpoint."""
    ask(founded)
    grow(founded, "BERAS")
    assert cosignature.verify(shown(founded), [asked.vkey]) == []


def test_the_log_is_cosigned_as_it_grows(founded: Founded, asked: builders.Watching) -> None:
    """It begins at 0, learns nothing it does not know, and each checkpoint is served with its own cosignature."""
    for codes in ((), ("BERAS",), ("MINYAK", "GULA"), tuple(f"K{number}" for number in range(20))):
        size = grow(founded, *codes)
        assert ask(founded) == Attempt("kpk", size, "")
        assert asked.size == size
        assert [each.key for each in cosignature.verify(shown(founded), [asked.vkey])] == [asked.vkey]
    assert_log_agrees(founded.bench)


def test_what_was_cosigned_and_not_kept_is_learned(founded: Founded, asked: builders.Watching) -> None:
    """A crash between the answer and its keeping: the 409 names the size, and the second try begins there."""
    ask(founded)
    with keeping_house(founded.bench.engine) as session:
        for row in session.scalars(select(WitnessCosignature)):
            session.delete(row)
        for known in session.scalars(select(WitnessState)):
            known.size, known.cosigned_at = 0, None
    grow(founded, "BERAS")
    assert ask(founded).fault == ""
    assert state(founded).size == asked.size


def test_the_chore_asks_at_growth_and_as_a_heartbeat(founded: Founded, asked: builders.Watching) -> None:
    """T3: every ten minutes the same size is sworn to again; a witness that failed is left alone for a minute."""
    engine = founded.bench.engine
    assert witnessing.submit_due(engine) == {"cosigned": 1, "missed": 0}
    assert witnessing.submit_due(engine) == {}
    grow(founded, "BERAS")
    assert witnessing.submit_due(engine) == {"cosigned": 1, "missed": 0}
    with keeping_house(engine) as session:
        for each in session.scalars(select(WitnessState)):
            each.cosigned_at = clock.now() - rules.HEARTBEAT - dt.timedelta(seconds=1)
    assert witnessing.submit_due(engine) == {"cosigned": 1, "missed": 0}
    grow(founded, "MINYAK")

    def absent(_address: str, _body: bytes) -> Reply:
        raise NoAnswer

    assert witnessing.submit_due(engine, post=absent) == {"cosigned": 0, "missed": 1}
    assert witnessing.submit_due(engine) == {}
    with keeping_house(engine) as session:
        for each in session.scalars(select(WitnessState)):
            each.asked_at = clock.now() - rules.AFTER_A_FAULT
    assert witnessing.submit_due(engine) == {"cosigned": 1, "missed": 0}


def test_an_unsealed_log_asks_nobody(bench: Bench) -> None:
    """Before the first pass of the sequencer there is nothing to cosign."""
    assert witnessing.submit_due(bench.engine) == {}
    with pytest.raises(rules.NotSealed):
        witnessing.submit(bench.engine)


def test_nothing_is_called_inside_a_transaction(founded: Founded, asked: builders.Watching) -> None:
    """ARCHITECTURE: a witness that thinks for long holds no lock; another writer commits meanwhile."""
    engine = founded.bench.engine

    def slow(_address: str, _body: bytes) -> Reply:
        with keeping_house(engine) as session:
            for each in session.scalars(select(WitnessState)):
                each.fault = "meanwhile"
        raise NoAnswer

    assert witnessing.submit(engine, "kpk", post=slow)[0].fault == NO_ANSWER
    assert state(founded).fault == NO_ANSWER
