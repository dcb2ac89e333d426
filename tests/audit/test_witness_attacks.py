"""Witnesses and policies together: what colluders, the forgetful and the log's own thief can and cannot reach."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit import note, policy
from audit.checkpoint import Checkpoint
from audit.cosignature import sign as cosign
from audit.errors import QuorumMissing, SignatureFailed
from audit.note import COSIGNATURE, SigningKey
from audit.witness.memory import Memory, Witness
from tests.audit.small_log import LOG_KEY, NOW_S, ORIGIN, WITNESSES, make_checkpoint, make_policy
from tests.audit.witnessing import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = Path(__file__).parents[2] / "docs" / "contoh" / "policy.txt"
TRUTH, FORK = Told.of(7), Told.of(7, other_from=4)
TRUSTED = policy.parse(make_policy())
"""Three of four."""


def begin(folder: Path, key: SigningKey) -> Witness:
    """Start a new honest witness."""
    folder.mkdir()
    memory = Memory(folder / "state", log_keys=[LOG_KEY.verifier()], witness=key.verifier(COSIGNATURE))
    memory.make()
    return Witness(memory, log_keys=[LOG_KEY.verifier()], key=key, now_s=lambda: NOW_S)


def collect(told: Told, honest: Sequence[Witness], colluders: Sequence[SigningKey]) -> bytes:
    """Show a history to honest witnesses and have the colluders sign it blindly; give the checkpoint with it all."""
    signed = note.parse(told.checkpoint())
    lines = [cosign(signed.text, key, time_s=NOW_S) for key in colluders]
    for witness in honest:
        answer = witness.add_checkpoint(told.request(witness.last.stated.size if witness.last else 0))
        if answer.status == 200:
            lines.append(note.parse_signature(answer.body.decode().rstrip("\n")))
    return note.Note(signed.text, signed.signatures + tuple(lines)).encode()


def is_believed(raw: bytes) -> bool:
    """Say whether three of four vouch for it."""
    try:
        policy.check(note.parse(raw), TRUSTED, now_s=NOW_S)
    except QuorumMissing:
        return False
    return True


@pytest.mark.parametrize("sides", list(product((TRUTH, FORK), repeat=3)))
def test_one_colluder_of_four_makes_no_second_history(tmp_path: Path, sides: tuple[Told, ...]) -> None:
    """W1: however the log divides three honest witnesses between two histories, at most one is believed."""
    honest = [begin(tmp_path / key.name, key) for key in WITNESSES[:3]]
    for witness, side in zip(honest, sides, strict=True):
        collect(side, [witness], [])
    believed = [is_believed(collect(told, honest, WITNESSES[3:])) for told in (TRUTH, FORK)]
    assert sum(believed) <= 1


def test_two_colluders_of_four_make_a_second_history(tmp_path: Path) -> None:
    """W1: the bound is exact, 2k - n > f; that is why the four must be four operators, and one of them the KPK."""
    honest = [begin(tmp_path / key.name, key) for key in WITNESSES[:2]]
    sides = zip((TRUTH, FORK), honest, strict=True)
    assert all(is_believed(collect(told, [witness], WITNESSES[2:])) for told, witness in sides)


def test_a_fork_that_grows_convinces_no_honest_witness(tmp_path: Path) -> None:
    """F2, F3: a second history needs the quorum at every size; it never gets past the colluders."""
    honest = [begin(tmp_path / key.name, key) for key in WITNESSES[:3]]
    assert is_believed(collect(TRUTH, honest, []))
    for size in range(7, 20):
        assert not is_believed(collect(Told.of(size, other_from=4), honest, WITNESSES[3:]))
    assert is_believed(collect(Told.of(20), honest, []))


def test_the_example_policy_asks_for_three_and_never_without_the_kpk() -> None:
    """W1: the file that inspectors copy means what it says."""
    raw = EXAMPLE.read_bytes()
    trusted = policy.parse(raw)
    names = {name: each.key for name, each in trusted.witnesses.items()}
    assert sorted(names) == ["bpkp", "inspektorat", "kpk", "universitas"]
    keys = {name: SigningKey(key.name, key.name.encode().ljust(32, b".")[:32]) for name, key in names.items()}
    origin = trusted.logs[0].key.name
    log_key = SigningKey(origin, origin.encode().ljust(32, b".")[:32])
    text = Checkpoint(origin, 7, TRUTH.root()).text()
    for chosen in product((True, False), repeat=4):
        who = [name for name, is_in in zip(names, chosen, strict=True) if is_in]
        lines = tuple(cosign(text, keys[name], time_s=NOW_S) for name in who)
        signed = note.Note(text, note.parse(note.sign(text, log_key)).signatures + lines)
        try:
            policy.check(signed, trusted, now_s=NOW_S)
            is_enough = True
        except QuorumMissing:
            is_enough = False
        assert is_enough == ("kpk" in who and len(who) >= 3)


def test_cosignatures_of_one_size_vouch_for_no_other(tmp_path: Path) -> None:
    """T1: lines carried over from an older checkpoint are bad lines under the newer one."""
    older = note.parse(make_checkpoint(7, TRUTH.root(), *WITNESSES[:3]))
    newer = note.parse(note.sign(Checkpoint(ORIGIN, 9, Told.of(9).root()).text(), LOG_KEY))
    carried = note.Note(newer.text, newer.signatures + older.signatures[1:])
    with pytest.raises(SignatureFailed, match="bad"):
        policy.check(carried, TRUSTED, now_s=NOW_S)
