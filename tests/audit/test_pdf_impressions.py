"""Which print of a receipt a file is: under the signature and on the page the same, in one sentence."""

from __future__ import annotations

import pytest

from audit.errors import MalformedInput, ProofFailed
from audit.pdf import impressions
from audit.pdf.impressions import FIRST, Impression

SECOND = Impression(2, "id")


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("copy", [1, 2, 10, 99_999])
def test_what_a_copy_says_is_read_as_what_it_is(copy: int, language: str) -> None:
    """Written and read back; the first print says nothing, under the signature or on the page."""
    impression = Impression(copy, language)
    said = impressions.sentence(impression)
    assert impressions.read(said.encode() or None, language.encode()) == impression
    impressions.check(["Nomor", said, "Rp300.000"] if said else ["Nomor"], impression)
    assert (said == "") == (copy == 1)


@pytest.mark.parametrize(
    ("lines", "impression"),
    [
        (["Nomor"], SECOND),
        (["Nomor", "Cetakan ke-3 (salinan)"], SECOND),
        (["Nomor", "Cetakan ke-2 (asli)"], SECOND),
        (["Nomor", "Cetakan ke-2"], SECOND),
        (["Cetakan ke-2 (salinan)", "Cetakan ke-2 (salinan)"], SECOND),
        (["Cetakan ke-2 (salinan)", "Cetakan ke-1"], SECOND),
        (["Cetakan ke-2 (salinan)"], FIRST),
        (["Cetakan ke-1"], FIRST),
        (["Print no. 2 (copy)"], FIRST),
        (["Print no. 2 (copy)"], SECOND),
        (["Cetakan ke-2 (salinan)"], Impression(2, "en")),
        (["Cetakan ke-2 (salinan)", "Print no. 3 (copy)"], SECOND),
    ],
)
def test_a_page_that_calls_itself_another_copy_is_refused(lines: list[str], impression: Impression) -> None:
    """None, another, twice, or one that is no copy: page and signature say the same, or the paper is nobody's."""
    with pytest.raises(ProofFailed) as refusal:
        impressions.check(lines, impression)
    assert refusal.value.rule == "receipt.copy"
    assert refusal.value.sentence == "the page calls itself another copy than it is signed as"


@pytest.mark.parametrize(
    ("reason", "language"), [(b"Print no. 2 (copy)", b"id"), (b"Cetakan ke-2 (salinan)", b"en"), (None, b"fr")]
)
def test_a_copy_speaks_the_language_of_its_document(reason: bytes | None, language: bytes) -> None:
    """A sentence in the other language is no sentence of this paper."""
    with pytest.raises(MalformedInput) as refusal:
        impressions.read(reason, language)
    assert refusal.value.rule == ("receipt.language" if language == b"fr" else "receipt.copy")


def test_what_is_written_elsewhere_on_the_page_is_no_copys_mark() -> None:
    """A village may be called so, as long as no line begins with it."""
    impressions.check(["Kantor Cetakan ke-2"], FIRST)
