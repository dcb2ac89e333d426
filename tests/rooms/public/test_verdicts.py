"""Five answers, promised to the public: their words, and which failed check leads to which of them."""

from __future__ import annotations

import pytest

from aid_ledger.public import verdicts
from aid_ledger.public.verdicts import Finding, Reason, Verdict


def test_the_words_are_exactly_the_promised_ones() -> None:
    """Citizens learn these five from posters; no page may say a sixth."""
    assert {verdict.value for verdict in Verdict} == {
        "Asli",
        "Asli, tetapi sudah dibatalkan",
        "Asli, tetapi sudah diganti",
        "Tidak asli",
        "Tidak dapat diperiksa",
    }


@pytest.mark.parametrize(
    ("rule", "verdict", "reason"),
    [
        ("receipt.changed", Verdict.FALSE, Reason.CHANGED),
        ("receipt.certificate", Verdict.FALSE, Reason.SIGNATURE),
        ("receipt.digest", Verdict.FALSE, Reason.LOG),
        ("proof.size", Verdict.FALSE, Reason.LOG),
        ("signature", Verdict.FALSE, Reason.LOG),
        ("receipt.time", Verdict.FALSE, Reason.TIME),
        ("receipt.xref", Verdict.FALSE, Reason.NOT_OURS),
        ("receipt.unreadable", Verdict.FALSE, Reason.NOT_OURS),
        ("anything.else", Verdict.FALSE, Reason.NOT_OURS),
        ("receipt.root", Verdict.UNDECIDED, Reason.NO_ROOT),
        ("entry.unknown_kind", Verdict.UNDECIDED, Reason.FAULT),
    ],
)
def test_a_failed_check_is_never_genuine(rule: str, verdict: Verdict, reason: Reason) -> None:
    """Checks that fail through the file make it false; those that fail through us decide nothing."""
    assert verdicts.of_rule(rule) == Finding(verdict, reason)


def test_only_three_answers_are_genuine() -> None:
    """What follows a genuine answer on the page (fields, proof) must follow no other."""
    genuine = {verdict for verdict in Verdict if Finding(verdict).is_genuine}
    assert genuine == {Verdict.GENUINE, Verdict.CANCELLED, Verdict.REPLACED}


def test_every_reason_is_a_sentence() -> None:
    """A citizen is told what happened, whole."""
    assert all(reason.value.endswith(".") for reason in Reason if reason is not Reason.NONE)
