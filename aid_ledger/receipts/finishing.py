"""Making the laid-out page the document of our profile: PDF/A-3a and PDF/UA-1 at once, with a place for the signature.

WeasyPrint lays out, tags and embeds fonts; it knows no signatures and writes two metadata blocks where both standards
want one. This file changes its objects just before they are written: what varies comes from `varying`, what stays is
said here. What the profile is, `audit/pdf/document.py` says.
"""

from __future__ import annotations

from typing import Any, Final

import pydyf

from aid_ledger.receipts import varying
from aid_ledger.receipts.tongues import TONGUES
from aid_ledger.receipts.varying import Particulars

FIELD_NAME: Final = "tanda_tangan"
FIELD_LABEL: Final = "Tanda tangan elektronik penerbit"

_INVISIBLE: Final = 0
_PRINT_AND_LOCKED: Final = 132
_SIGNATURE_FLAGS: Final = 3


class Written(pydyf.Object):  # type: ignore[misc]  # pydyf ships no types
    """An object whose bytes are written already."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    @property
    def data(self) -> bytes:
        """Return the bytes, as pydyf asks for them."""
        return self.body


def finish(pdf: pydyf.PDF, these: Particulars) -> None:
    """Bring WeasyPrint's objects to the profile; called by it just before they are written."""
    _replace(pdf, pdf.catalog["Metadata"], varying.metadata(these))
    _name_evidence(pdf, these)
    _draw_code(pdf, these)
    _add_field(pdf, _add_signature(pdf, these), TONGUES[these.impression.language].say(FIELD_LABEL))
    _add_scopes(pdf)
    for each in pdf.objects:
        if isinstance(each, pydyf.Stream):
            each.compress = True
    pdf.info = Written(varying.information(these))


def _name_evidence(pdf: pydyf.PDF, these: Particulars) -> None:
    """Attach the evidence, and name it once among the files that belong to the document; WeasyPrint names it twice."""
    attached = _by_reference(pdf, pdf.catalog["Names"]["EmbeddedFiles"])["Names"][1]
    pdf.catalog["AF"] = pydyf.Array([attached])
    specification = _by_reference(pdf, attached)
    _replace(pdf, specification["EF"]["F"], varying.attached(these))


def _draw_code(pdf: pydyf.PDF, these: Particulars) -> None:
    """Put the QR code in the place of the one picture on the page."""
    (place,) = [each for each in pdf.objects if isinstance(each, pydyf.Stream) and _is_image(each)]
    _replace(pdf, place.reference, varying.picture(these))


def _is_image(stream: pydyf.Stream) -> bool:
    return bool(stream.extra.get("Subtype") == "/Image")


def _add_signature(pdf: pydyf.PDF, these: Particulars) -> bytes:
    signature = Written(varying.signature(these))
    pdf.add_object(signature)
    reference: bytes = signature.reference
    pdf.catalog["Perms"] = pydyf.Dictionary({"DocMDP": reference})
    return reference


def _add_field(pdf: pydyf.PDF, signature: bytes, label: str) -> None:
    """Add an invisible field for the signature, and its place in the structure (ISO 14289-1 section 7.18.4)."""
    page_reference = pdf.page_references[0]
    page = _by_reference(pdf, page_reference)
    root = _by_reference(pdf, pdf.catalog["StructTreeRoot"])
    document = _by_reference(pdf, root["K"][0])
    parents = _by_reference(pdf, root["ParentTree"])["Nums"]
    key = parents[-2] + 1
    widget = pydyf.Dictionary(
        {
            "Type": "/Annot",
            "Subtype": "/Widget",
            "FT": "/Sig",
            "T": pydyf.String(FIELD_NAME),
            "TU": pydyf.String(label),
            "F": _PRINT_AND_LOCKED,
            "Rect": pydyf.Array([_INVISIBLE] * 4),
            "P": page_reference,
            "StructParent": key,
            "V": signature,
        }
    )
    pdf.add_object(widget)
    content = pydyf.Dictionary({"Type": "/OBJR", "Obj": widget.reference, "Pg": page_reference})
    element = pydyf.Dictionary(
        {"Type": "/StructElem", "S": "/Form", "P": document.reference, "Pg": page_reference, "K": content}
    )
    pdf.add_object(element)
    document["K"].append(element.reference)
    parents.extend((key, element.reference))
    page["Annots"] = pydyf.Array([widget.reference])
    fields = pydyf.Array([widget.reference])
    pdf.catalog["AcroForm"] = pydyf.Dictionary({"Fields": fields, "SigFlags": _SIGNATURE_FLAGS})


def _add_scopes(pdf: pydyf.PDF) -> None:
    """Say of every header cell whether it heads a row or a column, so that a screen reader can tell what a cell is."""
    for each in pdf.objects:
        if isinstance(each, pydyf.Dictionary) and each.get("S") == "/TH":
            group = _by_reference(pdf, _by_reference(pdf, each["P"])["P"])
            each["A"]["Scope"] = "/Column" if group["S"] == "/THead" else "/Row"


def _replace(pdf: pydyf.PDF, reference: bytes, body: bytes) -> None:
    """Write an object anew under its old number."""
    number = int(reference.split()[0])
    written = Written(body)
    written.number = number
    pdf.objects[number] = written


def _by_reference(pdf: pydyf.PDF, reference: bytes) -> Any:  # noqa: ANN401 - WeasyPrint's objects have no types
    return pdf.objects[int(reference.split()[0])]
