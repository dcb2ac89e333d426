"""Making the keys of an installation, each in a private file of its own; keys that are there already are taken up.

Nothing is ever overwritten: a key that signed or encrypted something cannot be made again.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aid_ledger.core import clock, keyfiles
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.custody.handed import StampWord
from aid_ledger.receipts import certificates
from aid_ledger.receipts.stamping import StampKey, word_on
from aid_ledger.settings import Settings
from audit import note

SESSION_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys an installation begins with; `root` is the receipts' root certificate."""

    fields: FieldKeys
    log: note.SigningKey
    root: x509.Certificate
    stamp_word: StampWord | None
    """The root's word on the key that stamps receipts; None beside a root that was made before there were stamps."""

    @property
    def root_digest(self) -> str:
        """The SHA-256 of the root certificate's DER as the genesis entry holds it: base64url without padding."""
        digest = hashlib.sha256(self.root.public_bytes(serialization.Encoding.DER)).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def make_or_take_up(settings: Settings, *, agency: str, origin: str) -> Keys:
    """Make the keys that are missing.

    A crash in here leaves some of the files; the next run makes the others.

    Raises:
        KeyFileFault: a file is open to others or damaged.
    """
    settings.keys_folder.mkdir(mode=keyfiles.FOLDER_MODE, parents=True, exist_ok=True)
    if not settings.session_key_file.exists():
        keyfiles.write_private(settings.session_key_file, secrets.token_bytes(SESSION_KEY_BYTES))
    fields_exist = settings.field_keys_file.exists()
    fields = (keyfiles.load_field_keys if fields_exist else keyfiles.generate_keys)(settings.field_keys_file)
    root, word = _root(settings, agency, origin), settings.receipt_stamp_word_file
    stamp_word = StampWord.read(word.read_bytes(), origin) if word.exists() else None
    return Keys(fields, _log_key(settings, origin), root, stamp_word)


def _log_key(settings: Settings, origin: str) -> note.SigningKey:
    path = settings.log_key_file
    if not path.exists():
        keyfiles.write_private(path, note.format_skey(note.SigningKey.generate(origin)).encode() + b"\n")
    key = note.parse_skey(keyfiles.read_private(path).decode().strip())
    if key.name != origin:
        raise keyfiles.KeyFileFault(f"the log key {path} belongs to {key.name}, not to {origin}; move it away")
    return key


def _root(settings: Settings, agency: str, origin: str) -> x509.Certificate:
    """Make the receipts' root, the certificate that signs them and the key that stamps them, with the root's word.

    The public certificate is written last.
    """
    public = settings.receipt_root_certificate_file
    if public.exists():
        return x509.load_pem_x509_certificate(public.read_bytes())
    now = clock.now()
    root = certificates.make_root(agency, now)
    key, certificate = certificates.make_signing_certificate(root, agency, now)
    root_pem = root.certificate.public_bytes(serialization.Encoding.PEM)
    # Without its public certificate a root was never announced, so a draft of it may be replaced.
    keyfiles.write_private(settings.receipt_root_file, certificates.to_pem(root.key) + root_pem, replace=True)
    signing_pem = certificates.to_pem(key) + certificate.public_bytes(serialization.Encoding.PEM)
    keyfiles.write_private(settings.receipt_signing_file, signing_pem, replace=True)
    stamp_key = StampKey(Ed25519PrivateKey.generate())
    keyfiles.write_private(settings.receipt_stamp_file, stamp_key.to_pem(), replace=True)
    settings.receipt_stamp_word_file.write_bytes(word_on(stamp_key.public, origin, root).write())
    public.write_bytes(root_pem)
    return root.certificate
