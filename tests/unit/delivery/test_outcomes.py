"""What channels say, read as our own outcomes: nothing uncertain is ever taken for a failure or a success."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.delivery import outcomes
from aid_ledger.delivery.outcomes import Outcome, outcome_of

FINAL = {outcomes.DELIVERED, outcomes.FAILED}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("SUCCESS", "2001700", Outcome.SUCCESS),
        ("00", "2003600", Outcome.SUCCESS),
        ("berhasil", "", Outcome.SUCCESS),
        ("SUCCESS", "00", Outcome.SUCCESS),
        ("", "U000", Outcome.SUCCESS),
        ("PENDING", "2001700", Outcome.PENDING),
        ("03", "2003600", Outcome.PENDING),
        ("", "2021800", Outcome.PENDING),
        ("ACTC", "", Outcome.PENDING),
        ("", "5041800", Outcome.UNKNOWN),
        ("", "5001801", Outcome.UNKNOWN),
        ("", "U900", Outcome.UNKNOWN),
        ("KSTS", "K000", Outcome.UNKNOWN),
        ("FAILED", "4041711", Outcome.ACCOUNT_INVALID),
        ("FAILED", "4031709", Outcome.ACCOUNT_DORMANT),
        ("FAILED", "4031718", Outcome.ACCOUNT_INACTIVE),
        ("GAGAL", "NAME_MISMATCH", Outcome.NAME_MISMATCH),
        ("RJCT", "U124", Outcome.BANK_NOT_SUPPORTED),
        ("RJCT", "U155", Outcome.SUSPECTED_FRAUD),
        ("06", "", Outcome.REJECTED),
        ("FAILED", "BANK-17", Outcome.REJECTED),
        ("04", "", Outcome.CANCELED),
        ("RECIPIENT_MOVED", "", Outcome.RECIPIENT_MOVED),
    ],
)
def test_a_plain_answer_is_read_as_it_stands(status: str, code: str, expected: Outcome) -> None:
    """DOMAIN codes of SNAP BI, BI-FAST and words, each as one outcome."""
    assert outcome_of(status, code) is expected


@pytest.mark.parametrize("code", ["4041718", "4091700", "4091701", "U149"])
@pytest.mark.parametrize("status", ["SUCCESS", "FAILED", ""])
def test_a_duplicate_reference_proves_nothing(status: str, code: str) -> None:
    """The idempotence trap of SNAP BI: the same code means paid for one service and not paid for another."""
    assert outcome_of(status, code) is Outcome.DUPLICATE_REFERENCE


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("SUCCESS", "4041711"),
        ("FAILED", "2001700"),
        ("FAILED", "00"),
        ("SUCCESS", "BANK-17"),
        ("TERKIRIM", "2001700"),
        ("TERKIRIM", "4041711"),
        ("TERKIRIM", ""),
        ("", "BANK-17"),
        ("", ""),
    ],
)
def test_an_answer_that_disagrees_with_itself_is_not_believed(status: str, code: str) -> None:
    """The cheat of a SUCCESS glued to a failure, and words nobody agreed on."""
    assert outcome_of(status, code) is Outcome.UNKNOWN


@pytest.mark.parametrize("finding", sorted(outcome.name for outcome in outcomes.OUR_FINDINGS))
def test_a_channel_cannot_speak_our_findings(finding: str) -> None:
    """A line is held by our comparison, never by a channel's word for it."""
    assert outcome_of(finding, "") is Outcome.UNKNOWN
    assert outcome_of("", finding) is Outcome.UNKNOWN


def test_every_case_of_snap_is_read() -> None:
    """The 34 response codes of the bulk and transfer services: none is new to us, and only 200 is a success."""
    assert len(outcomes.SNAP) == 34
    for short, outcome in outcomes.SNAP.items():
        assert outcome_of("", f"{short[:3]}17{short[3:]}") is outcome
        assert (outcome is Outcome.SUCCESS) == short.startswith("200")
        if short.startswith("5"):
            assert outcome is Outcome.UNKNOWN


def test_no_two_outcomes_share_their_words() -> None:
    """Two members of one value would be one: an outcome lost in silence."""
    assert len({outcome.value for outcome in Outcome}) == len(Outcome.__members__)


@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_said_is_read_as_some_outcome(status: str, code: str) -> None:
    """No word of a channel stops an import; what is not a known word of success is never a success."""
    outcome = outcome_of(status, code)
    assert outcome in Outcome
    if outcome is Outcome.SUCCESS:
        said = {status.strip().upper(), code.strip().upper()}
        assert any(word in outcomes.WORDS or word in outcomes.BI_FAST or word.strip("0") == "" for word in said)
