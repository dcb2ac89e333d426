"""Stamps and the keys that make them, bent where a test wants it; `python -m tests.audit.stamping` writes the vectors.

The stamp key's seed and the log's key are known to everybody; the root of the vectors signed once and was thrown away.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from audit import merkle, note, stamp, stampkeys
from audit.checkpoint import Checkpoint
from audit.facts.custody import StampKeyNamed
from audit.roots import fingerprint
from audit.stamp import Stamp
from audit.stampkeys import KeyList, Listed
from tests.audit.forge import Wish, make_chain, rsa_key
from tests.audit.rotating import Growing
from tests.audit.small_log import LOG_KEY, LOG_VKEY, ORIGIN, root_of

if TYPE_CHECKING:
    from audit.note import SigningKey

VECTORS = Path(__file__).parents[1] / "vectors" / "stamp.json"
SEED = bytes(range(96, 128))
STAMPER = Ed25519PrivateKey.from_private_bytes(SEED)
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
MONEY = Stamp(
    code="JBSWY3DPEHPK3PXP",
    paid_on=dt.date(2021, 8, 5),
    index=48_210,
    amount=600_000,
    number="RCP-2021-000123-K",
    program="Bansos JPS",
    payee="A*** S*******",
    unit="",
    contents="",
)
GOODS = replace(MONEY, amount=2, unit="paket", contents="Beras 10 kg, minyak goreng 2 l, telur 30 but\u2026")


def root(number: int = 0) -> bytes:
    """Make a root certificate (DER) whose key is known by its number; once, for each time it is another."""
    return _root(number)


@cache
def _root(number: int) -> bytes:
    return make_chain(Wish(root_key=rsa_key(number))).root.public_bytes(Encoding.DER)


def public_of(key: Ed25519PrivateKey) -> bytes:
    """Give the bytes of a stamp key."""
    return key.public_key().public_bytes_raw()


def named(
    number: int = 0,
    *,
    key: bytes | None = None,
    origin: str = ORIGIN,
    by: int | None = None,
    about: bytes | None = None,
) -> StampKeyNamed:
    """Have a root name a stamp key; `by` is whose key really signs, and `about` which key it is told about."""
    key = public_of(STAMPER) if key is None else key
    signature = rsa_key(number if by is None else by).sign(
        stampkeys.statement(origin, about or key), padding.PKCS1v15(), hashes.SHA256()
    )
    return StampKeyNamed(
        key=note.encode_base64(key),
        root=fingerprint(root(number)),
        certificate=note.encode_base64(root(number)),
        signature=note.encode_base64(signature),
    )


def stamped(stated: Stamp = MONEY, *, origin: str = ORIGIN, by: Ed25519PrivateKey = STAMPER) -> str:
    """Stamp what a receipt says."""
    return sealed(stamp.write(stated), origin=origin, by=by)


def sealed(body: bytes, *, origin: str = ORIGIN, by: Ed25519PrivateKey = STAMPER) -> str:
    """Sign any bytes as if they were a stamp's."""
    return stamp.to_digits(body, by.sign(stamp.message(origin, body)))


def log_of(*facts: StampKeyNamed) -> Growing:
    """Give a log of root 0 that names these keys, and goes on."""
    log = Growing()
    log.found(root=fingerprint(root()))
    for fact in facts:
        log.say(fact)
    log.pad(3)
    return log


def listed(log: Growing, *indexes: int, key: SigningKey = LOG_KEY) -> KeyList:
    """List the entries at these places, under a checkpoint of the whole log."""
    hashes_ = [merkle.leaf_hash(each) for each in log.entries]
    text = Checkpoint(ORIGIN, log.size, root_of(log.entries)).text()
    keys = tuple(Listed(each, tuple(merkle.inclusion_proof(each, hashes_)), log.entries[each]) for each in indexes)
    return KeyList(note.sign(text, key).decode(), keys)


def _write() -> None:
    """Write the vectors; the root in them is another each time."""
    log = log_of(named())
    bodies = {name: stamp.write(stated) for name, stated in (("money", MONEY), ("goods", GOODS))}
    vectors = {
        "about": "Stamps of receipts (FORMAT.md section 15). Written by tests/audit/stamping.py.",
        "origin": ORIGIN,
        "log_vkey": LOG_VKEY,
        "root": note.encode_base64(root()),
        "seed": SEED.hex(),
        "key": note.encode_base64(public_of(STAMPER)),
        "statement": stampkeys.statement(ORIGIN, public_of(STAMPER)).decode(),
        "keys": listed(log, 3).encode().decode(),
        "stamps": [
            {
                **{name: value if isinstance(value, int) else str(value) for name, value in asdict(stated).items()},
                "body": bodies[name].hex(),
                "digits": stamped(stated),
            }
            for name, stated in (("money", MONEY), ("goods", GOODS))
        ],
        "bad": [{"why": why, "digits": digits, "rule": rule} for why, digits, rule in bad_stamps()],
    }
    VECTORS.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")


def bad_stamps() -> list[tuple[str, str, str]]:
    """List stamps that are none, each with why and the rule that refuses it."""
    good, body = stamped(), stamp.write(MONEY)
    head, tail = body[:13], body[13:]
    signature = bytes.fromhex(f"{int(good):x}".zfill(2 * (len(body) + 64)))[-64:]

    def changed(**changes: object) -> str:
        return stamp.to_digits(stamp.write(replace(MONEY, **changes)), signature)  # type: ignore[arg-type] # a field each

    return [
        ("another amount", changed(amount=900_000), "stamp.signature"),
        ("another name", changed(payee="B*** S*******"), "stamp.signature"),
        ("another number", changed(number="RCP-2021-000124-X"), "stamp.signature"),
        ("another place in the log", changed(index=48_211), "stamp.signature"),
        ("another code", changed(code="JBSWY3DPEHPK3PXQ"), "stamp.signature"),
        ("another key", stamped(by=STRANGER), "stamp.signature"),
        ("another log", stamped(origin="other.example/log"), "stamp.signature"),
        ("another receipt's signature", stamp.to_digits(stamp.write(GOODS), signature), "stamp.signature"),
        ("one digit less", good[:-1], "stamp.version"),
        ("a digit in front", f"0{good}", "stamp.form"),
        ("Arabic digits", good.translate({ord(str(n)): chr(0x660 + n) for n in range(10)}), "stamp.form"),
        ("a full-width digit", chr(0xFF10 + int(good[0])) + good[1:], "stamp.form"),
        ("a sign", f"+{good}", "stamp.form"),
        ("underscores", f"{good[:3]}_{good[3:]}", "stamp.form"),
        ("nothing", "", "stamp.form"),
        ("too long", "1" * 1_001, "stamp.form"),
        ("a signature alone", str(int.from_bytes(b"\x01" + signature)), "stamp.form"),
        ("less than a signature", "1", "stamp.form"),
        ("version 2", sealed(b"\x02" + body[1:]), "stamp.version"),
        ("cut in a text", sealed(body[:-3]), "stamp.form"),
        ("something behind", sealed(body + b"\x00"), "stamp.form"),
        ("a number in two spellings", sealed(head + b"\xd2\xf8\x82\x00" + tail[3:]), "stamp.form"),
        ("a number without end", sealed(head + b"\xff" * 60), "stamp.form"),
        ("an index nobody can count to", sealed(head + b"\xff" * 8 + b"\x01" + tail[3:]), "stamp.range"),
        ("nothing received", sealed(head + tail[:3] + b"\x00" + tail[6:]), "stamp.range"),
        ("too much received", sealed(head + tail[:3] + b"\xff" * 9 + b"\x7f" + tail[6:]), "stamp.range"),
        ("a text that is none", sealed(body[:-2] + b"\x01\xff\x00"), "stamp.text"),
        ("a text too long", sealed(body[:-2] + b"\x31" + b"x" * 49 + b"\x00"), "stamp.text"),
        ("a text that turns", sealed(body[:-2] + b"\x03\xe2\x80\xae\x00"), "stamp.text"),
        ("a control character", sealed(body[:-2] + b"\x01\x07\x00"), "stamp.text"),
        ("another space", sealed(body[:-2] + b"\x02\xc2\xa0\x00"), "stamp.text"),
    ]


if __name__ == "__main__":
    _write()
