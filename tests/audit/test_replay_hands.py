"""Replay of whose hands a waiting batch is in: who took any step of it resets nobody's factors until it has ended."""

from __future__ import annotations

import pytest

from audit.facts import officials, paying
from tests.audit.lies import YESTERDAY, actor, both, hands_over, on, promoted, put_before, until
from tests.audit.replaying import story
from tests.audit.told import Said, Story, broken, expected, move, said

FREED = (move("APBD-1", "reserved", "allocated", 600_000),)
REJECTED = paying.BatchRejected(batch="BTC-1", step="verify", outcome="rejected", reason="daftar salah", moves=FREED)


def reset_by(who: str) -> list[Said]:
    """Let the first administrator ask for a reset and another official grant it."""
    asked = officials.FactorResetRequested(reset="RST-1", official="approver2", factor="device", decree="SK 9")
    granted = officials.FactorResetGranted(reset="RST-1", official="approver2", factor="device", requested_by="admin")
    return said("admin", asked) + said(who, granted)


def yesterday(told: Story, who: str) -> Story:
    """Let everything so far be of yesterday, and a participant be an administrator from today on."""
    done = [step for step in told if step != "people"]
    return both(hands_over(who, "admin"), on(YESTERDAY, *done))(told)


@pytest.mark.parametrize(("step", "who"), [("submit", "operator"), ("verify", "verifier"), ("approve", "approver")])
def test_who_took_a_step_of_what_waits_decides_no_reset(step: str, who: str) -> None:
    """THREATS 2: a factor reset by a participant would let the participant approve."""
    told = yesterday(until(step)(story()), who) | {"reset": reset_by(who)}
    sentence = f"{who} has a hand in BTC-1, which waits"
    assert broken(told) == expected(told, ("factor.reset_entangled", "reset.1", sentence))


def test_who_only_drafted_what_waits_decides_no_reset() -> None:
    """THREATS 2: a draft is a hand in it, whoever submitted it."""
    told = put_before(until("submit")(story()), "draft", "grants", promoted("verifier2", "operator"))
    told = yesterday(actor("submit", "verifier2")(told), "operator") | {"reset": reset_by("operator")}
    sentence = "operator has a hand in BTC-1, which waits"
    assert broken(told) == expected(told, ("factor.reset_entangled", "reset.1", sentence))


@pytest.mark.parametrize(
    "ended",
    [
        [],
        said("verifier", REJECTED),
        said("operator", paying.BatchCancelled(batch="BTC-1", reason="salah sekali", moves=FREED)),
    ],
    ids=["sent", "rejected", "cancelled"],
)
def test_a_batch_that_has_ended_binds_nobody(ended: list[Said]) -> None:
    """Sent, rejected or withdrawn, it waits for no code any more; its maker may decide on a reset."""
    told = until("submit" if ended else "send")(story())
    told |= {"ended": ended}
    told = yesterday(told, "operator") | {"reset": reset_by("operator")}
    assert broken(told) == []
