"""pyHanko, as its documentation signs: a PAdES signature added to a finished file, in a revision of its own.

`naive` loads a SimpleSigner, as the examples do; it reads and checks the key again for each signature. `kept` is the
signer that its documentation has one write for other keys: it holds the loaded key.
"""

from __future__ import annotations

import io
from importlib import import_module
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from bench import paper

RSA_BYTES = 256


def naive(folder: Path) -> Any:  # noqa: ANN401 - pyHanko is not there where types are checked
    """Load a signer from files."""
    signers = import_module("pyhanko.sign.signers")
    return signers.SimpleSigner.load(str(folder / "rsa.key"), str(folder / "rsa.pem"))


def kept(folder: Path) -> Any:  # noqa: ANN401 - as above
    """Make a signer that holds its key."""
    signers = import_module("pyhanko.sign.signers")
    registry = import_module("pyhanko_certvalidator.registry").SimpleCertificateStore()
    x509 = import_module("asn1crypto.x509")
    held = paper.signer_of(folder, "rsa")

    class KeptSigner(signers.Signer):  # type: ignore[misc, name-defined]  # pyHanko's class, found at run time
        """Signs with a loaded RSA key."""

        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002, FBT001, FBT002
            """Sign, or tell how long a signature is."""
            if dry_run:
                return bytes(RSA_BYTES)
            return bytes(held.key.sign(data, padding.PKCS1v15(), hashes.SHA256()))  # type: ignore[call-arg, arg-type]

    certificate = x509.Certificate.load(held.certificate.public_bytes(serialization.Encoding.DER))
    return KeptSigner(signing_cert=certificate, cert_registry=registry)


def sign(pdf: bytes, signer: Any) -> bytes:  # noqa: ANN401 - as above
    """Add a signature that lets nothing be changed afterwards."""
    signers, fields = import_module("pyhanko.sign.signers"), import_module("pyhanko.sign.fields")
    writer = import_module("pyhanko.pdf_utils.incremental_writer").IncrementalPdfFileWriter(io.BytesIO(pdf))
    meta = signers.PdfSignatureMetadata(
        field_name="tanda_tangan",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    return bytes(signers.sign_pdf(writer, meta, signer=signer).getvalue())
