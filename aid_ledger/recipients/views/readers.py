"""The one blueprint of this room's pages, who reads them, how far they see, and the words that several pages share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from flask import Blueprint

from aid_ledger.core.roles import Role
from aid_ledger.recipients import reach
from aid_ledger.recipients.models import Person
from aid_ledger.web import desk

bp = Blueprint("recipients", __name__, url_prefix="/penerima")

READERS: Final = reach.READERS
KEEPERS: Final = reach.KEEPERS

PERSON_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "active": ("aktif", "good", "check-circle"),
    "deceased": ("meninggal", "quiet", "cross"),
    "moved": ("pindah", "quiet", "arrow"),
    "erased": ("dihapus", "quiet", "slash"),
}
"""How each civil status is said and shown: the word, the look, the drawing beside it."""

IMPORT_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "kept": ("masuk", "good", "check-circle"),
    "rejected": ("ditolak", "bad", "slash"),
    "waiting": ("sedang diproses", "waiting", "clock"),
}
"""The same for lists."""

SOURCE_WORDS: Final[Mapping[str, str]] = {"DTKS": "DTKS", "DTSEN": "DTSEN", "NON_DTKS": "di luar DTKS"}


def my_areas(roles: Iterable[Role] = READERS) -> tuple[str, ...]:
    """List how far the official behind this request sees in any of these roles."""
    areas = desk.official.areas
    return tuple(dict.fromkeys(area for role in roles if role in desk.official.roles for area in areas.get(role, ())))


def may_keep() -> bool:
    """Tell whether the official behind this request may change the register."""
    return not desk.official.roles.isdisjoint(KEEPERS)


def place_words(person: Person) -> str:
    """Say where in a village somebody lives."""
    parts = [f"RT {person.rt}" if person.rt else "", f"RW {person.rw}" if person.rw else ""]
    return " ".join(part for part in parts if part) or "RT/RW tidak disebut"
