"""What a code tree must look like before it is loaded, and what this room refuses. Reading rows is in `queries.py`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

LEVELS: Final = ("province", "regency", "district", "village")
"""From the whole to the part: provinsi, kabupaten/kota, kecamatan, desa/kelurahan."""

KINDS: Final = frozenset({"provinsi", "kabupaten", "kota", "kecamatan", "desa", "kelurahan"})
CODE: Final = re.compile(r"[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?")
"""The codes of Kepmendagri 300.2.2-2138 Tahun 2025: PP, PP.KK, PP.KK.CC, PP.KK.CC.VVVV."""

ROWS_MAX: Final = 20_000
"""A province has some 9,000 villages at most (Jawa Tengah 8,563); twice that is not a code tree of one agency."""

ZONE_WORDS: Final = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
"""An agency's zone as papers call it."""

COLUMNS: Final = ("level", "code", "parent_code", "name", "type")


class AgencyNotFounded(DomainError):
    """Nothing can be done before the founding: this database has no agency yet."""

    kind = Kind.UNAVAILABLE
    code = "agency.not_founded"


class RegionNotFound(DomainError):
    """No region has this code."""

    kind = Kind.NOT_FOUND
    code = "region.not_found"


class RegionFileMalformed(DomainError):
    """A code file is not one: wrong columns, a code of another shape, or a part before its whole."""

    kind = Kind.INVALID
    code = "region.file_malformed"


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One line of a code file, checked."""

    level: str
    code: str
    parent_code: str | None
    name: str
    kind: str


def parent_of(code: str) -> str | None:
    """Give the code of the whole a region is part of; None for a province."""
    return code.rpartition(".")[0] or None


def level_of(code: str) -> str:
    """Tell a code's level by its shape."""
    return LEVELS[code.count(".")]


def read_codes(content: bytes) -> Sequence[CodeRow]:
    """Read a code file whole; every part comes after its whole.

    Raises:
        RegionFileMalformed: the file is not a code tree; the error names the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RegionFileMalformed("a code file is UTF-8", line=0) from error
    reader = csv.reader(io.StringIO(text))
    if tuple(next(reader, [])) != COLUMNS:
        raise RegionFileMalformed(f"the columns are {', '.join(COLUMNS)}", line=1)
    rows: list[CodeRow] = []
    known: set[str] = set()
    for line, fields in enumerate(reader, start=2):
        row = _row(fields, line)
        if row.code in known or (row.parent_code is not None and row.parent_code not in known):
            raise RegionFileMalformed("a code comes once, after the code it is part of", line=line)
        if len(rows) == ROWS_MAX:
            raise RegionFileMalformed(f"at most {ROWS_MAX} rows", line=line)
        known.add(row.code)
        rows.append(row)
    if not rows:
        raise RegionFileMalformed("a code file without a code", line=1)
    return rows


def _row(fields: list[str], line: int) -> CodeRow:
    if len(fields) != len(COLUMNS):
        raise RegionFileMalformed("a row has five fields", line=line)
    level, code, parent, name, kind = fields
    is_shaped = CODE.fullmatch(code) is not None and parent == (parent_of(code) or "")
    if not is_shaped or level != level_of(code) or kind not in KINDS or not name.strip():
        raise RegionFileMalformed("level, code, parent and type do not fit each other", line=line)
    return CodeRow(level, code, parent or None, name.strip(), kind)
