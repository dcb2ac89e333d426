"""What a receipt is called: after its line, and from the second on with the number of the receipt among that line's.

So a name alone says what it takes the place of: `k3v9.3` that of `k3v9.2`, which took the place of `k3v9`. There is no
other order in which receipts of a line can follow each other, and none can follow two.
"""

from __future__ import annotations

import re
from typing import Final

_LATER: Final = re.compile(r"(.+)\.([2-9]|[1-9][0-9]+)")


def name_of(line: str, number: int) -> str:
    """Name a line's receipt by its number among them, counted from 1."""
    return line if number == 1 else f"{line}.{number}"


def following(receipt: str) -> str:
    """Name the one receipt that may take the place of another."""
    line, number = _parts(receipt)
    return name_of(line, number + 1)


def preceding(receipt: str) -> str:
    """Name the receipt in whose place another stands; "" if it is the first of its line."""
    line, number = _parts(receipt)
    return name_of(line, number - 1) if number > 1 else ""


def _parts(receipt: str) -> tuple[str, int]:
    # Nearly all are the first of their line, and a replay asks of each.
    later = _LATER.fullmatch(receipt) if "." in receipt else None
    return (later[1], int(later[2])) if later else (receipt, 1)
