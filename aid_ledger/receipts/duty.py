"""Stamp duty (bea meterai): which receipts need a stamp on paper. Stamps themselves come from elsewhere.

A receipt for more than the threshold is a document that says money was received (UU 10/2020 Ps. 3 (2) g); the stamp
costs Rp10.000 (Ps. 5). Whether a programme's receipts are exempt is the agency's reading of Ps. 22, so it is a setting:
a file beside the database, read whenever it is asked. Nothing here is part of what a receipt states. The place on paper
tells whoever hands it out what to do, by the setting of that day.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from aid_ledger.book.rules import IDR
from aid_ledger.core.errors import DomainError, Kind

if TYPE_CHECKING:
    from pathlib import Path

ABOVE_IDR: Final = 5_000_000
"""UU 10/2020 Ps. 3 (2) g: more than five million rupiah."""
TARIFF_IDR: Final = 10_000
"""UU 10/2020 Ps. 5."""
EXEMPT: Final = frozenset({"BST", "BLT", "BLT_DESA"})
"""House reading: cash aid of the state's own programmes bears no stamp."""


class DutyUnreadable(DomainError):
    """The file with the rule of stamp duty cannot be understood, so nobody can say which receipts need a stamp."""

    kind = Kind.UNAVAILABLE
    code = "receipt.duty_unreadable"


@dataclass(frozen=True, slots=True)
class StampDuty:
    """The rule in force: above which amount, and which programmes' receipts are exempt."""

    above_idr: int = ABOVE_IDR
    exempt: frozenset[str] = EXEMPT

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the rule from a file such as `above_idr = 5000000` and `exempt = ["BST"]`; the law's own without one.

        Raises:
            DutyUnreadable: it is not written so.
        """
        if not file.exists():
            return cls()
        try:
            read = tomllib.loads(file.read_text("utf-8"))
        except ValueError as error:
            raise DutyUnreadable(file=file.name) from error
        above, exempt = read.pop("above_idr", ABOVE_IDR), read.pop("exempt", sorted(EXEMPT))
        is_amount = isinstance(above, int) and not isinstance(above, bool) and above >= 0
        is_list = isinstance(exempt, list) and all(isinstance(each, str) for each in exempt)
        if read or not is_amount or not is_list:
            raise DutyUnreadable(file=file.name)
        return cls(above, frozenset(exempt))

    def is_due(self, *, amount: int, commodity: str, program: str) -> bool:
        """Say whether a receipt needs a stamp."""
        return commodity == IDR and amount > self.above_idr and program not in self.exempt
