"""Telling a small log made of facts alone, and asking what replay says: no code of the agency is used."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any, cast

from audit import merkle
from audit.entry import Actor, Entry
from audit.errors import Finding
from audit.facts import Fact, money, paying
from audit.replay import Replay
from audit.replay.batches import line_leaf

DAY = dt.date(2021, 8, 5)
NOW = dt.datetime(2021, 8, 5, 3, 0, tzinfo=dt.UTC)
SINCE = dt.date(2021, 1, 4)
BEGAN = dt.datetime(2021, 1, 4, 3, 0, tzinfo=dt.UTC)
"""The day of the founding; everything else is of `DAY`."""
COMMITMENT = "A" * 43


@dataclasses.dataclass(frozen=True)
class Said:
    """One fact, who recorded it, in which act and when, and the rows it explains."""

    fact: Fact
    who: str
    act: str
    at: dt.datetime = NOW
    on: dt.date = DAY
    rows: dict[str, dict[str, str | None]] = dataclasses.field(default_factory=dict)
    actor: Actor | None = None

    def but(self, **changes: Any) -> Said:  # noqa: ANN401 - fields of any fact
        """Give the same fact with something changed."""
        return dataclasses.replace(self, fact=dataclasses.replace(cast("Any", self.fact), **changes))

    def by(self, who: str) -> Said:
        """Give the same fact recorded by somebody else."""
        return dataclasses.replace(self, who=who)


Story = dict[str, list[Said]]
"""What happened, step by step under names, in order."""


def said(who: str, *facts: Fact, at: dt.datetime = NOW, on: dt.date = DAY) -> list[Said]:
    """Put facts into one act."""
    act = uuid.uuid4().hex
    return [Said(fact, who, act, at, on) for fact in facts]


def founded(who: str, *facts: Fact) -> list[Said]:
    """Put facts into one act on the day of the founding."""
    return said(who, *facts, at=BEGAN, on=SINCE)


def written(who: str, fact: Fact, table: str, keys: Iterable[int]) -> list[Said]:
    """Put a fact into an act of its own, explaining rows of a table."""
    rows: dict[str, dict[str, str | None]] = {table: {str(key): COMMITMENT for key in sorted(keys, key=str)}}
    return [dataclasses.replace(each, rows=rows) for each in said(who, fact)]


def digest_of(lines: Iterable[paying.FrozenLine]) -> str:
    """Hash lines into the digest of their batch."""
    root = merkle.root([merkle.leaf_hash(line_leaf(line)) for line in lines])
    return base64.urlsafe_b64encode(root).rstrip(b"=").decode()


def move(
    source: str, origin: str, target: str, amount: int, program: str = "BST", commodity: str = "IDR"
) -> money.Move:
    """Write a move between two stages of a programme; what is not allocated yet belongs to none."""
    places = {stage: "-" if stage in {"world", "received"} else program for stage in (origin, target)}
    return money.Move(f"{source}/{places[origin]}/{origin}", f"{source}/{places[target]}/{target}", commodity, amount)


def replayed(steps: Story | list[Said], *, remembers_rows: bool = False) -> Replay:
    """Replay a story; dictionaries are told in order."""
    flat = [each for part in steps.values() for each in part] if isinstance(steps, dict) else steps
    replay = Replay(remembers_rows=True) if remembers_rows else Replay()
    ordinals: dict[str, int] = {}
    for index, each in enumerate(flat):
        ordinal = ordinals.get(each.act, 0)
        ordinals[each.act] = ordinal + 1
        replay.apply(index, entry_of(each, ordinal))
    replay.finish()
    return replay


def entry_of(each: Said, ordinal: int, rows: dict[str, dict[str, str | None]] | None = None) -> Entry:
    """Put a fact into its envelope."""
    actor = Actor("official", each.who, f"OFF-{each.who}", "web") if each.who else Actor("system", "", "", "init")
    at = each.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fact = each.fact
    return Entry(
        fact.KIND,
        fact.V,
        uuid.uuid4().hex,
        each.act,
        ordinal,
        each.actor or actor,
        at,
        each.on.isoformat(),
        fact.body(),
        rows or each.rows,
    )


def broken(steps: Story | list[Said]) -> list[Finding]:
    """Replay a story and give everything it breaks."""
    return list(replayed(steps).violations)


Expected = tuple[str, str, str]
"""A rule, the step of the story that breaks it (`submit` or `submit.1`, the second entry of it), and the sentence."""


def expected(told: Story, *found: Expected) -> list[Finding]:
    """Write what is expected as findings: steps become indexes."""
    return [Finding(rule, index_of(told, step), sentence) for rule, step, sentence in found]


def index_of(told: Story, step: str) -> int:
    """Tell at which index an entry of a story lies."""
    name, _, place = step.partition(".")
    before = 0
    for each, facts in told.items():
        if each == name:
            return before + int(place or 0)
        before += len(facts)
    raise KeyError(step)
