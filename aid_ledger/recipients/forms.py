"""The forms of this room: every cell is read by the same rule as a list's cell, and answers in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from marshmallow import ValidationError, validates_schema

from aid_ledger.core.references import ReferenceMalformed, ReferenceWrongCheck, check_reference
from aid_ledger.recipients import rules
from aid_ledger.recipients.messages import MESSAGES
from aid_ledger.recipients.rules import CellRefused, Yardstick
from aid_ledger.recipients.service.corrections import REASON_MAX
from aid_ledger.recipients.service.lists import ImportMode
from aid_ledger.web import fields

LAST_ROW: Final = 2**53 - 1
CLEARED: Final = object()
"""What a lone dash means in a correction: the cell is to be emptied. An empty field leaves the cell as it is."""


class Row(fields.Whole):
    """The number of a row, as a page's address carries it."""

    def read(self, text: str) -> object:
        """Refuse a number no row can have."""
        number = super().read(text)
        if not isinstance(number, int) or number > LAST_ROW:
            raise ValidationError("Halaman ini tidak ada.")
        return number


class Cell(fields.Text):
    """One cell of a person's row, read by its rule."""

    def __init__(self, rule: Callable[[str], object], *, optional: bool = False) -> None:
        super().__init__(rules.LONGEST["alamat"], optional=optional)
        self.rule = rule

    def read(self, text: str) -> object:
        """Clean and read; a rule's refusal becomes its sentence and remedy."""
        super().read(text)
        cleaned = rules.clean_text(text)
        if cleaned is None:
            return CLEARED
        try:
            if rules.has_control(cleaned):
                raise CellRefused("teks.karakter_kendali")  # noqa: TRY301 - one way to say a cell is refused
            return self.rule(cleaned)
        except CellRefused as refused:
            raise ValidationError(MESSAGES[refused.code].text.replace("{n}", str(len(cleaned)))) from refused


class ListFilter(fields.Form):
    """Where the page before stopped."""

    sebelum = Row(optional=True)


class ProblemFilter(fields.Form):
    """The same for problems, which go upward."""

    sesudah = Row(optional=True)


class PeopleFilter(fields.Form):
    """Which neighbourhood, and where the page before stopped."""

    rw = Cell(partial(rules.neighbourhood, "rw"), optional=True)
    rt = Cell(partial(rules.neighbourhood, "rt"), optional=True)
    sesudah = Row(optional=True)


class ImportForm(fields.Form):
    """How a list is to be taken in; the file comes beside."""

    mode = fields.Choice([mode.value for mode in ImportMode])


class SearchForm(fields.Form):
    """Somebody's NIK or reference; it arrives by POST, so that no address ever holds a NIK."""

    sought = fields.Text(40)


class ViewForm(fields.Form):
    """Why somebody is to be seen."""

    reason = fields.Text(1_000)


class CorrectionForm(fields.Form):
    """What is to be different: an empty field stays as it is, a dash empties it."""

    def __init__(self, yardstick: Yardstick) -> None:
        self.yardstick = yardstick
        super().__init__()

    nama = Cell(rules.name, optional=True)
    no_kk = Cell(rules.family_card, optional=True)
    tanggal_lahir = Cell(str, optional=True)
    jenis_kelamin = Cell(rules.sex, optional=True)
    alamat = Cell(partial(rules.bounded, "alamat"), optional=True)
    rt = Cell(partial(rules.neighbourhood, "rt"), optional=True)
    rw = Cell(partial(rules.neighbourhood, "rw"), optional=True)
    kode_desa = Cell(str, optional=True)
    no_hp = Cell(rules.phone, optional=True)
    pekerjaan = Cell(partial(rules.bounded, "pekerjaan"), optional=True)
    sumber_data = Cell(rules.source, optional=True)
    id_dtks = Cell(rules.dtks_id, optional=True)
    reason = fields.Text(REASON_MAX)

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:  # noqa: ANN401 - a field of marshmallow
        """Give the two columns that depend on the day and the place their rule."""
        if field_name == "tanggal_lahir":
            field_obj.rule = partial(rules.birth_date, today=self.yardstick.today)
        if field_name == "kode_desa":
            field_obj.rule = partial(rules.village, known=self.yardstick.villages)

    @validates_schema
    def keeps_what_must_be(self, values: Mapping[str, object], **_: object) -> None:
        """Refuse to empty a name, a card, a village or a source; they may be changed."""
        for column in ("nama", "no_kk", "kode_desa", "sumber_data"):
            if values.get(column) is CLEARED:
                raise ValidationError({column: ["Bagian ini dapat diubah, tidak dapat dikosongkan."]})


class AccountForm(fields.Form):
    """A person's other account."""

    bank = Cell(rules.bank)
    number = Cell(rules.account)
    holder = Cell(partial(rules.bounded, "nama_rekening"))
    reason = fields.Text(REASON_MAX)

    @validates_schema
    def is_whole(self, values: Mapping[str, object], **_: object) -> None:
        """Refuse a dash: it is no account."""
        for name, value in values.items():
            if value is CLEARED:
                raise ValidationError({name: [fields.MISSING]})


class StatusForm(fields.Form):
    """What became of a person, since when, and the paper that says so."""

    status = fields.Choice(("active", "deceased", "moved"))
    since = fields.Day()
    document = fields.Text(40, optional=True)


class ExternalAidForm(fields.Form):
    """Which programme of another agency and which period; the numbers come beside, as a file."""

    program = fields.Text(40)
    period = fields.Text(20)


def changes_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what a correction says: columns left empty are left out, emptied ones are None."""
    return {
        name: None if value is CLEARED else value
        for name, value in values.items()
        if name != "reason" and value is not None
    }


def reference_in(sought: str) -> str | None:
    """Read a person's reference however it was typed; None where the text is none."""
    try:
        found = check_reference(sought)
    except (ReferenceMalformed, ReferenceWrongCheck):
        return None
    return str(found)
