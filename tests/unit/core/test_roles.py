"""Roles: their names for good, their labels for people, and the pairs nobody may hold."""

from __future__ import annotations

from itertools import combinations

import pytest

from aid_ledger.core.roles import AID_MOVING, NEVER_TOGETHER, Role, clashes


@pytest.mark.parametrize("other", [role for role in Role if role is not Role.AUDITOR])
def test_an_auditor_is_nothing_else(other: Role) -> None:
    """Law P5: oversight moves nothing, hands out nothing, and hides in no second role."""
    assert clashes([Role.AUDITOR, other]) == {frozenset({Role.AUDITOR, other})}


@pytest.mark.parametrize("mover", [role for role in Role if role in AID_MOVING])
def test_who_hands_out_roles_moves_no_aid(mover: Role) -> None:
    """Cheat 2: an admin who is also treasurer needs nobody else."""
    assert clashes([Role.ADMIN, mover]) == {frozenset({Role.ADMIN, mover})}


def test_every_forbidden_pair_of_a_person_is_named() -> None:
    """Law: the refusal lists all of it, so that the letter is corrected once."""
    assert clashes(list(Role)) == NEVER_TOGETHER
    assert len(NEVER_TOGETHER) == 6 + 5


def test_steps_of_a_small_office_may_meet_in_one_person() -> None:
    """Law 3: six people run an office; among them separation is per transaction, unless the setting says more."""
    for pair in combinations(AID_MOVING, 2):
        assert not clashes(pair)
        assert clashes(pair, {frozenset(pair)}) == {frozenset(pair)}
    assert not clashes([])
    assert not clashes([Role.AUDITOR])


def test_names_in_facts_and_labels_stay() -> None:
    """Law: golden; a role's value is in the log for ever, its label is what officials here say."""
    assert {role.value: role.label for role in Role} == {
        "operator": "Operator (PPTK)",
        "verifier": "Verifikator (PPK-SKPD)",
        "approver": "Penyetuju (PA/KPA)",
        "treasurer": "Bendahara",
        "field": "Petugas Posko",
        "auditor": "Pemeriksa",
        "admin": "Admin",
    }
