"""Forged receipts: the golden ones bent, and new ones signed by authorities and signers that a test makes up.

Uses `audit` and `cryptography` alone, as an inspector would: nothing here needs the ledger that issues receipts.
"""

from __future__ import annotations

import datetime as dt
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from audit import cli
from audit.errors import AuditError
from audit.pdf import ReceiptReport, cms, frame, objects, verify_receipt
from audit.pdf.certificates import DOCUMENT_SIGNING
from audit.policy import Policy
from audit.terminal import BAD, printable
from tests.audit.small_log import LOG_VKEY, NOW_S

VECTORS = Path(__file__).parents[1] / "vectors" / "receipts"
MONEY = (VECTORS / "uang.pdf").read_bytes()
GOODS = (VECTORS / "barang.pdf").read_bytes()
RETURN = (VECTORS / "setoran.pdf").read_bytes()
ROOT_PEM = (VECTORS / "root.pem").read_bytes()
SIGNED_AT = dt.datetime(2021, 8, 5, 7, 11, tzinfo=dt.UTC)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Chain:
    """An authority and a signer it has certified."""

    root: x509.Certificate
    certificate: x509.Certificate
    key: PrivateKey

    @property
    def root_pem(self) -> bytes:
        """Return the authority's certificate."""
        return self.root.public_bytes(Encoding.PEM)


@dataclass(frozen=True)
class Wish:
    """How a chain is to differ from a good one."""

    root_key: PrivateKey | None = None
    key: PrivateKey | None = None
    issuer_key: PrivateKey | None = None
    begins: dt.datetime = SIGNED_AT - dt.timedelta(days=30)
    ends: dt.datetime = SIGNED_AT + dt.timedelta(days=30)
    root_ends: dt.datetime = SIGNED_AT + dt.timedelta(days=3_000)
    usage: frozenset[str] = frozenset({"digital_signature", "content_commitment"})
    root_usage: frozenset[str] = frozenset({"key_cert_sign", "crl_sign"})
    purposes: tuple[x509.ObjectIdentifier, ...] = (DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION)
    is_authority: bool = False
    root_is_authority: bool = True
    is_critical: bool = True
    has_usage: bool = True
    extra: tuple[x509.ExtensionType, ...] = ()
    names: tuple[str, str] = ("Akar Uji", "Penerbit Uji")
    issuer_name: str = ""
    hashing: hashes.SHA256 | hashes.SHA512 = field(default_factory=hashes.SHA256)


@cache
def rsa_key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Find an RSA key once per test session; `number` tells one from another."""
    assert number >= 0
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def make_chain(wish: Wish | None = None) -> Chain:
    """Make an authority and a signer, good but for what is wished otherwise."""
    wish = wish or Wish()
    root_key = wish.root_key or rsa_key(0)
    key = wish.key or ec.generate_private_key(ec.SECP256R1())
    root_name, name = (_name(each) for each in wish.names)
    issuer_name = _name(wish.issuer_name) if wish.issuer_name else root_name
    root = _certificate(root_name, root_name, root_key, wish.root_ends, SIGNED_AT - dt.timedelta(days=60))
    root = root.add_extension(x509.BasicConstraints(ca=wish.root_is_authority, path_length=None), critical=True)
    root = root.add_extension(_usage(wish.root_usage), critical=True)
    signer = _certificate(name, issuer_name, key, wish.ends, wish.begins)
    signer = signer.add_extension(
        x509.BasicConstraints(ca=wish.is_authority, path_length=None), critical=wish.is_critical
    )
    if wish.has_usage:
        signer = signer.add_extension(_usage(wish.usage), critical=wish.is_critical)
    signer = signer.add_extension(x509.ExtendedKeyUsage(wish.purposes), critical=False)
    for each in wish.extra:
        signer = signer.add_extension(each, critical=False)
    return Chain(root.sign(root_key, hashes.SHA256()), signer.sign(wish.issuer_key or root_key, wish.hashing), key)


@cache
def good_chain() -> Chain:
    """Return one good chain of our own, shared by tests that bend the file rather than the chain."""
    return make_chain()


def sign(pdf: bytes, chain: Chain) -> bytes:
    """Sign a file anew, exactly as the profile wants it."""
    gap = frame.locate(pdf)
    certificate = chain.certificate.public_bytes(Encoding.DER)
    digest = frame.digest(pdf, gap)
    signature = raw_signature(chain.key, cms.signed_attributes(certificate, digest))
    parts = cms.Parts(certificate, digest, signature)
    return put(pdf, frame.fill(cms.assemble(parts, chain.key.public_key()), gap[1] - gap[0]))


def raw_signature(key: PrivateKey, message: bytes) -> bytes:
    """Sign a message."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
    return cms.lower_half(signature) if isinstance(key.curve, ec.SECP256R1) else signature


def put(pdf: bytes, filling: bytes) -> bytes:
    """Put something else into the gap for the signature."""
    begins, ends = frame.locate(pdf)
    return pdf[:begins] + filling + pdf[ends:]


def rewrite(pdf: bytes, change: Callable[[dict[int, bytes]], None], trailer: tuple[bytes, bytes] = (b"", b"")) -> bytes:
    """Change objects of a file, write it anew without a fault, and have our own chain sign it.

    What is left to refuse is then what the change says, and not its bytes. `trailer` replaces text in the trailer.
    """
    table = objects.open_table(pdf)
    bodies = {number: pdf[slice(*span)].partition(b" obj\n")[2] for number, span in table.spans.items()}
    change(bodies)
    written = bytearray(frame.HEADER)
    lines = [b"0000000000 65535 f \n"]
    for number in range(1, max(bodies) + 1):
        lines.append(b"%010d 00000 n \n" % len(written))
        written += b"%d 0 obj\n" % number + bodies[number]
    at = len(written)
    tail = pdf[pdf.rindex(b"trailer\n") : pdf.rindex(b"startxref\n")]
    tail = re.sub(rb"/Size [0-9]+", b"/Size %d" % len(lines), tail).replace(*trailer)
    written += b"xref\n0 %d\n" % len(lines) + b"".join(lines) + tail + b"startxref\n%d\n%%%%EOF\n" % at
    return sign(cover(bytes(written)), good_chain())


def cover(pdf: bytes) -> bytes:
    """Write the signed range of a file anew, so that it covers everything but the gap."""
    found = re.search(rb"/ByteRange (\[[^\]]*\] *)\n/Contents (<[0-9a-f]*>)", pdf)
    assert found is not None
    numbers = b"[0 %d %d %d]" % (*found.span(2), len(pdf) - found.end(2))
    return pdf[: found.start(1)] + numbers.ljust(len(found[1])) + pdf[found.end(1) :]


def swap(old: bytes, new: bytes) -> Callable[[dict[int, bytes]], None]:
    """Make a change that replaces a text wherever objects (but no streams) hold it; at least one must."""

    def change(bodies: dict[int, bytes]) -> None:
        found = [number for number, body in bodies.items() if old in body.partition(b"\nstream\n")[0]]
        assert found, old
        for number in found:
            head, mark, stream = bodies[number].partition(b"\nstream\n")
            bodies[number] = head.replace(old, new) + mark + stream

    return change


def attach(raw: bytes) -> Callable[[dict[int, bytes]], None]:
    """Make a change that attaches other evidence."""

    def change(bodies: dict[int, bytes]) -> None:
        (number,) = [each for each, body in bodies.items() if b"/EmbeddedFile/" in body]
        packed = zlib.compress(raw, 9)
        head = re.sub(rb"/Length [0-9]+", b"/Length %d" % len(packed), bodies[number].partition(b"\nstream\n")[0])
        bodies[number] = head + b"\nstream\n" + packed + b"\nendstream\nendobj\n"

    return change


def verify(
    pdf: bytes, root: bytes = ROOT_PEM, policy: Policy | None = None, now_s: int = NOW_S, crl: bytes = b""
) -> ReceiptReport:
    """Verify with the golden pins."""
    return verify_receipt(pdf, root_cert=root, log_key=LOG_VKEY, policy=policy, crl=crl, now_s=now_s)


def refused(pdf: bytes, rule: str, root: bytes = ROOT_PEM) -> None:
    """Assert that a file is refused, by this rule, in the library as at the command line."""
    with pytest.raises(AuditError) as refusal:
        verify(pdf, root)
    assert refusal.value.rule == rule, refusal.value.sentence
    told = commanded(pdf, root)
    reason = printable(refusal.value.sentence)
    assert told == f"result: bad\nfirst_bad_index: unknown\nrule: {rule}\nreason: {reason}\n"


def commanded(pdf: bytes, root: bytes = ROOT_PEM, log_key: str = LOG_VKEY) -> str:
    """Give what `aid-audit receipt` says of a file that it must call bad: status 1, and no traceback."""
    with TemporaryDirectory() as folder:
        paper, pinned = Path(folder) / "receipt.pdf", Path(folder) / "root.pem"
        paper.write_bytes(pdf)
        pinned.write_bytes(root)
        words = ["receipt", str(paper), "--root", str(pinned), "--log-key", log_key]
        done = CliRunner().invoke(cli.main, words)
    assert done.exit_code == BAD, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    return done.output


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, ends: dt.datetime, begins: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(wanted: frozenset[str]) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in wanted for name in names})
