"""The files in which a root's signature comes from where that root lies, which is no machine of the ledger.

What was signed (`audit.roots.statement` or `audit.stampkeys.statement`), an empty line, and in base64, a line each: the
signature and the certificates it is about (DER): of the old root and the new one, or of the root that names a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from aid_ledger.custody.rules import RootStatementMalformed, StampWordMalformed
from audit import roots, stampkeys
from audit.errors import AuditError
from audit.facts.custody import StampKeyNamed
from audit.note import decode_base64, encode_base64

LIMIT_BYTES: Final = 32_768
"""Two certificates and a signature are some four thousand; of an RSA root of 16,384 bits some twelve."""
_LINES: Final = 9
"""The last one is what follows the last newline: nothing."""


@dataclass(frozen=True, slots=True)
class RootStatement:
    """That one root follows another in the log `origin`: both certificates (DER) and the old one's signature."""

    origin: str
    old: bytes
    new: bytes
    signature: bytes

    def write(self) -> bytes:
        """Write the file."""
        parts = "".join(f"{encode_base64(each)}\n" for each in (self.signature, self.old, self.new))
        return roots.statement(self.origin, self.old, self.new) + b"\n" + parts.encode()

    @classmethod
    def read(cls, raw: bytes, origin: str) -> Self:
        """Read a file and check it for a log.

        Raises:
            RootStatementMalformed: it is no such file, is about another log, or the old root has not signed it.
        """
        try:
            lines = raw[:LIMIT_BYTES].decode("ascii").split("\n")
            if len(lines) != _LINES:
                raise RootStatementMalformed
            signature, old, new = (decode_base64(each) for each in lines[5:8])
            roots.check_statement(origin, old, new, signature)
        except (AuditError, UnicodeError) as error:
            raise RootStatementMalformed from error
        read = cls(origin, old, new, signature)
        if read.write() != raw:
            raise RootStatementMalformed
        return read


_WORD_LINES: Final = 7


@dataclass(frozen=True, slots=True)
class StampWord:
    """That a root names a key which stamps the receipts of the log `origin`: key, the root's certificate, signature."""

    origin: str
    key: bytes
    certificate: bytes
    signature: bytes

    def write(self) -> bytes:
        """Write the file."""
        parts = "".join(f"{encode_base64(each)}\n" for each in (self.signature, self.certificate))
        return stampkeys.statement(self.origin, self.key) + b"\n" + parts.encode()

    @classmethod
    def read(cls, raw: bytes, origin: str) -> Self:
        """Read a file and check it for a log.

        Raises:
            StampWordMalformed: it is no such file, is about another log, or the root has not signed it.
        """
        try:
            lines = raw[:LIMIT_BYTES].decode("ascii").split("\n")
            if len(lines) != _WORD_LINES:
                raise StampWordMalformed
            key, signature, certificate = (decode_base64(lines[place]) for place in (2, 4, 5))
            fact = StampKeyNamed(
                key=lines[2], root=roots.fingerprint(certificate), certificate=lines[5], signature=lines[4]
            )
            stampkeys.check_named(origin, fact)
        except (AuditError, UnicodeError) as error:
            raise StampWordMalformed from error
        read = cls(origin, key, certificate, signature)
        if read.write() != raw:
            raise StampWordMalformed
        return read
