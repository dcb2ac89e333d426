"""Loading a code tree. Who founds the agency and when is decided in `founding`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aid_ledger.core.act import Act
from aid_ledger.regions import rules
from aid_ledger.regions.models import Region
from audit.facts.founding import RegionsLoaded

CODES_FOLDER: Final = Path(__file__).parent / "codes"
"""Code trees that come with the product; codes/README.md says from where and under which licence."""


def codes_of(agency_code: str) -> bytes | None:
    """Give the bytes of the code file that comes with the product for an agency; None if there is none."""
    if rules.CODE.fullmatch(agency_code) is None:
        return None
    path = CODES_FOLDER / f"{agency_code}.csv"
    return path.read_bytes() if path.exists() else None


def load_regions(act: Act, content: bytes) -> int:
    """Load a code tree; codes that are there already stay as they are. Returns how many were added.

    Raises:
        RegionFileMalformed: the file is not a code tree.
    """
    rows = rules.read_codes(content)
    known = {row.code for row in rows if act.session.get(Region, row.code) is not None}

    fresh = [row for row in rows if row.code not in known]
    for place, row in enumerate(fresh, start=len(known)):
        act.session.add(
            Region(
                code=row.code,
                parent_code=row.parent_code,
                level=row.level,
                name=row.name,
                kind=row.kind,
                valid_until=None,
                order=place,
            )
        )
    act.session.flush()

    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    act.record(RegionsLoaded(region=_root(rows), file=digest, count=len(fresh)))
    return len(fresh)


def _root(rows: Sequence[rules.CodeRow]) -> str:
    """Name the region a file is about: its kabupaten or kota, or the province where there are several."""
    codes = [row.code for row in rows if row.level == "regency"]
    return codes[0] if len(codes) == 1 else rows[0].code
