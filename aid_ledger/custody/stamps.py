"""The keys that stamp receipts: named by the root, one administrator brings its word, one withdraws.

A stamp key lies with the press, like the signing certificate, and is worth the root's word and nothing else; so one
person is enough. There is no table: the entries are all there is to know, and few.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from aid_ledger.core.act import Act
from aid_ledger.custody import queries, rules
from aid_ledger.custody.handed import StampWord
from aid_ledger.log import queries as log
from aid_ledger.log import quorum
from aid_ledger.officials.service.people import require_admin
from audit import proof, stampkeys
from audit.facts.custody import StampKeyNamed, StampKeyWithdrawn
from audit.note import encode_base64
from audit.roots import fingerprint


def name_stamp_key(act: Act, handed: bytes) -> str:
    """Name a key that stamps receipts, by the word of the root in use; gives the key in base64.

    Raises: AdminNeeded, StampWordMalformed, StampKeyUsedBefore, NotSealed.
    """
    require_admin(act)
    word = StampWord.read(handed, log.name_of_log(act.session).origin)

    if fingerprint(word.certificate) != queries.receipt_roots(act.session)[-1].fingerprint:
        raise rules.StampWordMalformed
    if encode_base64(word.key) in queries.stamp_keys_told(act.session):
        raise rules.StampKeyUsedBefore

    return record_named(act, word)


def record_named(act: Act, word: StampWord) -> str:
    """Record the root's word on a key. While the agency is founded nobody is there to ask whether they may."""
    key = encode_base64(word.key)
    act.record(
        StampKeyNamed(
            key=key,
            root=fingerprint(word.certificate),
            certificate=encode_base64(word.certificate),
            signature=encode_base64(word.signature),
        )
    )
    return key


def withdraw_stamp_key(act: Act, key: str, *, reason: str) -> None:
    """Say that nothing this key has stamped is believed any longer; receipts printed anew get another's stamp.

    Raises: AdminNeeded, StampKeyNotFound.
    """
    require_admin(act)

    if not queries.stamp_keys_told(act.session).get(key.strip()):
        raise rules.StampKeyNotFound

    act.record(StampKeyWithdrawn(key=key.strip(), reason=reason))


def key_list(session: Session) -> stampkeys.KeyList | None:
    """Give the standing keys with their proofs, under the newest checkpoint of a quorum if there is one.

    None before the first of them is sealed.
    """
    named = queries.stamp_keys(session)
    if not named:
        return None
    vouched = quorum.newest_vouched(session, above=named[0].position)
    under = vouched.checkpoint if vouched else None
    proofs = [proof.parse(log.proof_text(session, each.position, under=under).encode()) for each in named]
    listed = [
        stampkeys.Listed(each.position, proven.hashes, each.raw) for each, proven in zip(named, proofs, strict=True)
    ]
    return stampkeys.KeyList(proofs[0].signed.encode().decode(), tuple(listed))
