"""The honest story of `replaying.py` with an auditor in it: a key set by two, openings lodged before the payment."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Sequence

from audit.entry import encode_entry
from audit.facts.openings import AuditorKeyProposed, AuditorKeySet, OpeningsLodged
from audit.facts.paying import FrozenLine
from audit.openings import Opening, head
from audit.sealing import ReaderSecret, seal
from tests.audit.agency import people
from tests.audit.replaying import batch, due, funds
from tests.audit.small_log import Files, make_log
from tests.audit.told import DAY, Said, digest_of, entry_of, said

BANK = ("110", "0011223344556", "ANI CONTOH")
EVE = DAY - dt.timedelta(days=1)


def opening(line: int, nik: str, *, account: tuple[str, str, str] | None = BANK, entitlement: int = 0) -> Opening:
    """Open a line to a person; every line has salts of its own."""
    salts = [hashlib.sha256(f"{line} {nik} {number}".encode()).digest() for number in range(3)]
    return Opening(line, entitlement or 100 + line, salts[0], nik, "ANI CONTOH", salts[1], account, salts[2])


ANI, BUDI = opening(1, "3216064107900001"), opening(2, "3216064107900002", account=None)


def key_set(secret: ReaderSecret, *, on: dt.date = EVE) -> dict[str, list[Said]]:
    """Propose a key and agree to it."""
    named = {"key": "KEY-1", "auditor": secret.name, "public": str(secret.reader())}
    return {
        "propose": said("admin", AuditorKeyProposed(**named), on=on),
        "set": said("auditor", AuditorKeySet(**named), on=on),
    }


def story(secret: ReaderSecret, lines: Sequence[Opening]) -> tuple[dict[str, list[Said]], bytes]:
    """Tell the story up to the payment; returns it with the file that was lodged."""
    frozen = tuple(
        FrozenLine(each.line, each.entitlement, 300_000, "APBD-1", text(each.commitment())) for each in lines
    )
    digest = digest_of(frozen)
    raw = head(batch="BTC-1", digest=digest, lines=len(lines)) + b"".join(each.encode() for each in lines)
    file = b"".join(seal([raw], secret.reader()))
    lodged = OpeningsLodged(
        batch="BTC-1",
        digest=digest,
        key="KEY-1",
        auditor=secret.name,
        lines=len(lines),
        file=text(hashlib.sha256(file).digest()),
    )
    paid = batch(lines=frozen)
    entitled = due(numbers=sorted({each.entitlement for each in lines}))
    send = paid.pop("send")
    steps = {"people": people(), "funds": funds(), "due": entitled, **key_set(secret), **paid}
    return {**steps, "lodge": said("treasurer", lodged), "send": send}, file


def as_log(steps: dict[str, list[Said]]) -> Files:
    """Lay a story out as a signed log."""
    entries, ordinals = [], dict[str, int]()
    for each in (each for part in steps.values() for each in part):
        ordinal = ordinals.get(each.act, 0)
        ordinals[each.act] = ordinal + 1
        entries.append(encode_entry(entry_of(each, ordinal)))
    return make_log(entries)


def text(raw: bytes) -> str:
    """Write a digest as facts do."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
