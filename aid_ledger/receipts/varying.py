"""The parts of a receipt's file that differ from one receipt to the next, each written as the bytes of its object.

A PDF is a row of numbered objects and a table of where each begins. On receipts of one shape nearly all are the same:
fonts, colours, structure, page, form. Five are not, besides the drawing of the page itself, and they are here:

- `metadata` and `information`: title, author and time, twice, for readers of two ages;
- `attached`: the evidence, as a file within the file;
- `picture`: the QR code;
- `signature`: who signs what, with a gap for the signature proper.

Laying a page out (`finishing`) and pressing it (`press.plate`) write them with these very functions.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

import pydyf

from aid_ledger.receipts import qr
from aid_ledger.receipts.page import Issuer, title_of
from aid_ledger.receipts.tongues import TONGUES
from audit.pdf import evidence as receipt_evidence
from audit.pdf import impressions
from audit.pdf.evidence import Evidence
from audit.pdf.impressions import FIRST, INDONESIAN, Impression

PRODUCER: Final = "Aid Ledger"
SIGNATURE_BYTES: Final = 2_048
"""Room for a signature: some 1,300 bytes with P-256, 1,800 with RSA-2048."""

_RANGE_WIDTH: Final = 40
"""Room for the three numbers of a signed range, written when the size of the file is known."""
_EMPTY_RANGE: Final = b"/ByteRange [" + b" " * _RANGE_WIDTH + b"]"
BETWEEN: Final = b"\n/Contents "
"""What stands between the range and the gap."""
_RANGE: Final = re.compile(re.escape(_EMPTY_RANGE + BETWEEN) + rb"(<0+>)")
_KEPT: Final = 256
"""Texts and times kept as written: those of a batch are nearly all the same."""
_QUICK: Final = 1
"""How hard to deflate: a harder try saves a tenth of a kilobyte and costs more than the signature."""

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
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
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
class Particulars:
    """What one file holds besides its page: what it calls itself, when it was made, evidence, address, which print."""

    title: str
    author: str
    moment: dt.datetime
    evidence: bytes
    address: str
    impression: Impression = FIRST

    @property
    def copy(self) -> str:
        """Say which copy it is; "" for the first print."""
        return impressions.sentence(self.impression)

    @property
    def identifier(self) -> str:
        """Return the file's identifier: the same evidence, printed for the same time in one language, is one file."""
        language = b"" if self.impression.language == INDONESIAN else self.impression.language.encode()
        return hashlib.sha256(b"".join((self.evidence, self.copy.encode(), language))).hexdigest()[:32]


def particulars_of(
    evidence: Evidence, issuer: Issuer, impression: Impression = FIRST, *, signed_at: dt.datetime
) -> Particulars:
    """Gather what varies in the file of a receipt signed at some time; raises MalformedInput for bad evidence."""
    fields = evidence.fields
    return Particulars(
        title=title_of(fields, TONGUES[impression.language]),
        author=fields.agency,
        moment=signed_at.astimezone(dt.UTC),
        evidence=receipt_evidence.write(evidence),
        address=qr.address_of(issuer.base_url, evidence, issuer.stamp_key),
        impression=impression,
    )


def metadata(these: Particulars) -> bytes:
    """Write the XMP packet, which PDF/A wants to be readable without inflating anything."""
    packet = _XMP.format(
        title=escape(these.title),
        author=escape(these.author),
        producer=escape(PRODUCER),
        language=these.impression.language,
        moment=these.moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return stream(b"/Type /Metadata/Subtype /XML", packet.encode())


def information(these: Particulars) -> bytes:
    """Write the information dictionary, which says the same as the metadata."""
    moment = _time(these.moment)
    return b"<</Title %b/Author %b/Producer %b/CreationDate %b/ModDate %b>>" % (
        _text(these.title),
        _text(these.author),
        _text(PRODUCER),
        moment,
        moment,
    )


def attached(these: Particulars) -> bytes:
    """Write the evidence as an embedded file: its type, its size, its times, its bytes."""
    moment = _time(these.moment)
    described = b"/Type /EmbeddedFile/Subtype /application#2fjson/Params <</Size %d/CreationDate %b/ModDate %b>>" % (
        len(these.evidence),
        moment,
        moment,
    )
    return deflated(described, these.evidence)


def picture(these: Particulars) -> bytes:
    """Write the QR code as an image of one bit a point: 0 is black."""
    drawn = qr.draw(these.address)
    described = (
        b"/Type /XObject/Subtype /Image/Width %d/Height %d/ColorSpace /DeviceGray/BitsPerComponent 1/Interpolate false"
    )
    return deflated(described % (drawn.points, drawn.points), drawn.rows)


def signature(these: Particulars) -> bytes:
    """Write the signature's dictionary, which forbids every later change (DocMDP, P 1), with an empty range and gap.

    A copy is signed for the reason that it is one, so that whoever looks at the signature reads the number, too.
    """
    return b"".join(
        (
            b"<</Type /Sig/Filter /Adobe.PPKLite/SubFilter /ETSI.CAdES.detached/M ",
            _time(these.moment),
            b"/Reason " + _text(these.copy) if these.copy else b"",
            b"/Reference [<</Type /SigRef/TransformMethod /DocMDP",
            b"/TransformParams <</Type /TransformParams/P 1/V /1.2>>>>]",
            _EMPTY_RANGE,
            BETWEEN,
            b"<" + b"00" * SIGNATURE_BYTES + b">>>",
        )
    )


def gap_of(written: bytes) -> tuple[int, int]:
    """Return where the empty gap for a signature begins and ends.

    Raises:
        ValueError: there is not exactly one.

    """
    found = _RANGE.search(written)
    if found is None or _RANGE.search(written, found.end()):
        raise ValueError("the file has no single place for a signature")
    return found.span(1)


def signed_range(begins: int, ends: int, size: int) -> bytes:
    """Write the range that is signed: everything but the gap. It is as long as the empty range it replaces."""
    return (b"/ByteRange [0 %d %d %d]" % (begins, ends, size - ends)).ljust(len(_EMPTY_RANGE))


def fill_range(written: bytes) -> bytes:
    """Write the signed range into a file whose size is now known; raises ValueError unless one is empty."""
    begins, ends = gap_of(written)
    start = begins - len(BETWEEN) - len(_EMPTY_RANGE)
    stop = start + len(_EMPTY_RANGE)
    return written[:start] + signed_range(begins, ends, len(written)) + written[stop:]


def deflated(described: bytes, content: bytes) -> bytes:
    """Write a stream: a dictionary that describes it, and its content, deflated."""
    return stream(described + b"/Filter /FlateDecode", zlib.compress(content, _QUICK))


def stream(described: bytes, content: bytes) -> bytes:
    """Write a stream whose content is deflated already, or is to be read as it is."""
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (described, len(content), content)


@lru_cache(maxsize=_KEPT)
def _text(text: str) -> bytes:
    written: bytes = pydyf.String(text).data
    return written


@lru_cache(maxsize=_KEPT)
def _time(moment: dt.datetime) -> bytes:
    return moment.strftime("(D:%Y%m%d%H%M%SZ)").encode("ascii")
