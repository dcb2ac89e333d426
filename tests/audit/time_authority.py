"""Authorities of time: a real one (`openssl ts`) in a folder, and one that writes whatever token a test asks for.

Uses `audit` and `cryptography` alone, as an inspector would.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from audit import timestamp
from audit.pdf import der
from audit.timestamp import Authority

AT = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)
"""Seconds after the last entry of a small log."""
NOW_S = int(AT.timestamp())
TEXT = "ledger.example/log\n5\nAAAA\n"
NONCE = 2**63 + 5
TIME_STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
YEAR = dt.timedelta(days=365)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Hash = hashes.SHA1 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512

OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
    "rsa": "1.2.840.113549.1.1.1",
    "rsa-sha256": "1.2.840.113549.1.1.11",
    "rsa-sha384": "1.2.840.113549.1.1.12",
    "rsa-sha512": "1.2.840.113549.1.1.13",
    "ec-sha256": "1.2.840.10045.4.3.2",
    "ec-sha384": "1.2.840.10045.4.3.3",
    "ec-sha512": "1.2.840.10045.4.3.4",
    "signed-data": "1.2.840.113549.1.7.2",
    "content-type": "1.2.840.113549.1.9.3",
    "digest": "1.2.840.113549.1.9.4",
    "certificate-v1": "1.2.840.113549.1.9.16.2.12",
    "certificate": "1.2.840.113549.1.9.16.2.47",
    "tst-info": "1.2.840.113549.1.9.16.1.4",
    "policy": "1.3.6.1.4.1.13762.3",
}
NULL = der.write(der.NULL)


def sequence(*parts: bytes) -> bytes:
    """Write a SEQUENCE."""
    return der.write(der.SEQUENCE, *parts)


def octets(raw: bytes) -> bytes:
    """Write an OCTET STRING."""
    return der.write(der.OCTET_STRING, raw)


def integer(value: int) -> bytes:
    """Write an INTEGER."""
    return der.write(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def algorithm(name: str, *parameters: bytes) -> bytes:
    """Write an AlgorithmIdentifier."""
    return sequence(der.object_id(OIDS[name]), *parameters)


def attribute(name: str, *values: bytes) -> bytes:
    """Write an attribute."""
    return sequence(der.object_id(OIDS[name]), der.write(der.SET, *values))


@cache
def p256(number: int = 0) -> ec.EllipticCurvePrivateKey:
    """Give the same key for the same number."""
    return ec.derive_private_key(number + 7, ec.SECP256R1())


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """Give the same key for the same number, as long as the tests run."""
    assert number >= 0
    return rsa.generate_private_key(65537, bits)


def certified(
    name: str,
    key: PrivateKey,
    *,
    by: Pair | None = None,
    is_authority: bool | None = None,
    purpose: x509.ExtendedKeyUsage | None = None,
    is_critical: bool = True,
    begins: dt.datetime = AT - 6 * YEAR,
    ends: dt.datetime = AT + 90 * YEAR,
) -> x509.Certificate:
    """Certify a key, by itself if by nobody else."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = (by.certificate.subject, by.key) if by else (subject, key)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(len(name) + 1).not_valid_before(begins).not_valid_after(ends)
    if is_authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    if purpose is not None:
        builder = builder.add_extension(purpose, critical=is_critical)
    is_plain = isinstance(issuer_key, ed25519.Ed25519PrivateKey)
    return builder.sign(issuer_key, None if is_plain else hashes.SHA256())


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate as it is digested."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate as it is pinned."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def pinned(self) -> Authority:
        """The certificate as an inspector brings it."""
        return timestamp.load_authority(self.pem)


CA = Pair(certified("Otoritas Waktu Contoh", p256(1), is_authority=True), p256(1))
CLOCK = Pair(certified("Jam Contoh", p256(2), by=CA, purpose=TIME_STAMPING), p256(2))


@dataclass
class Forger:
    """Writes a token in which everything may differ from a good one; None takes what a good one says."""

    clock: Pair = CLOCK
    text: str = TEXT
    at: bytes = b"20261122060000Z"
    nonce: int | None = NONCE
    version: bytes = integer(1)
    imprint: bytes | None = None
    options: tuple[bytes, ...] | None = None
    hashed: Hash = field(default_factory=hashes.SHA256)
    parameters: tuple[bytes, ...] = ()
    signature_algorithm: bytes | None = None
    content_type: str = "tst-info"
    said_type: str = "tst-info"
    digested: bytes | None = None
    attributes: tuple[bytes, ...] | None = None
    named: bytes | None = None
    signer_name: bytes | None = None
    certificates: tuple[bytes, ...] | None = None
    between: tuple[bytes, ...] = ()
    signer_parts: tuple[bytes, ...] = ()
    signers: int = 1
    kind: str = "signed-data"
    versions: tuple[int, int] = (3, 1)
    signature: bytes | None = None

    def info(self) -> bytes:
        """Write what is stated."""
        imprint = self.imprint or sequence(algorithm("sha256"), octets(hashlib.sha256(self.text.encode()).digest()))
        options = self.options if self.options is not None else (integer(self.nonce),) if self.nonce is not None else ()
        time = der.write(0x18, self.at)
        return sequence(self.version, der.object_id(OIDS["policy"]), imprint, integer(77), time, *options)

    def token(self) -> bytes:
        """Write the token."""
        content, name = self.info(), self.hashed.name
        named = self.named if self.named is not None else self._named()
        attributes = self.attributes or (
            attribute("content-type", der.object_id(OIDS[self.said_type])),
            attribute("digest", octets(self.digested or hashlib.new(name, content).digest())),
            *([named] if named else []),
        )
        signer = sequence(
            integer(self.versions[1]),
            self.signer_name or self._signer_name(),
            algorithm(name, *self.parameters),
            der.write(der.CONTEXT_0, *attributes),
            self.signature_algorithm or self._algorithm(name),
            octets(self.signature if self.signature is not None else self._sign(der.write(der.SET, *attributes))),
            *self.signer_parts,
        )
        signed_data = sequence(
            integer(self.versions[0]),
            der.write(der.SET, algorithm(name)),
            sequence(der.object_id(OIDS[self.content_type]), der.write(der.CONTEXT_0, octets(content))),
            der.write(der.CONTEXT_0, *(self.certificates if self.certificates is not None else (self.clock.der,))),
            *self.between,
            der.write(der.SET, *[signer] * self.signers),
        )
        return sequence(der.object_id(OIDS[self.kind]), der.write(der.CONTEXT_0, signed_data))

    def answer(self, status: int = 0) -> bytes:
        """Write an answer that gives the token."""
        return sequence(sequence(integer(status)), self.token())

    def _named(self) -> bytes:
        return attribute("certificate", sequence(sequence(sequence(octets(hashlib.sha256(self.clock.der).digest())))))

    def _signer_name(self) -> bytes:
        certificate = self.clock.certificate
        return sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))

    def _algorithm(self, name: str) -> bytes:
        return algorithm("rsa", NULL) if isinstance(self.clock.key, rsa.RSAPrivateKey) else algorithm(f"ec-{name}")

    def _sign(self, message: bytes) -> bytes:
        match self.clock.key:
            case rsa.RSAPrivateKey() as key:
                return key.sign(message, padding.PKCS1v15(), self.hashed)
            case ec.EllipticCurvePrivateKey() as key:
                return key.sign(message, ec.ECDSA(self.hashed))
            case key:
                return key.sign(message)


@dataclass(frozen=True)
class OpenSSL:
    """A real authority: `openssl ts` with its key and configuration in a folder."""

    folder: Path
    clock: Pair

    def answer(self, question: bytes) -> bytes:
        """Have the question answered."""
        asked, answered = self.folder / "question.tsq", self.folder / "answer.tsr"
        asked.write_bytes(question)
        files = ("-config", "tsa.cnf", "-queryfile", asked.name, "-out", answered.name)
        subprocess.run(["openssl", "ts", "-reply", *files], cwd=self.folder, check=True, capture_output=True)
        return answered.read_bytes()

    def verifies(self, token: bytes, text: str) -> bool:
        """Ask it whether a token is over a text."""
        (self.folder / "token.tst").write_bytes(token)
        (self.folder / "text").write_text(text)
        command = ["openssl", "ts", "-verify", "-in", "token.tst", "-token_in", "-data", "text", "-CAfile", "ca.pem"]
        return not subprocess.run(command, cwd=self.folder, check=False, capture_output=True).returncode


def weakly_certified(folder: Path, *, by: Pair, key: PrivateKey) -> x509.Certificate:
    """Certify a key for stamping times with SHA-1, which `cryptography` refuses to write."""
    for name, written in (("ca.key", by.key), ("clock.key", key)):
        (folder / name).write_bytes(written.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "ca.pem").write_bytes(by.pem)
    (folder / "purpose").write_text("extendedKeyUsage=critical,timeStamping\n")
    asked = ("req", "-new", "-key", "clock.key", "-subj", "/CN=Jam", "-out", "clock.csr")
    issued = ("x509", "-req", "-in", "clock.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "5", "-sha1")
    begins_and_ends = ("-days", "400", "-extfile", "purpose", "-out", "clock.pem")
    for words in (asked, (*issued, *begins_and_ends)):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    return x509.load_pem_x509_certificate((folder / "clock.pem").read_bytes())


def openssl(folder: Path, key: PrivateKey | None = None, *, digest: str = "sha256") -> OpenSSL:
    """Install one whose certificate begins a day ago, by the machine's clock, which is the one it stamps with."""
    folder.mkdir(exist_ok=True)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    begins, ends = now - dt.timedelta(days=1), now + YEAR
    ca = Pair(certified("Otoritas Waktu", p256(3), is_authority=True, begins=begins, ends=ends), p256(3))
    key = key or p256(4)
    clock = Pair(certified("Jam", key, by=ca, purpose=TIME_STAMPING, begins=begins, ends=ends), key)
    (folder / "ca.pem").write_bytes(ca.pem)
    (folder / "clock.pem").write_bytes(clock.pem)
    (folder / "clock.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(
        f"[tsa]\ndefault_tsa = clock\n[clock]\nserial = {folder}/serial\ncrypto_device = builtin\n"
        f"signer_cert = {folder}/clock.pem\ncerts = {folder}/ca.pem\nsigner_key = {folder}/clock.key\n"
        f"signer_digest = {digest}\ness_cert_id_alg = {digest}\ndefault_policy = 1.3.6.1.4.1.13762.3\n"
        "digests = sha256\naccuracy = secs:1, millisecs:500, microsecs:100\nclock_precision_digits = 3\n"
        "ordering = yes\ntsa_name = yes\ness_cert_id_chain = no\n"
    )
    return OpenSSL(folder, clock)
