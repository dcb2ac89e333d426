"""Which keys may stamp receipts: those that the root of receipts has named, in an entry of the log.

A stamp key lies where receipts are made, as the signing certificate does, and like that certificate it is worth what
the root's word makes it worth. The log adds that everybody can see which keys there are. Their list travels as one
small file, `keys.json`: the entries that named them, each with its path to one signed checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from audit import canonical, facts, merkle, note, policy
from audit.entry import parse_entry
from audit.errors import MalformedInput, ProofFailed, SignatureFailed
from audit.facts.codec import MAX_COUNT
from audit.facts.custody import StampKeyNamed
from audit.roots import check_word, fingerprint, read_root, spelled

if TYPE_CHECKING:
    from audit.facts import Fact
    from audit.policy import Policy, Trust

HEADER: Final = "aid-ledger receipt stamp key v1"
"""The first line of what the root signs; what else it signs begins otherwise (`roots.HEADER`, DER)."""
KEY_BYTES: Final = 32
MAX_LISTED: Final = 8
"""House rule: keys in one list, the newest; a key serves for years."""

_RULE: Final = "stamp.keys"


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry that named a stamp key, its place in the log, and its path to the root."""

    index: int
    path: tuple[bytes, ...]
    entry: bytes


@dataclass(frozen=True, slots=True)
class KeyList:
    """The stamp keys of a log, newest first, under one checkpoint; what was withdrawn before it is not in the list."""

    checkpoint: str
    keys: tuple[Listed, ...]

    def encode(self) -> bytes:
        """Write the list as it travels."""
        keys: list[canonical.JSON] = [
            {
                "entry": note.encode_base64(each.entry),
                "index": each.index,
                "path": [note.encode_base64(part) for part in each.path],
            }
            for each in self.keys
        ]
        return canonical.encode({"checkpoint": self.checkpoint, "keys": keys})


@dataclass(frozen=True, slots=True)
class StampKeys:
    """The keys of a list that was checked, newest first, and who vouches for the log that names them."""

    keys: tuple[bytes, ...]
    trust: Trust


def statement(origin: str, key: bytes) -> bytes:
    """Write what the root of receipts signs about a stamp key of this log."""
    return f"{HEADER}\n{origin}\n{note.encode_base64(key)}\n".encode()


def check_named(origin: str, fact: StampKeyNamed) -> bytes:
    """Check that the root whose certificate a fact carries has named its key, and return the key.

    Raises:
        AuditError: the certificate is not the root it names or none at all, the key is none, or the root has not
            signed that.

    """
    certificate, key = note.decode_base64(fact.certificate), note.decode_base64(fact.key)
    if fingerprint(certificate) != fact.root:
        raise MalformedInput("the certificate is not that of the root that is named", rule=_RULE)
    if len(key) != KEY_BYTES:
        raise MalformedInput(f"a stamp key is {KEY_BYTES} bytes", rule=_RULE)
    if not check_word(certificate, statement(origin, key), note.decode_base64(fact.signature)):
        raise SignatureFailed("the root of receipts has not named this stamp key", rule=_RULE)
    return key


def parse(raw: bytes) -> KeyList:
    """Read a list strictly: writing it again gives the same bytes.

    Raises:
        MalformedInput: it is no such list.

    """
    members = canonical.parse(raw)
    listed = members.get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_LISTED:
        raise MalformedInput(f"a list of stamp keys holds at most {MAX_LISTED}", rule=_RULE)
    read = KeyList(_text(members.get("checkpoint")), tuple(_listed(each) for each in listed))
    if read.encode() != raw:
        raise MalformedInput("the list of stamp keys has other members", rule=_RULE)
    return read


def check(listed: KeyList, trusted: Policy, *, root_cert: bytes, now_s: int) -> StampKeys:
    """Check a list against whom to believe; keys that another root has named are passed over.

    Raises:
        AuditError: the checkpoint is not vouched for, the certificate is no root's, an entry is not in the log or names
            no stamp key, or the root has not named its key.

    """
    root = spelled(read_root(root_cert).fingerprint)
    trust = policy.check(note.parse(listed.checkpoint.encode()), trusted, now_s=now_s)
    stated = trust.checkpoint
    keys = []
    for each in listed.keys:
        merkle.verify_inclusion(each.index, stated.size, merkle.leaf_hash(each.entry), each.path, stated.root)
        entry = parse_entry(each.entry)
        fact: Fact = facts.decode(entry.kind, entry.v, entry.body)
        if not isinstance(fact, StampKeyNamed):
            raise ProofFailed("an entry of the list names no stamp key", rule=_RULE, index=each.index)
        if fact.root == root:
            keys.append(check_named(stated.origin, fact))
    return StampKeys(tuple(keys), trust)


def _listed(value: Any) -> Listed:  # noqa: ANN401 - parsed JSON
    path = value.get("path") if isinstance(value, dict) else None
    if not isinstance(path, list):
        raise MalformedInput("a stamp key is listed with its entry, index and path", rule=_RULE)
    index = value.get("index")
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= MAX_COUNT:
        raise MalformedInput("an index of the list is a number", rule=_RULE)
    parts = tuple(note.decode_base64(_text(each)) for each in path)
    return Listed(index, parts, note.decode_base64(_text(value.get("entry"))))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedInput("a member of the list is not text", rule=_RULE)
    return value
