"""How the verifier says no: a sentence, a rule, and at most one first index."""

from __future__ import annotations

from audit.errors import AuditError, ProofFailed, UnknownKind


def test_an_error_has_a_rule_even_if_none_is_given() -> None:
    """Every class has its own, and a raiser may be more precise."""
    assert (ProofFailed("x").rule, UnknownKind("x").rule) == ("proof", "entry.unknown_kind")
    assert AuditError("said", rule="a.b").rule == "a.b"
    assert str(AuditError("said")) == AuditError("said").sentence == "said"


def test_the_first_index_stays() -> None:
    """The place nearest to the fault knows best; whoever passes it on may only fill a gap."""
    assert ProofFailed("x").at(5).index == 5
    assert ProofFailed("x", index=3).at(5).index == 3
    assert ProofFailed("x", index=0).at(5).index == 0
