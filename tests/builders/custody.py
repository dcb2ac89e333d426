"""A founded agency with its log key in files, and witnesses on the test's clock, through a change of keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aid_ledger.core import clock, keyfiles
from aid_ledger.core.act import Acts
from aid_ledger.custody import carrying, rules, service
from aid_ledger.custody.carrying import Progress
from aid_ledger.log import witnessing
from aid_ledger.log.calling import Reply
from aid_ledger.log.export import export
from aid_ledger.log.keyring import KeyFiles
from aid_ledger.log.pen import LogPen
from aid_ledger.log.queries import name_of_log
from aid_ledger.log.sequencer import Sequencer
from audit import keys, note, policy
from audit.note import COSIGNATURE, SigningKey
from audit.policy import Policy
from audit.replay import Replay
from audit.source import open_source
from audit.verify import Report, verify_log
from audit.witness.memory import Memory, Witness
from tests.builders.officials import Founded
from tests.builders.witnesses import key_of
from tests.rooms.log.writing import define

NAMES = ("bpkp", "inspektorat", "kpk")
WAIT = dt.timedelta(hours=73)


@dataclass
class Rotating:
    """The agency, the files of its two keys, and the witnesses by name."""

    founded: Founded
    current: Path
    following: Path
    witnesses: dict[str, Witness] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the sequencer on the key files."""
        self.restart()

    def restart(self) -> None:
        """Open everything anew, as after a kill: nothing is known but files and database."""
        bench = self.founded.bench
        self.sequencer = Sequencer(
            bench.engine, KeyFiles(self.current, self.following), bench.folder / "published-checkpoint"
        )
        self.acts = Acts(bench.engine, LogPen(self.sequencer), bench.kit)
        self.unsequenced = Acts(bench.engine, LogPen(), bench.kit)

    @property
    def old(self) -> SigningKey:
        """The key the log began with."""
        return self.founded.bench.key

    def make_next(self) -> SigningKey:
        """Put a new key beside the old one and return it."""
        key = SigningKey.generate(self.old.name)
        keyfiles.write_private(self.following, note.format_skey(key).encode(), replace=True)
        return key

    def propose(self, new: SigningKey, *, who: str = "admin", old: SigningKey | None = None) -> None:
        """Propose a key with the statement that both keys sign."""
        self.acts.run(self.founded.actor(who), service.propose_key, statement(old or self.old, new), decree="SK 7")

    def announce(self, new: SigningKey, *, who: str = "admin2") -> None:
        """Agree to it."""
        wait = rules.wait_of(0)
        self.acts.run(self.founded.actor(who), service.announce_key, id_of(new), wait=wait)

    def withdraw(self, new: SigningKey, *, who: str = "admin2") -> None:
        """Give it up."""
        self.acts.run(self.founded.actor(who), service.withdraw_key, id_of(new), reason="Tidak dikenal.")

    def announced(self) -> SigningKey:
        """Make a key and carry it to its announcement."""
        new = self.make_next()
        self.propose(new)
        self.announce(new)
        return new

    def grow(self, code: str) -> int:
        """Do something else, and have it sealed."""
        self.acts.run(self.founded.actor("operator"), define, code)
        return self.sequencer.run_once().size

    def ask(self) -> list[str]:
        """Have all witnesses asked now, and give what went wrong with each."""

        def post(address: str, body: bytes) -> Reply:
            answer = self.witnesses[address.split("/")[2]].add_checkpoint(body)
            return Reply(answer.status, answer.kind, answer.body)

        return [each.fault for each in witnessing.submit(self.founded.bench.engine, post=post)]

    def carry_on(self) -> str:
        """Do what can be done for the announced key now."""
        return carrying.carry_on(self.founded.bench.engine, self.acts, self.sequencer.keys)

    def progress(self) -> Progress | None:
        """Tell how far it has come."""
        with self.founded.bench.reading() as session:
            return carrying.progress(session, clock.now())

    def verify(self, trusted: Policy, *, name: str = "log") -> Report:
        """Export the log and verify it with `aid-audit`'s own code, rules and all."""
        folder = self.founded.bench.folder / name
        with self.founded.bench.reading() as session:
            export(session, folder, vkey=name_of_log(session).vkeys)
        return verify_log(
            open_source(str(folder)), now_s=int(clock.now().timestamp()), trusted=trusted, checkers=[Replay()]
        )

    def paper(self) -> Policy:
        """Write the inspector's policy from before the change: the old key, and two of three witnesses."""
        lines = [f"log {self.old.verifier()}"]
        lines += [f"witness {name} {key_of(name).verifier(COSIGNATURE)}" for name in NAMES]
        lines += [f"group two 2 {' '.join(NAMES)}", "quorum two"]
        return policy.parse("".join(f"{line}\n" for line in lines).encode())


def statement(old: SigningKey, new: SigningKey) -> bytes:
    """Write what `keys announce` writes."""
    return note.sign(keys.statement(old.verifier(), new.verifier()), old, new)


def id_of(key: SigningKey) -> str:
    """Write a key's ID as it is on paper."""
    return key.verifier().key_id.hex()


@contextmanager
def rotating(founded: Founded, *names: str, next_key: SigningKey | None = None) -> Iterator[Rotating]:
    """Open an agency with key files and these witnesses, which were given the next key, too, if there is one."""
    folder = founded.bench.folder / "log-keys"
    current, following = folder / "log.skey", folder / "log-next.skey"
    keyfiles.write_private(current, note.format_skey(founded.bench.key).encode())
    made = Rotating(founded, current, following)
    known = [key.verifier() for key in (founded.bench.key, next_key) if key]
    with ExitStack() as held:
        for name in names:
            place = founded.bench.folder / f"witness-{name}"
            memory = held.enter_context(
                closing(Memory(place, log_keys=known, witness=key_of(name).verifier(COSIGNATURE)))
            )
            memory.make()
            watching = Witness(memory, log_keys=known, key=key_of(name), now_s=lambda: int(clock.now().timestamp()))
            made.witnesses[name] = watching
            vkey = str(key_of(name).verifier(COSIGNATURE))
            made.acts.run(
                founded.actor("admin"), witnessing.add_witness, name=name, vkey=vkey, url=f"https://{name}/saksi"
            )
        made.sequencer.run_once()
        yield made
