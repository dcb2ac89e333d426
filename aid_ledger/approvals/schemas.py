"""The forms of this room: shape only; what may be approved is in `rules.py`."""

from __future__ import annotations

from typing import Final

from marshmallow import ValidationError
from marshmallow import fields as plain

from aid_ledger.disbursement.rules import REASON_MAX
from aid_ledger.web import fields

REFERENCE_LIMIT: Final = 40
CODE_LIMIT: Final = 12
CODE_DIGITS: Final = 6
DIGEST_LIMIT: Final = 64
SEND_BACK: Final = "send_back"
REJECT: Final = "reject"
NOTHING_CHOSEN: Final = "Pilih sedikitnya satu paket."


class QueueFilter(fields.Form):
    """Where the page before stopped, in each queue."""

    verifikasi = fields.Whole(optional=True)
    persetujuan = fields.Whole(optional=True)


class VerifyForm(fields.Form):
    """What the page showed when the button was pressed."""

    digest = fields.Text(DIGEST_LIMIT)


class BundleForm(fields.Form):
    """The batches that one code is to approve."""

    references = plain.List(
        fields.Text(REFERENCE_LIMIT),
        required=True,
        error_messages={"required": NOTHING_CHOSEN, "null": NOTHING_CHOSEN, "invalid": NOTHING_CHOSEN},
    )


class _SixDigits(fields.Text):
    """A code as an authenticator shows it, `123 456`; what cannot be one costs none of the tries."""

    def read(self, text: str) -> object:
        """Refuse what is not six digits."""
        digits = "".join(str(super().read(text)).split())
        if len(digits) != CODE_DIGITS or not (digits.isascii() and digits.isdigit()):
            raise ValidationError("Kode terdiri dari tepat enam angka. Percobaan Anda tidak berkurang.")
        return digits


class CodeForm(fields.Form):
    """Six digits."""

    code = _SixDigits(CODE_LIMIT)


class RejectForm(fields.Form):
    """Why, and whether its maker may mend it."""

    outcome = fields.Choice([SEND_BACK, REJECT])
    reason = fields.Text(REASON_MAX)
