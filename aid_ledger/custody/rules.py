"""What may be done with a key that is to sign the log, and when; what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Final

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.log.models import KEY_ANNOUNCED
from audit.errors import AuditError
from audit.keys import WAIT, check_statement
from audit.note import Note, VerifierKey, encode_base64, parse, parse_vkey

PROPOSED: Final = "proposed"
ANNOUNCED: Final = KEY_ANNOUNCED
WITHDRAWN: Final = "withdrawn"
TAKEN: Final = "taken"
OPEN: Final = frozenset({PROPOSED, ANNOUNCED})
"""States of a key on which something is still to be decided; there is one such key at a time."""

STATEMENT_LIMIT_BYTES: Final = 4_096
"""Two keys, a header and two signatures are some six hundred."""
_STATEMENT_LINES: Final = 3


class KeyUndecided(DomainError):
    """Another key was proposed or announced and is neither withdrawn nor taken yet."""

    kind = Kind.CONFLICT
    code = "custody.undecided"


class KeyUsedBefore(DomainError):
    """This key signed the log once, or was withdrawn: it never comes back."""

    kind = Kind.CONFLICT
    code = "custody.used_before"


class StatementMalformed(DomainError):
    """The statement is not one that the key in use and the new one have both signed."""

    kind = Kind.INVALID
    code = "custody.statement_malformed"


class KeyNotFound(DomainError):
    """No key with that ID is proposed or announced."""

    kind = Kind.NOT_FOUND
    code = "custody.key_not_found"


class KeyNotProposed(DomainError):
    """The key is not waiting for a second person: it is announced already."""

    kind = Kind.CONFLICT
    code = "custody.not_proposed"


class SecondPersonNeeded(DomainError):
    """Who proposed a key, or holds the office of whoever did, does not agree to it."""

    kind = Kind.NOT_ALLOWED
    code = "custody.second_person"


class RootUndecided(DomainError):
    """Another root of receipts was proposed or announced and is neither withdrawn nor taken yet."""

    kind = Kind.CONFLICT
    code = "custody.root_undecided"


class RootUsedBefore(DomainError):
    """Receipts hung from this root once, or it was withdrawn: it never comes back."""

    kind = Kind.CONFLICT
    code = "custody.root_used_before"


class RootStatementMalformed(DomainError):
    """The file is no statement about this log that the root in use has signed."""

    kind = Kind.INVALID
    code = "custody.root_statement_malformed"


class RootNotFound(DomainError):
    """No root with that fingerprint is proposed or announced."""

    kind = Kind.NOT_FOUND
    code = "custody.root_not_found"


class RootNotProposed(DomainError):
    """The root is not waiting for a second person: it is announced already."""

    kind = Kind.CONFLICT
    code = "custody.root_not_proposed"


class StampWordMalformed(DomainError):
    """The file is no word of the root in use on a key that stamps this log's receipts."""

    kind = Kind.INVALID
    code = "custody.stamp_word_malformed"


class StampKeyUsedBefore(DomainError):
    """This key stamps receipts already, or was withdrawn: it never comes back."""

    kind = Kind.CONFLICT
    code = "custody.stamp_key_used_before"


class StampKeyNotFound(DomainError):
    """No such key stamps receipts."""

    kind = Kind.NOT_FOUND
    code = "custody.stamp_key_not_found"


class KeyNotRipe(DomainError):
    """The key or root may not be taken yet: its time has not come, or the witnesses have not seen it for so long."""

    kind = Kind.CONFLICT
    code = "custody.not_ripe"


def read_statement(raw: bytes) -> tuple[VerifierKey, VerifierKey, str, str]:
    """Read what `keys announce` wrote: the old key, the new one, and both their signatures in base64.

    Raises:
        StatementMalformed: it is not a statement, or one of the two has not signed it.
    """
    try:
        if len(raw) > STATEMENT_LIMIT_BYTES:
            raise StatementMalformed
        signed = parse(raw)
        lines = signed.text.splitlines()
        if len(lines) != _STATEMENT_LINES:
            raise StatementMalformed
        old, new = parse_vkey(lines[1]), parse_vkey(lines[2])
        signatures = _signature(signed, old), _signature(signed, new)
        check_statement(old, new, *signatures)
    except AuditError as error:
        raise StatementMalformed from error
    return old, new, *signatures


def wait_of(hours: int) -> dt.timedelta:
    """Give how long an announced key waits: what verifiers ask for, or longer, never shorter (THREATS 11)."""
    return max(WAIT, dt.timedelta(hours=hours))


def _signature(signed: Note, key: VerifierKey) -> str:
    found = [each.raw for each in signed.signatures if each.is_by(key)]
    return encode_base64(found[0]) if found else ""
