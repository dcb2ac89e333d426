"""The words on the page of a receipt, as whoever searches, copies or listens to it gets them, against its evidence.

This finds the page of one receipt signed around the evidence of another, whoever mixed them up. It cannot find letters
that are drawn otherwise than they are meant, nor what a QR code says: who can sign can also make a font. So every check
still says what must be written, and whoever holds the paper compares.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from audit.errors import MalformedInput, ProofFailed
from audit.pdf.objects import Reference, Table, Value, read_dictionary, read_stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.pdf.fields import ReceiptFields
    from audit.pdf.returns import ReturnFields

RULE: Final = "receipt.page"
_GLYPH: Final = 4
"""Digits of a glyph's number: fonts here have two bytes for each (Identity-H, ISO 32000-1 section 9.7.5.2)."""
_GROUP: Final = 4
"""Letters of the code that stand together on paper."""
_DRAWN: Final = re.compile(rb"/([A-Za-z0-9+-]+) [0-9.]+ Tf\b|<((?:[0-9a-f]{4})*)>|\bET\b")
_MEANT: Final = re.compile(rb"<([0-9a-f]{4})> <((?:[0-9a-f]{4})+)>")
_SPACES: Final = re.compile(r"\s")
_SEPARATORS: Final = re.compile(r"[\s.,]")


def lines_of(table: Table, page: dict[str, Value]) -> list[str]:
    """Read what a page says, one line for each piece of text that is set in one go.

    Raises:
        MalformedInput: its text is not set as ours is.

    """
    resources = _dictionary(table, page["Resources"])
    faces = {name: _meanings(table, face) for name, face in _dictionary(table, resources["Font"]).items()}
    face, line, lines = dict[bytes, str](), "", []
    try:
        for drawn in _DRAWN.finditer(read_stream(table, page["Contents"])):
            if drawn[1] is not None:
                face = faces[drawn[1].decode("ascii")]
            elif drawn[2] is not None:
                line += "".join(face[drawn[2][at : at + _GLYPH]] for at in range(0, len(drawn[2]), _GLYPH))
            else:
                lines.append(line)
                line = ""
    except KeyError as error:
        raise MalformedInput("the page draws letters that mean nothing", rule=RULE) from error
    return lines


def check(lines: Iterable[str], said: ReceiptFields) -> None:
    """Check that the page says the number, the code, the name and the amount of the evidence.

    Raises:
        ProofFailed: it does not.

    """
    code = "-".join(said.code[at : at + _GROUP] for at in range(0, len(said.code), _GROUP))
    wanted = {"number": said.number, "code": code}
    if said.payee.isascii():
        # Other letters may be drawn by several glyphs each, and from right to left.
        wanted["payee"] = said.payee
    _demand(tuple(lines), wanted, said)


def check_return(lines: Iterable[str], said: ReturnFields) -> None:
    """Check that the page says the number, the source, the treasury's paper and the amount of the evidence.

    Raises:
        ProofFailed: it does not.

    """
    _demand(tuple(lines), {"number": said.number, "source": said.source, "document": said.document}, said)


def _demand(lines: tuple[str, ...], wanted: dict[str, str], said: ReceiptFields | ReturnFields) -> None:
    shown = _SPACES.sub("", "".join(lines))
    missing = [name for name, text in wanted.items() if _SPACES.sub("", text) not in shown]
    if not _says_amount(lines, said):
        missing.append("amount")
    if missing:
        raise ProofFailed(f"the page does not say the {' or the '.join(missing)} of the evidence", rule=RULE)


def _says_amount(lines: tuple[str, ...], said: ReceiptFields | ReturnFields) -> bool:
    """Tell whether the amount stands in lines of its own: `Rp300.000`, or `2 paket`, whose unit may go on below."""
    whole = str(said.amount) + _SEPARATORS.sub("", said.unit) if said.unit else f"Rp{said.amount}"
    written = [_SEPARATORS.sub("", line) for line in lines]
    return any(_is_begun_by(written[at:], whole) for at in range(len(written)))


def _is_begun_by(lines: list[str], whole: str) -> bool:
    """Tell whether the first of these lines, put together, are exactly this text."""
    text = ""
    for each in lines:
        text += each
        if not whole.startswith(text):
            return False
        if text == whole:
            return True
    return False


def _meanings(table: Table, face: Value) -> dict[bytes, str]:
    """Read which letters the glyphs of a face stand for (ISO 32000-1 section 9.10.3)."""
    listed = read_stream(table, _dictionary(table, face)["ToUnicode"])
    return {glyph: bytes.fromhex(meant.decode("ascii")).decode("utf-16-be") for glyph, meant in _MEANT.findall(listed)}


def _dictionary(table: Table, value: Value) -> dict[str, Value]:
    """Read a dictionary that stands here or elsewhere."""
    if isinstance(value, Reference):
        return read_dictionary(table, value)
    if not isinstance(value, dict):
        raise MalformedInput("the page has no faces", rule=RULE)
    return value
