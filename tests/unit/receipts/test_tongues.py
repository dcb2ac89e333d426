"""A receipt in English: every word of ours is another one, and everything it states is the same."""

from __future__ import annotations

import datetime as dt
import io
import re
import subprocess
from dataclasses import replace

import pikepdf
import pytest

from aid_ledger.receipts import rules
from aid_ledger.receipts.page import page_of
from aid_ledger.receipts.tongues import TONGUES
from audit.pdf import verify_receipt
from audit.pdf.fields import Approver, ReceiptFields, SourceShare
from audit.pdf.impressions import ENGLISH, FIRST, INDONESIAN, Impression
from tests.audit.small_log import LOG_VKEY
from tests.unit.receipts.example import APPROVED_AT, WAYS, evidence_of, goods, money, office, pressed

IN_ENGLISH = Impression(language=ENGLISH)
INDONESIAN_TONGUE, ENGLISH_TONGUE = TONGUES[INDONESIAN], TONGUES[ENGLISH]

SAME_IN_BOTH = {"NIK", "PDF", "QR", "WIB", "OTP", "rupiah", "byte", "internet", "log", "aid", "audit", "receipt"}
"""Names, words of both languages, and those of a command."""


def officials() -> tuple[Approver, ...]:
    """Let an official take each step that a receipt shows."""
    return tuple(
        Approver(name="Siti Rahmawati", office="PPTK Dinas Sosial", step=step, at=APPROVED_AT)
        for step in rules.STEP_WORDS.values()
    )


def dutiable() -> ReceiptFields:
    """Say that somebody received more than costs no duty."""
    amount = 6_000_000
    return paid(amount=amount, in_words="enam juta rupiah", sources=(SourceShare(name="APBD 2021", amount=amount),))


def paid(**changes: object) -> ReceiptFields:
    """Say that somebody received money, in the words that the agency's receipts are stated in."""
    return replace(money(approvers=officials(), channel=rules.CHANNEL_WORDS["bank"]), **changes)  # type: ignore[arg-type]


PAPERS = {
    "money": paid(),
    "cash above duty": replace(dutiable(), channel=rules.CHANNEL_WORDS["cash"]),
    "a handover record": goods(approvers=officials()),
}
each_paper = pytest.mark.parametrize("paper", PAPERS)
each_way = pytest.mark.parametrize("way", WAYS)


def said_by(pdf: bytes) -> str:
    """Read everything a file says to people: its page, title, picture, field, and what is attached."""
    page = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        objects = [each for each in opened.objects if isinstance(each, pikepdf.Dictionary)]
        aside = [str(each[key]) for each in objects for key in ("/Alt", "/TU", "/Desc") if key in each]
        assert len(aside) == 3
        return " ".join((page, str(opened.docinfo["/Title"]), *aside))


def words_of(text: str) -> set[str]:
    """List the words in a text: letters only, so that hashes and codes fall into pieces nobody looks at."""
    return set(re.findall(r"(?<![\w+/=-])[^\W\d_]{2,}(?![\w+/=])", text))


def stated(fields: ReceiptFields) -> str:
    """List what is printed as it was stated: names, places, titles, units, never a word that we choose."""
    people = [text for each in fields.approvers for text in (each.name, each.office)]
    for each in fields.handovers:
        people += [each.giver, each.giver_office, each.place]
        people += [text for witness in each.witnesses for text in (witness.name, witness.office)]
    named = (fields.agency, fields.program_name, fields.payee, fields.village, fields.district, fields.unit)
    return " ".join((*named, fields.contents, fields.decree, *(each.name for each in fields.sources), *people))


def letters_of_signs(fields: ReceiptFields) -> set[str]:
    """List the pieces of numbers, code, hashes and addresses that look like words."""
    page = page_of(evidence_of(fields), office().issuer)
    numbers = (fields.number, fields.batch, fields.line, *(each.number for each in fields.handovers))
    signs = " ".join((*numbers, page.check_page, page.fingerprint, *page.code, *page.place, *page.root))
    return set(re.findall(r"[^\W\d_]{2,}", signs)) - {"nomor", "dari"}


@each_way
@each_paper
def test_no_word_of_ours_is_left_in_indonesian(paper: str, way: str) -> None:
    """Whatever both papers say is stated or is a name; so it is with labels, numbers, days, and what is read aloud."""
    fields = PAPERS[paper]
    ours, english = (said_by(WAYS[way](fields, impression)) for impression in (FIRST, IN_ENGLISH))
    both = words_of(ours) & words_of(english)
    assert both - words_of(stated(fields)) - letters_of_signs(fields) - SAME_IN_BOTH == set()
    assert len(words_of(ours) - words_of(english)) > 60


@each_paper
def test_every_row_has_another_label(paper: str) -> None:
    """Row by row, and over the places for signing."""
    ours, english = (page_of(evidence_of(PAPERS[paper]), office().issuer, each) for each in (FIRST, IN_ENGLISH))
    pairs = [(one.label, other.label) for one, other in zip(ours.rows, english.rows, strict=True)]
    pairs += zip(ours.signs, english.signs, strict=True)
    assert {one for one, other in pairs if one == other} <= {"NIK"}
    assert english.signs == (("Giver", "Recipient", "First witness", "Second witness") if ours.signs else ())
    assert ours.shape() != english.shape()


@each_way
@each_paper
def test_it_is_the_same_receipt(paper: str, way: str) -> None:
    """The stranger's reader finds the same statement in either, word for word."""
    told = [
        verify_receipt(WAYS[way](PAPERS[paper], each), root_cert=office().root_pem, log_key=LOG_VKEY)
        for each in (FIRST, IN_ENGLISH)
    ]
    assert [each.fields for each in told] == [PAPERS[paper]] * 2
    assert [each.impression for each in told] == [FIRST, IN_ENGLISH]


def test_numbers_days_and_words_of_the_amount_are_english() -> None:
    """On the page as it is copied from; what was stated in names stays."""
    shown = said_by(pressed(paid(), Impression(2, ENGLISH)))
    for words in ("Receipt for Cash Aid", "Rp300,000", "three hundred thousand rupiah", "Thursday, 5 August 2021"):
        assert words in shown
    for words in ("5 Aug 2021, 14:05 WIB", "Print no. 2 (copy)", "Bank transfer", "Keputusan Bupati"):
        assert words in shown
    record = said_by(pressed(goods(), IN_ENGLISH))
    for words in (
        "Handover Record",
        "2 paket",
        "two paket",
        "Signatures on paper",
        "Thursday, 5 August 2021, 10:20 WIB",
    ):
        assert words in record


def test_the_file_says_in_which_language_it_is() -> None:
    """To screen readers and to catalogues; the evidence in it is the same, and it is another file."""
    ours, english = pressed(money()), pressed(money(), Impression(2, ENGLISH))
    with pikepdf.open(io.BytesIO(ours)) as one, pikepdf.open(io.BytesIO(english)) as other:
        assert (str(one.Root.Lang), str(other.Root.Lang)) == ("id", "en")
        assert b"<rdf:li>en</rdf:li>" in other.Root.Metadata.read_bytes()
        assert str(other.Root.Perms.DocMDP.Reason) == "Print no. 2 (copy)"
        assert one.attachments["bukti.json"].get_file().read_bytes() == (
            other.attachments["bukti.json"].get_file().read_bytes()
        )
        assert bytes(one.trailer.ID[0]) != bytes(other.trailer.ID[0])


def test_every_word_we_choose_has_an_english_one() -> None:
    """A step, a channel or a month that is added needs its translation."""
    for term in (*rules.STEP_WORDS.values(), *rules.CHANNEL_WORDS.values()):
        assert ENGLISH_TONGUE.term(term) != term == INDONESIAN_TONGUE.term(term)
    for number, month in enumerate(rules.MONTHS, start=1):
        assert ENGLISH_TONGUE.period(f"{month} 2021") == f"{dt.date(2021, number, 1):%B} 2021"
        assert INDONESIAN_TONGUE.period(f"{month} 2021") == f"{month} 2021"
    assert ENGLISH_TONGUE.period("Tahap I") == "Tahap I"


def test_a_label_without_translation_is_refused() -> None:
    """A page is in one language or it is not printed."""
    with pytest.raises(KeyError):
        ENGLISH_TONGUE.say("Keterangan")
    assert INDONESIAN_TONGUE.say("Keterangan") == "Keterangan"
