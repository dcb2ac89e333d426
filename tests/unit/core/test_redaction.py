"""What never reaches a log line, however it is written, and what stays readable (P6)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core.money import Rupiah
from aid_ledger.core.redaction import DEPTH_LIMIT, REDACTED, redact, redact_text

NIK = "3216070101900000"

# What is never part of a secret here, so that neighbours do not run into it.
beside = st.text("abc ,;:()'\"/", max_size=5)


@pytest.mark.parametrize(
    "secret",
    [
        NIK,
        "3216 0701 0190 0000",
        "3216-0701-0190-0000",
        "321607 010190 0000",
        "32.16.07.01.01.90.0000",
        "081234567890",
        "0812-3456-7890",
        "0812 3456 789",
        "+6281234567890",
        "+62 812-3456-7890",
        "6281234567890",
        "(021) 8901234",
        "0251-8312345",
        "1234567890",
        "1234567890123456789",
        "9" * 40,
    ],
)
@pytest.mark.parametrize("sentence", ["{}", "duplicate {} found", "nik={},", "NIK{}.", "('{}', 5)"])
def test_a_number_of_a_person_is_taken_out_of_text(secret: str, sentence: str) -> None:
    """Cheat: grep the logs for a neighbour."""
    text = redact_text(sentence.format(secret))

    assert REDACTED in text
    assert secret not in text
    assert sum(character.isdigit() for character in text) <= 1


@given(beside, st.from_regex(r"[0-9]{16}", fullmatch=True), beside)
def test_no_run_of_sixteen_digits_survives_anywhere(before: str, digits: str, after: str) -> None:
    """Law P6: whatever stands beside it, as text, as a key, in a list, in a mapping."""
    text = before + digits + after

    assert digits not in redact_text(text)
    assert digits not in redact_text(text, is_amount=True)
    assert digits not in repr(redact("rows", [{"x": (text, {text})}, {text: text}]))


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "otp",
        "totp_secret",
        "otpCode",
        "code",
        "recovery_code",
        "api_token",
        "csrf_token",
        "X-CSRF-Token",
        "Authorization",
        "session_cookie",
        "PIN",
        "nik",
        "head_nik",
        "no_kk",
        "phone",
        "nomor_rekening",
        "account_number",
        "private_key",
        "database_dsn",
    ],
)
@pytest.mark.parametrize("value", ["492817", 492817, 4.5, ["a"], {"a": 1}, b"a"], ids=repr)
def test_what_is_called_a_secret_is_one(key: str, value: object) -> None:
    """Cheat: a short code is no long number; its name gives it away."""
    assert redact(key, value) == REDACTED
    assert redact("form", {key: value}) == {key: REDACTED}


@pytest.mark.parametrize(
    "text",
    [
        "login failed: password=hunter2",
        'verify(otp="hunter2", batch=5)',
        "{'token': 'hunter2'}",
        "GET /receipts?token=hunter2&page=2",
        "kata sandi: hunter2",
        "PIN = hunter2",
        "api_key=hunter2",
        "Authorization: Bearer hunter2",
        "postgresql+psycopg://ledger:hunter2@db.kota.example/ledger",
        "IntegrityError\n[SQL: INSERT INTO t]\n[parameters: ('hunter2', '[x]')]\n(Background on this error)",
        "DETAIL:  Failing row contains (7, hunter2, null).",
        "DETAIL:  Key (login)=(hunter2) already exists.",
        'CONTEXT:  COPY people, line 3, column name: "hunter2"',
    ],
)
def test_secrets_spoken_in_text_are_taken_out(text: str) -> None:
    """Cheat: the exception quotes what the page hid: parameters, rows, keys, addresses."""
    redacted = redact_text(text)

    assert "hunter2" not in redacted
    assert REDACTED in redacted


@pytest.mark.parametrize(
    "text",
    [
        "batch_submitted",
        "BTC-2026-000123-3 sent",
        "2026-11-22T05:49:00.123456Z",
        "2026-11-22 05:49:00,081",
        "Rp1.234.567.890",
        "127.0.0.1:8000 200 5121",
        "PIN changed by operator",
        "0c6e3c4d9a1b4c3fa1234567890123ef",
        "550e8400-e29b-41d4-a716-446655440000",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "[SQL: SELECT 1]\n(Background on this error at: sqlalche.me/e/21/e3q8)",
    ],
)
def test_what_names_no_person_stays(text: str) -> None:
    """Law: a log nobody can read is none; references, times, digests and act ids stay."""
    assert redact_text(text) == text


@given(st.uuids(version=4))
def test_an_act_can_always_be_followed(act: uuid.UUID) -> None:
    """Law: the act id in a log line is the one in the ledger, though it may hold long runs of digits."""
    if any(character in "abcdef" for character in act.hex):
        assert redact("act", act.hex) == act.hex
        assert redact_text(f"act {act} failed") == f"act {act} failed"


def test_thirty_two_digits_are_no_digest() -> None:
    """Cheat: two NIKs written together to look like an act id."""
    assert redact_text(NIK * 2) == REDACTED
    assert NIK not in redact_text("x" + NIK * 2 + "a")


@pytest.mark.parametrize("key", ["total_idr", "amount", "size_bytes", "line_count", "balanceIdr"])
def test_sums_stay_readable_where_sums_are_meant(key: str) -> None:
    """Law: 1.2 billion rupiah under an amount's name is no account; sixteen digits are still a NIK."""
    assert redact(key, 1_250_000_000) == 1_250_000_000
    assert redact(key, "6281234567890") == "6281234567890"
    assert repr(redact(key, Rupiah(1_250_000_000))) == "Rupiah(1250000000)"
    assert redact(key, int(NIK)) == REDACTED
    assert redact(key, f"{NIK} 0812-3456-7890 {'1' * 25}") == f"{REDACTED} {REDACTED} {REDACTED}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (-123456, -123456),
        (int(NIK), REDACTED),
        (0.25, 0.25),
        (-3216070101900000.0, REDACTED),
        (b"abc", "[3 bytes]"),
        (bytearray(2), "[2 bytes]"),
        pytest.param(memoryview(b"x"), "[1 bytes]", id="memoryview"),
        (("a", 1), ["a", 1]),
        (ValueError(NIK), f"ValueError('{REDACTED}')"),
    ],
    ids=repr,
)
def test_every_kind_of_value_is_answered(value: Any, expected: object) -> None:  # noqa: ANN401 - every type is the test
    """Law: numbers stay numbers where they may; objects are shown by their redacted repr, bytes never."""
    assert redact("value", value) == expected


def test_flags_and_nothing_are_no_secrets() -> None:
    """Law: that a password was given at all may be said."""
    assert redact("has_password", value=True) is True
    assert redact("password", None) is None


@pytest.mark.parametrize("key", ["error_code", "region_code", "status_code", "exit_code"])
def test_codes_that_open_nothing_stay(key: str) -> None:
    """Law: `error_code="batch.not_draft"` is what support asks for."""
    assert redact(key, "batch.not_draft") == "batch.not_draft"


def test_what_lies_too_deep_is_taken_out_whole() -> None:
    """Law: a ring of values ends, and nothing hides below."""
    ring: list[object] = ["top"]
    ring.append(ring)
    shown = redact("ring", ring)

    assert repr(shown).count("top") == DEPTH_LIMIT
    assert repr(shown).endswith(f"'{REDACTED}'" + "]" * DEPTH_LIMIT)
