"""The client of BSrE's service (eSign v2): a page goes there whole, and comes back with a certified signature.

Two ways: the agency's seal (`seal/pdf`, by subscriber and one-time code), or an official's own signature (`sign/pdf`,
by NIK or e-mail and passphrase). What the official types is sent once and kept nowhere. Only a clear no, and a machine
that was never reached, mean that nothing was signed: after anything else nobody knows, and nothing here asks again.

    address = "https://esign.bekasikab.go.id"      user = "bansos"      password_file = "bsre.pass"
    subscriber = "bansos-bekasi"      root = "bsre-root.pem"

These words stand in `manifest-seal.toml` beside the other key files; without `subscriber` officials sign themselves.
`root` are the certificates (PEM) that signatures are believed by.
"""

from __future__ import annotations

import base64
import binascii
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from aid_ledger.core import outside
from aid_ledger.core.keyfiles import read_private
from aid_ledger.core.outside import OK, Limits, NoAnswer, NotReached
from aid_ledger.receipts.layout import load
from aid_ledger.receipts.manifests.rules import REFUSED, SEALED, UNKNOWN, Outcome
from aid_ledger.receipts.signers.choosing import SignerFault, Words

FILE: Final = "manifest-seal.toml"
LIMITS: Final = Limits(silence_s=20, deadline_s=25, most_bytes=8 * 1024 * 1024)
"""A document takes them a second; a page of ours has a hundred kilobytes."""
_KNOWN: Final = frozenset({"address", "user", "password_file", "subscriber", "root"})
_PLACEMENT: Final = {"tampilan": "INVISIBLE", "reason": "Manifes tanda terima bantuan sosial"}
_CLIENT_FAULT: Final = range(400, 500)
_TOO_SLOW: Final = 408
"""The one status of its hundred that says nothing about what was done."""


@dataclass(frozen=True, slots=True)
class Account:
    """How an installation speaks to the service; `subscriber` is "" where officials sign themselves."""

    address: str
    user: str
    password: str = field(repr=False)
    subscriber: str
    roots: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Typed:
    """What an official typed for one signature: a one-time code, or NIK or e-mail with a passphrase."""

    secret: str = field(repr=False)
    who: str = field(default="", repr=False)


def account_of(folder: Path) -> Account | None:
    """Read the account from the folder of key files; None where there is none.

    Raises:
        KeyFileFault: a file is missing, open to others, or says what cannot be understood.
    """
    place = folder / FILE
    if not place.exists():
        return None
    try:
        found = tomllib.loads(read_private(place).decode())
    except ValueError as error:
        raise SignerFault(f"{place} is no TOML") from error
    if unknown := sorted(found.keys() - _KNOWN):
        raise SignerFault(f"{place}: {unknown[0]} is not known; known are {', '.join(sorted(_KNOWN))}")
    words = Words(place, found)
    try:
        roots = x509.load_pem_x509_certificates(words.path("root").read_bytes())
    except (OSError, ValueError) as error:
        raise SignerFault(f"{place}: root names no certificates (PEM) that can be read") from error
    return Account(
        address=words.address().rstrip("/"),
        user=words.text("user"),
        password=words.secret("password_file"),
        subscriber=words.text("subscriber") if "subscriber" in found else "",
        roots=tuple(each.public_bytes(Encoding.DER) for each in roots),
    )


def seal(account: Account, page: bytes, typed: Typed) -> Outcome:
    """Have a page signed, and say what came of it; never raises for what the service does."""
    method = "seal/pdf" if account.subscriber else "sign/pdf"
    body = json.dumps(_asked(account, page, typed)).encode()
    login = base64.b64encode(f"{account.user}:{account.password}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {login}"}
    try:
        reply = outside.ask(f"{account.address}/api/v2/{method}", LIMITS, body=body, headers=headers)
    except NotReached:
        return Outcome(REFUSED, "not_reached")
    except NoAnswer:
        return Outcome(UNKNOWN, "no_answer")
    if reply.status in _CLIENT_FAULT and reply.status != _TOO_SLOW:
        return Outcome(REFUSED, f"status_{reply.status}")
    if reply.status != OK:
        return Outcome(UNKNOWN, f"status_{reply.status}")
    returned = _returned(reply.body)
    if not returned:
        return Outcome(UNKNOWN, "no_file")
    fault = str(load("aid_ledger.receipts.manifests.comparing").fault_of(page, returned, account.roots))
    return Outcome(UNKNOWN, f"file_{fault}") if fault else Outcome(SEALED, file=returned)


def _asked(account: Account, page: bytes, typed: Typed) -> dict[str, object]:
    common: dict[str, object] = {"signatureProperties": [_PLACEMENT], "file": [base64.b64encode(page).decode()]}
    if account.subscriber:
        return {"idSubscriber": account.subscriber, "totp": typed.secret, **common}
    return {"email" if "@" in typed.who else "nik": typed.who, "passphrase": typed.secret, **common}


def _returned(body: bytes) -> bytes:
    """Take the one file out of an answer; b"" where there is none."""
    try:
        said = json.loads(body)
        (file,) = said["file"]
        return base64.b64decode(file, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        return b""
