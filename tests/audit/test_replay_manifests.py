"""Replay of manifests: they count what was issued, under a checkpoint over it; none is asked twice unsaid."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from typing import Any

import pytest

from audit.errors import Finding
from audit.facts import manifests
from audit.facts.restoring import LostReceipt, ReceiptsLost
from tests.audit.replaying import receipt, story
from tests.audit.test_replay_restore import declared
from tests.audit.told import COMMITMENT, Said, Story, broken, index_of, replayed, said

LISTING = base64.urlsafe_b64encode(hashlib.sha256(f"{COMMITMENT}\n".encode()).digest()).rstrip(b"=").decode()
TWICE = base64.urlsafe_b64encode(hashlib.sha256(f"{COMMITMENT}\n".encode() * 2).digest()).rstrip(b"=").decode()


def asked(name: str = "MAN-1", **changes: Any) -> manifests.ManifestSealAsked:  # noqa: ANN401 - fields of an asking
    """Ask for the seal of the honest story's one receipt; the size is that of the log before it."""
    fact = manifests.ManifestSealAsked(
        manifest=name,
        batch="BTC-1",
        receipts=1,
        amount=300_000,
        commodity="IDR",
        listing=LISTING,
        size=SIZE,
        file=COMMITMENT,
        certifier="bsre",
        after="",
    )
    return dataclasses.replace(fact, **changes)


def sealed(name: str = "MAN-1") -> manifests.ManifestSealed:
    """Say that it was sealed."""
    return manifests.ManifestSealed(manifest=name, file=COMMITMENT)


def unknown(name: str = "MAN-1") -> manifests.ManifestSealUnknown:
    """Say that nobody knows."""
    return manifests.ManifestSealUnknown(manifest=name, reason="no_answer")


def refused(name: str = "MAN-1") -> manifests.ManifestSealRefused:
    """Say that it was refused."""
    return manifests.ManifestSealRefused(manifest=name, reason="status_401")


SIZE = sum(len(facts) for facts in story().values())
RECEIPT_AT = index_of(story(), "receipt")


def told(*facts: object, who: str = "treasurer") -> Story:
    """Tell the honest story and these facts, each an act of its own."""
    return {**story(), **{f"m{place}": said(who, fact) for place, fact in enumerate(facts)}}  # type: ignore[arg-type] # facts


def found(*facts: object) -> list[tuple[str, int | None, str]]:
    """Give what these facts break, by their places among them."""
    return [
        (each.rule, None if each.index is None else each.index - SIZE, each.sentence) for each in broken(told(*facts))
    ]


def test_an_honest_seal_breaks_nothing() -> None:
    """Asked and sealed; refused and asked again; unknown, or never concluded, and asked again by name."""
    assert found(asked(), sealed()) == []
    assert found(asked(), refused(), asked("MAN-2"), sealed("MAN-2")) == []
    assert found(asked(), unknown(), asked("MAN-2", after="MAN-1"), sealed("MAN-2")) == []
    assert found(asked(), asked("MAN-2", after="MAN-1"), sealed("MAN-2")) == []
    state = replayed(told(asked(), unknown(), asked("MAN-2", after="MAN-1"), refused("MAN-2"))).state
    assert {name: each.state for name, each in state.manifests.items()} == {"MAN-1": "unknown", "MAN-2": "refused"}


def test_receipts_that_came_later_are_sealed_anew() -> None:
    """A second receipt makes another list; one that takes another's place adds no amount."""
    more = said("treasurer", receipt("r1.2"))
    facts = {**told(asked(), sealed()), "more": more}
    size = SIZE + 3
    again = asked("MAN-2", receipts=2, listing=TWICE, size=size)
    rules = [each.rule for each in broken({**facts, "again": said("treasurer", again)})]
    assert [rule for rule in rules if rule.startswith("manifest")] == []
    doubled = dataclasses.replace(again, amount=600_000)
    rules = [each.rule for each in broken({**facts, "again": said("treasurer", doubled)})]
    assert "manifest.receipts" in rules


@pytest.mark.parametrize(
    ("changes", "rule", "sentence"),
    [
        ({"receipts": 2}, "receipts", "manifest MAN-1 states (2, 300000), issued were (1, 300000), or other ones"),
        ({"amount": 1}, "receipts", "manifest MAN-1 states (1, 1), issued were (1, 300000), or other ones"),
        ({"listing": TWICE}, "receipts", "manifest MAN-1 states (1, 300000), issued were (1, 300000), or other ones"),
        ({"commodity": "BERAS"}, "other", "manifest MAN-1 names another commodity than its batch"),
        ({"size": SIZE + 1}, "size", f"manifest MAN-1 names a checkpoint of {SIZE + 1} entries: not over its receipts"),
        (
            {"size": RECEIPT_AT},
            "size",
            f"manifest MAN-1 names a checkpoint of {RECEIPT_AT} entries: not over its receipts",
        ),
        ({"after": "MAN-0"}, "again", "manifest MAN-1 is asked for after MAN-0, open is none"),
    ],
)
def test_a_manifest_states_what_was_issued(changes: dict[str, Any], rule: str, sentence: str) -> None:
    """Another count, sum, list, commodity or checkpoint than the log's own."""
    assert found(asked(**changes)) == [(f"manifest.{rule}", 0, sentence)]


def test_the_smallest_checkpoint_is_the_one_over_the_last_receipt() -> None:
    """One entry later than the receipt's place."""
    assert found(asked(size=RECEIPT_AT + 1)) == []


def test_a_batch_without_receipts_has_no_manifest() -> None:
    """Nor has one that nobody drafted."""
    nothing = base64.urlsafe_b64encode(hashlib.sha256().digest()).rstrip(b"=").decode()
    empty = asked(batch="BTC-9", receipts=0, amount=0, listing=nothing)
    assert found(empty) == [("manifest.empty", 0, "manifest MAN-1: BTC-9 has no receipts")]


def test_a_certifier_is_not_asked_twice_unsaid() -> None:
    """An open asking is named; a sealed list is not sealed again; a name is used once."""
    open_is = ("manifest.again", 2, "manifest MAN-2 is asked for after none, open is MAN-1")
    assert found(asked(), unknown(), asked("MAN-2")) == [open_is]
    assert found(asked(), asked("MAN-2")) == [(open_is[0], 1, open_is[2])]
    assert found(asked(), refused(), asked("MAN-2", after="MAN-1")) == [
        ("manifest.again", 2, "manifest MAN-2 is asked for after MAN-1, open is none")
    ]
    assert found(asked(), sealed(), asked("MAN-2")) == [
        ("manifest.sealed", 2, "manifest MAN-1 of the same receipts is sealed already")
    ]
    assert found(asked(), refused(), asked()) == [("manifest.twice", 2, "manifest MAN-1 was there already")]


@pytest.mark.parametrize("outcome", [sealed, unknown, refused])
def test_an_outcome_is_of_an_asking(outcome: object) -> None:
    """Of one that waits, once, by whoever asked."""
    conclude = outcome
    assert callable(conclude)
    unasked = "manifest MAN-1 waits for no outcome"
    assert found(conclude()) == [("manifest.unasked", 0, unasked)]
    assert found(asked(), conclude(), conclude()) == [("manifest.unasked", 2, unasked)]


def test_who_asked_says_what_came_of_it() -> None:
    """Another treasurer was not there."""
    facts = told(asked())
    facts["other"] = said("operator", sealed())
    assert ("manifest.hand", SIZE + 1, "manifest MAN-1 was asked for by treasurer") in [
        (each.rule, each.index, each.sentence) for each in broken(facts)
    ]


def test_only_a_treasurer_asks() -> None:
    """The table of authority names the role."""
    assert [each.rule for each in broken(told(asked(), who="operator"))] == ["authority.role"]


def restored(before: Story, *facts: object) -> list[Finding]:
    """Restore a database that forgot the last entries, then go on."""
    lost = ReceiptsLost(lost=(LostReceipt("r1", "BTC-1", 300_000),))
    restore: list[Said] = said("admin2", declared(before, lost=3), lost)
    after = {f"after {place}": said("treasurer", fact) for place, fact in enumerate(facts)}  # type: ignore[arg-type] # facts
    return [each for each in broken({**before, "restore": restore, **after}) if each.rule.startswith("manifest")]


def test_what_a_restored_database_forgot_may_be_asked_again() -> None:
    """The list is torn and is not held any more; the name of a forgotten manifest comes again."""
    before = told(asked(), sealed())
    again = asked(size=SIZE + 5, receipts=9)
    assert restored(before, receipt("r1"), again) == []
