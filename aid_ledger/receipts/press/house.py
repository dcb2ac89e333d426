"""The printing house: a receipt's PDF, made when somebody asks for it, once its entry lies under a signed checkpoint.

The same receipt asked for again under the same checkpoint gives the same statement; nothing is stored. The signing keys
are loaded once and held in memory; the root that the log names for that checkpoint decides which of them signs. Making
keys and certificates is `aid-ledger init`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys
from aid_ledger.custody.queries import Root, receipt_roots, stamp_keys
from aid_ledger.delivery import queries as delivery
from aid_ledger.receipts import queries, returning
from aid_ledger.receipts.bundle import Bundle, Leaf
from aid_ledger.receipts.duty import StampDuty
from aid_ledger.receipts.page import LAWS_OWN, Issuer
from aid_ledger.receipts.placing import place_in_log
from aid_ledger.receipts.press.binding import Bindery
from aid_ledger.receipts.press.printing import PressRoom
from aid_ledger.receipts.proving import evidence_of
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signers import choosing
from aid_ledger.receipts.signers.files import load_pem
from aid_ledger.receipts.signing import Seal, Signer
from aid_ledger.receipts.stamping import StampKey
from aid_ledger.settings import Settings
from audit.pdf.impressions import FIRST, Impression

ROOTS: Final = 2
"""Roots remembered: the one in force, and the one that follows it while a rotation is under way."""


class Press:
    """Makes signed PDFs for one agency."""

    def __init__(
        self,
        *,
        signers: Sequence[Signer],
        first_root: bytes,
        base_url: str,
        stamp_key: StampKey | None = None,
        duty: StampDuty = LAWS_OWN,
    ) -> None:
        self._seals = [Seal(each) for each in signers]
        self._first_root = first_root
        self._stamp_key = stamp_key
        self._room = lru_cache(maxsize=ROOTS)(lambda root, key: PressRoom(Issuer(base_url, root, key, duty)))
        self._bindery = lru_cache(maxsize=ROOTS)(lambda root, key: Bindery(self._room(root, key)))
        self._under = lru_cache(maxsize=ROOTS)(self._find_seal)

    def pdf_of(self, session: Session, keys: FieldKeys, reference: str, impression: Impression = FIRST) -> bytes:
        """Make the signed PDF of one print of a receipt. That it leaves is `service.record_print`'s to record.

        Raises:
            ReceiptNotFound: there is no such receipt.
            NotSealed: its entry does not lie under a checkpoint yet.
            SigningUnavailable: no signing certificate here is of the root in force, or it had ended when the receipt
                was issued.

        """
        return next(self.press_each(session, keys, [(reference, impression)]))

    def press_many(self, session: Session, keys: FieldKeys, references: Iterable[str]) -> Iterator[bytes]:
        """Make the signed PDFs of many receipts, each as its first print; see `press_each`."""
        return self.press_each(session, keys, ((reference, FIRST) for reference in references))

    def press_each(
        self, session: Session, keys: FieldKeys, prints: Iterable[tuple[str, Impression]]
    ) -> Iterator[bytes]:
        """Make the signed PDFs of many prints, one after another; none is kept.

        Raises:
            ReceiptNotFound, NotSealed, SigningUnavailable: as `pdf_of`, when the receipt's turn comes.

        """
        roots, stamper = receipt_roots(session, self._first_root), self._stamper(session)
        for reference, impression in prints:
            receipt = queries.receipt(session, reference)
            evidence = evidence_of(session, keys, receipt)
            _, stated = place_in_log(evidence)
            fingerprint, seal = self._seal_for(stated.size, roots)
            signed_at = _signed_at(seal.signer, receipt.issued_at)
            yield self._room(fingerprint, stamper).print(evidence, impression, signed_at=signed_at, seal=seal)

    def bind(self, session: Session, out: BinaryIO, bundle: Bundle, leaves: Iterable[Leaf]) -> None:
        """Write receipts that lie under one checkpoint as one file for printing, and sign it as a whole.

        Raises:
            SigningUnavailable: as `pdf_of`; nothing is written then.

        """
        roots, stamper = receipt_roots(session, self._first_root), self._stamper(session)
        fingerprint, seal = self._seal_for(bundle.checkpoint.size, roots)
        _signed_at(seal.signer, bundle.printed_at)
        self._bindery(fingerprint, stamper).bind(out, bundle, leaves, seal=seal)

    def pdf_of_return(self, session: Session, reference: str) -> bytes:
        """Make the signed paper of a return (STS).

        Raises:
            ReturnNotFound: there is no such return.
            NotSealed: its entry does not lie under a checkpoint yet.
            SigningUnavailable: as `pdf_of`.

        """
        row = delivery.treasury_return(session, reference)
        evidence = returning.evidence_of(session, row)
        _, stated = place_in_log(evidence)
        fingerprint, seal = self._seal_for(stated.size, receipt_roots(session, self._first_root))
        signed_at = _signed_at(seal.signer, row.returned_at)
        return self._room(fingerprint, None).print_return(evidence, signed_at=signed_at, seal=seal)

    def _stamper(self, session: Session) -> StampKey | None:
        """Give the key that stamps, if the log lists it: nobody could check another's stamp."""
        key = self._stamp_key
        return key if key and any(each.key == key.named for each in stamp_keys(session)) else None

    def _seal_for(self, size: int, roots: Sequence[Root]) -> tuple[bytes, Seal]:
        """Choose who signs under a checkpoint of this size: a root signs neither before it is taken nor afterwards."""
        for root in roots:
            if root.is_for(size) and root.certificate:
                found = self._under(root.certificate)
                if found is not None:
                    return found
        raise SigningUnavailable("no signing certificate here is of the root in force")

    def _find_seal(self, root: bytes) -> tuple[bytes, Seal] | None:
        """Find who signs under a root, and give the root's fingerprint with it; None if nobody here does."""
        issuer = x509.load_der_x509_certificate(root)
        for seal in self._seals:
            if _is_issued_by(seal.signer.certificate, issuer):
                return issuer.fingerprint(hashes.SHA256()), seal
        return None


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, InvalidSignature):
        return False
    return True


def _signed_at(signer: Signer, issued_at: dt.datetime) -> dt.datetime:
    """Sign as of the issue, so that the same receipt gives the same bytes; never before the certificate begins.

    A renewed certificate begins after older receipts were issued: those are signed as of its beginning.
    """
    signed_at = max(issued_at, signer.certificate.not_valid_before_utc)
    if signed_at > signer.certificate.not_valid_after_utc:
        raise SigningUnavailable("the signing certificate has ended")
    return signed_at


def load_press(settings: Settings) -> Press:
    """Load what signs and stamps, each from its private file, the first root's certificate and what it has taken back.

    The next signing file is there while a root that follows is waited for; the stamp file where there are stamps.

    Raises:
        SigningUnavailable: a file is missing, the token or service does not sign, or the list of what the root has
            taken back cannot be read.
        KeyFileFault: a private file is open to others.
        SignerMismatch: key and certificate do not belong together.
        DutyUnreadable: the rule of stamp duty cannot be understood.

    """
    signing, root = settings.receipt_signing_file, settings.receipt_root_certificate_file
    following, stamps, crl_file = (
        settings.receipt_next_signing_file,
        settings.receipt_stamp_file,
        settings.receipt_crl_file,
    )
    if not choosing.is_there(settings.keys_folder, signing) or not root.exists():
        raise SigningUnavailable("the receipts' keys are not on this machine")
    signers = [choosing.open_signer(settings.keys_folder, signing)]
    if following.exists():
        signers.append(load_pem(following))
    crl = crl_file.read_bytes() if crl_file.exists() else b""
    return Press(
        signers=[each for each in signers if not _is_revoked(each, crl)],
        first_root=root.read_bytes(),
        base_url=settings.base_url,
        stamp_key=StampKey.load(stamps) if stamps.exists() else None,
        duty=StampDuty.load(settings.stamp_duty_file),
    )


def _is_revoked(signer: Signer, crl: bytes) -> bool:
    """Tell whether the list takes a certificate back: with a key that somebody else has nothing is signed any more."""
    if not crl:
        return False
    try:
        found = x509.load_der_x509_crl(crl)
    except ValueError as error:
        raise SigningUnavailable("the list of revoked certificates cannot be read") from error
    return found.get_revoked_certificate_by_serial_number(signer.certificate.serial_number) is not None
