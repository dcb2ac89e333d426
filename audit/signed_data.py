"""What a stranger signed: a CMS SignedData (RFC 5652) by one signer, as authorities of time write it.

Receipts have a CMS of which nothing is left to choice (`pdf/cms.py`); an authority has its own taste, so this reader
takes it apart instead of writing it again. It believes only what is signed: the content, by the attributes' digest, and
the certificate, by the attributes' hash of it. What else lies beside them, spare certificates and revocation lists, is
not looked at; unsigned attributes are refused. Whether the certificate may be believed is asked in `timestamp.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from audit.errors import MalformedInput, SignatureFailed
from audit.pdf import der
from audit.pdf.cms import MIN_RSA_BITS

Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

SHA256: Final = der.write(der.SEQUENCE, der.object_id("2.16.840.1.101.3.4.2.1"))
"""The algorithm SHA-256, without parameters (RFC 5754 section 2)."""
FORM: Final = "timestamp.form"
SIGNATURE: Final = "timestamp.signature"

_SIGNED_DATA: Final = der.object_id("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = der.object_id("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = der.object_id("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2: Final = der.object_id("1.2.840.113549.1.9.16.2.47")
_HASHES: Final[dict[bytes, Hash]] = {
    der.object_id("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    der.object_id("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    der.object_id("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
"""SHA-1 is not among them: whoever still uses it is asked for no time."""
_RSA: Final = der.object_id("1.2.840.113549.1.1.1")
_RSA_WITH: Final = {
    "sha256": der.object_id("1.2.840.113549.1.1.11"),
    "sha384": der.object_id("1.2.840.113549.1.1.12"),
    "sha512": der.object_id("1.2.840.113549.1.1.13"),
}
_ECDSA_WITH: Final = {
    "sha256": der.object_id("1.2.840.10045.4.3.2"),
    "sha384": der.object_id("1.2.840.10045.4.3.3"),
    "sha512": der.object_id("1.2.840.10045.4.3.4"),
}
_VERSION_1: Final = der.write(der.INTEGER, b"\x01")
_VERSION_3: Final = der.write(der.INTEGER, b"\x03")
"""What SignedData of anything but plain data says (RFC 5652 section 5.1)."""
_NO_PARAMETERS: Final[tuple[list[bytes], ...]] = ([], [der.write(der.NULL)])
_MIN_CURVE_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, and the certificate whose key did."""

    content: bytes
    certificate: x509.Certificate


def open_signed(raw: bytes, content_type: bytes) -> Signed:
    """Take a SignedData apart, whose content must be of `content_type`, and check its one signature.

    Raises:
        MalformedInput: it does not have this shape, or uses an algorithm that is not read here.
        SignatureFailed: it is not signed by the certificate that its signed attributes name.

    """
    kind, wrapped = exactly(der.members(raw), 2)
    # An optional [1] with revocation lists may stand before the signers.
    version, _, encapsulated, certificates, *_, signers = der.members(der.inside(wrapped, der.CONTEXT_0))
    (signer,) = exactly(der.members(signers, der.SET), 1)
    signer_version, name, digest_algorithm, attributes, algorithm, signature = exactly(der.members(signer), 6)
    if kind != _SIGNED_DATA or (version, signer_version) != (_VERSION_3, _VERSION_1):
        raise MalformedInput("no signed data of the version there is", rule=FORM)
    stated_type, wrapped_content = exactly(der.members(encapsulated), 2)
    content = der.inside(der.inside(wrapped_content, der.CONTEXT_0), der.OCTET_STRING)
    hashed = hash_of(digest_algorithm)
    signed = _attributes(attributes)
    said = (stated_type, signed.get(_CONTENT_TYPE), signed.get(_MESSAGE_DIGEST))
    if said != (content_type, content_type, der.write(der.OCTET_STRING, digest(hashed, content))):
        raise SignatureFailed("what is signed is not what is carried", rule=SIGNATURE)
    certificate = _certificate(certificates, signed, name)
    message = der.write(der.SET, der.inside(attributes, der.CONTEXT_0))
    _verify(certificate, der.inside(signature, der.OCTET_STRING), message, algorithm, hashed)
    return Signed(content, certificate)


def hash_of(algorithm: bytes) -> Hash:
    """Read which hash an AlgorithmIdentifier names.

    Raises:
        MalformedInput: it names none of SHA-256, SHA-384 and SHA-512, or has parameters.

    """
    found = _HASHES.get(_identifier(algorithm))
    if found is None:
        raise MalformedInput("another hash than SHA-256, SHA-384 and SHA-512", rule=FORM)
    return found


def digest(hashed: Hash, content: bytes) -> bytes:
    """Hash some bytes."""
    return hashlib.new(hashed.name, content).digest()


def exactly(values: list[bytes], count: int) -> list[bytes]:
    """Return the values if there are so many of them.

    Raises:
        MalformedInput: there are more or fewer.

    """
    if len(values) != count:
        raise MalformedInput("a value holds more or less than it has room for", rule=FORM)
    return values


def _identifier(algorithm: bytes) -> bytes:
    identifier, *parameters = der.members(algorithm)
    if parameters not in _NO_PARAMETERS:
        raise MalformedInput("an algorithm has parameters", rule=FORM)
    return identifier


def _attributes(raw: bytes) -> dict[bytes, bytes]:
    """Read the signed attributes, each of which has one value and is there once."""
    found: dict[bytes, bytes] = {}
    for attribute in der.members(raw, der.CONTEXT_0):
        kind, values = exactly(der.members(attribute), 2)
        if kind in found:
            raise MalformedInput("a signed attribute is there twice", rule=FORM)
        (found[kind],) = exactly(der.members(values, der.SET), 1)
    return found


def _certificate(certificates: bytes, signed: dict[bytes, bytes], name: bytes) -> x509.Certificate:
    """Find the certificate that was signed for: the one of the stated hash, and of the signer's name and number.

    Without that attribute, or with its first version, which hashes with SHA-1, a token could be handed from one
    certificate to another of the same key (RFC 5816).
    """
    named = signed.get(_SIGNING_CERTIFICATE_V2)
    if named is None:
        raise SignatureFailed("the signature names its certificate by no SHA-2 hash", rule=SIGNATURE)
    # SigningCertificateV2 { certs { ESSCertIDv2 { hashAlgorithm DEFAULT sha256, certHash, … }, … }, … }
    first = der.members(der.members(der.members(named)[0])[0])
    algorithm, stated = (first[0], first[1]) if first[0][0] == der.SEQUENCE else (SHA256, first[0])
    hashed, fingerprint = hash_of(algorithm), der.inside(stated, der.OCTET_STRING)
    found = [each for each in der.members(certificates, der.CONTEXT_0) if digest(hashed, each) == fingerprint]
    if len(found) != 1:
        raise SignatureFailed("the signing certificate is not carried", rule=SIGNATURE)
    certificate = x509.load_der_x509_certificate(found[0])
    _, serial, _, issuer, *_ = der.members(der.members(found[0])[0])
    if name != der.write(der.SEQUENCE, issuer, serial):
        raise SignatureFailed("the signature names two certificates", rule=SIGNATURE)
    return certificate


def _verify(certificate: x509.Certificate, signature: bytes, message: bytes, algorithm: bytes, hashed: Hash) -> None:
    """Check the signature proper, by RSA (PKCS #1 v1.5) or ECDSA with the hash of the attributes' digest."""
    key, identifier = certificate.public_key(), _identifier(algorithm)
    try:
        match key:
            case rsa.RSAPublicKey() if key.key_size >= MIN_RSA_BITS and identifier in {_RSA, _RSA_WITH[hashed.name]}:
                key.verify(signature, message, padding.PKCS1v15(), hashed)
            case ec.EllipticCurvePublicKey() if (
                key.curve.key_size >= _MIN_CURVE_BITS and identifier == _ECDSA_WITH[hashed.name]
            ):
                key.verify(signature, message, ec.ECDSA(hashed))
            case _:
                raise SignatureFailed("signed by a kind or size of key that is not believed", rule=SIGNATURE)
    except InvalidSignature as error:
        raise SignatureFailed("the signature is not by the key of its certificate", rule=SIGNATURE) from error
