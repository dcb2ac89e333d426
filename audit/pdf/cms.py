"""The signature of a receipt as bytes: a CMS SignedData (RFC 5652) of which nothing is left to choice.

From a certificate, the digest of the file and the signature proper, `assemble` writes the only CMS this profile has
(PAdES baseline B: content type, message digest, signing certificate v2). A reader takes those three out, assembles
them again and compares: a byte that could be changed without breaking the signature does not exist.
Whether the certificate may be believed is decided in `certificates.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from audit.errors import MalformedInput, SignatureFailed
from audit.pdf import der

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the group (FIPS 186-5, NIST SP 800-186 section 3.2.1.3)."""
MIN_RSA_BITS: Final = 2048

_DATA: Final = der.object_id("1.2.840.113549.1.7.1")
_SIGNED_DATA: Final = der.object_id("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = der.object_id("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = der.object_id("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2: Final = der.object_id("1.2.840.113549.1.9.16.2.47")
_SHA256: Final = der.write(der.SEQUENCE, der.object_id("2.16.840.1.101.3.4.2.1"))
_ECDSA_SHA256: Final = der.write(der.SEQUENCE, der.object_id("1.2.840.10045.4.3.2"))
RSA_SHA256: Final = der.write(der.SEQUENCE, der.object_id("1.2.840.113549.1.1.11"), der.write(der.NULL))
_VERSION_1: Final = der.write(der.INTEGER, b"\x01")
_CERTIFICATES: Final = 8
"""Certificates of which the parts are kept: an agency signs with one or two at a time."""
_SIGNED_DATA_PARTS: Final = 5
_SIGNER_PARTS: Final = 6

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Parts:
    """What varies in a CMS of this profile."""

    certificate: bytes
    digest: bytes
    signature: bytes


@lru_cache(maxsize=1)
def signed_attributes(certificate: bytes, digest: bytes) -> bytes:
    """Write the attributes that are signed, as the SET they are signed as (RFC 5652 section 5.4).

    They are wanted twice in a row, for the signature and for what it stands in.
    """
    attributes = (
        _CONTENT_TYPE_DATA,
        _attribute(_MESSAGE_DIGEST, der.write(der.OCTET_STRING, digest)),
        _signing_certificate(certificate),
    )
    return der.write(der.SET, *sorted(attributes))


def assemble(parts: Parts, key: PublicKey) -> bytes:
    """Write the CMS: the same parts always give the same bytes."""
    attributes = der.inside(signed_attributes(parts.certificate, parts.digest), der.SET)
    signer = _sequence(
        _VERSION_1,
        _issuer_and_serial(parts.certificate),
        _SHA256,
        der.write(der.CONTEXT_0, attributes),
        _ECDSA_SHA256 if isinstance(key, ec.EllipticCurvePublicKey) else RSA_SHA256,
        der.write(der.OCTET_STRING, parts.signature),
    )
    signed_data = _sequence(
        _VERSION_1,
        der.write(der.SET, _SHA256),
        _sequence(_DATA),
        der.write(der.CONTEXT_0, parts.certificate),
        der.write(der.SET, signer),
    )
    return _sequence(_SIGNED_DATA, der.write(der.CONTEXT_0, signed_data))


def take_apart(raw: bytes) -> Parts:
    """Find the three parts of a CMS; only assembling them again shows that the rest of it is right.

    Raises:
        MalformedInput: `raw` does not have the shape of this profile.

    """
    content_type, wrapped = _exactly(der.members(raw), 2)
    if content_type != _SIGNED_DATA:
        raise MalformedInput("the signature is no CMS signed data", rule="receipt.cms")
    signed_data = _exactly(der.members(der.inside(wrapped, der.CONTEXT_0)), _SIGNED_DATA_PARTS)
    certificate = der.inside(signed_data[3], der.CONTEXT_0)
    (signer,) = _exactly(der.members(signed_data[4], der.SET), 1)
    signer_parts = _exactly(der.members(signer), _SIGNER_PARTS)
    _, digest_attribute = _exactly(der.members(signer_parts[3], der.CONTEXT_0)[:2], 2)
    _, digests = _exactly(der.members(digest_attribute), 2)
    (digest,) = _exactly(der.members(digests, der.SET), 1)
    return Parts(
        certificate=certificate,
        digest=der.inside(digest, der.OCTET_STRING),
        signature=der.inside(signer_parts[5], der.OCTET_STRING),
    )


def check_signature(parts: Parts, key: PublicKey) -> None:
    """Check the signature proper over the signed attributes, and that it is spelled in the only way.

    Raises:
        SignatureFailed: it is not by `key`, or it is another spelling of a good one.

    """
    message = signed_attributes(parts.certificate, parts.digest)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(parts.signature, message, padding.PKCS1v15(), hashes.SHA256())
            return
        key.verify(parts.signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise SignatureFailed("the signature is not by the key of its certificate", rule="receipt.signature") from error
    if lower_half(parts.signature) != parts.signature:
        raise SignatureFailed("the signature is spelled in another way", rule="receipt.signature")


def lower_half(signature: bytes) -> bytes:
    """Spell an ECDSA signature in the one way this profile has: DER, with s in the lower half.

    (r, n - s) is as good a signature as (r, s); whoever holds one could otherwise make the other.

    Raises:
        SignatureFailed: it is no ECDSA signature.

    """
    try:
        r, s = utils.decode_dss_signature(signature)
    except ValueError as error:
        raise SignatureFailed("no ECDSA signature", rule="receipt.signature") from error
    return utils.encode_dss_signature(r, min(s, P256_ORDER - s))


def _sequence(*contents: bytes) -> bytes:
    return der.write(der.SEQUENCE, *contents)


@lru_cache(maxsize=_CERTIFICATES)
def _signing_certificate(certificate: bytes) -> bytes:
    """Write the attribute that names the certificate by its hash; the same for all receipts of one signer."""
    certificate_hash = der.write(der.OCTET_STRING, hashlib.sha256(certificate).digest())
    # ESSCertIDv2 with its default hash, SHA-256, and without the optional issuer (RFC 5035 section 4).
    return _attribute(_SIGNING_CERTIFICATE_V2, _sequence(_sequence(_sequence(certificate_hash))))


@lru_cache(maxsize=_CERTIFICATES)
def _issuer_and_serial(certificate: bytes) -> bytes:
    """Name the certificate as the signer's information does (RFC 5652 section 10.2.4)."""
    _, serial, _, issuer, *_ = der.members(der.members(certificate)[0])
    return _sequence(issuer, serial)


def _attribute(kind: bytes, value: bytes) -> bytes:
    return _sequence(kind, der.write(der.SET, value))


def _exactly(values: list[bytes], count: int) -> list[bytes]:
    if len(values) != count:
        raise MalformedInput("the signature holds more or less than this profile has", rule="receipt.cms")
    return values


_CONTENT_TYPE_DATA: Final = _attribute(_CONTENT_TYPE, _DATA)
