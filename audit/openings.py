"""What stands behind the commitments of a batch's lines, for the auditor it was lodged with, held against the log.

A line commits, under its own salt, to what the rows of person and account commit to under theirs; an opening is all
that is needed to compute it again without any key of the agency. Where each line's commitment opens, one payment per
person can be checked at last: the public log cannot tell that two lines pay one person, and must not.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from audit import canonical
from audit.errors import Finding, MalformedInput
from audit.facts import decode
from audit.facts.openings import OpeningsLodged
from audit.facts.paying import BatchSubmitted, LinesFrozen
from audit.sealing import unseal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import BufferedReader

    from audit.canonical import JSON
    from audit.entry import Entry
    from audit.sealing import ReaderSecret

FORMAT: Final = "aid-ledger openings v1"
MAX_LINES: Final = 1_000_000
"""House rule: ten times the largest batch."""
MAX_FINDINGS: Final = 1_000
"""Enough to show a pattern."""

_COMMITMENT: Final = b"aid-commitment-v1\n"
_LINE, _PERSON, _ACCOUNT = "aid-payee-v1", "aid-person-v1", "aid-account-v1"
_SALT_BYTES: Final = 32
_HEAD: Final = frozenset({"batch", "digest", "format", "lines"})


@dataclass(frozen=True, slots=True)
class Opening:
    """What one line commits to. `account` is bank, number and holder, or nothing where none is paid to."""

    line: int
    entitlement: int
    salt: bytes = field(repr=False)
    nik: str = field(repr=False)
    name: str = field(repr=False)
    person_salt: bytes = field(repr=False)
    account: tuple[str, str, str] | None = field(repr=False)
    account_salt: bytes = field(repr=False)

    def commitment(self) -> bytes:
        """Compute the commitment of the line again; 32 bytes."""
        kept = commitment_to(_PERSON, self.person_salt, canonical.encode([self.nik, self.name]))
        if self.account is not None:
            kept += commitment_to(_ACCOUNT, self.account_salt, canonical.encode(self.account))
        return commitment_to(_LINE, self.salt, kept)

    def encode(self) -> bytes:
        """Write the opening as one line."""
        members = {
            "account": list(self.account or ()),
            "account_salt": _text(self.account_salt),
            "entitlement": self.entitlement,
            "line": self.line,
            "name": self.name,
            "nik": self.nik,
            "person_salt": _text(self.person_salt),
            "salt": _text(self.salt),
        }
        return canonical.encode(members) + b"\n"

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read one line; raises MalformedInput."""
        members = canonical.parse(raw)
        try:
            read = cls(
                line=int(members["line"]),  # type: ignore[arg-type]  # whatever it is, it is written again below
                entitlement=int(members["entitlement"]),  # type: ignore[arg-type]
                salt=_bytes(members["salt"]),
                nik=str(members["nik"]),
                name=str(members["name"]),
                person_salt=_bytes(members["person_salt"]),
                account=_account(members["account"]),
                account_salt=_bytes(members["account_salt"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedInput("not the opening of a line", rule="openings.form") from error
        if read.encode() != raw + b"\n":
            raise MalformedInput("not the opening of a line", rule="openings.form")
        return read


def head(*, batch: str, digest: str, lines: int) -> bytes:
    """Write the first line of the openings of a batch."""
    return canonical.encode({"batch": batch, "digest": digest, "format": FORMAT, "lines": lines}) + b"\n"


def commitment_to(domain: str, salt: bytes, raw: bytes) -> bytes:
    """Commit to bytes: SHA-256("aid-commitment-v1" || newline || uint32 length || domain || salt || bytes)."""
    if len(salt) != _SALT_BYTES:
        raise MalformedInput(f"a salt has {_SALT_BYTES} bytes", rule="openings.form")
    return hashlib.sha256(_COMMITMENT + len(domain).to_bytes(4, "big") + domain.encode() + salt + raw).digest()


@dataclass(slots=True)
class Frozen:
    """A batch as the log froze it last: its lines by number, each with its entitlement and commitment."""

    program: str
    period: str
    digest: str
    lines: dict[int, tuple[int, str]] = field(default_factory=dict)


class Register:
    """Reads entries in log order, as a checker does, and keeps what openings are held against."""

    violations: tuple[Finding, ...] = ()

    def __init__(self) -> None:
        self.batches: dict[str, Frozen] = {}
        self.lodged: dict[str, OpeningsLodged] = {}
        """By the digest of the sealed file."""

    def apply(self, _index: int, entry: Entry) -> None:
        """Take the next entry."""
        if entry.kind not in _KINDS:
            return
        match decode(entry.kind, entry.v, entry.body):
            case BatchSubmitted(batch=batch, program=program, period=period, digest=digest):
                self.batches[batch] = Frozen(program, period, digest)
            case LinesFrozen(batch=batch, frozen=frozen) if batch in self.batches:
                lines = self.batches[batch].lines
                lines.update((each.line, (each.entitlement, each.commitment)) for each in frozen)
            case OpeningsLodged() as lodged:
                self.lodged[lodged.file] = lodged
            case _:
                return

    def finish(self) -> None:
        """Judge nothing: replay does."""


_KINDS: Final = frozenset({BatchSubmitted.KIND, LinesFrozen.KIND, OpeningsLodged.KIND})


class Inspection:
    """Opens files one after the other, and remembers who was paid what in which programme and period."""

    def __init__(self, register: Register, secret: ReaderSecret) -> None:
        self._register = register
        self._secret = secret
        self._paid: dict[tuple[str, str, bytes], tuple[int, str, int]] = {}
        self.opened = 0
        self.findings: list[Finding] = []

    def inspect(self, file: BufferedReader) -> str:
        """Check one file, and return the batch it is of.

        Raises:
            MalformedInput: it does not hold openings.
            SignatureFailed: it does not open with this key.

        """
        digest = _text(hashlib.file_digest(file, "sha256").digest())
        file.seek(0)
        lines = _lines(unseal(file, self._secret))
        batch, stated, count = _read_head(next(lines, b""))
        lodged = self._register.lodged.get(digest)
        if lodged is None or (lodged.batch, lodged.digest, lodged.lines) != (batch, stated, count):
            self._find("openings.lodged", f"the log does not say that this file was lodged for {batch}")
        frozen = self._register.batches.get(batch)
        if frozen is None or frozen.digest != stated:
            self._find("openings.batch", f"the log froze no {batch} under the digest of these openings")
        else:
            self._hold(batch, frozen, map(Opening.parse, lines))
        return batch

    def _hold(self, batch: str, frozen: Frozen, openings: Iterable[Opening]) -> None:
        left = dict(frozen.lines)
        for opening in openings:
            expected = left.pop(opening.line, None)
            if expected is None:
                self._find("openings.line", f"line {opening.line} of {batch} was frozen by nobody, or opened twice")
            elif expected != (opening.entitlement, _text(opening.commitment())):
                self._find("openings.line", f"line {opening.line} of {batch} does not open its commitment")
            else:
                self.opened += 1
                self._hold_once(batch, frozen, opening)
        for line in left:
            self._find("openings.line", f"line {line} of {batch} has no opening")

    def _hold_once(self, batch: str, frozen: Frozen, opening: Opening) -> None:
        """Find a person who has two entitlements in one programme and period, whatever the salts."""
        who = frozen.program, frozen.period, hashlib.sha256(opening.nik.encode()).digest()
        known = self._paid.setdefault(who, (opening.entitlement, batch, opening.line))
        if known[0] != opening.entitlement:
            sentence = f"line {opening.line} of {batch} and line {known[2]} of {known[1]} pay one NIK twice"
            self._find("openings.twice", sentence)

    def _find(self, rule: str, sentence: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(rule, None, sentence))


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Cut authentic pieces into lines of bounded length."""
    held = b""
    for piece in pieces:
        *whole, held = (held + piece).split(b"\n")
        yield from whole
        if len(held) > canonical.MAX_BYTES:
            break
    if held:
        raise MalformedInput("openings are lines, each closed by a newline", rule="openings.form")


def _read_head(raw: bytes) -> tuple[str, str, int]:
    members = canonical.parse(raw)
    batch, digest, lines = (members.get(name) for name in ("batch", "digest", "lines"))
    is_form = members.keys() == _HEAD and members["format"] == FORMAT
    if not is_form or type(batch) is not str or type(digest) is not str or type(lines) is not int:
        raise MalformedInput("not the openings of a batch", rule="openings.form")
    return batch, digest, lines


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: JSON) -> bytes:
    if type(text) is not str:
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _account(value: JSON) -> tuple[str, str, str] | None:
    if type(value) is not list:
        raise ValueError("not an account")
    if not value:
        return None
    bank, number, holder = map(str, value)
    return bank, number, holder
