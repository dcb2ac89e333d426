"""The inside of a receipt: one catalog, one signature that allows no change, one attached file, and nothing that acts.

Everything here is already known to be signed by the agency. It is still held to the profile, so that no reader of PDF
anywhere can be brought to show, run or save something this verifier has not looked at.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from audit.errors import MalformedInput
from audit.pdf import impressions, ink
from audit.pdf.frame import Frame
from audit.pdf.impressions import Impression
from audit.pdf.objects import Name, Reference, Table, Value, open_table, read, read_dictionary, read_stream

ATTACHMENT: Final = b"bukti.json"
"""The evidence travels in the file under this name."""
MAX_PAGES: Final = 4

_TRAILER: Final = {"Size", "Root", "Info", "ID"}
_CATALOG: Final = {
    *("Type", "Pages", "Lang", "Metadata", "MarkInfo", "OutputIntents", "StructTreeRoot", "ViewerPreferences"),
    *("Names", "AF", "AcroForm", "Perms"),
}
_PAGE: Final = {
    *("Type", "Parent", "MediaBox", "TrimBox", "BleedBox", "Contents", "Resources", "Tabs", "StructParents"),
    "Annots",
}
_WIDGET: Final = {"Type", "Subtype", "FT", "T", "TU", "F", "Rect", "P", "StructParent", "V"}
_SIGNATURE: Final = {"Type", "Filter", "SubFilter", "M", "Reference", "ByteRange", "Contents"}
_FILE_SPECIFICATION: Final = {"Type", "F", "UF", "EF", "Desc", "AFRelationship"}
_NO_CHANGES: Final[Value] = [
    {
        "Type": Name("SigRef"),
        "TransformMethod": Name("DocMDP"),
        "TransformParams": {"Type": Name("TransformParams"), "P": 1, "V": Name("1.2")},
    }
]
_SIGNATURE_FLAGS: Final = 3
"""SignaturesExist and AppendOnly (ISO 32000-1 table 219)."""
_WIDGET_FLAGS: Final = 132
"""Print and Locked (ISO 32000-1 table 165)."""
_TIME: Final = re.compile(rb"D:([0-9]{14})Z")


@dataclass(frozen=True, slots=True)
class Contents:
    """What the verifier wants of the file: the evidence, when it was signed, which print it is, what its pages say."""

    evidence: bytes
    signed_at: dt.datetime
    impression: Impression
    lines: tuple[str, ...]


def open_document(frame: Frame) -> Contents:
    """Read the file inside its frame.

    Raises:
        MalformedInput: it is not exactly of our profile.

    """
    table = open_table(frame.whole)
    _expect(table.trailer.keys() == _TRAILER, "the trailer has other members")
    catalog = read_dictionary(table, table.trailer["Root"], "Catalog")
    _expect(catalog.keys() == _CATALOG, "the catalog has other members")
    widget, pages = _check_pages(table, catalog["Pages"])
    signature = _check_form(table, catalog, widget)
    described = read_dictionary(table, signature, "Sig")
    signed_at = _check_signature(described, frame)
    impression = impressions.read(described.get("Reason"), catalog["Lang"])
    lines = tuple(line for page in pages for line in ink.lines_of(table, page))
    return Contents(_read_attachment(table, catalog), signed_at, impression, lines)


def _check_pages(table: Table, root: Value) -> tuple[Reference, list[dict[str, Value]]]:
    """Check the pages, and return the one annotation there is, and the pages."""
    tree = read_dictionary(table, root, "Pages")
    kids = tree["Kids"] if tree.keys() == {"Type", "Kids", "Count"} else None
    if not isinstance(kids, list) or not 1 <= len(kids) <= MAX_PAGES or tree["Count"] != len(kids):
        raise MalformedInput(f"a receipt has one to {MAX_PAGES} pages", rule="receipt.pages")
    annotations: list[Value] = []
    pages = [read_dictionary(table, kid, "Page") for kid in kids]
    for page in pages:
        _expect(page.keys() <= _PAGE and page["Parent"] == root, "a page has other members")
        annots = page.get("Annots", [])
        _expect(isinstance(annots, list), "a page has other members")
        annotations += annots if isinstance(annots, list) else []
    if len(annotations) != 1 or not isinstance(annotations[0], Reference):
        raise MalformedInput("something besides the signature lies on a page", rule="receipt.annotation")
    return annotations[0], pages


def _check_form(table: Table, catalog: dict[str, Value], widget: Reference) -> Value:
    """Check that the form is the signature's field alone, and return the reference to the signature."""
    form = catalog["AcroForm"]
    _expect(form == {"Fields": [widget], "SigFlags": _SIGNATURE_FLAGS}, "the form is not one signature field")
    field = read_dictionary(table, widget, "Annot")
    _expect(field.keys() == _WIDGET, "the signature field has other members")
    has_form = field["Subtype"] == "Widget" and field["FT"] == "Sig" and field["F"] == _WIDGET_FLAGS
    _expect(has_form and field["Rect"] == [0, 0, 0, 0], "the signature field is not an invisible one")
    _expect(catalog["Perms"] == {"DocMDP": field["V"]}, "the signature does not forbid changes")
    return field["V"]


def _check_signature(signature: dict[str, Value], frame: Frame) -> dt.datetime:
    """Check the signature's dictionary against the frame, and return when it says it was made."""
    begins, ends = frame.gap
    _expect(signature.keys() - {"Reason"} == _SIGNATURE, "the signature's dictionary has other members")
    _expect(signature["Filter"] == "Adobe.PPKLite", "the signature is of another kind")
    _expect(signature["SubFilter"] == "ETSI.CAdES.detached", "the signature is of another kind")
    _expect(signature["Reference"] == _NO_CHANGES, "the signature does not forbid changes")
    _expect(signature["ByteRange"] == [0, begins, ends, len(frame.whole) - ends], "there is another signed range")
    contents = signature["Contents"]
    _expect(isinstance(contents, bytes) and contents.startswith(frame.cms), "there is another signature")
    moment = signature["M"]
    found = _TIME.fullmatch(moment) if isinstance(moment, bytes) else None
    if found is None:
        raise MalformedInput("the signature has no time", rule="receipt.time")
    return dt.datetime.strptime(found[1].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)


def _read_attachment(table: Table, catalog: dict[str, Value]) -> bytes:
    """Return the one attached file, which every list of files in the document must name."""
    names = catalog["Names"]
    if not isinstance(names, dict) or names.keys() != {"EmbeddedFiles"}:
        raise MalformedInput("the document names more than attached files", rule="receipt.attachment")
    tree = read(table, names["EmbeddedFiles"])
    listed = tree.get("Names") if isinstance(tree, dict) and tree.keys() == {"Names"} else None
    if not isinstance(listed, list) or len(listed) != 2 or listed[0] != ATTACHMENT:  # noqa: PLR2004  # name, file
        raise MalformedInput("a receipt has one attached file, bukti.json", rule="receipt.attachment")
    _expect(catalog["AF"] == [listed[1]], "another file is associated with the document")
    specification = read_dictionary(table, listed[1], "Filespec")
    _expect(specification.keys() == _FILE_SPECIFICATION, "the attached file has other members")
    is_named = specification["F"] == ATTACHMENT and specification["UF"] == ATTACHMENT
    _expect(is_named and specification["AFRelationship"] == "Data", "the attached file is described otherwise")
    embedded = specification["EF"]
    if not isinstance(embedded, dict) or embedded.keys() != {"F"}:
        raise MalformedInput("the attached file has two contents", rule="receipt.attachment")
    return read_stream(table, embedded["F"])


def _expect(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as the sentence it is
    if not condition:
        raise MalformedInput(otherwise, rule="receipt.profile")
