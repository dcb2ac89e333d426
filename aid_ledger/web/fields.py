"""What people type into forms: one field per kind of value, each with an Indonesian sentence when it cannot be read.

Schemas of the rooms are made of these; they check shape only. What a value means is each room's `rules.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields

from aid_ledger.core.money import Rupiah
from aid_ledger.web import formats

MISSING: Final = "Bagian ini harus diisi."
DATE_LENGTH: Final = 10


class Form(Schema):
    """A form: whatever it does not know is refused."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE

    error_messages = {"unknown": "Isian ini tidak dikenal."}  # noqa: RUF012 - marshmallow declares it so


class _Typed(fields.Field[Any]):
    """A text from a form, read by one method; an empty one is missing, or None where it may be left out."""

    def __init__(self, *, optional: bool = False) -> None:
        words: dict[str, Any] = {"required": MISSING, "null": MISSING}
        if optional:
            super().__init__(required=False, load_default=None, allow_none=True, error_messages=words)
            return
        super().__init__(required=True, error_messages=words)

    def _deserialize(self, value: object, *_: object, **__: object) -> object:
        text = value.strip() if isinstance(value, str) else ""
        if text:
            return self.read(text)
        if self.required:
            raise ValidationError(MISSING)
        return None

    def read(self, text: str) -> object:
        """Read what was typed; raises ValidationError with the sentence for the page."""
        raise NotImplementedError


class Text(_Typed):
    """One line or a paragraph, at most `limit` characters."""

    def __init__(self, limit: int = 300, *, optional: bool = False) -> None:
        super().__init__(optional=optional)
        self.limit = limit

    def read(self, text: str) -> object:
        """Refuse what is too long or holds control characters."""
        if len(text) > self.limit:
            raise ValidationError(f"Paling banyak {self.limit} huruf.")
        if any(character < " " and character not in "\r\n\t" for character in text):
            raise ValidationError("Ada huruf yang tidak dapat dibaca di sini.")
        return text


class Secret(fields.String):
    """A password: kept exactly as typed, blanks included."""

    def __init__(self) -> None:
        super().__init__(required=True, error_messages={"required": MISSING, "null": MISSING, "invalid": MISSING})


class Day(_Typed):
    """A calendar day, as browsers send it."""

    def read(self, text: str) -> object:
        """Read YYYY-MM-DD."""
        try:
            return dt.date.fromisoformat(text) if len(text) == DATE_LENGTH else self._refuse()
        except ValueError:
            return self._refuse()

    def _refuse(self) -> dt.date:
        raise ValidationError("Tanggal tidak dapat dibaca; contoh: 2021-08-05.")


class Choice(_Typed):
    """One of a few values."""

    def __init__(self, choices: Collection[str], *, optional: bool = False) -> None:
        super().__init__(optional=optional)
        self.choices = frozenset(choices)

    def read(self, text: str) -> object:
        """Refuse what was not offered."""
        if text not in self.choices:
            raise ValidationError("Pilih salah satu yang tersedia.")
        return text


class Money(_Typed):
    """Whole rupiah, with or without dots."""

    def read(self, text: str) -> object:
        """Read with `formats.read_rupiah`, the inverse of what pages show."""
        try:
            return Rupiah(formats.read_rupiah(text))
        except ValueError:
            raise ValidationError("Tulis jumlah dalam rupiah bulat, contoh: 372.900.000.") from None


class Whole(_Typed):
    """A count, with or without dots."""

    def read(self, text: str) -> object:
        """Read a whole number of at least nought."""
        try:
            return formats.read_rupiah(text) if not text.lower().startswith("rp") else self._refuse()
        except ValueError:
            return self._refuse()

    def _refuse(self) -> int:
        raise ValidationError("Tulis bilangan bulat, contoh: 1.243.")


class Tick(fields.Boolean):
    """A box that may be ticked; missing means it is not."""

    def __init__(self) -> None:
        super().__init__(load_default=False, truthy={"yes", "on"}, falsy={"", "no"})
