"""PDF/A-3a and PDF/UA-1: kept for ten years, read aloud to those who do not see; checked on the signed file.

veraPDF is not at hand in every place that runs tests; what is listed here is what it and others look for.
"""

from __future__ import annotations

import io
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pdfua
import pikepdf
import pytest

from audit.errors import AuditError
from audit.pdf import verify_paper
from audit.pdf.fields import ReceiptFields, SourceShare
from audit.pdf.impressions import ENGLISH, FIRST, Impression
from tests.audit.small_log import LOG_VKEY
from tests.unit.receipts.example import RETURN_WAYS, WAYS, goods, money, office, setoran


def dutiable() -> ReceiptFields:
    """Say that somebody received so much that the paper needs a stamp."""
    return money(amount=6_000_000, sources=(SourceShare(name="APBD 2021", amount=6_000_000),))


PAPERS = {
    "uang": (money, FIRST),
    "barang": (goods, FIRST),
    "salinan": (money, Impression(2)),
    "bermeterai": (dutiable, FIRST),
    "uang, Inggris": (money, Impression(language=ENGLISH)),
    "barang, Inggris": (goods, Impression(2, ENGLISH)),
}
KINDS = [f"{kind}, {way}" for kind in (*PAPERS, "setoran") for way in WAYS]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
SPACES = {
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": RDF.strip("{}"),
}


@cache
def receipt(kind: str) -> bytes:
    """Make each example once."""
    name, _, way = kind.rpartition(", ")
    if name == "setoran":
        return RETURN_WAYS[way](setoran())
    make, impression = PAPERS[name]
    return WAYS[way](make(), impression)


def opened(kind: str) -> pikepdf.Pdf:
    """Open an example with a reader of PDF."""
    return pikepdf.open(io.BytesIO(receipt(kind)))


@pytest.fixture
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Put an example into a file."""
    place = tmp_path / "receipt.pdf"
    place.write_bytes(receipt(request.param))
    return place


both_files = pytest.mark.parametrize("path", KINDS, indirect=True)
both = pytest.mark.parametrize("kind", KINDS)


@both_files
def test_qpdf_finds_no_fault(path: Path) -> None:
    """Syntax and streams."""
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert b"No syntax or stream encoding errors" in done.stdout


@both_files
def test_mutool_finds_no_change_since_signing(path: Path) -> None:
    """A reader of another family."""
    done = subprocess.run(["mutool", "sign", "-v", str(path)], capture_output=True, check=False)
    assert b"The document is unchanged since signing." in done.stdout


@both_files
def test_pdfua_finds_nothing(path: Path) -> None:
    """The machine-checkable part of PDF/UA-1."""
    report = pdfua.validate(str(path))
    assert [finding.message for finding in report.findings] == []
    assert report.exit_code == 0


@both_files
def test_a_file_saved_again_is_no_receipt(path: Path, tmp_path: Path) -> None:
    """Re-saved by a tool, or stripped of its signature: the page looks the same and proves nothing."""
    saved = tmp_path / "saved.pdf"
    for options in ([], ["--remove-restrictions"], ["--object-streams=generate"]):
        subprocess.run(["qpdf", *options, str(path), str(saved)], check=True)
        with pytest.raises(AuditError):
            verify_paper(saved.read_bytes(), root_cert=office().root_pem, log_key=LOG_VKEY)


@both
def test_the_metadata_is_one_block_and_agrees(kind: str) -> None:
    """One rdf:RDF that claims both standards, with the title and times of the document itself."""
    with opened(kind) as pdf:
        raw = pdf.Root.Metadata.read_bytes()
        assert "/Filter" not in pdf.Root.Metadata
        (block,) = ET.fromstring(raw).iter(f"{RDF}RDF")  # noqa: S314 - written by ourselves
        assert block.findtext(".//pdfaid:part", namespaces=SPACES) == "3"
        assert block.findtext(".//pdfaid:conformance", namespaces=SPACES) == "A"
        assert block.findtext(".//pdfuaid:part", namespaces=SPACES) == "1"
        assert block.findtext(".//dc:title/rdf:Alt/rdf:li", namespaces=SPACES) == str(pdf.docinfo["/Title"])
        assert str(pdf.docinfo["/CreationDate"]) == "D:20210805071100Z"
        assert b"<xmp:CreateDate>2021-08-05T07:11:00Z<" in raw


@both
def test_the_document_says_what_it_is(kind: str) -> None:
    """Language, title, marks, identifier, colours; no encryption, no action, no script."""
    with opened(kind) as pdf:
        root = pdf.Root
        assert len(pdf.trailer.ID) == 2
        assert "/Encrypt" not in pdf.trailer
        assert str(root.Lang) == ("en" if "Inggris" in kind else "id")
        assert bool(root.MarkInfo.Marked)
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        (intent,) = root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        assert intent.DestOutputProfile.N == 3
        assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"
        for name in ("/OpenAction", "/AA", "/JavaScript", "/Outlines", "/OCProperties"):
            assert name not in root
        assert set(root.Names.keys()) == {"/EmbeddedFiles"}


@both
def test_every_face_is_embedded_and_can_be_copied_from(kind: str) -> None:
    """A receipt looks the same in ten years, and its text can be searched and read aloud."""
    with opened(kind) as pdf:
        faces = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/Font"]
        outer = [face for face in faces if face.Subtype == "/Type0"]
        assert outer
        assert all("/ToUnicode" in face for face in outer)
        assert all("/FontFile2" in face.DescendantFonts[0].FontDescriptor for face in outer)
        assert len(faces) == 2 * len(outer)


@both
def test_every_letter_of_the_page_has_a_glyph_and_a_meaning(kind: str) -> None:
    """PDF/A section 6.2.11: what is drawn is in the embedded face, is as wide as said there, and can be copied."""
    with opened(kind) as pdf:
        fonts = {}
        for name, face in pdf.pages[0].obj.Resources.Font.items():
            widths = list(face.DescendantFonts[0].W)
            wide = {int(first) + n for first, some in zip(*[iter(widths)] * 2, strict=True) for n in range(len(some))}
            meant = set(re.findall(rb"<([0-9a-f]{4})> <[0-9a-f]+>", face.ToUnicode.read_bytes()))
            fonts[name] = (wide, {int(code, 16) for code in meant})
        drawn = pdf.pages[0].Contents.read_bytes()
        font = ""
        for match in re.finditer(rb"(/\S+) \S+ Tf|<([0-9a-f]+)>", drawn):
            font = match[1].decode() if match[1] else font
            glyphs = {int(match[2][at : at + 4], 16) for at in range(0, len(match[2]), 4)} if match[2] else set()
            assert glyphs <= fonts[font][0] & fonts[font][1] if glyphs else True
        assert font


@both
def test_every_mark_on_the_page_has_its_place_in_the_structure(kind: str) -> None:
    """Every MCID is mapped, pages are read in the order of the structure, and the drawn code has words."""
    with opened(kind) as pdf:
        page = pdf.pages[0].obj
        assert page.Tabs == "/S"
        numbers = dict(zip(*[iter(pdf.Root.StructTreeRoot.ParentTree.Nums)] * 2, strict=True))
        mapped = numbers[page.StructParents]
        marks = {int(found) for found in re.findall(rb"/MCID (\d+)", page.Contents.read_bytes())}
        assert marks == set(range(len(mapped)))
        kinds = [str(each.S) for each in elements(pdf)]
        assert {"/H1", "/H2", "/Table", "/TH", "/L", "/Figure", "/Form"} <= set(kinds)
        (figure,) = [each for each in elements(pdf) if each.S == "/Figure"]
        assert str(figure.Alt).startswith(("Kode QR", "QR code"))
        heads = [each for each in elements(pdf) if each.S == "/TH"]
        above = [each for each in heads if each.P.P.S == "/THead"]
        assert all(each.A.Scope == ("/Column" if each in above else "/Row") for each in heads)
        assert len(above) == (4 if kind.startswith("barang") else 0)


@both
def test_the_invisible_field_has_its_place_too(kind: str) -> None:
    """A screen reader announces the signature by its label."""
    with opened(kind) as pdf:
        (widget,) = pdf.pages[0].obj.Annots
        numbers = dict(zip(*[iter(pdf.Root.StructTreeRoot.ParentTree.Nums)] * 2, strict=True))
        element = numbers[widget.StructParent]
        assert element.S == "/Form"
        assert element.K.Type == "/OBJR"
        assert element.K.Obj.objgen == widget.objgen
        assert str(widget.TU)


@both
def test_the_evidence_is_associated_data(kind: str) -> None:
    """PDF/A-3: an attached file says what it is to the document, and is found from there."""
    with opened(kind) as pdf:
        (associated,) = pdf.Root.AF
        assert associated.AFRelationship == "/Data"
        stream = associated.EF.F
        assert stream.Subtype == "/application/json"
        assert int(stream.Params.Size) == len(stream.read_bytes())
        assert pdf.attachments["bukti.json"].get_file().read_bytes() == stream.read_bytes()


def elements(pdf: pikepdf.Pdf) -> list[Any]:
    """List every element of the structure."""
    return [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/StructElem"]
