"""The envelope of an entry: exactly its members, in exactly their forms, of a kind that is known (C9)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audit import canonical
from audit.entry import Actor, Entry, encode_entry, parse_entry
from audit.errors import AuditError, MalformedInput, UnknownKind
from audit.order import Order
from tests.audit.small_log import act_of, make_entry

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRY = make_entry(7)
RAW = encode_entry(ENTRY)
DIGEST = "A" * 42 + "E"
GOOD = replace(
    ENTRY,
    kind="CommodityDefined",
    body={"commodity": "beras", "unit": "kg", "public_name": "Beras"},
    rows={"commodities": {"1": DIGEST, "2": None}},
)


def bent(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the entry's bytes after a change of its members."""
    members: dict[str, Any] = canonical.parse(RAW)
    change(members)
    return canonical.encode(members)


CHANGES: list[tuple[str, dict[str, object]]] = [
    ("entry.kind", {"kind": "repairNoted"}),
    ("entry.kind", {"kind": 5}),
    ("entry.body", {"v": 0}),
    ("entry.body", {"v": True}),
    ("entry.body", {"v": "1"}),
    ("entry.body", {"body": []}),
    ("entry.id", {"id": "x" * 25}),
    ("entry.id", {"id": "x" * 37}),
    ("entry.id", {"id": "x" * 31 + "\n"}),
    ("entry.act", {"act": "A" * 32}),
    ("entry.act", {"act": "a" * 31}),
    ("entry.ordinal", {"ordinal": -1}),
    ("entry.ordinal", {"ordinal": False}),
    ("entry.ordinal", {"ordinal": 2**31}),
    ("entry.recorded_at", {"recorded_at": "2026-11-22T05:49:00.12345Z"}),
    ("entry.recorded_at", {"recorded_at": "2026-11-22T05:49:00.123456+00:00"}),
    ("entry.recorded_at", {"recorded_at": "2026-13-22T05:49:00.123456Z"}),
    ("entry.recorded_at", {"recorded_at": "2026-11-22T05:49:60.123456Z"}),
    ("entry.recorded_at", {"recorded_at": "2026-11-22T05:49:00.12345\u0666Z"}),
    ("entry.on", {"on": "2026-02-30"}),
    ("entry.on", {"on": "20261122"}),
    ("entry.on", {"on": None}),
    ("entry.rows", {"rows": []}),
    ("entry.rows", {"rows": {"commodities": {}}}),
    ("entry.rows", {"rows": {"commodities": []}}),
    ("entry.rows", {"rows": {"Commodities": {"1": None}}}),
    ("entry.rows", {"rows": {"commodities": {"": None}}}),
    ("entry.rows", {"rows": {"commodities": {"1": "A" * 43 + "="}}}),
    ("entry.rows", {"rows": {"commodities": {"1": "A" * 42 + "B"}}}),
    ("entry.rows", {"rows": {"commodities": {"1": 5}}}),
    ("entry.rows", {"rows": {"commodities": {"1": None}}}),
    ("entry.actor", {"actor": "siti"}),
    ("entry.schema", {"body": {}}),
    ("entry.schema", {"body": {"incident": "I-1", "note": "n", "document": "", "more": 1}}),
]


@pytest.mark.parametrize(("rule", "members"), CHANGES)
def test_a_bent_envelope_is_refused(rule: str, members: dict[str, object]) -> None:
    """C9: every member has one form; a fact may not explain rows of a table its kind does not declare."""
    with pytest.raises(MalformedInput) as refusal:
        parse_entry(bent(lambda entry: entry.update(members)))
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    "actor",
    [
        {"type": "official", "id": "", "office": "", "door": "web"},
        {"type": "channel", "id": "", "office": "", "door": "job"},
        {"type": "robot", "id": "x", "office": "", "door": "web"},
        {"type": "system", "id": "", "office": "", "door": "window"},
        {"type": "system", "id": "", "office": 5, "door": "job"},
        {"type": "system", "id": "x" * 201, "office": "", "door": "job"},
        {"type": "system", "id": "", "office": ""},
        {"type": "system", "id": "", "office": "", "door": "job", "more": ""},
    ],
)
def test_an_unknown_actor_is_refused(actor: dict[str, object]) -> None:
    """An official without a name, a type or a door that is not there."""
    with pytest.raises(MalformedInput) as refusal:
        parse_entry(bent(lambda entry: entry.update(actor=actor)))
    assert refusal.value.rule == "entry.actor"


def test_members_are_exactly_ten() -> None:
    """C9: one less or one more is another format."""
    for name in canonical.parse(RAW):
        with pytest.raises(MalformedInput):
            parse_entry(bent(lambda entry, name=name: entry.pop(name)))  # type: ignore[misc]
    with pytest.raises(MalformedInput):
        parse_entry(bent(lambda entry: entry.update(more=1)))


@pytest.mark.parametrize("newer", [{"kind": "NobodyKnowsThis"}, {"v": 2_000_000}])
def test_a_newer_kind_is_unknown_not_malformed(newer: dict[str, object]) -> None:
    """An old verifier says that it is old, and does not call the log bad."""
    with pytest.raises(UnknownKind):
        parse_entry(bent(lambda entry: entry.update(newer)))


def test_entries_survive_being_written() -> None:
    """What was meant is read back, rows and their deletions included."""
    for entry in (ENTRY, GOOD, replace(ENTRY, actor=Actor(type="system", id="", office="", door="job"))):
        assert parse_entry(encode_entry(entry)) == entry


def test_the_writer_refuses_what_the_reader_would() -> None:
    """No entry can be written that a verifier refuses."""
    with pytest.raises(MalformedInput):
        encode_entry(replace(ENTRY, rows={"commodities": {"1": DIGEST}}))
    with pytest.raises(UnknownKind):
        encode_entry(replace(ENTRY, v=99))


def test_every_flipped_bit_is_another_entry_or_none() -> None:
    """R1, C2: no flipped bit of an entry reads as the same entry."""
    for bit in range(len(RAW) * 8):
        raw = bytearray(RAW)
        raw[bit // 8] ^= 1 << bit % 8
        try:
            assert parse_entry(bytes(raw)) != ENTRY
        except AuditError:
            continue


def take_all(*entries: Entry) -> list[tuple[str, int | None]]:
    """Take entries in order, each as it was read; returns what came twice."""
    order = Order()
    for index, entry in enumerate(entries):
        order.take(index, parse_entry(encode_entry(entry)))
    return [(each.rule, each.index) for each in order.repeats()]


def rows_written(number: int, of: int, table: str = "commodities") -> Entry:
    """Return an entry that carries further rows of the entry at ordinal `of`."""
    return replace(make_entry(number), kind="RowsWritten", body={"of": of}, rows={table: {str(number): DIGEST}})


def test_an_id_comes_once() -> None:
    """D1: the same entry replayed, or another under its id."""
    assert take_all(make_entry(1), make_entry(2)) == []
    assert take_all(make_entry(1), replace(make_entry(2), id=make_entry(1).id)) == [("order.id_twice", 1)]
    replayed = take_all(make_entry(1), make_entry(2), make_entry(1), make_entry(2))
    assert replayed == [("order.id_twice", 2), ("order.act_twice", 2)]


def test_an_act_counts_from_zero_without_gaps() -> None:
    """Within an act no entry is left out or moved."""
    one, two, three = act_of(make_entry(1), make_entry(2), make_entry(3))
    take_all(make_entry(8), one, two, three, make_entry(9))
    for wrong in ([two], [one, three], [two, one], [one, replace(two, ordinal=0)]):
        with pytest.raises(MalformedInput) as refusal:
            take_all(*wrong)
        assert refusal.value.rule == "order.ordinal"


def test_an_act_stands_together() -> None:
    """An act cut in two would escape the rules that judge it as a whole."""
    one, two = act_of(make_entry(1), make_entry(2))
    assert take_all(one, make_entry(8), replace(two, ordinal=0)) == [("order.act_twice", 2)]
    with pytest.raises(MalformedInput) as refusal:
        take_all(one, make_entry(8), two)
    assert (refusal.value.rule, refusal.value.sentence) == ("order.ordinal", "ordinal 1 follows 0 entries of its act")


def test_further_rows_are_rows_of_their_fact() -> None:
    """RowsWritten continues an earlier fact of its own act, within the tables that fact may explain."""
    take_all(*act_of(GOOD, rows_written(8, 0), rows_written(9, 0)))
    wrong_acts = (
        [rows_written(8, 0)],
        [GOOD, rows_written(8, 1)],
        [GOOD, rows_written(8, 0), rows_written(9, 1)],
        [GOOD, rows_written(8, 0, table="officials")],
        [make_entry(1), rows_written(8, 0)],
    )
    for entries in wrong_acts:
        with pytest.raises(MalformedInput) as refusal:
            take_all(*act_of(*entries))
        assert refusal.value.rule == "order.continuation"
