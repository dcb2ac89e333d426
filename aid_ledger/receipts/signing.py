"""Signing a laid-out receipt: PAdES baseline B in the same single revision, with a key that is loaded once.

The form of the signature is the profile in `audit.pdf`, written by the very function that the verifier uses to check
that no byte of it could be another. Tests hold it against readers nobody here wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.receipts.certificates import SigningPrivateKey
from audit.pdf import cms, frame
from audit.pdf.certificates import key_of


class SignerMismatch(KeyFileFault):
    """The key and the certificate given to sign receipts do not belong together, or are of a kind we do not sign."""


class Signer(Protocol):
    """Who signs: a certificate, and something that signs for it (a loaded key, a token, a service)."""

    @property
    def certificate(self) -> x509.Certificate:
        """Return the signing certificate."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the raw signature over SHA-256 of `message`: ECDSA in DER, or RSA PKCS#1 v1.5."""
        ...


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A signer that holds its key in memory: reading a key again for each receipt costs a hundred signatures."""

    certificate: x509.Certificate
    key: SigningPrivateKey = field(repr=False)

    @classmethod
    def load(cls, key_pem: bytes, certificate_pem: bytes) -> Self:
        """Load a key and its certificate.

        Raises:
            SignerMismatch: they do not belong together, or the key is neither P-256 nor RSA.

        """
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        return cls.of(serialization.load_pem_private_key(key_pem, password=None), certificate)

    @classmethod
    def of(cls, key: object, certificate: x509.Certificate) -> Self:
        """Take a key with its certificate.

        Raises:
            SignerMismatch: they do not belong together, or the key is neither P-256 nor RSA.

        """
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise SignerMismatch("receipts are signed with a P-256 or RSA key; this one is of another kind")
        if key.public_key() != certificate.public_key():
            raise SignerMismatch("the receipt key does not belong to the receipt certificate; bring the pair that does")
        return cls(certificate, key)

    def sign(self, message: bytes) -> bytes:
        """Sign so that the same message always gives the same bytes (RFC 6979, RFC 8017 section 8.2)."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


PROBE: Final = b"Aid Ledger: percobaan penanda tangan, bukan tanda terima"
"""What a token or service is asked to sign in order to see whose key it has: never the attributes of a receipt."""


def check_belongs(signer: Signer) -> None:
    """See, by a signature over something that is no receipt, that a signer has the key of its certificate.

    Raises:
        SignerMismatch: it has another one.

    """
    key, signature = key_of(signer.certificate), signer.sign(PROBE)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, PROBE, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, PROBE, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise SignerMismatch("what signs has another key than the receipt certificate") from error


class Seal:
    """A signer made ready: what its certificate says is read once, and not for every receipt."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self._certificate = signer.certificate.public_bytes(serialization.Encoding.DER)
        self._key = key_of(signer.certificate)

    def over(self, digest: bytes) -> bytes:
        """Return the signature over a file's digest, in its container."""
        signature = self.signer.sign(cms.signed_attributes(self._certificate, digest))
        if isinstance(self._key, ec.EllipticCurvePublicKey):
            signature = cms.lower_half(signature)
        return cms.assemble(cms.Parts(self._certificate, digest, signature), self._key)


def sign(pdf: bytes, signer: Signer) -> bytes:
    """Sign a laid-out receipt; only the gap left for the signature changes.

    Raises:
        MalformedInput: the file has no such gap, or the signature does not fit it.

    """
    return sign_with(Seal(signer), pdf)


def sign_with(seal: Seal, pdf: bytes) -> bytes:
    """Sign as `sign` does, with a signer that was made ready."""
    frame.check_single(pdf)
    begins, ends = frame.locate(pdf)
    whole = seal.over(frame.digest(pdf, (begins, ends)))
    return b"".join((pdf[:begins], frame.fill(whole, ends - begins), pdf[ends:]))
