"""The notations a receipt is made of, held against hostile bytes: DER, PDF objects, the table of objects."""

from __future__ import annotations

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import MalformedInput
from audit.pdf import der, frame, objects
from audit.pdf.objects import Name, Real, Reference
from tests.audit.forge import MONEY, rewrite


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x30",
        b"\x30\x01",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x01\x00",
        b"\x30\x82\x00\x81" + bytes(129),
        b"\x30\x84\x00\x00\x00\x01\x00",
        b"\x30\x82\x01",
        b"\x30\xff" + bytes(9),
    ],
)
def test_lengths_that_are_not_the_shortest_are_refused(raw: bytes) -> None:
    """Indefinite, long for short, leading zeros, cut off: each value has one spelling."""
    with pytest.raises(MalformedInput):
        der.whole(raw)


@given(st.binary(max_size=70_000))
def test_der_is_cut_apart_as_it_was_written(content: bytes) -> None:
    """Writing and reading are inverse, whatever the length."""
    written = der.write(der.OCTET_STRING, content)
    assert der.inside(written, der.OCTET_STRING) == content
    assert core.OctetString.load(written, strict=True).native == content
    assert der.members(der.write(der.SEQUENCE, written, written)) == [written, written]


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=8))
def test_object_identifiers_are_written_as_others_write_them(arcs: list[int]) -> None:
    """Base 128, most significant first (asn1crypto is the oracle)."""
    dotted = ".".join(str(arc) for arc in (1, 2, *arcs))
    assert der.object_id(dotted) == core.ObjectIdentifier(dotted).dump()


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(raw: bytes) -> None:
    """The reader of objects ends, and never ends otherwise."""
    try:
        objects.parse(raw)
    except MalformedInput:
        return
    assert raw.strip(b" \n\r\t")


def test_objects_are_read() -> None:
    """Every kind of value that our writer writes."""
    raw = b"<</A /B#20c/D [1 -2 0.5 (a\\(b\\)\\\\) <c3a9> 7 0 R true false null]/E <<>>/F []>>"
    assert objects.parse(raw) == {
        "A": Name("B#20c"),
        "D": [1, -2, Real("0.5"), b"a(b)\\", b"\xc3\xa9", Reference(7), True, False, None],
        "E": {},
        "F": [],
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[",
        b"<<",
        b"[>>",
        b"<<]",
        b"]",
        b"<</A>>",
        b"<<1 2>>",
        b"<</A 1/A 2>>",
        b"<abc>",
        b"(open",
        b"(a(b)c)",
        b"(a\\nb)",
        b"1 2",
        b"%comment\n1",
        b"[" * 13 + b"]" * 13,
        b"<<" * 500,
        b"7 1 R",
    ],
)
def test_bent_objects_are_refused(raw: bytes) -> None:
    """No repair, no comments, no nesting without end, no name twice."""
    with pytest.raises(MalformedInput):
        objects.parse(raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"startxref\n", b"startxref\n0"),
        (b"0000000000 65535 f \n", b"0000000000 65535 f\r\n"),
        (b" 00000 n \n", b" 00001 n \n"),
        (b"\nendobj\n", b"\nendobk\n"),
        (b"\n3 0 obj", b"\n9 0 obj"),
        (b"trailer\n<<\n", b"trailes\n<<\n"),
        (b"trailer\n<<\n/Size ", b"trailer\n<<\n/Sise "),
        (b"trailer\n<<\n", b"trailer\n[<\n"),
        (b"xref\n0 ", b"xref\n1 "),
        (b"xref\n0 ", b"xref\n0 9"),
    ],
)
def test_a_bent_table_is_refused(old: bytes, new: bytes) -> None:
    """Every object is where the table says, and there is no byte between two objects."""
    head, _, tail = MONEY.rpartition(old)
    with pytest.raises(MalformedInput):
        objects.open_table(head + new + tail)


def test_a_byte_between_two_objects_is_refused() -> None:
    """What no table names is shown by readers that repair."""
    at = MONEY.index(b"3 0 obj\n")
    with pytest.raises(MalformedInput):
        objects.open_table(MONEY[:at] + b"%" + MONEY[at:])


def test_a_reference_to_nothing_is_refused() -> None:
    """No object, no null."""
    table = objects.open_table(MONEY)
    for reference in (Reference(0), Reference(9_999), 7, None):
        with pytest.raises(MalformedInput):
            objects.read(table, reference)
    with pytest.raises(MalformedInput):
        objects.read_dictionary(table, table.trailer["Root"], "Page")


def test_a_dictionary_is_no_stream() -> None:
    """The catalog cannot be inflated."""
    table = objects.open_table(MONEY)
    with pytest.raises(MalformedInput):
        objects.read_stream(table, table.trailer["Root"])


def test_a_signature_that_does_not_fit_is_not_written() -> None:
    """A gap is as wide as it was laid out."""
    with pytest.raises(MalformedInput):
        frame.fill(bytes(10), 21)
    assert frame.fill(b"\xab", 6) == b"<ab00>"


def test_a_receipt_with_too_many_objects_is_refused() -> None:
    """A table of a million lines is not read."""

    def change(bodies: dict[int, bytes]) -> None:
        for number in range(max(bodies) + 1, objects.MAX_OBJECTS + 1):
            bodies[number] = b"null\nendobj\n"

    with pytest.raises(MalformedInput) as refusal:
        objects.open_table(rewrite(MONEY, change))
    assert refusal.value.rule == "receipt.xref"
