"""What a programme may be, what binds its money, how many approvers a total needs. Pure.

What this room refuses is named in `refusals.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Final

from aid_ledger.core.money import MAX_AMOUNT
from aid_ledger.programs.refusals import (
    AmountRefused,
    CodeMalformed,
    ExclusionRefused,
    PolicyRefused,
    ProgramRefused,
    ProgramTelling,
)

SOURCE_KINDS: Final = ("apbd", "btt", "dana_desa", "csr", "asn_peduli")
"""Kinds of source a programme may name."""

PILLARS: Final = ("pencegahan", "penanggulangan", "pemulihan")
"""The three targets of BEKASI BERANI; only the last pays aid."""

UNITS: Final = ("household",)
"""One payment per household and period (1 KK 1 bantuan)."""

APPROVERS_LIMIT: Final = 5
"""Approvers a policy may ask for: more would be a veto by absence."""

LIMITS_LIMIT: Final = 20
"""Steps of a policy: more than anybody keeps in mind."""

TELLING_WORDS: Final = (
    *("isoman", "isolasi", "isoter", "karantina", "covid", "corona", "korona", "sars", "positif", "reaktif"),
    *("sakit", "pasien", "suspek", "penyintas", "virus", "terpapar", "puskesmas"),
)
"""Words that would tell a neighbour of an illness; no public name or code holds one, disguised or not (THREATS 14)."""

WORDS_LIMIT: Final = 300
"""Letters of a name; a fact's line holds no more."""

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
"""A code stands in account keys, addresses and the log: capitals, digits and underscores only."""

_LOOKALIKES: Final = str.maketrans("0134@5$7!|", "oieaasstii")
_PUNCTUATION: Final = re.compile(r"[^a-z\s]+")


Limits = tuple[tuple[int, int], ...]
"""(from this total on, so many approvers), rising, the first from zero."""


def check_code(code: str) -> None:
    """Refuse a code that could not stand in an account's key; raises CodeMalformed."""
    if not _CODE.fullmatch(code):
        raise CodeMalformed(program=code[:40])


def check_neutral(*names: str) -> None:
    """Refuse a public name or code that tells of an illness, spaced, dotted or in look-alikes too.

    Raises:
        ProgramTelling: with the word that tells.

    """
    for name in names:
        folded = name.casefold().translate(_LOOKALIKES)
        unhyphened = _PUNCTUATION.sub("", folded)
        for text in (folded, unhyphened, _spelled_out(unhyphened)):
            for word in TELLING_WORDS:
                if word in text:
                    raise ProgramTelling(word=word)


def _spelled_out(words: str) -> str:
    """Join letters that blanks keep apart, as in `i s o m a n`; whole words stay words."""
    return "".join(word if len(word) == 1 else f" {word} " for word in words.split())


def check_shape(*, pillar: str, unit: str, allowed_sources: tuple[str, ...]) -> None:
    """Refuse unknown words and a programme nobody may pay; raises ProgramRefused."""
    if pillar not in PILLARS:
        raise ProgramRefused(field="pillar")
    if unit not in UNITS:
        raise ProgramRefused(field="unit")
    if not allowed_sources or not set(allowed_sources) <= set(SOURCE_KINDS):
        raise ProgramRefused(field="allowed_sources")


def check_words(*, starts_on: dt.date, ends_on: dt.date | None, **words: str) -> None:
    """Refuse empty or endless names and a programme that ends before it starts; raises ProgramRefused."""
    for field, text in words.items():
        is_optional = field == "aliases"
        if not (is_optional or text.strip()) or len(text) > WORDS_LIMIT:
            raise ProgramRefused(field=field)
    if ends_on is not None and ends_on < starts_on:
        raise ProgramRefused(field="ends_on")


def check_amount(amount: int, *, may_be_zero: bool = False) -> None:
    """Refuse what is not a whole number within reach; a float is a TypeError.

    Raises:
        AmountRefused: below one (below zero where zero means something), or out of reach.

    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError(f"an amount is a whole number, not {type(amount).__name__}")
    if amount < (0 if may_be_zero else 1) or amount > MAX_AMOUNT:
        raise AmountRefused(amount=int(amount))


def check_exclusion(program: str, other: str) -> None:
    """Refuse a programme that excludes itself; raises ExclusionRefused."""
    if program == other:
        raise ExclusionRefused(program=program)


def check_limits(limits: Limits) -> None:
    """Refuse limits with a gap, a fall or an absurd number of approvers; a float is a TypeError.

    Raises:
        PolicyRefused: they do not begin at zero, rise, and ask for one to APPROVERS_LIMIT approvers.

    """
    for number in (number for limit in limits for number in limit):
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"a limit is a whole number, not {type(number).__name__}")
    totals = [total for total, _approvers in limits]
    rises = totals == sorted(set(totals)) and totals[:1] == [0] and totals[-1] <= MAX_AMOUNT
    if not rises or not all(1 <= approvers <= APPROVERS_LIMIT for _total, approvers in limits):
        raise PolicyRefused(most=APPROVERS_LIMIT)
    if len(limits) > LIMITS_LIMIT:
        raise PolicyRefused(most=APPROVERS_LIMIT)


def approvers_for(limits: Limits, total: int) -> int:
    """Tell how many approvers a total needs under these limits."""
    return max(approvers for from_total, approvers in limits if from_total <= total)


def write_limits(limits: Limits) -> str:
    """Write limits for the column."""
    return json.dumps([list(limit) for limit in limits], separators=(",", ":"))


def read_limits(text: str) -> Limits:
    """Read limits back."""
    return tuple((int(total), int(approvers)) for total, approvers in json.loads(text))
