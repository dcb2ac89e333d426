"""Where receipts stand on the sheets of a print file, and where those are cut or folded. Points, from below left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MM: Final = 72 / 25.4
A4: Final = (210 * _MM, 297 * _MM)
A5: Final = (148 * _MM, 210 * _MM)
_CUT: Final = "q 0.6 G 0.5 w [2 4] 0 d {} {} m {} {} l S Q"
"""A thin broken line in grey."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet with places for receipts, in the order in which they are filled; `cuts` are drawn between them.

    `is_small` says that the receipts are those for A6. `enlarged` is how much larger than A5 the cover is drawn.
    """

    code: str
    name: str
    sheet: tuple[float, float]
    places: tuple[tuple[float, float], ...]
    cuts: bytes
    is_small: bool
    plain: tuple[float, float]
    enlarged: float

    @property
    def title(self) -> str:
        """Say how receipts stand on paper, as a choice."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def receipt(self) -> tuple[float, float]:
        """Return the size of a receipt's place."""
        return (A4[0] / 2, A4[1] / 2) if self.is_small else A5


def _cut(*lines: tuple[float, float, float, float]) -> bytes:
    return "\n".join(_CUT.format(*(f"{each:.3f}" for each in line)) for line in lines).encode("ascii")


_W, _H = A4
LAYOUTS: Final = {
    each.code: each
    for each in (
        Layout("a5", "satu A5 per lembar", A5, ((0, 0),), b"", is_small=False, plain=A5, enlarged=1),
        Layout(
            "2a5",
            "dua A5 per lembar A4",
            (_H, _W),
            ((0, 0), (_H / 2, 0)),
            _cut((_H / 2, 0, _H / 2, _W)),
            is_small=False,
            plain=A4,
            enlarged=_H / A5[1],
        ),
        Layout(
            "4a6",
            "empat A6 per lembar A4",
            A4,
            ((0, _H / 2), (_W / 2, _H / 2), (0, 0), (_W / 2, 0)),
            _cut((_W / 2, 0, _W / 2, _H), (0, _H / 2, _W, _H / 2)),
            is_small=True,
            plain=A4,
            enlarged=_H / A5[1],
        ),
    )
}
"""By the names that commands and facts give them."""
