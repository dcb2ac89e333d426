"""What the page of a receipt shows, as lines of text: the template only places them, the press only fills them in.

Two pages of the same `shape` differ in nothing but the letters of their lines, so that one plate prints both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

from aid_ledger.receipts import breaking
from aid_ledger.receipts.breaking import Lines, wrap, wrap_after
from aid_ledger.receipts.duty import TARIFF_IDR, StampDuty
from aid_ledger.receipts.placing import Placed, place_in_log
from aid_ledger.receipts.stamping import StampKey
from aid_ledger.receipts.tongues import TONGUES, Tongue
from audit import note
from audit.pdf import impressions
from audit.pdf.evidence import Evidence
from audit.pdf.fields import GOODS, Approver, Handover, ReceiptFields
from audit.pdf.impressions import FIRST, INDONESIAN, Impression

ZONE_NAMES: Final = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}

SIDES: Final = ("Penyerah", "Penerima", "Saksi pertama", "Saksi kedua")
"""Who signs a handover record on paper, in order."""

Shape: TypeAlias = tuple[tuple[str, ...], tuple[bool, ...], int, tuple[int, ...]]

_KEPT: Final = 1_024
"""Dates, moments and amounts kept as words: a batch has few of each, and the locale's rules are slow to ask."""


LAWS_OWN: Final = StampDuty()


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where receipts are checked, the fingerprint of their certificate's root, who stamps them, which cost duty."""

    base_url: str
    root_fingerprint: bytes
    stamp_key: StampKey | None = None
    duty: StampDuty = LAWS_OWN

    @property
    def check_page(self) -> str:
        """Return the address of the page that checks receipts, as it is typed."""
        return f"{self.base_url.rstrip('/')}/periksa".removeprefix("https://")


@dataclass(frozen=True, slots=True)
class Wording:
    """What is printed on every paper of a kind, whatever it says: headings, and how it is checked.

    In Indonesian; the page says it in its own language.
    """

    heading: str
    box: str
    steps: str
    typed: str
    code_alt: str
    footer: str


RECEIPT: Final = Wording(
    heading="Tanda Terima Bantuan Uang",
    box="Jumlah diterima",
    steps="Diperiksa dan disetujui",
    typed="kode",
    code_alt="Kode QR menuju halaman pemeriksaan tanda terima ini",
    footer="Keadaan terakhir (masih berlaku, dibatalkan, atau diganti) hanya terlihat di halaman pemeriksaan.",
)
RECORD: Final = replace(RECEIPT, heading="Berita Acara Serah Terima", box="Barang yang diserahterimakan")
RETURN: Final = Wording(
    heading="Surat Tanda Setoran",
    box="Jumlah disetor kembali",
    steps="Disetor dan dicatat",
    typed="nomor",
    code_alt="Kode QR menuju halaman pemeriksaan surat tanda setoran ini",
    footer="Dicetak dari catatan log; bukti setor dari kas daerah adalah dokumen yang disebut di atas.",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of who received what; the label never varies."""

    label: str
    value: Lines


@dataclass(frozen=True, slots=True)
class Source:
    """A source of funds and its share."""

    name: Lines
    amount: Lines


@dataclass(frozen=True, slots=True)
class Step:
    """An official who checked or approved, with the office held, at which step, when.

    The office goes on where the name ends, if its first line begins with a space.
    """

    step: Lines
    name: Lines
    office: Lines
    at: Lines


@dataclass(frozen=True, slots=True)
class Page:
    """All text of a page. What is `str` is the same on every receipt of a shape; what is `Lines` varies."""

    tongue: Tongue
    wording: Wording
    agency: str
    check_page: str
    fingerprint: str
    duty: str
    number: Lines
    copy: Lines
    amount: Lines
    in_words: Lines
    contents: Lines
    rows: tuple[Row, ...]
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    code: Lines
    place: Lines
    root: Lines

    @property
    def signs(self) -> tuple[str, ...]:
        """Say who signs the printed page by hand; nobody but on a handover record."""
        return tuple(map(self.tongue.say, SIDES)) if self.wording is RECORD else ()

    def texts(self) -> list[Lines]:
        """List the texts that vary, in the order in which they stand here."""
        rows = [row.value for row in self.rows]
        sources = [part for each in self.sources for part in (each.name, each.amount)]
        steps = [part for each in self.steps for part in (each.step, each.name, each.office, each.at)]
        above = (self.number, self.copy, self.amount, self.in_words, self.contents)
        return [*above, *rows, *sources, *steps, self.code, self.place, self.root]

    def lines(self) -> list[str]:
        """List the lines of the texts that vary."""
        return [line for text in self.texts() for line in text]

    def shape(self) -> Shape:
        """Tell all but the letters of what varies: pages of one shape are printed from one plate."""
        labels = tuple(row.label for row in self.rows)
        same = (
            self.tongue.code,
            self.wording.heading,
            self.agency,
            self.check_page,
            self.fingerprint,
            self.duty,
            *labels,
        )
        going_on = tuple(_goes_on(each.office) for each in self.steps)
        return same, going_on, len(self.sources), tuple(map(len, self.texts()))

    def narrow(self) -> Lines:
        """List the lines that are set in the narrow face."""
        return self.root

    def each(self, change: Callable[[str], str]) -> Page:
        """Return the page with every line of `lines` changed, in their order."""

        def changed(text: Lines) -> Lines:
            return tuple(map(change, text))

        return Page(
            tongue=self.tongue,
            wording=self.wording,
            agency=self.agency,
            check_page=self.check_page,
            fingerprint=self.fingerprint,
            duty=self.duty,
            number=changed(self.number),
            copy=changed(self.copy),
            amount=changed(self.amount),
            in_words=changed(self.in_words),
            contents=changed(self.contents),
            rows=tuple(Row(row.label, changed(row.value)) for row in self.rows),
            sources=tuple(Source(changed(each.name), changed(each.amount)) for each in self.sources),
            steps=tuple(
                Step(changed(each.step), changed(each.name), changed(each.office), changed(each.at))
                for each in self.steps
            ),
            code=changed(self.code),
            place=changed(self.place),
            root=changed(self.root),
        )

    def ending_right(self) -> list[Lines]:
        """List the texts that stand at the right end of their columns; all others stand at the left."""
        return [each.amount for each in self.sources] + [each.at for each in self.steps]


def page_of(evidence: Evidence, issuer: Issuer, impression: Impression = FIRST) -> Page:
    """Write everything the page of one print shows.

    Raises:
        MalformedInput: the evidence holds no proof.

    """
    return page_at(evidence.fields, place_in_log(evidence), issuer, impression)


def page_at(fields: ReceiptFields, placed: Placed, issuer: Issuer, impression: Impression) -> Page:
    """Write everything the page shows, for whoever knows already where the log holds the receipt."""
    tongue = TONGUES[impression.language]
    return Page(
        tongue=tongue,
        wording=wording_of(fields),
        agency=fields.agency,
        check_page=issuer.check_page,
        fingerprint=grouped(issuer.root_fingerprint.hex(), 4, " "),
        duty=duty_of(fields, issuer.duty, tongue),
        number=wrap(fields.number, breaking.NUMBER),
        copy=wrap(impressions.sentence(impression), breaking.COPY),
        amount=wrap(amount_of(fields.amount, fields.unit, tongue), breaking.AMOUNT),
        in_words=wrap(tongue.in_words(fields.amount, fields.unit, fields.in_words), breaking.IN_WORDS),
        contents=wrap(f"{tongue.say('Isi')}: {fields.contents}", breaking.CONTENTS) if fields.contents else (),
        rows=tuple(Row(tongue.say(label), wrap(value, breaking.ROW)) for label, value in row_texts(fields, tongue)),
        sources=tuple(
            Source(wrap(each.name, breaking.SOURCE), wrap(amount_of(each.amount, fields.unit, tongue), breaking.SHARE))
            for each in fields.sources
        ),
        steps=tuple(step_of(each, fields.zone, tongue) for each in fields.approvers),
        code=wrap(grouped(fields.code, 4, "-"), breaking.CODE),
        place=wrap(place_words(placed, tongue), breaking.PLACE),
        root=wrap(note.encode_base64(placed.checkpoint.root), breaking.HASH),
    )


def duty_of(fields: ReceiptFields, duty: StampDuty, tongue: Tongue) -> str:
    """Say what stamp of duty the paper has a place for; "" for none."""
    is_due = duty.is_due(amount=fields.amount, commodity=fields.commodity, program=fields.program)
    return f"{tongue.say('Meterai')} {tongue.amount(TARIFF_IDR, '')}" if is_due else ""


def wording_of(fields: ReceiptFields) -> Wording:
    """Say what kind of receipt it is: a BAST for goods, a receipt for money (DOMAIN 2.6)."""
    return RECORD if fields.kind == GOODS else RECEIPT


def place_words(placed: Placed, tongue: Tongue) -> str:
    """Say where in which log an entry lies."""
    index, stated = placed
    where = f"{tongue.say('nomor')} {tongue.count(index)} {tongue.say('dari')} {tongue.count(stated.size)}"
    return f"{where}, {stated.origin}"


def title_of(fields: ReceiptFields, tongue: Tongue) -> str:
    """Write the title of the document, as windows and screen readers announce it."""
    return f"{tongue.say(wording_of(fields).heading)} {fields.number}"


def row_texts(fields: ReceiptFields, tongue: Tongue) -> list[tuple[str, str]]:
    """Write the table of who received what from whom, under labels still to be said in the page's language.

    Lines that have nothing to say are left out.
    """
    rows = (
        *(row for each in fields.handovers for row in _record(each, fields, tongue)),
        *(() if fields.handovers else _receipt(fields, tongue)),
        ("Dasar", fields.decree),
        ("Berkas bayar", f"{fields.batch} \u00b7 {tongue.say('baris')} {fields.line}"),
    )
    return [(label, value) for label, value in rows if value]


def _receipt(fields: ReceiptFields, tongue: Tongue) -> Iterator[tuple[str, str]]:
    yield "Penerima", fields.payee
    yield "NIK", fields.nik
    yield "Wilayah", _place(fields)
    yield "Program", fields.program_name
    yield "Periode", tongue.period(fields.period)
    yield "Diterima", _date(fields.paid_on, tongue) if fields.paid_on else ""
    yield "Melalui", tongue.term(fields.channel)


def _record(handover: Handover, fields: ReceiptFields, tongue: Tongue) -> Iterator[tuple[str, str]]:
    """Write both sides, when and where, and who saw it, in as few lines as leave room to sign."""
    giver, receiver, *seats = SIDES
    yield giver, _person(handover.giver, handover.giver_office)
    yield receiver, f"{fields.payee}, NIK {fields.nik}"
    yield "Wilayah", _place(fields)
    yield "Program", f"{fields.program_name}, {tongue.period(fields.period)}"
    yield "Diserahkan", f"{_instant(handover.at, fields.zone, tongue)}, {handover.number}"
    yield "Tempat", handover.place
    for seat, witness in zip(seats, handover.witnesses, strict=True):
        yield seat, _person(witness.name, witness.office)


def _place(fields: ReceiptFields) -> str:
    return f"{fields.village}, {fields.district}" if fields.village else ""


def _person(name: str, office: str) -> str:
    return f"{name}, {office}" if office else name


@lru_cache(maxsize=_KEPT)
def step_of(approver: Approver, zone: str, tongue: Tongue) -> Step:
    """Write an official's step in three columns."""
    name = wrap(f"{approver.name}," if approver.office else approver.name, breaking.OFFICIAL)
    office = wrap_after(name[-1], approver.office, breaking.OFFICE) if name else wrap(approver.office, breaking.OFFICE)
    return Step(
        wrap(tongue.term(approver.step), breaking.STEP),
        name,
        office,
        wrap(moment_words(approver.at, zone, tongue), breaking.MOMENT),
    )


def _goes_on(text: Lines) -> bool:
    return bool(text) and text[0].startswith(" ")


def grouped(text: str, size: int, between: str) -> str:
    """Write text in groups of some letters."""
    return between.join(text[start : start + size] for start in range(0, len(text), size))


@lru_cache(maxsize=_KEPT)
def amount_of(amount: int, unit: str, tongue: Tongue = TONGUES[INDONESIAN]) -> str:
    """Write an amount: rupiah when no unit of goods is given."""
    return tongue.amount(amount, unit)


@lru_cache(maxsize=_KEPT)
def _date(day: dt.date, tongue: Tongue) -> str:
    return tongue.date(day)


@lru_cache(maxsize=_KEPT)
def _instant(instant: dt.datetime, zone: str, tongue: Tongue) -> str:
    return tongue.instant(instant, ZONE_NAMES[zone])


@lru_cache(maxsize=_KEPT)
def moment_words(instant: dt.datetime, zone: str, tongue: Tongue) -> str:
    """Write an instant shortly, as the agency's clock shows it."""
    return tongue.moment(instant, ZONE_NAMES[zone])
