"""What a witness remembers: on the disk before it is said, and never begun anew by itself (attack W2)."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.errors import AuditError, MalformedInput, SourceFailed
from audit.note import COSIGNATURE, SigningKey
from audit.witness import memory as remembering
from audit.witness.memory import MAX_EVIDENCE, Memory, Witness, make_key, read_key
from tests.audit.small_log import LOG_KEY, NOW_S, WITNESSES
from tests.audit.witnessing import Told

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = WITNESSES[0]
TRUTH = Told.of(7)


def open_memory(folder: Path, *, log_key: SigningKey = LOG_KEY, key: SigningKey = KEY) -> Memory:
    """Open the memory that lies in a folder."""
    return Memory(folder / "state", log_keys=[log_key.verifier()], witness=key.verifier(COSIGNATURE))


def watch(memory: Memory, *, key: SigningKey = KEY, now_s: Callable[[], int] = lambda: NOW_S) -> Witness:
    """Start a witness on a memory."""
    return Witness(memory, log_keys=[LOG_KEY.verifier()], key=key, now_s=now_s)


def begin(folder: Path) -> Witness:
    """Start a new witness, and another one whenever the folder was used before."""
    memory = open_memory(folder)
    memory.make()
    return watch(memory)


def restart(folder: Path) -> Witness:
    """Start a witness that was stopped."""
    return watch(open_memory(folder))


def test_a_witness_without_its_memory_does_not_start(tmp_path: Path) -> None:
    """W2: who has forgotten would swear to a second history, so it says so instead."""
    with pytest.raises(SourceFailed, match="missing"):
        restart(tmp_path)


def test_a_witness_that_remembers_is_not_new(tmp_path: Path) -> None:
    """W2: saying "new" never makes it forget."""
    memory = open_memory(tmp_path)
    memory.make()
    with pytest.raises(SourceFailed, match="not new"):
        memory.make()


def test_one_process_at_a_time_remembers(tmp_path: Path) -> None:
    """Two that answer from one file would each swear to a history of their own."""
    held = open_memory(tmp_path)
    with pytest.raises(SourceFailed, match="another witness"):
        open_memory(tmp_path)
    held.close()
    open_memory(tmp_path).close()


def test_a_memory_belongs_to_one_key_and_one_log(tmp_path: Path) -> None:
    """Another key or another log on the same file is refused."""
    memory = open_memory(tmp_path)
    memory.make()
    memory.close()
    for strange in ({"key": WITNESSES[1]}, {"log_key": SigningKey("other.example/log", bytes(32))}):
        other = open_memory(tmp_path, **strange)
        with pytest.raises(MalformedInput, match="not the memory"):
            other.load()
        other.close()


@pytest.mark.parametrize("of", ["cut", "unsworn", "changed"])
def test_a_damaged_memory_is_not_believed(tmp_path: Path, of: str) -> None:
    """A file cut short, without the own line, or with another size under the lines stops the start."""
    begin(tmp_path).add_checkpoint(TRUTH.request(0))
    place = tmp_path / "state"
    raw = place.read_bytes()
    damage = {
        "cut": raw[:-20],
        "unsworn": b"".join(raw.splitlines(keepends=True)[:-1]),
        "changed": raw.replace(b"\n7\n", b"\n6\n"),
    }
    place.write_bytes(damage[of])
    with pytest.raises(AuditError):
        remembering.Memory.load(_released(tmp_path))


def _released(folder: Path) -> Memory:
    """Open the memory of a witness that was killed: its hold on the file died with it."""
    (folder / "state.lock").unlink()
    return open_memory(folder)


def test_what_was_said_was_on_the_disk_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill right after the answer loses nothing: each step has reached the disk, the folder included."""
    witness = begin(tmp_path)
    flushed: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert witness.add_checkpoint(TRUTH.request(0)).status == 200
    assert flushed == ["state.new", tmp_path.name]
    again = watch(_released(tmp_path))
    assert again.last == witness.last
    assert again.add_checkpoint(Told.of(9, other_from=5).request(7)).status == 422


def test_what_cannot_be_kept_is_not_sworn_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: 503, no cosignature, and the witness goes on from what it remembers."""
    witness = begin(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        answer = witness.add_checkpoint(TRUTH.request(0))
        assert (answer.status, b"\xe2\x80\x94" in answer.body, witness.last) == (503, False, None)
    assert witness.add_checkpoint(TRUTH.request(0)).status == 200
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        assert witness.add_checkpoint(Told.of(7, other_from=2).request(7)).status == 422


def test_a_contradiction_is_kept_as_evidence(tmp_path: Path) -> None:
    """F1: what the log signed against itself is kept as it came, but not without end."""
    witness = begin(tmp_path)
    witness.add_checkpoint(TRUTH.request(0))
    lies = [Told.of(7, other_from=start).request(old) for start in range(7) for old in (0, 3, 7)]
    assert {witness.add_checkpoint(lie).status for lie in lies} == {409, 422}
    witness.add_checkpoint(lies[0])
    kept = [each.read_bytes() for each in (tmp_path / "state.forks").iterdir()]
    assert len(kept) == MAX_EVIDENCE
    assert set(kept) <= set(lies)


def test_many_who_ask_at_once_get_one_history(tmp_path: Path) -> None:
    """F1: of eight forks submitted at the same moment one is sworn to, and no second ever."""
    witness = begin(tmp_path)
    witness.add_checkpoint(Told.of(3).request(0))
    forks = [Told((*Told.of(3).leaves, bytes([number]) * 32)) for number in range(8)]
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda fork=fork: statuses.append(witness.add_checkpoint(fork.request(3)).status))
        for fork in forks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 7


def test_a_key_is_private_and_never_written_over(tmp_path: Path) -> None:
    """THREATS 12: mode 0600 from its first byte; a second key under the name is refused."""
    place = tmp_path / "key"
    public = make_key(place, "witness.example")
    assert place.stat().st_mode & 0o777 == 0o600
    assert read_key(place).verifier(COSIGNATURE) == public
    with pytest.raises(SourceFailed, match="cannot be made"):
        make_key(place, "witness.example")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """THREATS 12: so is a link, a folder, a missing file, and what is no key."""
    place = tmp_path / "key"
    make_key(place, "witness.example")
    place.chmod(0o640)
    with pytest.raises(SourceFailed, match="others"):
        read_key(place)
    (tmp_path / "link").symlink_to(place)
    for missing in ("link", "nothing"):
        with pytest.raises(SourceFailed, match="opened"):
            read_key(tmp_path / missing)
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    place.chmod(0o600)
    place.write_bytes(b"\xff")
    for wrong in (place, folder):
        with pytest.raises(AuditError):
            read_key(wrong)


def test_a_memory_that_cannot_be_held_is_refused(tmp_path: Path) -> None:
    """A folder that is not there is said in a sentence."""
    with pytest.raises(SourceFailed, match="cannot be opened"):
        open_memory(tmp_path / "nowhere")
