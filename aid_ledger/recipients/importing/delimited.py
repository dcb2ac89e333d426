"""CSV as text: UTF-8 with or without its mark, commas or semicolons, LF or CRLF. Nothing else, and never by guessing.

Which columns mean what is in `columns.py`; values are judged in `checking.py`.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from aid_ledger.recipients.importing.columns import match_header
from aid_ledger.recipients.importing.refusals import (
    CSVBroken,
    FileEmpty,
    FileEncodingWrong,
    FileTooManyColumns,
    FileTooManyRows,
    Limits,
)
from aid_ledger.recipients.importing.sheet import NUMBERS, PART_ROWS, Sheet, assemble

HEAD_BYTES = 64 * 1024
"""The header must end within this: 64 columns of a thousand bytes."""
BLOCK_BYTES = 4 * 1024 * 1024
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NUL_SHARE = 5
"""One byte in five being NUL means two-byte characters: UTF-16 without its mark."""


def read_delimited(source: Path, limits: Limits) -> Iterator[Sheet]:
    """Read a CSV file part by part.

    Raises:
        FileRefused: Empty, not UTF-8, no or wrong header, fields that do not line up, or a limit exceeded.
    """
    quotes = _count_quotes(source)
    header_row, delimiter, header = _header(source)
    names = match_header(header, limits)
    # A reader forgives a quote nobody closed by swallowing the rows after it: people would be missing unseen.
    if quotes % 2:
        raise CSVBroken("a quote is not closed", row=_first_broken_row(source, delimiter, len(names)))
    lines = pl.scan_csv(
        source,
        separator=delimiter,
        skip_lines=header_row - 1,
        new_columns=[f"c{position}" for position in range(len(names))],
        infer_schema=False,
        n_rows=limits.rows + 1,
    )
    first_row = header_row + 1
    try:
        for cells in lines.collect_batches(chunk_size=PART_ROWS, maintain_order=True, lazy=True):
            yield Sheet(assemble(cells, names, first_row=first_row, limits=limits), NUMBERS.to_frame())
            first_row += cells.height
    except pl.exceptions.PolarsError:
        raise CSVBroken("fields do not line up", row=_first_broken_row(source, delimiter, len(names))) from None
    if first_row - header_row - 1 > limits.rows:
        raise FileTooManyRows("too many rows", limit=limits.rows)


def _count_quotes(source: Path) -> int:
    """Walk the whole file once, refusing whatever is not UTF-8, and count its quotation marks."""
    quotes = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        if not head.removeprefix(codecs.BOM_UTF8).strip():
            raise FileEmpty("the file holds nothing")
        if head.startswith(UTF16_MARKS) or head.count(0) * NUL_SHARE > len(head):
            raise FileEncodingWrong("the file is UTF-16", found="UTF-16 (Unicode)")
        stream.seek(0)
        try:
            while block := stream.read(BLOCK_BYTES):
                decoder.decode(block)
                quotes += block.count(b'"')
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise FileEncodingWrong("the file is not UTF-8", found="ANSI (Windows-1252)") from None
    return quotes


def _header(source: Path) -> tuple[int, str, list[str]]:
    """Find the header's row number, the delimiter and the cells; blank lines above it count as rows, as in Excel."""
    with source.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    text = head.decode("utf-8-sig", errors="ignore")
    lines = text.split("\n")
    row = next((number for number, line in enumerate(lines, start=1) if line.strip()), 0)
    if not row:
        raise FileEmpty("the file holds nothing")
    line = lines[row - 1].rstrip("\r")
    if row == len(lines) and len(head) == HEAD_BYTES:
        raise FileTooManyColumns("the header does not end", limit=HEAD_BYTES)
    if "\r" in line or line.count('"') % 2:
        raise CSVBroken("the header does not end on its line", row=row)
    delimiter = max((",", ";"), key=line.count)
    return row, delimiter, next(csv.reader(io.StringIO(line), delimiter=delimiter))


def _first_broken_row(source: Path, delimiter: str, width: int) -> int:
    """Look again, slowly, for the row an official should open; the last one when every row looks whole."""
    row = 0
    with source.open(encoding="utf-8-sig", newline="") as stream:
        try:
            for fields in csv.reader(stream, delimiter=delimiter, strict=True):
                row += 1
                if len(fields) > width:
                    return row
        except csv.Error:
            return row + 1
    return max(row, 1)
