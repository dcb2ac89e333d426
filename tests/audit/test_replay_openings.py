"""THREATS 13 by replay: nobody is paid before each auditor holds the openings, and a key is set by two."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from audit.sealing import ReaderSecret
from tests.audit.lodging import ANI, BUDI, key_set, story
from tests.audit.told import DAY, Expected, Story, replayed

SECRET = ReaderSecret("inspektorat", bytes(range(32)))


def told() -> Story:
    """Tell the honest story."""
    return story(SECRET, [ANI, BUDI])[0]


def broken(steps: Story) -> list[Expected]:
    """List the broken rules of a story, each with the step that breaks it."""
    names = [name for name, facts in steps.items() for _ in facts]
    return [(each.rule, names[cast("int", each.index)], each.sentence) for each in replayed(steps).violations]


def but(step: str, **changes: Any) -> Story:  # noqa: ANN401 - fields of any fact
    """Tell the story with one fact changed."""
    steps = told()
    return {**steps, step: [each.but(**changes) for each in steps[step]]}


NOT_GIVEN = ("openings.lodged", "send", "inspektorat was not given the openings of BTC-1")


def test_the_honest_story_breaks_nothing() -> None:
    """A key proposed by one and set by another the day before, openings lodged, then the payment."""
    assert broken(told()) == []


def test_nobody_is_paid_before_the_openings_are_lodged() -> None:
    """Left out, lodged too late, lodged under an earlier digest."""
    steps = told()
    lodged = steps.pop("lodge")
    assert broken(steps) == [NOT_GIVEN]
    assert broken({**steps, "lodge": lodged}) == [NOT_GIVEN]
    other = "what was lodged is not BTC-1 as it was frozen"
    assert broken(but("lodge", digest="B" * 42 + "A")) == [("openings.other", "lodge", other), NOT_GIVEN]
    assert broken(but("lodge", lines=1)) == [("openings.other", "lodge", other)]
    assert broken(but("lodge", batch="BTC-9"))[0][0] == "openings.other"


def test_a_key_holds_from_the_next_day() -> None:
    """What was being paid while it was set is paid; the day after it is not."""
    steps = told()
    del steps["lodge"]
    assert broken({**steps, **key_set(SECRET, on=DAY)}) == []
    assert broken(steps) == [NOT_GIVEN]


def test_openings_are_sealed_to_the_key_that_was_set() -> None:
    """Another key, another auditor: whoever holds it is nobody's inspector."""
    assert broken(but("lodge", key="KEY-2")) == [
        ("openings.key", "lodge", "KEY-2 is not the key of inspektorat"),
        NOT_GIVEN,
    ]
    assert broken(but("lodge", auditor="bpkp")) == [("openings.key", "lodge", "KEY-1 is not the key of bpkp")]


@pytest.mark.parametrize("changes", [{"public": "openings+x"}, {"auditor": "bpkp"}, {"key": "KEY-2"}])
def test_a_key_is_set_as_it_was_proposed(changes: dict[str, str]) -> None:
    """What the second official saw is what the first one named."""
    key, auditor = changes.get("key", "KEY-1"), changes.get("auditor", "inspektorat")
    [first, *_others] = broken(but("set", **changes))
    assert first == ("openings.key", "set", f"{key} was not proposed as the key of {auditor}")


def test_a_key_takes_two_people_in_two_roles() -> None:
    """The administrator names it, the auditor finds it to be theirs; neither alone."""
    steps = told()
    by_admin = {**steps, "set": [each.by("admin") for each in steps["set"]]}
    assert broken(by_admin) == [
        ("authority.role", "set", "admin did AuditorKeySet without auditor"),
        ("openings.second", "set", "admin agreed to a key of their own"),
    ]
    by_nobody = {**steps, "propose": [dataclasses.replace(each, who="") for each in steps["propose"]]}
    assert ("authority.nobody", "propose", "AuditorKeyProposed was done by no official") in broken(by_nobody)


def test_a_key_is_set_once() -> None:
    """A second agreement to the same proposal is to nothing."""
    steps = told()
    again = [dataclasses.replace(each, act="f" * 32) for each in steps["set"]]
    assert broken({**steps, "again": again}) == [
        ("openings.key", "again", "KEY-1 was not proposed as the key of inspektorat")
    ]
