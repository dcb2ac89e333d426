"""The one clock: aware, in UTC, written one way, and still when a test says so."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core import clock

# Hypothesis draws naive bounds and puts a zone on what it gives; one day of margin keeps UTC within the calendar.
EARLIEST = dt.datetime(1, 1, 2, tzinfo=dt.UTC).replace(tzinfo=None)
LATEST = dt.datetime(9999, 12, 30, tzinfo=dt.UTC).replace(tzinfo=None)
instants = st.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=st.timezones())

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T05:49:00Z",
        "2026-11-22T05:49:00.123Z",
        "2026-11-22T05:49:00.123456",
        "2026-11-22T05:49:00.123456+00:00",
        "2026-11-22 05:49:00.123456Z",
        "2026-11-22t05:49:00.123456z",
        "2026-02-30T05:49:00.123456Z",
        "2026-11-22T05:49:00.123456Z\n",
        "\u0662\u0660\u0662\u0666-11-22T05:49:00.123456Z",
    ],
)
def test_only_one_way_of_writing_an_instant_is_read(text: str) -> None:
    """Law: two texts never mean one instant in the log."""
    with pytest.raises(ValueError, match=r"instant|day"):
        clock.parse_instant(text)


def test_a_time_without_zone_is_refused() -> None:
    """Law: a naive time has decided nothing."""
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(TypeError):
        clock.instant_text(naive)
    with pytest.raises(TypeError), clock.frozen(naive):
        pass
    with clock.frozen(NOON) as still, pytest.raises(TypeError):
        still.move_to(naive)


def test_an_instant_has_six_digits_and_z() -> None:
    """Law: the log's form, whatever zone the time came in."""
    jakarta = dt.timezone(dt.timedelta(hours=7))

    assert clock.instant_text(dt.datetime(2026, 11, 22, 12, 49, 0, 123456, jakarta)) == "2026-11-22T05:49:00.123456Z"
    assert clock.instant_text(NOON) == "2026-11-22T12:00:00.000000Z"


@given(instants, instants)
def test_instants_survive_text_and_sort_as_text(one: dt.datetime, other: dt.datetime) -> None:
    """Law: text and time are one order, so that the embedded database sorts rightly."""
    texts = clock.instant_text(one), clock.instant_text(other)

    assert clock.parse_instant(texts[0]) == one.astimezone(dt.UTC)
    assert (texts[0] < texts[1]) == (one.astimezone(dt.UTC) < other.astimezone(dt.UTC))


def test_the_business_day_is_the_agencys() -> None:
    """Law: at 18:00 UTC it is tomorrow in Jakarta, and an hour earlier not yet."""
    with clock.frozen(dt.datetime(2026, 12, 31, 17, 0, tzinfo=dt.UTC)) as still:
        assert clock.today() == dt.date(2027, 1, 1)
        assert clock.today("UTC") == dt.date(2026, 12, 31)
        still.advance(seconds=-1)
        assert clock.today() == dt.date(2026, 12, 31)
        assert clock.today("Asia/Jayapura") == dt.date(2027, 1, 1)


def test_a_frozen_clock_stands_for_every_thread_and_is_put_back() -> None:
    """Law: a test's time is one time, and ends with the test, however it ends."""
    seen: list[dt.datetime] = []

    with clock.frozen(NOON) as still:
        assert still.advance(minutes=5) == clock.now()
        with clock.frozen(NOON):
            thread = threading.Thread(target=lambda: seen.append(clock.now()))
            thread.start()
            thread.join()
        assert clock.now() == NOON + dt.timedelta(minutes=5)
        still.move_to(NOON - dt.timedelta(days=1))
        assert clock.now() == NOON - dt.timedelta(days=1)

    assert seen == [NOON]
    assert clock.now() > NOON - dt.timedelta(days=365)
    assert clock.now() != NOON


def test_a_source_can_be_set_and_taken_away() -> None:
    """Law: the simulator's clock is answered in UTC; None is the machine's again."""
    clock.set_clock(lambda: dt.datetime(2020, 4, 1, 7, tzinfo=dt.timezone(dt.timedelta(hours=7))))
    try:
        assert clock.now().isoformat() == "2020-04-01T00:00:00+00:00"
    finally:
        clock.set_clock(None)
    assert clock.now().year > 2020
    assert clock.now().tzinfo is dt.UTC


def test_measured_time_does_not_stop_or_turn() -> None:
    """Law: durations are measured on a clock nobody sets."""
    with clock.frozen(NOON):
        first = clock.monotonic()
        assert clock.monotonic() >= first
