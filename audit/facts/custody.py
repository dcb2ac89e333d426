"""Facts on the keys of log and receipts: which key or root follows which, said before it is used, and who may stamp.

What makes a rotation believable (both signatures, the wait, the witnesses) is checked in `audit/keys.py`; who may ask
for one and who must agree in `audit/replay/custody.py`; the root's signature and its wait in `audit/replay/roots.py`;
what the root says of a stamp key in `audit/stampkeys.py`.
"""

from __future__ import annotations

from audit.facts.codec import Code, Digest, Fact, FileText, Line, Moment, Signed, fact


@fact("log_keys")
class LogKeyProposed(Fact):
    """An official asked that the log be signed with a new key; nothing changes until a second one agrees."""

    old: Line
    new: Line
    decree: Line


@fact("log_keys")
class LogKeyAnnounced(Fact):
    """A second official agreed: from `usable_from` on, 72 hours later at the earliest, the new key may be taken.

    `old` and `new` are verifier keys. The signatures are base64, by either of them over the statement of `audit.keys`.
    """

    old: Line
    new: Line
    old_signature: Line
    new_signature: Line
    usable_from: Moment
    proposed_by: Code
    decree: Line


@fact("log_keys")
class LogKeyWithdrawn(Fact):
    """A proposed or announced key will never sign this log; the key in use stays."""

    new: Line
    reason: Line


@fact("log_keys")
class LogKeyTaken(Fact):
    """The last entry before which the old key signs: it signs sizes up to this entry's index, the new one all later.

    `seen` is a checkpoint over the announcement, `kept` one at least 72 hours younger by its witnesses' clocks; both
    signed by the old key, with the cosignatures there were. They show that the announcement was there to be read.
    """

    old: Line
    new: Line
    seen: Signed
    kept: Signed


@fact("receipt_roots")
class ReceiptRootProposed(Fact):
    """An official asked that receipts hang from a new root; nothing changes until a second one agrees.

    `old` and `new` are the SHA-256 of the roots' certificates (DER), here and in the facts below.
    """

    old: Digest
    new: Digest
    decree: Line


@fact("receipt_roots")
class ReceiptRootAnnounced(Fact):
    """A second official agreed: from `usable_from` on, 72 hours later at the earliest, the new root may be taken.

    Certificates (DER) and the old root's signature over the statement of `audit.roots` are base64.
    """

    old: Digest
    new: Digest
    old_certificate: FileText
    certificate: FileText
    signature: FileText
    usable_from: Moment
    proposed_by: Code
    decree: Line


@fact("receipt_roots")
class ReceiptRootWithdrawn(Fact):
    """A proposed or announced root will never be one of this log's; the root in use stays."""

    new: Digest
    reason: Line


@fact("receipt_roots")
class ReceiptRootTaken(Fact):
    """Receipts under checkpoints of sizes up to this entry's index hang from the old root, later ones from the new."""

    old: Digest
    new: Digest


@fact()
class StampKeyNamed(Fact):
    """The root of receipts has named a key that stamps them; older keys stay good.

    `key` is an Ed25519 key; `root` the SHA-256 of the root's certificate (DER), which stands beside it with the root's
    signature over the statement of `audit.stampkeys`; all three are base64.
    """

    key: Line
    root: Digest
    certificate: FileText
    signature: FileText


@fact()
class StampKeyWithdrawn(Fact):
    """Nothing that this key has stamped is believed any longer, and it is never named again."""

    key: Line
    reason: Line
