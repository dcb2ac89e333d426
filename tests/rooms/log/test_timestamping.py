"""Asking an authority of time: one token a round, nothing kept unchecked, and whatever it does aid goes on."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from aid_ledger.app import open_office
from aid_ledger.core import clock
from aid_ledger.core.act import keeping_house
from aid_ledger.core.outside import Limits, NoAnswer, Reply
from aid_ledger.jobs import registry
from aid_ledger.log import queries, rules, timestamping
from aid_ledger.log.models import LogTimestamp, TimestampState
from aid_ledger.log.rules import NoTimeAuthority, NotSealed
from aid_ledger.log.timestamping import NO_ANSWER, STALE
from aid_ledger.settings import Settings
from tests.audit import time_authority as made
from tests.audit.time_authority import Forger
from tests.benches import Bench
from tests.builders import receipts as builders
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.timestamps import (
    Listening,
    ask,
    installed,
    kept,
    listening,
    lying,
    round_of,
    size_of,
    stamped_at,
    standing,
)
from tests.builders.web import settings_of
from tests.rooms.log.writing import define

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def office(founded: Founded, tmp_path: Path) -> Iterator[tuple[Settings, Listening]]:
    """Install an authority that runs."""
    with installed(founded, tmp_path) as found:
        yield found


@pytest.fixture
def obliging(founded: Founded) -> Iterator[tuple[Settings, Listening]]:
    """Install an authority whose clock is the product's, which tests move on."""
    with lying(founded) as found:
        yield found


def due(founded: Founded, settings: Settings, *, after: dt.timedelta = MINUTE) -> dict[str, object]:
    """Let the worker's chore look a while from now."""
    with clock.frozen(clock.now() + after):
        return dict(timestamping.ask_due(founded.bench.engine, settings))


def test_a_round_of_receipts_has_one_token(founded: Founded, obliging: tuple[Settings, Listening]) -> None:
    """Once no receipt has come for a minute the newest checkpoint is stamped, once; the next round has its own."""
    settings, server = obliging
    assert due(founded, settings) == {}
    round_of(founded)
    assert due(founded, settings, after=dt.timedelta(0)) == {}
    size = size_of(founded.bench)
    assert due(founded, settings) == {"stamped": size}
    assert due(founded, settings, after=HOUR) == {}
    assert [kind for kind, _ in server.asked] == ["application/timestamp-query"]
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    founded.bench.sequencer.run_once()
    assert due(founded, settings, after=HOUR) == {}
    round_of(founded)
    second = size_of(founded.bench)
    assert due(founded, settings) == {"stamped": second}
    assert list(kept(founded.bench)) == [size, second]
    found = standing(founded, settings)
    assert found.newest is not None
    assert (found.newest[0], found.fault, found.misses, found.is_alarming) == (second, "", 0, False)
    assert_log_agrees(founded.bench)


def test_receipts_that_never_stop_coming_are_stamped_within_the_hour(
    founded: Founded, obliging: tuple[Settings, Listening]
) -> None:
    """A field office that issues one every half minute would otherwise never have a token."""
    settings, _ = obliging
    round_of(founded)
    with clock.frozen(clock.now() + HOUR - dt.timedelta(seconds=30)):
        round_of(founded)
        assert timestamping.ask_due(founded.bench.engine, settings) == {}
    assert due(founded, settings, after=HOUR) == {"stamped": size_of(founded.bench)}


def test_what_is_not_sealed_is_not_stamped(founded: Founded, obliging: tuple[Settings, Listening]) -> None:
    """Receipts beyond the newest checkpoint wait for theirs; a log without any has nothing to stamp."""
    settings, server = obliging
    sent = builders.delivered(founded, count=1)
    founded.bench.sequencer.run_once()
    before = size_of(founded.bench)
    with founded.bench.reading() as session:
        assert queries.sealed_size(session) == before
    builders.issue(founded, sent.batch)
    founded.bench.sequencer.run_once()
    assert due(founded, settings) == {"stamped": size_of(founded.bench)}
    assert len(server.asked) == 1


def test_nobody_is_asked_unless_it_is_set(founded: Founded, tmp_path: Path) -> None:
    """Off by default; an address without the certificate to believe it by is a fault, and asks nobody."""
    settings = settings_of(founded)
    round_of(founded)
    assert due(founded, settings) == {}
    with pytest.raises(NoTimeAuthority):
        ask(founded, settings)
    with listening(lambda _question: b"") as server:
        half = replace(settings, timestamp_url=server.url)
        with pytest.raises(NoTimeAuthority):
            due(founded, half)
        half.timestamp_authority_file.write_text("no certificate")
        with pytest.raises(NoTimeAuthority):
            ask(founded, half)
        assert server.asked == []
        assert standing(founded, half).newest is None


def test_an_empty_log_has_nothing_to_stamp(bench: Bench, tmp_path: Path) -> None:
    """Before the first checkpoint there is no question."""
    settings = Settings(var=tmp_path, timestamp_url="http://127.0.0.1:9")
    settings.timestamp_authority_file.write_bytes(made.CA.pem)
    assert timestamping.ask_due(bench.engine, settings) == {}
    with pytest.raises(NotSealed):
        timestamping.ask(bench.engine, settings)


NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("forger", "fault"),
    [
        (Forger(), ""),
        (Forger(at=stamped_at(NOW - 5 * MINUTE)), ""),
        (Forger(at=stamped_at(NOW + 5 * MINUTE)), ""),
        (Forger(nonce=7), "timestamp.nonce"),
        (Forger(text="other\n"), "timestamp.imprint"),
        (Forger(at=stamped_at(NOW - 5 * MINUTE - dt.timedelta(seconds=1))), STALE),
        (Forger(at=stamped_at(NOW + 5 * MINUTE + dt.timedelta(seconds=1))), "timestamp.future"),
        (Forger(clock=made.Pair(made.CLOCK.certificate, made.p256(9))), "timestamp.signature"),
        (Forger(clock=made.Pair(made.certified("Jam", made.p256(2), by=made.CA), made.p256(2))), "timestamp.purpose"),
        (
            Forger(clock=made.Pair(made.certified("J", made.p256(9), purpose=made.TIME_STAMPING), made.p256(9))),
            "timestamp.authority",
        ),
    ],
)
def test_a_lying_authority_gets_nothing_kept(founded: Founded, forger: Forger, fault: str) -> None:
    """Nonce, imprint, clock, key, purpose and pin are checked before a token is kept."""
    with clock.frozen(NOW), lying(founded, forger) as (settings, _):
        attempt = ask(founded, settings)
        assert (attempt.fault, list(kept(founded.bench))) == (fault, [] if fault else [attempt.size])
        found = standing(founded, settings)
        assert (found.fault, found.misses, found.asked_at) == (fault, 1 if fault else 0, NOW)


def test_an_authority_that_is_slow_wrong_or_away_stops_nothing(
    founded: Founded, office: tuple[Settings, Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs a note and no more time than it may; redirects lead nowhere, ten megabytes are not read."""
    settings, server = office
    monkeypatch.setattr(timestamping, "LIMITS", Limits(silence_s=0.3, deadline_s=0.5, most_bytes=33_792))
    honest = server.answer
    began = time.monotonic()
    for status, fault in ((302, "status_302"), (500, "status_500"), (204, "status_204")):
        server.status = status
        assert ask(founded, settings).fault == fault
    server.status = 200
    for answer, fault in ((b"<html>", "timestamp.form"), (b"x" * 10_000_000, NO_ANSWER), (b"", "timestamp.form")):
        server.answer = lambda _question, answer=answer: answer  # type: ignore[misc]  # bound for this turn
        assert ask(founded, settings).fault == fault
    server.answer = lambda _question: made.sequence(made.sequence(made.integer(2)))
    assert ask(founded, settings).fault == "timestamp.status"
    server.silence_s = 1.0
    assert ask(founded, settings).fault == NO_ANSWER
    assert time.monotonic() - began < 5
    assert ask(founded, replace(settings, timestamp_url="http://127.0.0.1:9")).fault == NO_ANSWER
    assert kept(founded.bench) == {}
    assert standing(founded, settings).is_alarming
    round_of(founded)
    server.silence_s, server.answer = 0.0, honest
    assert ask(founded, settings).fault == ""
    assert (standing(founded, settings).misses, standing(founded, settings).is_alarming) == (0, False)


def test_it_is_asked_again_ever_later(founded: Founded, obliging: tuple[Settings, Listening]) -> None:
    """A minute after the first miss, then twice as late each time, at most every six hours; each miss is logged."""
    settings, server = obliging
    round_of(founded)
    server.status = 503
    with capture_logs() as logged:
        assert due(founded, settings) == {"missed": "status_503"}
    assert [(each["event"], each["fault"], each["misses"]) for each in logged] == [("no_timestamp", "status_503", 1)]
    assert due(founded, settings, after=2 * MINUTE - dt.timedelta(seconds=5)) == {}
    assert due(founded, settings, after=2 * MINUTE) == {"missed": "status_503"}
    assert due(founded, settings, after=3 * MINUTE) == {}
    assert [rules.stamp_pause(misses) / MINUTE for misses in (1, 2, 3, 9, 10, 11_000)] == [1, 2, 4, 256, 360, 360]
    server.status = 200
    assert due(founded, settings, after=4 * MINUTE) == {"stamped": size_of(founded.bench)}


def test_two_workers_at_once_keep_one_token(founded: Founded, office: tuple[Settings, Listening]) -> None:
    """The second finds the first one's; a token that is kept is never written over, by nobody."""
    settings, server = office
    first = ask(founded, settings)
    token = kept(founded.bench)[first.size]
    assert ask(founded, settings).fault == ""
    assert len(server.asked) == 2
    assert kept(founded.bench) == {first.size: token}
    with pytest.raises(DBAPIError, match="append-only"):
        _write_over(founded, first.size)


def _write_over(founded: Founded, size: int) -> None:
    with keeping_house(founded.bench.engine) as session:
        session.get_one(LogTimestamp, size).token = b"other"


def test_nothing_is_asked_inside_a_transaction(founded: Founded, office: tuple[Settings, Listening]) -> None:
    """While the authority takes its time others write, on the embedded database as well."""
    settings, _ = office
    seen: list[int] = []

    def post(_address: str, _body: bytes) -> Reply:
        founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
        seen.append(1)
        raise NoAnswer

    assert timestamping.ask(founded.bench.engine, settings, post=post).fault == NO_ANSWER
    assert seen == [1]


def test_a_token_put_in_by_hand_is_none(founded: Founded, office: tuple[Settings, Listening]) -> None:
    """A superuser's row shows nowhere as proven: it is checked whenever it is read."""
    settings, _ = office
    ask(founded, settings)
    token = kept(founded.bench).popitem()[1]
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    size = founded.bench.sequencer.run_once().size
    with keeping_house(founded.bench.engine) as session:
        session.add(LogTimestamp(size=size, token=token, stamped_at=clock.now()))
    assert standing(founded, settings).newest is None
    with founded.bench.reading() as session:
        assert timestamping.over(session, size - 1, settings) is None
        assert timestamping.over(session, 0, settings) is not None
        assert timestamping.over(session, size, settings) is None
        assert timestamping.over(session, 0, settings_of(founded)) is None


def test_a_worker_asks_unasked(founded: Founded, obliging: tuple[Settings, Listening]) -> None:
    """The chore is among those every worker does."""
    settings, _ = obliging
    found = open_office(settings)
    try:
        chores = {each.name: each for each in registry(found).chores}
        round_of(founded)
        with clock.frozen(clock.now() + MINUTE):
            assert chores["ask_for_time"].do() == {"stamped": size_of(founded.bench)}
    finally:
        found.engine.dispose()


def test_the_one_row_of_notes_is_there(founded: Founded) -> None:
    """Migrated with the table, so that two workers lock the same row from the first question on."""
    with founded.bench.reading() as session:
        [state] = session.scalars(select(TimestampState))
    assert (state.id, state.fault, state.misses, state.asked_at) == (1, "", 0, None)
