"""Making the laid-out page the document of our profile: PDF/A-3a and PDF/UA-1 at once, with a place for the signature.

WeasyPrint lays out, tags and embeds fonts; it knows no signatures and writes two metadata blocks where both standards
want one. This file changes its objects just before they are written. What the profile is, `audit/pdf/document.py` says.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

import pydyf

PRODUCER: Final = "Aid Ledger"
FIELD_NAME: Final = "tanda_tangan"
FIELD_LABEL: Final = "Tanda tangan elektronik penerbit"

_RANGE_WIDTH: Final = 40
"""Room for the three numbers of a signed range, written when the size of the file is known."""
_RANGE: Final = re.compile(rb"/ByteRange \[ {40}\]\n/Contents (<0+>)")
_INVISIBLE: Final = 0
_PRINT_AND_LOCKED: Final = 132
_SIGNATURE_FLAGS: Final = 3

# PDF/A allows metadata it does not know only together with a description of it (ISO 19005-3 section 6.6.2.3).
_XMP: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>id</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{moment}</xmp:CreateDate>
<xmp:ModifyDate>{moment}</xmp:ModifyDate>
<pdf:Producer>{producer}</pdf:Producer>
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of the PDF/UA standard</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True, slots=True)
class Marks:
    """What the file says about itself, and how many bytes are kept for its signature."""

    title: str
    author: str
    signed_at: dt.datetime
    signature_bytes: int


def finish(pdf: pydyf.PDF, marks: Marks) -> None:
    """Bring WeasyPrint's objects to the profile; called by it just before they are written."""
    _describe(pdf, marks)
    signature = _add_signature(pdf, marks)
    _add_field(pdf, signature)
    _add_scopes(pdf)
    attached = _by_reference(pdf, pdf.catalog["Names"]["EmbeddedFiles"])["Names"][1]
    # WeasyPrint names an attached file twice here.
    pdf.catalog["AF"] = pydyf.Array([attached])
    metadata = pdf.catalog["Metadata"]
    for each in pdf.objects:
        if isinstance(each, pydyf.Stream):
            each.compress = each.reference != metadata


def fill_range(written: bytes) -> bytes:
    """Write the signed range into a file whose size is now known: everything but the gap for the signature.

    Raises:
        ValueError: the file holds not exactly one empty range.

    """
    found = _RANGE.search(written)
    if found is None or _RANGE.search(written, found.end()):
        raise ValueError("the file has no single place for a signature")
    begins, ends = found.span(1)
    numbers = b"/ByteRange [0 %d %d %d]" % (begins, ends, len(written) - ends)
    start = found.start()
    stop = start + len(b"/ByteRange []") + _RANGE_WIDTH
    return written[:start] + numbers.ljust(stop - start) + written[stop:]


def _describe(pdf: pydyf.PDF, marks: Marks) -> None:
    """Write the same title, author, maker and times into both places a PDF keeps them."""
    moment = marks.signed_at.astimezone(dt.UTC)
    metadata = _by_reference(pdf, pdf.catalog["Metadata"])
    text = _XMP.format(
        title=escape(marks.title),
        author=escape(marks.author),
        producer=escape(PRODUCER),
        moment=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    metadata.stream = [text.encode()]
    pdf.info.clear()
    pdf.info["Title"] = pydyf.String(marks.title)
    pdf.info["Author"] = pydyf.String(marks.author)
    pdf.info["Producer"] = pydyf.String(PRODUCER)
    pdf.info["CreationDate"] = pdf.info["ModDate"] = pydyf.String(_pdf_time(moment))


def _add_signature(pdf: pydyf.PDF, marks: Marks) -> pydyf.Dictionary:
    """Add the signature's dictionary, which forbids every later change (DocMDP, P 1), with an empty range and gap."""
    parameters = pydyf.Dictionary({"Type": "/TransformParams", "P": 1, "V": "/1.2"})
    reference = pydyf.Dictionary({"Type": "/SigRef", "TransformMethod": "/DocMDP", "TransformParams": parameters})
    signature = pydyf.Dictionary(
        {
            "Type": "/Sig",
            "Filter": "/Adobe.PPKLite",
            "SubFilter": "/ETSI.CAdES.detached",
            "M": pydyf.String(_pdf_time(marks.signed_at.astimezone(dt.UTC))),
            "Reference": pydyf.Array([reference]),
            "ByteRange": b"[" + b" " * _RANGE_WIDTH + b"]\n",
            "Contents": b"<" + b"00" * marks.signature_bytes + b">",
        }
    )
    pdf.add_object(signature)
    pdf.catalog["Perms"] = pydyf.Dictionary({"DocMDP": signature.reference})
    return signature


def _add_field(pdf: pydyf.PDF, signature: pydyf.Dictionary) -> None:
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
            "TU": pydyf.String(FIELD_LABEL),
            "F": _PRINT_AND_LOCKED,
            "Rect": pydyf.Array([_INVISIBLE] * 4),
            "P": page_reference,
            "StructParent": key,
            "V": signature.reference,
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


def _by_reference(pdf: pydyf.PDF, reference: bytes) -> Any:  # noqa: ANN401 - WeasyPrint's objects have no types
    return pdf.objects[int(reference.split()[0])]


def _pdf_time(moment: dt.datetime) -> str:
    return moment.strftime("D:%Y%m%d%H%M%SZ")
