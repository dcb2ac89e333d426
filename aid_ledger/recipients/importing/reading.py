"""The door for files: what kind it is by its first bytes, read inside a prison, handed over as parts of text.

The name and the declared type of an upload are not believed. Values are judged outside the prison, in
`checking.py`, so that no parser's fault can wave a row through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from aid_ledger.core import prison
from aid_ledger.recipients.importing.delimited import read_delimited
from aid_ledger.recipients.importing.refusals import (
    REFUSALS,
    UPLOAD,
    FileKindUnknown,
    FileTooLarge,
    FileWithoutRows,
    Limits,
)
from aid_ledger.recipients.importing.sheet import Sheet, hand_over, take_over
from aid_ledger.recipients.importing.workbook import read_workbook

ARCHIVE_MARK = b"PK\x03\x04"
FOREIGN_MARKS = (
    b"\xd0\xcf\x11\xe0",  # The old XLS, and XLSX under a password.
    b"%PDF",
    b"PK\x05\x06",  # An archive of nothing.
    b"\x1f\x8b",
    b"PAR1",
)


MEMORY_BYTES = 2 * 2**30
MEMORY_PER_BYTE = 4
"""The limit counts address space, of which a reader reserves more than it fills: about 1.7 GiB for any list."""


@contextmanager
def reading(source: Path, limits: Limits = UPLOAD) -> Iterator[Iterator[Sheet]]:
    """Read a file in a prison and give its parts, in the order of its rows.

    Raises:
        FileRefused: See `read_parts`.
        FileUnreadable: The parser crashed or exceeded its time or memory.
    """
    size = _refuse_too_large(source, limits)
    confines = prison.Confines(memory_bytes=MEMORY_BYTES + MEMORY_PER_BYTE * size)
    with prison.imprisoned(
        read_into, source, arguments=asdict(limits), confines=confines, refusals=REFUSALS
    ) as results:
        yield take_over(results)


def read_into(source: Path, results: Path, arguments: prison.Arguments) -> None:
    """Do the prisoner's work: read one file and leave its parts in the folder of results."""
    limits = Limits(**{name: int(value) for name, value in arguments.items()})
    hand_over(read_parts(source, limits), results)


def read_parts(source: Path, limits: Limits = UPLOAD) -> Iterator[Sheet]:
    """Read a CSV or XLSX file in this very process; only the prison and tests should.

    Raises:
        FileRefused: The file as a whole cannot become rows; the subclass and its facts say why. Parts given before
            the refusal must be forgotten.
    """
    _refuse_too_large(source, limits)
    with source.open("rb") as stream:
        mark = stream.read(4)
    if mark.startswith(FOREIGN_MARKS):
        raise FileKindUnknown("neither CSV nor XLSX")
    has_rows = False
    for part in read_workbook(source, limits) if mark == ARCHIVE_MARK else read_delimited(source, limits):
        if not part.rows.is_empty():
            has_rows = True
            yield part
    if not has_rows:
        raise FileWithoutRows("no rows under the header")


def _refuse_too_large(source: Path, limits: Limits) -> int:
    size = source.stat().st_size
    if size > limits.file_bytes:
        mebibyte = 2**20
        raise FileTooLarge("the file is too large", megabytes=-(-size // mebibyte), limit=limits.file_bytes // mebibyte)
    return size
