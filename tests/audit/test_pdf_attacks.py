"""The published attacks on signed PDF files (shadow, incremental saving, signature wrapping, universal forgery).

Most readers call several of these valid; here each is refused, and by the check that is meant for it.
"""

from __future__ import annotations

import re

import pytest
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives.serialization import Encoding

from audit.errors import AuditError
from audit.pdf import cms, der, frame
from tests.audit.forge import (
    GOODS,
    MONEY,
    Wish,
    attach,
    cover,
    good_chain,
    make_chain,
    put,
    refused,
    rewrite,
    rsa_key,
    sign,
    verify,
)

UPDATE = (
    b"6 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\nxref\n6 1\n0000052449 00000 n \n"
    b"trailer\n<</Size 214/Root 2 0 R/Prev 51000>>\n"
)


def fill_gap(digits: bytes) -> bytes:
    """Put other digits into the golden receipt's gap, as wide as it is."""
    begins, ends = frame.locate(MONEY)
    return put(MONEY, b"<" + digits.ljust(ends - begins - 2, b"0") + b">")


def test_incremental_saving_is_refused() -> None:
    """ISA: page contents replaced by a second revision; poppler says Valid."""
    refused(MONEY + UPDATE + b"startxref\n52500\n%%EOF\n", "receipt.range")


def test_appended_objects_without_a_table_are_refused() -> None:
    """A lenient reader rebuilds the table and shows the appended objects."""
    refused(MONEY + b"6 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n", "receipt.frame")


@pytest.mark.parametrize("tail", [b"\n", b"\x00", b"garbage", b"\n%%EOF"])
def test_garbage_after_the_end_is_refused(tail: bytes) -> None:
    """PyHanko calls this OK; nothing unsigned may travel with a receipt."""
    refused(MONEY + tail, "receipt.frame")


@pytest.mark.parametrize("head", [b"\n", b"%!PS\n", b"\xef\xbb\xbf"])
def test_bytes_before_the_header_are_refused(head: bytes) -> None:
    """Other formats begin before a PDF does: one file, two meanings."""
    refused(head + MONEY, "receipt.frame")


@pytest.mark.parametrize(
    ("digits", "rule"),
    [
        (b"", "receipt.der"),
        (b"30", "receipt.cms"),
        (b"3080", "receipt.der"),
        (b"zz", "receipt.gap"),
        (b"3003020101ff", "receipt.gap"),
    ],
)
def test_an_empty_signature_is_refused(digits: bytes, rule: str) -> None:
    """USF: no signature, half a signature, no digits, something behind the signature."""
    refused(fill_gap(digits), rule)


@pytest.mark.parametrize(
    "written",
    [b"null", b"[0 0 0 0]", b"[0 -1 2 3]", b"[0 1 2]", b"[0 1 2 3 4 5]", b"[1 46000 50098 2351]", b"[0 046000 1 1]"],
)
def test_a_bent_range_is_refused(written: bytes) -> None:
    """USF: the signed range removed, null, negative, short, long, or with a leading zero."""
    found = re.search(rb"/ByteRange (\[[^\]]*\] *)", MONEY)
    assert found is not None
    refused(MONEY[: found.start(1)] + written.ljust(len(found[1])) + MONEY[found.end(1) :], "receipt.range")


def test_a_second_range_elsewhere_is_refused() -> None:
    """SWA: the second signed range is moved, and a forged part put before it."""
    begins, ends = frame.locate(MONEY)
    forged = b"6 0 obj\n<<>>\nendobj\n"
    moved = MONEY[:ends] + forged + MONEY[ends:]
    old = b"[0 %d %d %d]" % (begins, ends, len(MONEY) - ends)
    new = b"[0 %d %d %d]" % (begins, ends + len(forged), len(MONEY) - ends)
    refused(moved.replace(old, new), "receipt.gap")


def test_a_range_that_leaves_bytes_out_is_refused() -> None:
    """The gap is the signature and nothing else."""
    begins, ends = frame.locate(MONEY)
    old = b"[0 %d %d %d]" % (begins, ends, len(MONEY) - ends)
    for new in (
        b"[0 %d %d %d]" % (begins - 10, ends, len(MONEY) - ends),
        b"[0 %d %d %d]" % (begins, ends, len(MONEY) - ends - 1),
        b"[0 %d %d %d]" % (begins, ends + 1, len(MONEY) - ends - 1),
    ):
        bent = MONEY.replace(old.ljust(40), new.ljust(40)[:40])
        assert bent != MONEY
        refused(bent, "receipt.gap" if new.startswith(b"[0 %d %d" % (begins, ends + 1)) else "receipt.range")


@pytest.mark.parametrize(
    "second",
    [b"/ByteRange [0 1 2 3]", b"startxref\n1\n", b"%%EOF", b"%PDF-1.7", b"/SubFilter /ETSI.CAdES.detached"],
)
def test_a_second_signature_or_revision_is_refused(second: bytes) -> None:
    """Even signed by the agency's own chain, a file has one of each."""

    def change(bodies: dict[int, bytes]) -> None:
        bodies[max(bodies) + 1] = b"(" + second + b")\nendobj\n"

    refused(rewrite(MONEY, change), "receipt.frame", good_chain().root_pem)


def test_a_fake_authority_with_the_same_names_is_refused() -> None:
    """Trust is the pinned certificate, never a name: an impostor repeats every name of the chain."""
    genuine = good_chain()
    impostor = make_chain(Wish(root_key=rsa_key(1), names=("Akar Uji", "Penerbit Uji")))
    assert impostor.root.subject == genuine.root.subject
    forged = sign(MONEY, impostor)
    assert verify(forged, impostor.root_pem).number == "TTB-2021-000123-K"
    refused(forged, "receipt.certificate", genuine.root_pem)


def test_a_stranger_with_a_chain_of_their_own_is_refused() -> None:
    """The whole receipt rewritten and signed well, by nobody we know."""
    refused(sign(MONEY, good_chain()), "receipt.certificate")


def test_swapped_evidence_is_refused() -> None:
    """The attached file of another genuine receipt, under the old signature and under a fresh one."""
    begins = MONEY.index(b"/EmbeddedFile/")
    bent = MONEY[:begins] + MONEY[begins:].replace(b"/Size ", b"/Sise ", 1)
    refused(bent, "receipt.changed")
    refused(rewrite(MONEY, attach(b"{}")), "receipt.evidence", good_chain().root_pem)


def test_the_twin_of_a_signature_is_refused() -> None:
    """(r, n - s) verifies wherever (r, s) does; the profile knows only one of the two."""
    chain = good_chain()
    gap = frame.locate(MONEY)
    parts = cms.take_apart(frame.open_frame(sign(MONEY, chain)).cms)
    r, s = utils.decode_dss_signature(parts.signature)
    twin = cms.Parts(parts.certificate, parts.digest, utils.encode_dss_signature(r, cms.P256_ORDER - s))
    whole = frame.fill(cms.assemble(twin, chain.key.public_key()), gap[1] - gap[0])
    refused(put(MONEY, whole), "receipt.signature", chain.root_pem)


def test_a_signature_in_capital_letters_is_refused() -> None:
    """Hexadecimal digits have one case."""
    begins, ends = frame.locate(MONEY)
    refused(put(MONEY, MONEY[begins:ends].upper()), "receipt.gap")


def test_more_in_the_signature_than_the_profile_has_is_refused() -> None:
    """A second certificate, another signer, attributes that nobody signed: all of it is unsigned freight."""
    chain = good_chain()
    good = frame.open_frame(sign(MONEY, chain)).cms
    certificate = chain.certificate.public_bytes(Encoding.DER)
    kind, wrapped = der.members(good)
    version, digests, content, _, signers = der.members(der.inside(wrapped, der.CONTEXT_0))
    (signer,) = der.members(signers, der.SET)
    unsigned = der.write(0xA1, der.write(der.SEQUENCE, der.object_id("1.2.3.4"), der.write(der.SET)))
    certificates = der.write(der.CONTEXT_0, certificate)
    signer_and_freight = der.write(der.SEQUENCE, *der.members(signer), unsigned)
    for parts in (
        (version, digests, content, der.write(der.CONTEXT_0, certificate, certificate), signers),
        (version, digests, content, certificates, der.write(der.SET, signer, signer)),
        (version, digests, content, certificates, der.write(der.SET, signer_and_freight)),
        (version, digests, content, certificates, der.write(der.CONTEXT_0), signers),
    ):
        whole = der.write(der.SEQUENCE, kind, der.write(der.CONTEXT_0, der.write(der.SEQUENCE, *parts)))
        gap = frame.locate(MONEY)
        with pytest.raises(AuditError) as refusal:
            verify(put(MONEY, frame.fill(whole, gap[1] - gap[0])), chain.root_pem)
        assert refusal.value.rule in {"receipt.cms", "receipt.certificate"}


def test_what_is_signed_must_be_signed_data() -> None:
    """A message of another kind, such as one that is enveloped, is not even looked into."""
    kind, wrapped = der.members(frame.open_frame(MONEY).cms)
    enveloped = der.object_id("1.2.840.113549.1.7.3")
    assert len(enveloped) == len(kind)
    refused(fill_gap(der.write(der.SEQUENCE, enveloped, wrapped).hex().encode()), "receipt.cms")


def test_another_algorithm_in_the_signature_is_refused() -> None:
    """What the rebuilt signature says of its algorithms is all that may be said."""
    chain = good_chain()
    good = frame.open_frame(sign(MONEY, chain)).cms
    sha1 = der.object_id("1.3.14.3.2.26")
    sha256 = der.object_id("2.16.840.1.101.3.4.2.1")
    assert sha256 in good
    gap = frame.locate(MONEY)
    bent = good.replace(sha256, (sha1 + b"\x05\x00" * 2).ljust(len(sha256), b"\x00")[: len(sha256)], 1)
    refused(put(MONEY, frame.fill(bent, gap[1] - gap[0])), "receipt.cms", chain.root_pem)


def test_a_file_too_large_is_refused_before_it_is_read() -> None:
    """Size limits come first: no bomb is worth a millisecond."""
    refused(MONEY[:-6] + b" " * frame.MAX_FILE_BYTES + MONEY[-6:], "receipt.size")


def test_a_gap_too_wide_is_refused() -> None:
    """Zeros without end are bytes that nobody signed."""
    wide = re.sub(rb"/Contents <0*", b"/Contents <" + b"0" * 20_000, re.sub(rb"(?<=/Contents <)[0-9a-f]+", b"0", GOODS))
    refused(cover(wide), "receipt.gap")


def test_what_is_no_file_at_all_is_refused() -> None:
    """Any exception of any type is a refusal, never a crash."""
    refused(b"", "receipt.frame")
    with pytest.raises(AuditError, match="unreadable: TypeError"):
        verify(None)  # type: ignore[arg-type]  # a caller's mistake must not pass as genuine either
