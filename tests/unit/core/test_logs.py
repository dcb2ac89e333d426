"""What is written to the log of the program: one line each, about an act, without a person."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from aid_ledger.core import clock, logs

NIK = "3216070101900000"
NAME = "Siti Contoh"
NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Configure production logging into a string, and put the root logger back afterwards."""
    root = logging.getLogger()
    former = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(is_production=True, stream=stream)
    try:
        yield stream
    finally:
        root.handlers, root.level = former
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_nothing_personal_is_written_however_it_is_said(written: io.StringIO) -> None:
    """Cheat P6: grep the program's log for a NIK, a phone, a password, an account."""
    log = logs.get("aid_ledger.recipients")

    log.info("found %s", NIK)
    log.info(NIK, seen=NIK)
    log.info("found", row={"cells": [NIK, {"phone": "0812"}]}, otp="492817", account="1234567890")
    logging.getLogger("gunicorn.error").warning("GET /people/%s?token=hunter2", NIK)
    logging.getLogger("gunicorn.access").warning("%(path)s", {"path": NIK})
    with logs.about(act="a" * 32, request=NIK):
        log.info("bound")
    log.bind(login="hunter2", password="hunter2").info("signed_in", login=None)

    assert len(_lines(written)) == 7
    for secret in (NIK, "0812", "492817", "1234567890", "hunter2"):
        assert secret not in written.getvalue()


def test_exceptions_are_told_without_what_they_quote(written: io.StringIO) -> None:
    """Cheat P6: a failing statement prints its parameters; neither structlog nor logging may pass them on."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(OperationalError) as failed:
        connection.execute(text("SELECT :name FROM nowhere"), {"name": NAME})
    engine.dispose()

    logs.get("aid_ledger.web").error("page_failed", exc_info=failed.value)
    logging.getLogger("sqlalchemy.engine").error("failed", exc_info=failed.value)

    for line in _lines(written):
        assert "no such table: nowhere" in line["exception"]
        assert "Traceback" in line["exception"]
    assert len(_lines(written)) == 2
    assert NAME not in written.getvalue()


def test_a_line_says_when_where_and_about_which_act(written: io.StringIO) -> None:
    """Law: UTC, logger, level, act; in one line of JSON."""
    with clock.frozen(NOON), logs.about(act="0c6e3c4d9a1b4c3fa1234567890123ef", request="r-7"):
        logs.get("aid_ledger.disbursement").info("batch_submitted", batch="BTC-2026-000123-3", total_idr=7_500_000_000)
    logs.get("aid_ledger.disbursement").info("after")

    first, second = _lines(written)
    assert first == {
        "event": "batch_submitted",
        "logger": "aid_ledger.disbursement",
        "level": "info",
        "at": "2026-11-22T12:00:00.000000Z",
        "act": "0c6e3c4d9a1b4c3fa1234567890123ef",
        "request": "r-7",
        "batch": "BTC-2026-000123-3",
        "total_idr": 7_500_000_000,
    }
    assert "act" not in second


def test_one_threads_act_is_not_anothers(written: io.StringIO) -> None:
    """Law: what a worker says is never laid to the act of its neighbour."""
    log = logs.get("aid_ledger.jobs")
    with logs.about(act="mine"):
        thread = threading.Thread(target=lambda: log.info("elsewhere"))
        thread.start()
        thread.join()
        log.info("here")

    assert [line.get("act") for line in _lines(written)] == [None, "mine"]


@pytest.mark.parametrize("name", logs.LIBRARIES)
def test_libraries_speak_through_our_redaction_only(written: io.StringIO, name: str) -> None:
    """Cheat P6: a library's own handler writes past the redaction; configuring again takes it away."""
    aside = io.StringIO()
    logging.getLogger(name).addHandler(logging.StreamHandler(aside))
    logging.getLogger(name).propagate = False

    logs.configure(is_production=True, stream=written)
    logging.getLogger(name).error("seen %s", NIK)

    assert aside.getvalue() == ""
    assert [(line["logger"], line["event"]) for line in _lines(written)] == [(name, "seen [redacted]")]


def test_warnings_are_lines_too(written: io.StringIO) -> None:
    """Law: nothing goes to standard error beside the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"odd row {NIK}", UserWarning, stacklevel=1)

    (line,) = _lines(written)
    assert line["logger"] == "py.warnings"
    assert NIK not in line["event"]


def test_what_is_below_the_level_is_not_said(written: io.StringIO) -> None:
    """Law: debug lines stay out of production; those are where people hide in."""
    logs.get("aid_ledger.web").debug("form", nik=NIK)
    logging.getLogger("sqlalchemy.engine").debug("row")

    assert written.getvalue() == ""


def test_in_development_lines_are_for_reading_and_redacted_as_well(written: io.StringIO) -> None:
    """Law P6: development logs land in tickets and screenshots."""
    logs.configure(is_production=False, stream=written, level=logging.DEBUG)
    log = logs.get("aid_ledger.web")

    log.debug("form_read", nik=NIK, row=[NIK])
    try:
        int(NIK + "x")
    except ValueError:
        log.exception("failed")

    assert "form_read" in written.getvalue()
    assert "Traceback" in written.getvalue()
    assert NIK not in written.getvalue()
    with pytest.raises(json.JSONDecodeError):
        _lines(written)


def test_without_a_stream_it_is_standard_error(written: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    """Law: standard output belongs to the command's answer."""
    logs.configure(is_production=True)
    logs.get("aid_ledger.cli").info("begun")

    shown = capsys.readouterr()
    assert (shown.out, json.loads(shown.err)["event"], written.getvalue()) == ("", "begun", "")
