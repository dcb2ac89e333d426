"""Small logs that change keys, entry by entry, so that a test may leave out or bend any step of a rotation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit import keys, note, policy
from audit.checkpoint import Checkpoint
from audit.cosignature import sign as cosign
from audit.entry import Actor, Entry, encode_entry
from audit.facts.custody import LogKeyAnnounced, LogKeyProposed, LogKeyTaken, LogKeyWithdrawn
from audit.facts.founding import LogFounded, RepairNoted
from audit.facts.officials import OfficialEnrolled
from audit.note import SigningKey
from audit.policy import Policy
from audit.verify import Report, verify_log
from tests.audit.small_log import ACTOR, LOG_KEY, LOG_VKEY, ORIGIN, WITNESSES, Files, make_log, make_policy, root_of

if TYPE_CHECKING:
    from audit.facts import Fact

NEXT_KEY = SigningKey(ORIGIN, bytes(range(32, 64)))
THIRD_KEY = SigningKey(ORIGIN, bytes(range(64, 96)))
BEGINS = dt.datetime(2026, 11, 22, 5, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
LATER_S = int((BEGINS + 400 * HOUR).timestamp())
"""When these logs are verified: after everything in them."""
THREE = WITNESSES[:3]


def vkey(key: SigningKey) -> str:
    """Write the public half of a log's key."""
    return str(key.verifier())


@dataclass
class Growing:
    """A log under construction; `at` is what its clock shows."""

    entries: list[bytes] = field(default_factory=list)
    at: dt.datetime = BEGINS

    @property
    def size(self) -> int:
        """The entries so far."""
        return len(self.entries)

    def say(self, *facts: Fact, who: str = "siti") -> int:
        """Append facts as an act of its own and return the last index; "" is the system."""
        nobody = Actor(type="system", id="", office="", door="job" if self.entries else "init")
        actor = replace(ACTOR, id=who) if who else nobody
        act = f"{self.size + 10**9:032x}"
        for ordinal, fact in enumerate(facts):
            entry = Entry(
                kind=fact.KIND,
                v=fact.V,
                id=f"{self.size:032x}",
                act=act,
                ordinal=ordinal,
                actor=actor,
                recorded_at=self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                on=self.at.date().isoformat(),
                body=fact.body(),
                rows={},
            )
            self.entries.append(encode_entry(entry))
        return self.size - 1

    def found(self, key: SigningKey = LOG_KEY, *, origin: str = ORIGIN, root: str = "A" * 43) -> int:
        """Say what a verifier pins, and who the two founders are."""
        began = LogFounded(
            vocabulary=0,
            origin=origin,
            log_vkey=vkey(key),
            receipt_root=root,
            schema="A" * 43,
            custody="separate",
            agency="32.16",
            agency_name="Kabupaten Bekasi",
            practice=1,
        )
        return self.say(began, *(OfficialEnrolled(official=login, founder=1) for login in ("siti", "budi")), who="")

    def staff(self) -> None:
        """Let two more people be known, who are no administrators as the founders are."""
        for login in ("joko", "tuti"):
            self.say(OfficialEnrolled(official=login, founder=0))

    def pad(self, count: int = 2) -> None:
        """Append entries on other things."""
        for _ in range(count):
            self.say(RepairNoted(incident=f"INC-{self.size}", note="disk", document=""))

    def propose(self, new: SigningKey = NEXT_KEY, *, old: SigningKey = LOG_KEY, who: str = "siti") -> int:
        """Ask for a new key."""
        return self.say(LogKeyProposed(old=vkey(old), new=vkey(new), decree="SK 7"), who=who)

    def announce(
        self,
        new: SigningKey = NEXT_KEY,
        *,
        old: SigningKey = LOG_KEY,
        wait: dt.timedelta = 72 * HOUR,
        signers: tuple[SigningKey, SigningKey] | None = None,
        who: str = "budi",
        proposed_by: str = "siti",
    ) -> int:
        """Agree to it; `signers` are who really signs the statement."""
        message = keys.statement(old.verifier(), new.verifier()).encode()
        signatures = [note.encode_base64(each.sign(message)) for each in signers or (old, new)]
        fact = LogKeyAnnounced(
            old=vkey(old),
            new=vkey(new),
            old_signature=signatures[0],
            new_signature=signatures[1],
            usable_from=self.at + wait,
            proposed_by=proposed_by,
            decree="SK 7",
        )
        return self.say(fact, who=who)

    def withdraw(self, new: SigningKey = NEXT_KEY, *, who: str = "siti") -> int:
        """Give a key up."""
        return self.say(LogKeyWithdrawn(new=vkey(new), reason="hilang"), who=who)

    def take(self, seen: str, kept: str, *, new: SigningKey = NEXT_KEY, old: SigningKey = LOG_KEY) -> int:
        """Pass on to the new key."""
        return self.say(LogKeyTaken(old=vkey(old), new=vkey(new), seen=seen, kept=kept), who="")

    def seal(
        self,
        *witnesses: SigningKey,
        by: SigningKey = LOG_KEY,
        size: int | None = None,
        origin: str = ORIGIN,
        root: bytes | None = None,
    ) -> str:
        """Sign a checkpoint of the first `size` entries and have it cosigned at this log's time."""
        count = self.size if size is None else size
        text = Checkpoint(origin, count, root or root_of(self.entries[:count])).text()
        signed = note.parse(note.sign(text, by))
        lines = tuple(cosign(text, witness, time_s=int(self.at.timestamp())) for witness in witnesses)
        return replace(signed, signatures=signed.signatures + lines).encode().decode()

    def files(self, *witnesses: SigningKey, by: SigningKey = NEXT_KEY, beside: SigningKey | None = None) -> Files:
        """Lay the log out under a checkpoint signed by one key, with that key (or another) beside it."""
        files = make_log(self.entries)
        files["checkpoint"] = self.seal(*witnesses, by=by).encode()
        files["log.vkey"] = f"{vkey(beside or by)}\n".encode()
        return files

    def rotate(
        self,
        *witnesses: SigningKey,
        new: SigningKey = NEXT_KEY,
        old: SigningKey = LOG_KEY,
        hours: int = 73,
    ) -> int:
        """Propose, announce, wait and take, all as it should be; returns the index of the taking."""
        self.propose(new, old=old)
        self.announce(new, old=old)
        self.pad()
        seen = self.seal(*witnesses, by=old)
        self.at += hours * HOUR
        self.pad()
        kept = self.seal(*witnesses, by=old)
        return self.take(seen, kept, new=new, old=old)


def rotated(*witnesses: SigningKey) -> tuple[Growing, int]:
    """Give an honest log of two keys and the index at which one followed the other."""
    log = Growing()
    log.found()
    log.staff()
    taken = log.rotate(*witnesses)
    log.pad()
    return log, taken


PINNED = Policy.of_log_key(LOG_VKEY)
WITNESSED = policy.parse(make_policy())
"""The old key, and three of four witnesses."""
STRANGER = SigningKey("elsewhere.example/log", b"s" * 32)


def verify(files: Files, trusted: Policy | None = PINNED, *, old: str | None = None) -> Report:
    """Verify after everything that happens in these logs."""
    raw = None if old is None else old.encode()
    return verify_log(files, now_s=LATER_S, trusted=trusted, old_checkpoint=raw)


def fault(files: Files, trusted: Policy = PINNED, *, old: str | None = None) -> tuple[str, int | None, str]:
    """Give the first thing found: rule, index and sentence."""
    found = verify(files, trusted, old=old).findings[0]
    return found.rule, found.index, found.sentence


def begun() -> Growing:
    """Give a log of its first key and two entries more."""
    log = Growing()
    log.found()
    log.pad()
    return log
