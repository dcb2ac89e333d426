"""The file in which the outgoing root's signature comes from where that root lies, which is no machine of the ledger.

The four lines of `audit.roots.statement`, an empty one, and in base64, a line each: the signature, the certificate of
the old root and that of the new one (DER).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from aid_ledger.custody.rules import RootStatementMalformed
from audit import roots
from audit.errors import AuditError
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
