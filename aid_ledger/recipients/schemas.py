"""The shape of one recipient as typed at a form or sent by a client, and the single source of the field rules.

Each field calls one function of `rules.py`; messages are codes, to be looked up in `messages.py`. Lists of thousands
go through `importing/expressions.py`, which a test holds to the same verdicts; doubts that do not refuse a row are
`rules.doubts`. Duplicates within a list need the list and are found in `importing/checking.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validates_schema

from aid_ledger.recipients import rules
from aid_ledger.recipients.rules import Yardstick


class Cell(fields.Field[Any]):
    """A column whose rule is one function of cleaned text; its messages are the codes of the table."""

    def __init__(self, column: str, rule: Callable[[str], object], *, required: bool = False) -> None:
        blank = f"{column}.kosong"
        super().__init__(required=required, allow_none=not required, error_messages={"required": blank, "null": blank})
        self.column = column
        self.rule = rule

    def _deserialize(self, value: object, *_: object, **__: object) -> object:
        if not isinstance(value, str):
            raise ValidationError(f"{self.column}.angka_excel")
        if rules.has_control(value):
            raise ValidationError("teks.karakter_kendali")
        try:
            return self.rule(value)
        except rules.CellRefused as refused:
            raise ValidationError(refused.code) from refused


class RecipientRow(Schema):
    """One recipient: twelve optional columns beside nik, nama and kode_desa; unknown ones are refused by name."""

    class Meta:
        """Refuse what is not a column."""

        unknown = RAISE

    def __init__(self, yardstick: Yardstick) -> None:
        self.yardstick = yardstick
        super().__init__()

    nik = Cell("nik", str, required=True)
    no_kk = Cell("no_kk", rules.family_card)
    nama = Cell("nama", rules.name, required=True)
    tanggal_lahir = Cell("tanggal_lahir", str)
    jenis_kelamin = Cell("jenis_kelamin", rules.sex)
    alamat = Cell("alamat", lambda text: rules.bounded("alamat", text))
    rt = Cell("rt", lambda text: rules.neighbourhood("rt", text))
    rw = Cell("rw", lambda text: rules.neighbourhood("rw", text))
    kode_desa = Cell("kode_desa", str, required=True)
    no_hp = Cell("no_hp", rules.phone)
    pekerjaan = Cell("pekerjaan", lambda text: rules.bounded("pekerjaan", text))
    sumber_data = Cell("sumber_data", rules.source)
    id_dtks = Cell("id_dtks", rules.dtks_id)
    bank = Cell("bank", rules.bank)
    no_rekening = Cell("no_rekening", rules.account)
    nama_rekening = Cell("nama_rekening", lambda text: rules.bounded("nama_rekening", text))

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give the three columns that depend on the day and the place their rule."""
        dependent: dict[str, Callable[[str], object]] = {
            "nik": self._nik,
            "tanggal_lahir": lambda text: rules.birth_date(text, today=self.yardstick.today),
            "kode_desa": lambda text: rules.village(text, known=self.yardstick.villages),
        }
        cell = cast("Cell", field_obj)
        cell.rule = dependent.get(field_name, cell.rule)

    def _nik(self, text: str) -> str:
        return rules.parse_nik(text, today=self.yardstick.today, allow_test=self.yardstick.allow_test).digits

    @pre_load
    def clean(self, row: Mapping[str, object], **_: object) -> dict[str, object]:
        """Clean every text and write plain numbers as text, except where a number has lost digits."""
        return {column: _cleaned(column, value) for column, value in row.items()}

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def account_is_whole(self, _row: object, original: Mapping[str, object], **_: object) -> None:
        """Bank and account number come together."""
        lacking = rules.incomplete_account(
            has_bank=_cleaned("bank", original.get("bank")) is not None,
            has_account=_cleaned("no_rekening", original.get("no_rekening")) is not None,
            has_holder=_cleaned("nama_rekening", original.get("nama_rekening")) is not None,
        )
        if lacking:
            raise ValidationError({lacking: ["rekening.tidak_lengkap"]})


def _cleaned(column: str, value: object) -> object:
    if isinstance(value, str):
        return rules.clean_text(value)
    if value is None or column in rules.IDENTIFIERS:
        return value
    return rules.number_text(value)
