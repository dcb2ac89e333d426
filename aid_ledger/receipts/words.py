"""Terbilang: a whole number in Indonesian words, as banks and treasurers write it.

Pure arithmetic. Digits with dots are `web/formats.py`; which amounts may be paid is `programs`.
"""

from __future__ import annotations

from typing import Final

LARGEST: Final = 10**18 - 1
"""House rule: the largest amount a fact may hold; "kuadriliun" is the last word needed."""

_SMALL: Final = (
    "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas".split()  # noqa: SIM905 - read as a row
)
_SCALES: Final = ((10**15, "kuadriliun"), (10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (1_000, "ribu"))
_TEN: Final = 10
_TEENS_END: Final = 20
_HUNDRED: Final = 100
_THOUSAND: Final = 1_000


def spell(number: int) -> str:
    """Write a whole number in words: 1.101.000 is "satu juta seratus satu ribu".

    One thousand is "seribu" also inside a larger number (1.001.000: "satu juta seribu").

    Raises:
        ValueError: the number is negative or above LARGEST.

    """
    if not 0 <= number <= LARGEST:
        raise ValueError(f"no words for {number}: only 0 to {LARGEST} are written out")
    if number == 0:
        return _SMALL[0]
    words: list[str] = []
    for scale, name in _SCALES:
        count, number = divmod(number, scale)
        if count == 1 and scale == _THOUSAND:
            words.append("seribu")
        elif count:
            words += [*_below_thousand(count), name]
    return " ".join([*words, *_below_thousand(number)])


def _below_thousand(number: int) -> list[str]:
    """Write 0 to 999; zero is no word here, for it only ends a larger number."""
    hundreds, rest = divmod(number, _HUNDRED)
    words = [] if hundreds == 0 else ["seratus"] if hundreds == 1 else [_SMALL[hundreds], "ratus"]
    tens, ones = divmod(rest, _TEN)
    if rest == 0:
        return words
    if rest < len(_SMALL):
        return [*words, _SMALL[rest]]
    if rest < _TEENS_END:
        return [*words, _SMALL[ones], "belas"]
    return [*words, _SMALL[tens], "puluh", *([_SMALL[ones]] if ones else [])]
