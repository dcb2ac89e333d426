"""PDF objects (ISO 32000-1 section 7.3), read strictly out of a file whose every byte is already known to be signed.

Only what our own writer writes is understood: a classic cross-reference table, direct lengths, deflate without
parameters. No comments, no object streams, no repair. Which objects a receipt has is decided in `document.py`.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from audit.errors import MalformedInput
from audit.pdf.frame import HEADER

MAX_OBJECTS: Final = 5_000
MAX_DEPTH: Final = 12
MAX_INFLATED_BYTES: Final = 262_144
"""House rule: the evidence of a receipt is some 4 kB; a bomb is stopped here."""

_TOKEN: Final = re.compile(
    rb"[ \n\r\t]*(?:(?P<open><<|\[)|(?P<close>>>|\])|/(?P<name>[A-Za-z0-9_.+#-]*)|(?P<reference>[0-9]{1,7} 0 R)"
    rb"|(?P<integer>[+-]?[0-9]{1,10}(?![0-9.]))|(?P<real>[+-]?[0-9]{0,10}\.[0-9]{0,12}(?:e-?[0-9]{1,2})?)"
    rb"|<(?P<hex>[0-9A-Fa-f]*)>|(?P<text>\()|(?P<word>true|false|null))"
)
_TEXT: Final = re.compile(rb"((?:[^\\()]|\\[\\()])*)\)")
_ESCAPE: Final = re.compile(rb"\\([\\()])")
_XREF_LINE: Final = 20
_TAIL: Final = re.compile(rb"startxref\n([1-9][0-9]{0,6})\n%%EOF\n\Z")
_STREAM: Final = b"\nstream\n"
_STREAM_END: Final = b"\nendstream"


class Name(str):
    """A PDF name without its slash."""

    __slots__ = ()


class Reference(NamedTuple):
    """A pointer to a numbered object; generations other than 0 are not read."""

    number: int


Value: TypeAlias = "Name | Reference | Real | bytes | int | bool | list[Value] | dict[str, Value] | None"


class Real(str):
    """A number with a fraction, kept as written: nothing here computes with it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Where every object lies: `spans[number]` is the slice of the file from its header to its end."""

    whole: bytes
    spans: dict[int, tuple[int, int]]
    trailer: dict[str, Value]


def open_table(pdf: bytes) -> Table:
    """Read the cross-reference table and see that its objects fill the file, one after another.

    Raises:
        MalformedInput: an offset is wrong, or there is a byte that belongs to no object.

    """
    tail = _TAIL.search(pdf)
    if tail is None:
        raise MalformedInput("the file does not say where its table is", rule="receipt.xref")
    at = int(tail[1])
    head = re.compile(rb"xref\n0 ([1-9][0-9]{0,4})\n0000000000 65535 f \n").match(pdf, at)
    if head is None or int(head[1]) > MAX_OBJECTS:
        raise MalformedInput("the table of objects is not written as ours is", rule="receipt.xref")
    count = int(head[1])
    begins = head.end()
    ends = begins + (count - 1) * _XREF_LINE
    offsets = [_offset(pdf[line : line + _XREF_LINE]) for line in range(begins, ends, _XREF_LINE)]
    if not pdf[ends : tail.start()].startswith(b"trailer\n"):
        raise MalformedInput("no trailer follows the table", rule="receipt.xref")
    trailer = parse(pdf[ends + len(b"trailer\n") : tail.start()].rstrip(b"\n"))
    if not isinstance(trailer, dict) or trailer.get("Size") != count:
        raise MalformedInput("the trailer is not written as ours is", rule="receipt.xref")
    return Table(pdf, _spans(pdf, offsets, at), trailer)


def read(table: Table, reference: Value) -> Value:
    """Return the object a reference points to; for a stream, its dictionary.

    Raises:
        MalformedInput: it is no reference, or its object cannot be read.

    """
    body = _body(table, reference)
    dictionary, found, _ = body.partition(_STREAM)
    return parse(dictionary if found else body)


def read_dictionary(table: Table, reference: Value, kind: str = "") -> dict[str, Value]:
    """Return the dictionary a reference points to, checking its /Type if `kind` is given.

    Raises:
        MalformedInput: it is none, or of another type.

    """
    found = read(table, reference)
    if not isinstance(found, dict) or (kind and found.get("Type") != kind):
        raise MalformedInput(f"not a dictionary {kind}".rstrip(), rule="receipt.object")
    return found


def read_stream(table: Table, reference: Value) -> bytes:
    """Return the inflated content of a stream.

    Raises:
        MalformedInput: it is not deflated alone, has another length, or inflates to too much.

    """
    dictionary = read_dictionary(table, reference)
    body = _body(table, reference)
    start = body.index(_STREAM) + len(_STREAM) if _STREAM in body else len(body)
    raw = body[start : -len(_STREAM_END)]
    is_ours = dictionary.get("Filter") == "FlateDecode" and "DecodeParms" not in dictionary and "F" not in dictionary
    if not is_ours or dictionary.get("Length") != len(raw) or not body.endswith(_STREAM_END):
        raise MalformedInput("a stream is not deflated as ours are", rule="receipt.stream")
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(raw, MAX_INFLATED_BYTES)
    except zlib.error as error:
        raise MalformedInput("a stream does not inflate", rule="receipt.stream") from error
    if not inflater.eof or inflater.unused_data:
        raise MalformedInput("a stream inflates to too much, or has a tail", rule="receipt.stream")
    return content


def parse(raw: bytes) -> Value:
    """Read exactly one object that fills `raw`.

    Raises:
        MalformedInput: it does not.

    """
    value, at = _value(raw, 0, MAX_DEPTH)
    if at != len(raw):
        raise MalformedInput("something follows an object", rule="receipt.object")
    return value


def _offset(line: bytes) -> int:
    if not re.fullmatch(rb"[0-9]{10} 00000 n \n", line):
        raise MalformedInput("a line of the table is not written as ours are", rule="receipt.xref")
    return int(line[:10])


def _spans(pdf: bytes, offsets: list[int], table_at: int) -> dict[int, tuple[int, int]]:
    """Give every object the bytes up to the next one, and check that it begins and ends there."""
    order = sorted((offset, number) for number, offset in enumerate(offsets, start=1))
    spans = {}
    expected = len(HEADER)
    for (offset, number), (following, _) in zip(order, [*order[1:], (table_at, 0)], strict=True):
        if offset != expected or not pdf.startswith(b"%d 0 obj\n" % number, offset):
            raise MalformedInput(f"object {number} is not where the table says", rule="receipt.xref")
        if not pdf.endswith(b"\nendobj\n", offset, following):
            raise MalformedInput(f"object {number} has no end", rule="receipt.xref")
        spans[number] = (offset, following)
        expected = following
    return spans


def _body(table: Table, reference: Value) -> bytes:
    if not isinstance(reference, Reference) or reference.number not in table.spans:
        raise MalformedInput("not a reference to an object", rule="receipt.object")
    begins, ends = table.spans[reference.number]
    return table.whole[begins + len(b"%d 0 obj\n" % reference.number) : ends - len(b"\nendobj\n")]


def _value(raw: bytes, at: int, depth: int) -> tuple[Value, int]:
    """Read the value at `at`; return it and where it ends."""
    token = _TOKEN.match(raw, at)
    if token is None or token.lastgroup == "close":
        raise MalformedInput("not an object", rule="receipt.object")
    written, ends = token[token.lastgroup or 0], token.end()
    if token.lastgroup == "open":
        return _container(raw, ends, depth, is_array=written == b"[")
    if token.lastgroup == "text":
        return _text(raw, ends)
    return _simple(token.lastgroup, written), ends


def _simple(kind: str | None, written: bytes) -> Value:
    """Read a value that holds no others."""
    match kind:
        case "name":
            value: Value = Name(written.decode("ascii"))
        case "reference":
            value = Reference(int(written[: -len(" 0 R")]))
        case "integer":
            value = int(written)
        case "real":
            value = Real(written.decode("ascii"))
        case "hex" if len(written) % 2 == 0:
            value = bytes.fromhex(written.decode("ascii"))
        case "word":
            value = {b"true": True, b"false": False, b"null": None}[written]
        case _:
            raise MalformedInput("an odd number of digits", rule="receipt.object")
    return value


def _container(raw: bytes, at: int, depth: int, *, is_array: bool) -> tuple[Value, int]:
    """Read the members of an array or a dictionary up to its end."""
    if depth == 0:
        raise MalformedInput(f"nested deeper than {MAX_DEPTH}", rule="receipt.object")
    end = b"]" if is_array else b">>"
    members: list[Value] = []
    while (token := _TOKEN.match(raw, at)) is None or token.lastgroup != "close":
        value, at = _value(raw, at, depth - 1)
        members.append(value)
    if token["close"] != end:
        raise MalformedInput("a container ends with another's bracket", rule="receipt.object")
    if is_array:
        return members, token.end()
    names, values = members[::2], members[1::2]
    are_names = all(isinstance(name, Name) for name in names)
    if len(names) != len(values) or not are_names or len({str(name) for name in names}) != len(names):
        raise MalformedInput("a dictionary is not pairs of a name and a value, each name once", rule="receipt.object")
    return {str(name): value for name, value in zip(names, values, strict=True)}, token.end()


def _text(raw: bytes, at: int) -> tuple[bytes, int]:
    """Read a literal string; our writer escapes only backslashes and brackets."""
    found = _TEXT.match(raw, at)
    if found is None:
        raise MalformedInput("a string does not end", rule="receipt.object")
    return _ESCAPE.sub(rb"\1", found[1]), found.end()
