"""What others know of this log: a database behind it is refused before anything is signed, and nobody has a veto."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from aid_ledger.log import calling, heads, witnessing
from aid_ledger.log.calling import NoAnswer, Reply
from aid_ledger.log.heads import Head
from aid_ledger.log.rules import LogBehind, PublishedAltered
from aid_ledger.log.witnessing import Attempt
from audit import checkpoint, note
from audit.merkle import root
from audit.note import SigningKey
from tests.builders import witnesses as builders
from tests.builders.officials import Founded
from tests.rooms.log.test_witnessing import DEAD, grow, twin

__all__ = ["twin"]


def submitted(founded: Founded, watching: builders.Watching) -> int:
    """Have a witness cosign what there is."""
    builders.add(founded, watching)
    assert [each.fault for each in heads_of_submission(founded)] == [""]
    return watching.size


def heads_of_submission(founded: Founded) -> list[Attempt]:
    """Ask all witnesses now."""
    return witnessing.submit(founded.bench.engine)


def test_a_database_behind_a_witness_is_refused(founded: Founded, twin: Founded) -> None:
    """T1, T2: the published checkpoint was put back with the database; the witness remembers more, at its own door."""
    with builders.watching(founded.bench) as kpk:
        submitted(founded, kpk)
        builders.add(twin, kpk)
        key = founded.bench.key.verifier()
        heads.refuse_if_witnesses_know_more(founded.bench.engine, [key])
        size = grow(founded, "BERAS", "GULA")
        heads_of_submission(founded)
        with pytest.raises(LogBehind) as refusal:
            heads.refuse_if_witnesses_know_more(twin.bench.engine, [key])
        assert refusal.value.facts["published"] == size
        assert refusal.value.facts["known_to"] == "kpk"


def test_a_database_with_another_root_than_a_witness_is_refused(founded: Founded, twin: Founded) -> None:
    """F1: grown past what the witness knows, it is another log all the same."""
    with builders.watching(founded.bench) as kpk:
        builders.add(twin, kpk)
        submitted(founded, kpk)
        grow(twin, "BERAS", "GULA", "KOPI")
        with pytest.raises(LogBehind):
            heads.refuse_if_witnesses_know_more(twin.bench.engine, [founded.bench.key.verifier()])


def test_an_absent_or_lying_witness_stops_nothing(founded: Founded) -> None:
    """THREATS 23: without the log's own signature nothing a witness shows counts; it costs one line."""
    with builders.watching(founded.bench) as kpk:
        builders.add(founded, kpk)
    key, stranger = founded.bench.key.verifier(), SigningKey.generate(founded.bench.key.name)
    lie = note.sign(checkpoint.Checkpoint(stranger.name, 10**6, root([])).text(), stranger)
    replies = {
        "witness_shows_no_checkpoint_of_ours": [Reply(200, "text/plain", b"nonsense"), Reply(200, "text/plain", lie)],
        "": [Reply(404, "text/plain", b"")],
    }
    for event, answers in replies.items():
        for answer in answers:
            with capture_logs() as said:
                assert heads.witnessed_heads(founded.bench.engine, [key], get=lambda _a, answer=answer: answer) == []  # type: ignore[misc]
            assert [each["event"] for each in said] == ([event] if event else [])
    with capture_logs() as said:
        assert heads.witnessed_heads(founded.bench.engine, [key]) == []
    assert [each["event"] for each in said] == ["witness_not_reached"]
    heads.refuse_if_witnesses_know_more(founded.bench.engine, [key])


def test_nobody_is_asked_without_witnesses(founded: Founded) -> None:
    """A log without witnesses starts without a word to anybody."""

    def called(_address: str) -> Reply:
        raise AssertionError(DEAD)

    assert heads.witnessed_heads(founded.bench.engine, [founded.bench.key.verifier()], get=called) == []
    with pytest.raises(NoAnswer):
        calling.get(DEAD)


def test_the_published_checkpoint_is_a_head(founded: Founded) -> None:
    """T1: read with the log's key, or not at all."""
    key, published = founded.bench.key.verifier(), founded.bench.folder / "published-checkpoint"
    assert heads.published_head(published, [key]) is None
    size = founded.bench.sequencer.run_once().size
    head = heads.published_head(published, [key])
    assert head is not None
    assert (head.known_to, head.size) == (heads.PUBLISHED, size)
    heads.refuse_if_behind(founded.bench.engine, [head, Head("kpk", 0, root([]))])
    published.write_text("nonsense")
    with pytest.raises(PublishedAltered):
        heads.published_head(published, [key])


def test_a_retired_key_is_none_that_may_tell(founded: Founded) -> None:
    """K1: of the keys, newest first, those older than what signed the published checkpoint are left out."""
    published, now = founded.bench.folder / "published-checkpoint", founded.bench.key.verifier()
    newer, older = (SigningKey.generate(now.name).verifier() for _ in range(2))
    keys = (newer, now, older)
    assert heads.not_retired(published, keys) == (newer,)
    founded.bench.sequencer.run_once()
    assert heads.not_retired(published, keys) == (newer, now)
