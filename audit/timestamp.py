"""A time-stamp token (RFC 3161) over a checkpoint: what an authority is asked, and what its answer proves.

An authority outside signs the digest of a checkpoint's text together with its own clock. That proves, without any
witness, that every entry under the checkpoint was there by that time; it proves nothing about what came later, and not
who signed the checkpoint. The authority is pinned: its certificate, or that of whoever issues its certificates, is
brought by the inspector. No path is built from names, and revocation is not asked about: who no longer believes an
authority no longer brings its certificate. How several tokens lie beside a log is in `timestamps.py`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from audit.errors import MalformedInput, SignatureFailed
from audit.pdf import der
from audit.pdf.certificates import SURPRISES
from audit.policy import MAX_FUTURE_S
from audit.signed_data import FORM, SHA256, Hash, digest, exactly, hash_of, open_signed

MAX_TOKEN_BYTES: Final = 32_768
"""House rule: a token with two certificates has some three thousand bytes, with a chain of large keys ten."""
MAX_AUTHORITY_BYTES: Final = 65_536
MAX_PINNED: Final = 16
"""House rule: an authority and those before it; more would be a list of everybody."""
MAX_ACCURACY_S: Final = 60
"""House rule: a clock that may be wrong by more is no authority of time."""

_TST_INFO: Final = der.object_id("1.2.840.113549.1.9.16.1.4")
_VERSION_1: Final = der.write(der.INTEGER, b"\x01")
_TRUE: Final = der.write(der.BOOLEAN, b"\xff")
_GENERALIZED_TIME: Final = 0x18
_EXTENSIONS: Final = 0xA1
_OPTIONS: Final = (der.SEQUENCE, der.BOOLEAN, der.INTEGER, der.CONTEXT_0, _EXTENSIONS)
"""What may follow the time, in this order: accuracy, ordering, nonce, the authority's name, extensions."""
_TIME: Final = re.compile(rb"([0-9]{14})(?:\.([0-9]*[1-9]))?Z")
_GRANTED: Final = {0, 1}
"""`granted`, and `grantedWithMods`: what was modified shows in the token."""
_CRITICAL_PARTS: Final = 3
"""An extension of three parts says that it is critical; FALSE is the default and not written."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The certificates an inspector believes in matters of time."""

    certificates: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a token says: a digest, when it was shown to which authority, and how wrong its clock may be.

    `nonce` is the number the token answers to; None if it names none.
    """

    imprint: bytes
    hashed: Hash
    at: dt.datetime
    accuracy_s: int
    serial: int
    nonce: int | None
    authority: str

    @property
    def latest(self) -> dt.datetime:
        """The moment by which what is stamped was there, by the authority's own word on its clock."""
        return self.at + dt.timedelta(seconds=self.accuracy_s)

    def covers(self, text: str) -> bool:
        """Say whether this is the text that was stamped."""
        return digest(self.hashed, text.encode()) == self.imprint


def request(text: str, nonce: int) -> bytes:
    """Write the question for a token over a checkpoint's text; `nonce` is a fresh positive number (RFC 3161 2.4.1)."""
    imprint = der.write(der.SEQUENCE, SHA256, der.write(der.OCTET_STRING, digest(hashes.SHA256(), text.encode())))
    number = der.write(der.INTEGER, nonce.to_bytes(nonce.bit_length() // 8 + 1, "big"))
    return der.write(der.SEQUENCE, _VERSION_1, imprint, number, _TRUE)


def granted(answer: bytes) -> bytes:
    """Take the token out of an answer (RFC 3161 2.4.2); what it is worth is said by `open_token`.

    Raises:
        MalformedInput: it is no answer.
        SignatureFailed: the authority refuses.

    """
    try:
        status, *tokens = der.members(answer)
        number = _integer(der.members(status)[0])
    except (*SURPRISES, MalformedInput) as error:
        raise MalformedInput("no answer of an authority of time", rule=FORM) from error
    if number not in _GRANTED or len(tokens) != 1:
        raise SignatureFailed(f"the authority gives no token, status {number}", rule="timestamp.status")
    return tokens[0]


def load_authority(raw: bytes) -> Authority:
    """Read the certificates of an authority, PEM, one after the other.

    Raises:
        MalformedInput: there are none or too many, or one cannot be read.

    """
    try:
        found = x509.load_pem_x509_certificates(raw) if len(raw) <= MAX_AUTHORITY_BYTES else []
    except SURPRISES as error:
        raise MalformedInput("not a certificate (PEM)", rule="timestamp.pinned") from error
    if not 1 <= len(found) <= MAX_PINNED:
        raise MalformedInput(f"an authority is pinned by 1 to {MAX_PINNED} certificates", rule="timestamp.pinned")
    return Authority(tuple(found))


def open_token(token: bytes, authority: Authority, *, now_s: int) -> Stamped:
    """Read a token and check all of it but what it is over, which `covers` says.

    `now_s` is the reader's clock in POSIX seconds.

    Raises:
        MalformedInput: it is no token, or none of the form that is read here.
        SignatureFailed: the pinned authority did not sign it, may not, or says an impossible time.

    """
    try:
        stated = _open(token, authority)
    except MalformedInput as error:
        raise MalformedInput(error.sentence, rule=FORM) from error
    except SURPRISES as error:
        raise MalformedInput(f"unreadable: {type(error).__name__}", rule=FORM) from error
    if stated.at.timestamp() > now_s + MAX_FUTURE_S:
        raise SignatureFailed("the token is of the future", rule="timestamp.future")
    return stated


def check_answer(answer: bytes, authority: Authority, *, text: str, nonce: int, now_s: int) -> tuple[bytes, Stamped]:
    """Check an answer to `request(text, nonce)`; return the token and what it says.

    Raises:
        AuditError: it is not what was asked for, in whatever way.

    """
    token = granted(answer)
    stated = open_token(token, authority, now_s=now_s)
    if stated.nonce != nonce:
        raise SignatureFailed("the token answers to another question", rule="timestamp.nonce")
    check_text(stated, text)
    return token, stated


def check_text(stated: Stamped, text: str) -> None:
    """Check that a token is over a checkpoint's text.

    Raises:
        SignatureFailed: it is over something else.

    """
    if not stated.covers(text):
        raise SignatureFailed("the token is over another checkpoint", rule="timestamp.imprint")


def _open(token: bytes, authority: Authority) -> Stamped:
    if len(token) > MAX_TOKEN_BYTES:
        raise MalformedInput(f"a token is at most {MAX_TOKEN_BYTES} bytes")
    signed = open_signed(token, _TST_INFO)
    stated = _read(signed.content, signed.certificate.subject.rfc4514_string())
    _check_purpose(signed.certificate)
    _check_pinned(signed.certificate, authority, stated.at)
    return stated


def _read(info: bytes, name: str) -> Stamped:
    """Read TSTInfo (RFC 3161 2.4.2)."""
    version, _policy, imprint, serial, time, *options = der.members(info)
    by_tag = {each[0]: each for each in options}
    if version != _VERSION_1 or [each[0] for each in options] != [tag for tag in _OPTIONS if tag in by_tag]:
        raise MalformedInput("a token says something that is not known")
    if any(len(der.members(each)) == _CRITICAL_PARTS for each in _members(by_tag.get(_EXTENSIONS), _EXTENSIONS)):
        raise MalformedInput("a token says something critical that is not known")
    algorithm, hashed = exactly(der.members(imprint), 2)
    return Stamped(
        imprint=der.inside(hashed, der.OCTET_STRING),
        hashed=hash_of(algorithm),
        at=_moment(der.inside(time, _GENERALIZED_TIME)),
        accuracy_s=_accuracy_s(_members(by_tag.get(der.SEQUENCE), der.SEQUENCE)),
        serial=_integer(serial),
        nonce=_integer(by_tag[der.INTEGER]) if der.INTEGER in by_tag else None,
        authority=name,
    )


def _members(raw: bytes | None, tag: int) -> list[bytes]:
    return [] if raw is None else der.members(raw, tag)


def _integer(raw: bytes) -> int:
    return int.from_bytes(der.inside(raw, der.INTEGER), "big", signed=True)


def _moment(raw: bytes) -> dt.datetime:
    """Read a GeneralizedTime as DER has it: in UTC, with seconds, a fraction without trailing zeros if any."""
    match = _TIME.fullmatch(raw)
    if match is None:
        raise MalformedInput("a token's time is not spelled as times are")
    whole = dt.datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    return whole + dt.timedelta(microseconds=int((match[2] or b"")[:6].ljust(6, b"0")))


def _accuracy_s(parts: list[bytes]) -> int:
    """Read an accuracy, rounded up to whole seconds."""
    seconds = sum(_integer(each) if each[0] == der.INTEGER else 1 for each in parts)
    if not 0 <= seconds <= MAX_ACCURACY_S:
        raise MalformedInput(f"a clock that is right within {seconds} s is no authority of time")
    return seconds


def _check_purpose(certificate: x509.Certificate) -> None:
    """Check that the certificate is for stamping times and for nothing else, and says so critically (RFC 3161 2.3)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except SURPRISES as error:
        raise SignatureFailed("the certificate says no purpose", rule="timestamp.purpose") from error
    if not found.critical or list(found.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise SignatureFailed("the certificate is not one for stamping times", rule="timestamp.purpose")


def _check_pinned(certificate: x509.Certificate, authority: Authority, at: dt.datetime) -> None:
    """Check that a pinned certificate is this one or issued it, and that both were valid at that time."""
    pinned = next((each for each in authority.certificates if _stands_behind(each, certificate)), None)
    if pinned is None:
        raise SignatureFailed("no pinned certificate stands behind the token", rule="timestamp.authority")
    for each in (certificate, pinned):
        if not each.not_valid_before_utc <= at <= each.not_valid_after_utc:
            raise SignatureFailed("a certificate was not valid when this was stamped", rule="timestamp.validity")


def _stands_behind(pinned: x509.Certificate, certificate: x509.Certificate) -> bool:
    if certificate == pinned:
        return True
    try:
        is_authority = pinned.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        # What is signed with SHA-1 or weaker is refused by the library.
        certificate.verify_directly_issued_by(pinned)
    except SURPRISES:
        return False
    return is_authority
