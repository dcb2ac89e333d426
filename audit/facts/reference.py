"""Every kind of fact and its members, as a document: `aid-audit kinds`, kept in KINDS.md.

It is written out of the schemas that read the entries, so it cannot say anything else than they do.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from audit.facts.codec import AMOUNT, CODE, DAY, DIGEST, KINDS, MAX_AMOUNT, MAX_COUNT, MAX_ITEMS

if TYPE_CHECKING:
    from audit.facts.codec import Fact

FORMS: Final = {
    "amount": f"string `{AMOUNT.pattern}`: whole rupiah, or whole units of a good, up to {MAX_AMOUNT:,}",
    "count": f"number, whole, from 0 to {MAX_COUNT:,}",
    "flag": "`true` or `false`",
    "day": f"string `{DAY.pattern}`, a day that exists, or empty: none, or not stated",
    "moment": "string `YYYY-MM-DDTHH:MM:SS.ffffffZ`, UTC, always six fraction digits",
    "code": f"string `{CODE.pattern}`: a reference or code of ours",
    "digest": f"string `{DIGEST.pattern}`: SHA-256 in base64url without padding, spare bits zero",
    "line": "string of at most 300 characters: public text",
    "words": "string of at most 2,000 characters: a reason, written to be read by all",
    "file": "string of at most 16,384 characters: a small public file as it is",
    "… or empty": "that, or the empty string: there is none",
    "list of …": f"array of at most {MAX_ITEMS} of these; more go into further entries",
    "[…]": "array of exactly these, in this order",
}


def document() -> str:
    """Write the forms of members, then each kind: what it says, the rows it may explain, its members."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The kinds of facts"
    yield ""
    yield "Written by `aid-audit kinds` from the schemas that read entries. A body has exactly the members of its kind."
    yield "`(kind, v)` is never changed after release 1.0, only succeeded. Limits count characters of Unicode."
    yield ""
    yield "| Form | In JSON |"
    yield "|---|---|"
    for name, meaning in FORMS.items():
        yield f"| {name} | {meaning.replace('|', chr(92) + '|')} |"
    modules: dict[str, list[type[Fact]]] = {}
    for kind in KINDS.values():
        modules.setdefault(kind.__module__, []).append(kind)
    for module, kinds in modules.items():
        yield ""
        yield f"## {module.rpartition('.')[2].capitalize()}"
        for kind in kinds:
            yield ""
            yield from _kind(kind)


def _kind(kind: type[Fact]) -> Iterator[str]:
    yield f"### {kind.KIND}, v{kind.V}"
    yield ""
    yield " ".join((inspect.getdoc(kind) or "").split())
    yield ""
    tables = ", ".join(f"`{name}`" for name in sorted(kind.TABLES))
    yield f"Rows: {tables or 'none'}."
    yield ""
    yield "| Member | Form |"
    yield "|---|---|"
    for name, shape in kind.SHAPES:
        yield f"| `{name}` | {shape.form} |"
