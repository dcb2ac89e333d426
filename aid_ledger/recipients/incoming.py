"""Rows of a large list on their way in: encrypted parts on the disk, readable by this user only, gone when taken in.

The file itself is not kept: what was uploaded is forgotten once its good rows lie here. Parts open only as the part
of the list they were made for.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Final

import polars as pl

from aid_ledger.core.act import Kit
from aid_ledger.core.crypto import FieldKeys, decrypt, encrypt
from aid_ledger.recipients.particulars import Listed
from aid_ledger.recipients.refusals import ImportPartMissing

PART_ROWS: Final = 1_000
"""Rows of one part: one step of a job, one Act, a second of work."""

FOLDER: Final = "incoming"
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600


def store(kit: Kit, reference: str, good: pl.DataFrame) -> int:
    """Write the good rows of a list as parts, over whatever a failed attempt left; returns how many parts."""
    folder = _folder(kit, reference)
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    number = 0
    for number, part in enumerate(good.iter_slices(PART_ROWS), start=1):
        place = _place(folder, number - 1)
        place.unlink(missing_ok=True)
        place.touch(mode=_PRIVATE_FILE, exist_ok=False)
        place.write_bytes(encrypt(kit.keys, part.write_json(), **_bound(reference, number - 1)))
    return number


def read(kit: Kit, reference: str, number: int) -> list[Listed]:
    """Open one part.

    Raises:
        ImportPartMissing: it is not on this host.
        IntegrityFailed: it is another list's part, or was altered.
    """
    try:
        sealed = _place(_folder(kit, reference), number).read_bytes()
    except FileNotFoundError:
        raise ImportPartMissing(intake=reference, part=number) from None
    return _rows(kit.keys, sealed, reference, number)


def remove(kit: Kit, reference: str) -> None:
    """Forget the parts of a list that is taken in."""
    shutil.rmtree(_folder(kit, reference), ignore_errors=True)


def _rows(keys: FieldKeys, sealed: bytes, reference: str, number: int) -> list[Listed]:
    cells = json.loads(decrypt(keys, sealed, **_bound(reference, number)))
    for row in cells:
        born = row["tanggal_lahir"]
        row["tanggal_lahir"] = dt.date.fromisoformat(born) if born else None
    return [Listed.from_cells(row) for row in cells]


def _folder(kit: Kit, reference: str) -> Path:
    return kit.files / FOLDER / reference


def _place(folder: Path, number: int) -> Path:
    return folder / f"part-{number:05d}"


def _bound(reference: str, number: int) -> dict[str, str]:
    return {"table": "imports", "column": "part", "row": f"{reference}/{number}"}
