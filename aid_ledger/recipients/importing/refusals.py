"""Why a whole file is turned away, and the limits every file is read under.

Faults of single rows are no refusals: they are listed by `checking.py` so that an official mends all at once.
Sentences and remedies for the codes are in `recipients/messages.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from aid_ledger.core.errors import DomainError, Kind

MEBIBYTE = 2**20
SHEET_ROWS_MAX = 1_048_575
"""A sheet of Excel holds 1,048,576 rows, one of which is the header."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be before it is refused unread."""

    file_bytes: int
    rows: int = SHEET_ROWS_MAX
    columns: int = 64
    cell_chars: int = 500


UPLOAD = Limits(file_bytes=25 * MEBIBYTE)
"""What a page accepts: a kabupaten's list, and small enough that a slow line delivers it."""
COMMAND_LINE = Limits(file_bytes=512 * MEBIBYTE)
"""What an official at the server may bring: a full sheet of all columns."""


class FileRefused(DomainError):
    """A file that cannot become rows; the subclasses say why."""

    kind = Kind.INVALID


class FileEmpty(FileRefused):
    """Nothing at all is in the file."""

    code = "file.empty"


class FileWithoutRows(FileRefused):
    """There is a header and nothing under it."""

    code = "file.no_rows"


class FileTooLarge(FileRefused):
    """The file exceeds the limit of its door."""

    code = "file.too_large"


class FileTooManyRows(FileRefused):
    """More rows than a sheet can hold."""

    code = "file.too_many_rows"


class FileTooManyColumns(FileRefused):
    """More columns than any template ever had."""

    code = "file.too_many_columns"


class CellTooLong(FileRefused):
    """One cell holds a page of text, which nearly always is an unclosed quote swallowing the rows after it."""

    code = "file.cell_too_long"


class FileEncodingWrong(FileRefused):
    """The CSV is not UTF-8. Guessing an encoding would silently change names, so none is guessed."""

    code = "file.encoding"


class FileKindUnknown(FileRefused):
    """Neither CSV nor XLSX."""

    code = "file.kind"


class CSVBroken(FileRefused):
    """Fields and quotes do not line up with the header."""

    code = "file.csv_broken"


class ArchiveSuspicious(FileRefused):
    """The XLSX is an archive no spreadsheet program would write."""

    code = "file.archive"


class SheetHidden(FileRefused):
    """The list that would be read is not the one the official saw."""

    code = "file.sheet_hidden"


class HeaderMissing(FileRefused):
    """Not one known column name; the first row is probably a person, so it is not repeated in the message."""

    code = "columns.no_header"


class ColumnsUnknown(FileRefused):
    """Columns that mean nothing here; ignoring them would lose what the official meant to say."""

    code = "columns.unknown"


class ColumnsMissing(FileRefused):
    """A required column is absent."""

    code = "columns.missing"


class ColumnsDuplicate(FileRefused):
    """One name heads two columns."""

    code = "columns.duplicate"


class ColumnUnnamed(FileRefused):
    """Values stand under an empty header."""

    code = "columns.unnamed"


REFUSALS: tuple[type[FileRefused], ...] = (
    FileEmpty,
    FileWithoutRows,
    FileTooLarge,
    FileTooManyRows,
    FileTooManyColumns,
    CellTooLong,
    FileEncodingWrong,
    FileKindUnknown,
    CSVBroken,
    ArchiveSuspicious,
    SheetHidden,
    HeaderMissing,
    ColumnsUnknown,
    ColumnsMissing,
    ColumnsDuplicate,
    ColumnUnnamed,
)
