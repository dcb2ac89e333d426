"""Two ways to read an entry, and the law between them: what the quick one reads, the general one reads the same."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical, facts
from audit.entry import Actor, Entry, encode_entry, parse_entry, read_members
from audit.errors import AuditError
from audit.facts import codec, money, paying
from audit.spelled import Rows, read_spelled
from tests.audit.small_log import make_entry
from tests.audit.test_vectors import ENTRY as VECTORS

PLAIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7F, exclude_characters='"\\'), max_size=200)
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=30).filter(lambda text: text.isascii())
CODES = st.from_regex(codec.CODE, fullmatch=True).filter(str.isascii)
DIGESTS = st.from_regex(codec.DIGEST, fullmatch=True).filter(str.isascii)
MOMENTS = st.datetimes(dt.datetime(1000, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 - Hypothesis wants it naive
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    codec.Amount: st.integers(0, codec.MAX_AMOUNT),
    codec.Count: st.integers(0, codec.MAX_COUNT),
    codec.Flag: st.booleans(),
    codec.Day: st.none() | st.dates(),
    codec.Moment: MOMENTS,
    codec.Code: CODES,
    codec.MaybeCode: st.just("") | CODES,
    codec.Digest: DIGESTS,
    codec.MaybeDigest: st.just("") | DIGESTS,
    codec.Line: PLAIN | ANY_TEXT,
    codec.Words: PLAIN | ANY_TEXT,
}
KINDS = sorted(facts.KINDS)


def values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a field's type
    """Make what may stand in a field of this type."""
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return st.builds(hint, *(values(part) for part in get_type_hints(hint, include_extras=True).values()))
    return VALUES.get(hint, PLAIN)


def facts_of(kind: tuple[str, int]) -> st.SearchStrategy[facts.Fact]:
    """Make any fact of a kind."""
    cls = facts.KINDS[kind]
    hints = get_type_hints(cls, include_extras=True)
    return st.builds(cls, **{name: values(hints[name]) for name, _ in cls.SHAPES})


def entry_of(fact: facts.Fact, rows: dict[str, dict[str, str | None]] | None = None) -> Entry:
    """Put a fact into an envelope."""
    return dataclasses.replace(make_entry(1), kind=fact.KIND, v=fact.V, body=fact.body(), rows=rows or {})


@st.composite
def entries(draw: st.DrawFn) -> bytes:
    """Make an honest entry of any kind, with rows of tables that it declares."""
    fact = draw(st.sampled_from(KINDS).flatmap(facts_of))
    tables = st.sampled_from(sorted(fact.TABLES - {"*"}) or ["people"])
    keys = st.text("0123456789/ab", min_size=1, max_size=4) | PLAIN.filter(bool)
    digests = st.dictionaries(keys, st.none() | DIGESTS, min_size=1, max_size=3)
    rows = draw(st.dictionaries(tables, digests, max_size=2)) if fact.TABLES else {}
    return encode_entry(entry_of(fact, rows))


def sample(hint: Any) -> Any:  # noqa: ANN401 - a field's type in, its plainest value out
    """Make one plain value of a field."""
    if get_origin(hint) is tuple:
        return (sample(get_args(hint)[0]),) * 2
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return hint(*(sample(part) for part in get_type_hints(hint, include_extras=True).values()))
    plain = {codec.Amount: 300_000, codec.Count: 7, codec.Flag: True, codec.Day: dt.date(2021, 8, 5)}
    texts = {codec.Digest: "A" * 43, codec.MaybeDigest: "", codec.Moment: dt.datetime(2021, 8, 5, tzinfo=dt.UTC)}
    return (plain | texts).get(hint, "BTC-2021-000003-8")


def plain_fact(kind: tuple[str, int]) -> facts.Fact:
    """Make one plain fact of a kind."""
    cls: Any = facts.KINDS[kind]
    hints = get_type_hints(cls, include_extras=True)
    made: facts.Fact = cls(**{name: sample(hints[name]) for name, _ in cls.SHAPES})
    return made


PAID = plain_fact(("PaymentsConfirmed", 1))
ROWS: dict[str, dict[str, str | None]] = {"accounts": {"1": "A" * 43, "2": None}, "handovers": {"9": None}}
RAW = encode_entry(entry_of(PAID, ROWS))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_spelling(kind: tuple[str, int]) -> None:
    """A kind that only the general way could read would make a million of its entries take a minute longer."""
    fact = plain_fact(kind)
    raw = encode_entry(entry_of(fact))
    spelled = read_spelled(raw)
    assert spelled is not None
    assert spelled == read_members(raw) == entry_of(fact)
    assert isinstance(spelled.body, facts.Body)
    assert spelled.body.fact == fact


@pytest.mark.parametrize("vector", VECTORS["entries"])
def test_golden_entries_read_the_same_both_ways(vector: dict[str, Any]) -> None:
    """What others are told to test their readers on is read alike."""
    raw = vector["bytes"].encode()
    assert read_spelled(raw) in (None, read_members(raw))


@given(entries())
def test_an_honest_entry_reads_the_same_both_ways(raw: bytes) -> None:
    """Whichever way an entry takes, it says the same thing."""
    general = read_members(raw)
    spelled = read_spelled(raw)
    assert parse_entry(raw) == general
    assert spelled in (None, general)
    if spelled is not None:
        assert facts.decode(spelled.kind, spelled.v, spelled.body) == facts.decode(
            general.kind, general.v, general.body
        )


@given(entries(), st.data())
def test_no_tampering_reads_as_something_that_the_general_way_refuses(raw: bytes, data: st.DataObject) -> None:
    """C1 to C9: bytes moved, doubled, dropped or changed are read by the quick way only if they are an honest entry."""
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(raw) - 1))
        stop = data.draw(st.integers(start, min(len(raw), start + 40)))
        place = data.draw(st.integers(0, len(raw)))
        piece = data.draw(
            st.sampled_from([b"", raw[start:stop], b" ", b"0", b'"', b"\\u0041", b",", b"}", b"\xc3\xa9"])
        )
        cut = raw[:start] + raw[stop:] if data.draw(st.booleans()) else raw
        raw = cut[:place] + piece + cut[place:]
    spelled = read_spelled(raw)
    if spelled is not None:
        assert spelled == read_members(raw)


NEAR_MISSES = [
    (RAW.replace(b'"v":1}', b'"v": 1}'), "canonical.spelling"),
    (RAW.replace(b'"v":1}', b'"v":01}'), "canonical.json"),
    (RAW.replace(b'"v":1}', b'"v":11111}'), "entry.unknown_kind"),
    (RAW.replace(b'"v":1}', b'"v":2}'), "entry.unknown_kind"),
    (RAW.replace(b'"v":1}', b'"v":-1}'), "entry.body"),
    (RAW.replace(b"PaymentsConfirmed", b"PaymentsConfirmee"), "entry.unknown_kind"),
    (RAW.replace(b'"kind"', b'"kino"'), "entry.members"),
    (RAW.replace(b"[7,", b"[07,"), "canonical.json"),
    (RAW.replace(b"[7,", b"[-0,"), "canonical.spelling"),
    (RAW.replace(b"[7,", b"[9007199254740992,"), "canonical.integer"),
    (RAW.replace(b'"300000"', b'"0300000"'), "entry.schema"),
    (RAW.replace(b'"official"', b'"officia\\u006c"'), "canonical.spelling"),
    (RAW.replace(b'"id":"siti"', b'"id":""'), "entry.actor"),
    (RAW.replace(b'"id":"siti"', b'"id":"%s"' % (b"s" * 201)), "entry.actor"),
    (RAW.replace(b"2026-11-22T", b"2026-02-30T"), "entry.recorded_at"),
    (RAW.replace(b'"2026-11-22"', b'"2026-02-30"'), "entry.on"),
    (RAW.replace(b'AAA"', b'AAB"'), "entry.rows"),
    (RAW.replace(b'"2":null', b'"1":null'), "canonical.duplicate"),
    (RAW.replace(b'"2":null', b'"0":null'), "canonical.spelling"),
    (RAW.replace(b'"handovers"', b'"accountr"'), "canonical.spelling"),
    (RAW.replace(b'"handovers"', b'"vendors"'), "entry.rows"),
    (RAW + b" ", "canonical.spelling"),
    (RAW.replace(b"siti", b"s\xffti"), "canonical.unicode"),
    (RAW.replace(b"siti", b"s" * 66_000), "canonical.size"),
]


@pytest.mark.parametrize(("raw", "rule"), NEAR_MISSES)
def test_what_is_almost_an_entry_is_left_to_the_general_way_which_says_why(raw: bytes, rule: str) -> None:
    """The quick way never refuses and never explains; it steps aside."""
    assert raw != RAW
    assert read_spelled(RAW) is not None
    assert read_spelled(raw) is None
    with pytest.raises(AuditError) as refusal:
        parse_entry(raw)
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    ("kind", "form"),
    [("EnrolmentOpened", b"2021-08-05T00:00:00.000000Z"), ("ReceiptIssued", b'"2021-08-05","program"')],
)
def test_a_day_of_no_calendar_inside_a_body_is_refused(kind: str, form: bytes) -> None:
    """The form of a day is right for 30 February, too."""
    raw = encode_entry(entry_of(plain_fact((kind, 1))))
    bent = raw.replace(form, form.replace(b"-08-05", b"-02-30"))
    assert bent != raw
    assert read_spelled(bent) is None
    with pytest.raises(AuditError) as refusal:
        parse_entry(bent)
    assert refusal.value.rule == "entry.schema"


WIDER = [
    {"note": "Dibayar ulang di Café", "incident": "INC-1", "document": ""},
    {"note": 'kata "mulai" dan\nbaris baru', "incident": "INC-1", "document": ""},
]


@pytest.mark.parametrize("body", WIDER)
def test_letters_that_no_spelling_covers_are_read_all_the_same(body: dict[str, str]) -> None:
    """Accents, quotes and line breaks are honest; they are only slower."""
    entry = dataclasses.replace(make_entry(1), body=body)
    raw = encode_entry(entry)
    assert read_spelled(raw) is None
    assert parse_entry(raw) == entry


@pytest.mark.parametrize(("length", "is_read"), [(codec.MAX_ITEMS, True), (codec.MAX_ITEMS + 1, False)])
def test_a_list_is_spelled_up_to_its_limit(length: int, is_read: bool) -> None:
    """A longer list is refused by its shape, so no spelling may let it through."""
    members = dict(canonical.parse(encode_entry(entry_of(plain_fact(("PaymentsUnknown", 1))))))
    members["body"] = {"batch": "BTC-1", "result": "RSL-1", "unknown": [[1, "1", "X"]] * length}
    raw = canonical.encode(members)
    assert (read_spelled(raw) is not None) is is_read


@pytest.mark.parametrize("kind", [("LinesFrozen", 1), ("PaymentsConfirmed", 1), ("RowsWritten", 1)])
def test_a_long_entry_that_fails_at_its_last_byte_costs_no_more_than_a_good_one(kind: tuple[str, int]) -> None:
    """V1: a pattern that tries again from every letter would take hours over 65,535 bytes made for it."""
    fact: Any = plain_fact(kind)
    lists = {name: value * 250 for name in fact.__slots__ if isinstance(value := getattr(fact, name), tuple)}
    longest = dataclasses.replace(
        fact, **{name: value[: 250 if len(lists) > 1 else 500] for name, value in lists.items()}
    )
    digests: dict[str, str | None] = dict.fromkeys((f"{number:05d}" for number in range(400)), "A" * 43)
    raw = encode_entry(entry_of(longest, {} if lists else {"people": digests, "vendors": digests}))
    assert read_spelled(raw) is not None
    began = time.process_time()
    for bent in (raw[:-1], raw[:-2] + b",", raw.replace(b'"v":1', b'"w":1'), raw.replace(b'"rows"', b'"row5"')):
        assert read_spelled(bent) is None
    assert time.process_time() - began < 1


def test_the_body_of_a_read_entry_is_written_when_it_is_asked_for() -> None:
    """Nobody pays for JSON that nobody looks at, and whoever looks finds what the bytes said."""
    body = parse_entry(RAW).body
    assert isinstance(body, facts.Body)
    assert dict(body) == canonical.parse(RAW)["body"]
    assert len(body) == len(PAID.SHAPES)
    with pytest.raises(KeyError):
        body["unknown"]


def test_the_rows_of_a_read_entry_are_looked_up_when_they_are_asked_for() -> None:
    """What a comparison with the database needs is all there, by table and by key."""
    rows = parse_entry(RAW).rows
    assert isinstance(rows, Rows)
    assert {table: dict(rows[table]) for table in rows} == ROWS
    assert len(rows) == len(ROWS)
    with pytest.raises(KeyError):
        rows["people"]


def test_what_is_filled_at_once_is_as_frozen_as_what_fills_itself() -> None:
    """Nobody changes an entry, a fact or a row after it was read, and equal ones are equal wherever they come from."""
    spelled = read_spelled(RAW)
    assert spelled is not None
    fact = facts.decode(spelled.kind, spelled.v, spelled.body)
    assert isinstance(fact, paying.PaymentsConfirmed)
    made: list[Any] = [spelled, spelled.actor, fact, fact.moves[0], fact.confirmed[0]]
    for each in made:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(each, dataclasses.fields(each)[0].name, "changed")
    assert type(fact.moves[0]) is money.Move
    assert hash(fact.confirmed[0]) == hash(paying.LineOutcome(*dataclasses.astuple(fact.confirmed[0])))


CONTINUED = encode_entry(entry_of(plain_fact(("RowsWritten", 1)), ROWS))


@pytest.mark.parametrize(
    ("table", "rule"), [(b'"accountr"', "canonical.spelling"), (b'"accounts"', "canonical.duplicate")]
)
def test_tables_ascend_where_any_may_stand(table: bytes, rule: str) -> None:
    """C1, C2: further rows have no fixed tables, and all the same one order."""
    bent = CONTINUED.replace(b'"handovers"', table)
    assert read_spelled(CONTINUED) is not None
    assert read_spelled(bent) is None
    with pytest.raises(AuditError) as refusal:
        parse_entry(bent)
    assert refusal.value.rule == rule


def test_a_body_is_not_taken_for_another_kind() -> None:
    """A fact is handed on as it was read, and only under its own name."""
    body = parse_entry(RAW).body
    assert facts.decode("PaymentsConfirmed", 1, body) == PAID
    with pytest.raises(AuditError):
        facts.decode("PaymentsFailed", 1, body)


def test_actors_of_no_name_are_read_where_they_may_be() -> None:
    """The public and the system act without a login."""
    entry = dataclasses.replace(make_entry(1), actor=Actor("system", "", "", "init"))
    assert read_spelled(encode_entry(entry)) == entry
