"""What a receipt says: its closed schema, its one spelling as JSON, and the salted digest the log holds of it.

The log never sees these fields, only `digest`. How they are laid out on paper is the agency's affair; that the page
says the chief of them is checked in `ink.py`. People appear masked: nothing in here identifies anyone who is not known
already.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import re
import unicodedata
from typing import Annotated, Any, Final, Self, get_args, get_origin, get_type_hints

from audit import canonical
from audit.errors import MalformedInput
from audit.facts.codec import Amount, Code, Day, Moment, Shape

DOMAIN: Final = b"aid-receipt-v1\n"
"""Separates these digests from every other SHA-256 in the product."""
SALT_BYTES: Final = 32
MONEY: Final = "uang"
GOODS: Final = "barang"
MAX_ITEMS: Final = 20
"""House rule: more sources or approvers than this do not fit a page a family can read."""
WITNESSES: Final = 2
"""Who must have seen goods handed over, as a handover record (BAST) names them."""
ZONES: Final = {"WIB": 7, "WITA": 8, "WIT": 9}
"""The three zones of Indonesia and their hours before UTC; the page shows times in the agency's own."""
MAX_TEXT: Final = 200
"""House rule: longer text breaks the page of an A5 receipt."""

HANDOVER: Final = "receipt.handover"
_RULE: Final = "receipt.fields"


def _form(pattern: str) -> Shape:
    """Make the shape of a text that has exactly one form."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str:  # noqa: ANN401 - parsed JSON or a field's value
        if not isinstance(value, str) or compiled.fullmatch(value) is None:
            raise MalformedInput(f"a field of the receipt does not have the form {pattern}", rule=_RULE)
        return value

    return Shape(pattern, check, check)


def _text(value: Any) -> str:  # noqa: ANN401 - parsed JSON or a field's value
    # Not printable: control characters, and the marks that turn the direction of what is read on paper.
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise MalformedInput(f"a text of the receipt is at most {MAX_TEXT} printable characters", rule=_RULE)
    return value


Text = Annotated[str, Shape("text", _text, _text)]
CheckCode = Annotated[str, _form(r"[A-Z2-7]{16}")]
"""80 random bits in base32, by which anybody can look the receipt up; nothing else is accepted for that."""
MaskedNik = Annotated[str, _form("\u2022{14}[0-9]{2}")]
"""A NIK of which only the last two digits are left."""
Kind = Annotated[str, _form(f"{MONEY}|{GOODS}")]
Zone = Annotated[str, _form("|".join(ZONES))]


class Schema:
    """A closed JSON object: exactly the fields of the dataclass, each written and read by its own shape."""

    __slots__ = ()

    def to_json(self) -> dict[str, canonical.JSON]:
        """Write the fields; raises MalformedInput when one does not fit its shape."""
        return {name: shape.write(getattr(self, name)) for name, shape in _shapes(type(self)).items()}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the fields; raises MalformedInput unless `value` is exactly what `to_json` writes."""
        shapes = _shapes(cls)
        if not isinstance(value, dict) or value.keys() != shapes.keys():
            raise MalformedInput(f"{cls.__name__} has exactly the members {', '.join(shapes)}", rule=_RULE)
        return cls(**{name: shape.read(value[name]) for name, shape in shapes.items()})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SourceShare(Schema):
    """How much of the amount one source of funds paid."""

    name: Text
    amount: Amount


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Approver(Schema):
    """An official who checked or approved the payment, at which step, holding which office, when."""

    name: Text
    office: Text
    step: Text
    at: Moment


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HandoverWitness(Schema):
    """Somebody who saw the goods handed over, and what they are in that place."""

    name: Text
    office: Text


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Handover(Schema):
    """What a handover record (BAST) says of the handing over: who gave, where, when, and who saw it."""

    number: Code
    giver: Text
    giver_office: Text
    place: Text
    at: Moment
    witnesses: tuple[HandoverWitness, ...]

    def check(self, day: dt.date | None, zone: str, *, tells_place: bool) -> None:
        """Refuse a record that is none.

        Raises:
            MalformedInput: it was on another day, two others have not seen it, or it tells a place that it may not.

        """
        if (self.at + dt.timedelta(hours=ZONES[zone])).date() != day:
            raise MalformedInput("the goods were handed over on another day", rule=HANDOVER)
        people = [_folded(each) for each in (self.giver, *(witness.name for witness in self.witnesses))]
        if len(self.witnesses) != WITNESSES or not all(people) or len(set(people)) != len(people):
            raise MalformedInput("a handover names who gives and two others who saw it", rule=HANDOVER)
        where = [bool(self.place), *(bool(each.office) for each in self.witnesses)]
        if not (all(where) if tells_place else not any((*where, self.giver_office))):
            raise MalformedInput("a place is told everywhere or nowhere", rule=HANDOVER)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFields(Schema):
    """Everything a receipt states; empty text means that the line is not on the paper.

    `village` and `district` are left empty for isolation programmes: where somebody was ill is health data; so are
    the place of the handover and the offices of those who were there. `contents` says what one unit of goods holds;
    `unit` is empty for money. Goods have one handover, money has none.
    """

    number: Code
    code: CheckCode
    kind: Kind
    agency: Text
    zone: Zone
    program: Code
    program_name: Text
    period: Text
    payee: Text
    nik: MaskedNik
    village: Text
    district: Text
    amount: Amount
    commodity: Code
    unit: Text
    contents: Text
    in_words: Text
    paid_on: Day
    channel: Text
    decree: Text
    batch: Code
    line: Code
    sources: tuple[SourceShare, ...]
    approvers: tuple[Approver, ...]
    handovers: tuple[Handover, ...] = ()

    def check(self) -> Self:
        """Return the fields if they agree with each other.

        Raises:
            MalformedInput: the sources do not add up, money and goods are mixed up, or a handover is none.

        """
        if self.amount < 1 or self.paid_on is None:
            raise MalformedInput("a receipt is for something, received on some day", rule=_RULE)
        if sum(source.amount for source in self.sources) != self.amount:
            raise MalformedInput("the sources do not add up to the amount", rule="receipt.sources")
        if (self.kind == GOODS) != bool(self.unit):
            raise MalformedInput("goods have a unit, money has none", rule=_RULE)
        if self.kind == MONEY and self.contents:
            raise MalformedInput("only goods have contents", rule=_RULE)
        if bool(self.village) != bool(self.district):
            raise MalformedInput("a place is a village and its district, or nothing", rule=_RULE)
        if len(self.handovers) != (self.kind == GOODS):
            raise MalformedInput("goods are handed over once, money is not", rule=HANDOVER)
        for handover in self.handovers:
            handover.check(self.paid_on, self.zone, tells_place=bool(self.village))
        return self


def _folded(name: str) -> str:
    """Reduce a name to its letters and digits, without case and accents: so a person is not two by a full stop."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name).casefold() if letter.isalnum())


def canonical_fields(fields: ReceiptFields) -> bytes:
    """Write the fields as the bytes that are digested."""
    return canonical.encode(fields.check().to_json())


def digest(fields: ReceiptFields, salt: bytes) -> bytes:
    """Return SHA-256 over DOMAIN, the salt and the canonical fields.

    Without the 32 random bytes anybody could try the few thousand families of a kabupaten.
    """
    if len(salt) != SALT_BYTES:
        raise MalformedInput(f"a salt is {SALT_BYTES} bytes", rule="receipt.salt")
    return hashlib.sha256(DOMAIN + salt + canonical_fields(fields)).digest()


_known_shapes: dict[type[Schema], dict[str, Shape]] = {}


def _shapes(schema: type[Schema]) -> dict[str, Shape]:
    """Return the shapes of a schema's fields, worked out once."""
    shapes = _known_shapes.get(schema)
    if shapes is None:
        hints = get_type_hints(schema, include_extras=True)
        shapes = _known_shapes[schema] = {name: _shape_of(hint) for name, hint in hints.items()}
    return shapes


def _shape_of(hint: Any) -> Shape:  # noqa: ANN401 - a type hint
    if get_origin(hint) is Annotated:
        return next(part for part in get_args(hint)[1:] if isinstance(part, Shape))
    member: type[Schema] = get_args(hint)[0]

    def write(values: Any) -> list[Any]:  # noqa: ANN401 - a field's value
        return [each.to_json() for each in _bounded(values, tuple)]

    def read(values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - parsed JSON
        return tuple(member.from_json(each) for each in _bounded(values, list))

    return Shape(f"list of {member.__name__}", write, read)


def _bounded(values: Any, kind: type[list[Any] | tuple[Any, ...]]) -> Any:  # noqa: ANN401 - either of the two
    if not isinstance(values, kind) or len(values) > MAX_ITEMS:
        raise MalformedInput(f"a list of the receipt has at most {MAX_ITEMS} members", rule=_RULE)
    return values
