"""Files that are signed without fault by a chain the verifier trusts, and still are no receipts of ours.

Nobody but the agency could make them. They are refused so that no reader of PDF shows, runs or saves what the verifier
has not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from audit.errors import AuditError
from audit.pdf.impressions import FIRST, Impression
from tests.audit.forge import MONEY, attach, good_chain, refused, rewrite, swap, verify

Change = Callable[[dict[int, bytes]], None]


def add(body: bytes, into: bytes, entry: bytes) -> Change:
    """Make a change that adds an object and names it, as `%d 0 R`, in the objects that hold the text `into`."""

    def change(bodies: dict[int, bytes]) -> None:
        number = max(bodies) + 1
        swap(into, into + entry % number)(bodies)
        bodies[number] = body + b"\nendobj\n"

    return change


def test_a_rewritten_receipt_is_accepted() -> None:
    """What follows is refused for what it changes: writing the file anew alone changes nothing."""
    again = rewrite(MONEY, lambda _: None)
    assert verify(again, good_chain().root_pem).fields == verify(MONEY).fields


SCRIPT = b"<</Type /Action/S /JavaScript/JS (app.alert\\(1\\))>>"
ACTIONS = {
    "OpenAction": add(SCRIPT, b"/Type /Catalog", b"/OpenAction %d 0 R"),
    "AA": add(SCRIPT, b"/Type /Catalog", b"/AA <</WC %d 0 R>>"),
    "page AA": add(SCRIPT, b"/Type /Page/", b"AA <</O %d 0 R>>/"),
    "named script": add(SCRIPT, b"/Names <<", b"/JavaScript %d 0 R"),
    "launch": add(b"<</S /Launch/F (cmd.exe)>>", b"/Type /Catalog", b"/OpenAction %d 0 R"),
    "widget action": add(SCRIPT, b"/Subtype /Widget", b"/A %d 0 R"),
    "outlines": add(b"<</Type /Outlines/Count 0>>", b"/Type /Catalog", b"/Outlines %d 0 R"),
}


@pytest.mark.parametrize("change", ACTIONS.values(), ids=ACTIONS.keys())
def test_nothing_in_a_receipt_acts(change: Change) -> None:
    """Scripts, launches and actions have no place in a receipt, signed or not."""
    refused(
        rewrite(MONEY, change),
        "receipt.attachment" if change is ACTIONS["named script"] else "receipt.profile",
        good_chain().root_pem,
    )


PRINTS: dict[str, tuple[Change, str, str]] = {
    "no number": (
        swap(b"/Reference [<<", b"/Reason (Cetakan ke- \\(salinan\\))/Reference [<<"),
        "receipt.copy",
        "the signature gives a reason that is no copy's",
    ),
    "the first": (
        swap(b"/Reference [<<", b"/Reason (Cetakan ke-1 \\(salinan\\))/Reference [<<"),
        "receipt.copy",
        "the signature gives a reason that is no copy's",
    ),
    "a zero before": (
        swap(b"/Reference [<<", b"/Reason (Cetakan ke-02 \\(salinan\\))/Reference [<<"),
        "receipt.copy",
        "the signature gives a reason that is no copy's",
    ),
    "another sentence": (
        swap(b"/Reference [<<", b"/Reason (Cetakan ke-2 \\(asli\\)   )/Reference [<<"),
        "receipt.copy",
        "the signature gives a reason that is no copy's",
    ),
    "another beginning": (
        swap(b"/Reference [<<", b"/Reason (Salinan ke- 2 \\(salinan\\))/Reference [<<"),
        "receipt.copy",
        "the signature gives a reason that is no copy's",
    ),
    "too long a number": (
        swap(b"/Reference [<<", b"/Reason (Cetakan ke-100000 \\(salinan\\))/Reference [<<"),
        "receipt.copy",
        "the signature gives a reason that is no copy's",
    ),
    "no text": (
        swap(b"/Reference [<<", b"/Reason 2/Reference [<<"),
        "receipt.copy",
        "the signature gives a reason that is no copy's",
    ),
    "another language": (swap(b"/Lang (id)", b"/Lang (jv)"), "receipt.language", "the document is in another language"),
    "no language": (swap(b"/Lang (id)", b"/Lang 1"), "receipt.language", "the document is in another language"),
}


@pytest.mark.parametrize("name", PRINTS)
def test_a_print_says_which_it_is_in_one_way(name: str) -> None:
    """A copy that calls itself an original, or whose number nobody can read, is no paper of ours."""
    change, rule, sentence = PRINTS[name]
    refused(rewrite(MONEY, change), rule, good_chain().root_pem)
    with pytest.raises(AuditError, match=re.escape(sentence)):
        verify(rewrite(MONEY, change), good_chain().root_pem)


def test_a_copy_whose_page_does_not_say_so_is_refused() -> None:
    """Signed as the twelfth print, and looking like the first: whoever holds the paper takes it for the original."""
    bent = swap(b"/Reference [<<", b"/Reason (Cetakan ke-12 \\(salinan\\))/Reference [<<")
    refused(rewrite(MONEY, bent), "receipt.copy", good_chain().root_pem)
    assert verify(MONEY).impression == FIRST == Impression(1, "id")


FREE_TEXT = b"<</Type /Annot/Subtype /FreeText/Rect [0 0 200 200]/Contents (Rp900.000)>>"
LAYERS: dict[str, tuple[Change, str]] = {
    "annotation": (add(FREE_TEXT, b"/Annots [", b"%d 0 R "), "receipt.annotation"),
    "form field": (add(b"<</FT /Tx/T (x)>>", b"/Fields [", b"%d 0 R "), "receipt.profile"),
    "no annotation": (swap(b"/Annots [", b"/Annots [3 0 R 3 0 R "), "receipt.annotation"),
    "annots is no list": (swap(b"/BleedBox", b"/Annots null/BleedBox"), "receipt.object"),
    "annots is a dictionary": (
        lambda bodies: re_swap(bodies, rb"/Annots \[[^]]*\]", b"/Annots <<>>"),
        "receipt.profile",
    ),
    "hidden pages": (swap(b"/Type /Pages/Kids [7 0 R]/Count 1", b"/Type /Pages/Kids [7 0 R]/Count 2"), "receipt.pages"),
    "no pages": (swap(b"/Type /Pages/Kids [7 0 R]/Count 1", b"/Type /Pages/Kids []/Count 0"), "receipt.pages"),
    "kids elsewhere": (swap(b"/Kids [7 0 R]", b"/Kids 7 0 R"), "receipt.pages"),
    "more in the tree": (swap(b"/Type /Pages/", b"/Type /Pages/Rotate 90/"), "receipt.pages"),
    "page of another tree": (swap(b"/Type /Page/Parent 1 0 R", b"/Type /Page/Parent 2 0 R"), "receipt.profile"),
    "page is no page": (swap(b"/Type /Page/Parent", b"/Type /Template/Parent"), "receipt.object"),
    "visible signature": (swap(b"/Rect [0 0 0 0]", b"/Rect [0 0 90 90]"), "receipt.profile"),
    "signature with a face": (swap(b"/Subtype /Widget", b"/Subtype /Widget/AP <<>>"), "receipt.profile"),
    "hidden widget": (swap(b"/F 132", b"/F 2"), "receipt.profile"),
}


def re_swap(bodies: dict[int, bytes], pattern: bytes, new: bytes) -> None:
    """Replace what a pattern finds in the objects that hold it."""
    for number, body in bodies.items():
        bodies[number] = re.sub(pattern, new, body)


@pytest.mark.parametrize(("change", "rule"), LAYERS.values(), ids=LAYERS.keys())
def test_nothing_lies_over_or_under_the_page(change: Change, rule: str) -> None:
    """EAA, hide and replace, shadow: one page tree, one invisible field, nothing else that could be seen."""
    refused(rewrite(MONEY, change), rule, good_chain().root_pem)


SIGNATURES: dict[str, tuple[Change, str]] = {
    "changes allowed": (swap(b"/P 1/V /1.2", b"/P 3/V /1.2"), "receipt.profile"),
    "no permissions": (lambda bodies: re_swap(bodies, rb"/Perms <<[^>]*>>", b"/Perms <<>>"), "receipt.profile"),
    "another filter": (swap(b"/Adobe.PPKLite", b"/Entrust.PPKEF"), "receipt.profile"),
    "another form": (swap(b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached"), "receipt.profile"),
    "more said": (swap(b"/Filter /Adobe.PPKLite", b"/Name (Bupati)/Filter /Adobe.PPKLite"), "receipt.profile"),
    "no time": (swap(b"/M (D:20210805071100Z)", b"/M (kemarin)"), "receipt.time"),
    "time is no text": (swap(b"/M (D:20210805071100Z)", b"/M 20210805"), "receipt.time"),
    "no such time": (swap(b"/M (D:20210805071100Z)", b"/M (D:20211305071100Z)"), "receipt.unreadable"),
    "append allowed": (swap(b"/SigFlags 3", b"/SigFlags 1"), "receipt.profile"),
    "signature is a page": (swap(b"/Type /Sig/", b"/Type /Page/"), "receipt.object"),
}


@pytest.mark.parametrize(("change", "rule"), SIGNATURES.values(), ids=SIGNATURES.keys())
def test_the_signature_forbids_every_change(change: Change, rule: str) -> None:
    """DocMDP P 1 in one field: a receipt that allows later changes could be changed later."""
    refused(rewrite(MONEY, change), rule, good_chain().root_pem)


FILES: dict[str, tuple[Change, str]] = {
    "two names": (swap(b"<</Names [(bukti.json)", b"<</Names [(bukti.json) 3 0 R (bukti.json)"), "receipt.attachment"),
    "another name": (swap(b"(bukti.json)", b"(bukti.exe)"), "receipt.attachment"),
    "a name for Unix only": (swap(b"/F (bukti.json)", b"/F (bukti.exe)"), "receipt.profile"),
    "kids": (swap(b"<</Names [(bukti", b"<</Kids []/Names [(bukti"), "receipt.attachment"),
    "another relation": (swap(b"/AFRelationship /Data", b"/AFRelationship /Source"), "receipt.profile"),
    "two contents": (swap(b"/EF <<", b"/EF <</UF 3 0 R"), "receipt.attachment"),
    "elsewhere": (swap(b"/Type /Filespec", b"/Type /Filespec/FS /URL"), "receipt.profile"),
    "unassociated": (lambda bodies: re_swap(bodies, rb"/AF \[[^]]*\]", b"/AF []"), "receipt.profile"),
    "filtered": (swap(b"/Filter /FlateDecode", b"/Filter [/FlateDecode]"), "receipt.stream"),
    "external": (swap(b"/Type /EmbeddedFile", b"/F (x)/Type /EmbeddedFile"), "receipt.stream"),
    "parameters": (swap(b"/Type /EmbeddedFile", b"/DecodeParms null/Type /EmbeddedFile"), "receipt.stream"),
}


@pytest.mark.parametrize(("change", "rule"), FILES.values(), ids=FILES.keys())
def test_there_is_one_attached_file_and_every_list_names_it(change: Change, rule: str) -> None:
    """Two names for two contents: the reader would save one, the verifier check the other."""
    refused(rewrite(MONEY, change), rule, good_chain().root_pem)


def test_an_encrypted_receipt_is_refused() -> None:
    """What nobody can read cannot be checked."""
    encrypted = rewrite(MONEY, lambda _: None, (b"/Root", b"/Encrypt 1 0 R\n/Root"))
    refused(encrypted, "receipt.profile", good_chain().root_pem)


def test_a_hybrid_table_is_refused() -> None:
    """A table in a stream beside the classic one: two readers, two documents."""
    for entry in (b"/XRefStm 20\n", b"/Prev 20\n"):
        hybrid = rewrite(MONEY, lambda _: None, (b"/Root", entry + b"/Root"))
        refused(hybrid, "receipt.profile", good_chain().root_pem)


def test_a_bomb_is_not_inflated() -> None:
    """A megabyte of nothing packs into a kilobyte."""
    refused(rewrite(MONEY, attach(b" " * 1_000_000)), "receipt.stream", good_chain().root_pem)


def break_stream(bodies: dict[int, bytes]) -> None:
    """Put something that is no deflate where the evidence is, as long as it was."""
    (number,) = [each for each, body in bodies.items() if b"/EmbeddedFile/" in body]
    head, mark, stream = bodies[number].partition(b"\nstream\n")
    bodies[number] = head + mark + b"\xff" * 8 + stream[8:]


def shorten_stream(bodies: dict[int, bytes]) -> None:
    """Say that the evidence is shorter than it is: the rest would be freight."""
    (number,) = [each for each, body in bodies.items() if b"/EmbeddedFile/" in body]
    bodies[number] = re.sub(rb"/Length [0-9]+", b"/Length 20", bodies[number], count=1)


@pytest.mark.parametrize("change", [break_stream, shorten_stream])
def test_a_broken_stream_is_refused(change: Change) -> None:
    """Errors of the libraries below are refusals too."""
    refused(rewrite(MONEY, change), "receipt.stream", good_chain().root_pem)
