"""A witness through a rotation of the log's key: it takes both from paper, and never goes back (attack K1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from audit import note
from audit.cli import main
from audit.errors import MalformedInput
from audit.note import COSIGNATURE
from audit.witness.memory import Memory, Witness, make_key
from audit.witness.rules import OK, UNSIGNED
from tests.audit.rotating import NEXT_KEY, STRANGER, vkey
from tests.audit.small_log import LOG_KEY, LOG_VKEY, NOW_S, WITNESSES
from tests.audit.witnessing import Told

if TYPE_CHECKING:
    from pathlib import Path

    from audit.note import SigningKey

KEY = WITNESSES[0]
SMALL, MIDDLE, LARGE = Told.of(5), Told.of(7), Told.of(9)


def memory(folder: Path, *log_keys: SigningKey) -> Memory:
    """Open the memory that lies in a folder, for these keys of the log."""
    return Memory(folder / "state", log_keys=[each.verifier() for each in log_keys], witness=KEY.verifier(COSIGNATURE))


def watch(opened: Memory, *log_keys: SigningKey) -> Witness:
    """Run a witness that was given these keys of the log."""
    return Witness(opened, log_keys=[each.verifier() for each in log_keys], key=KEY, now_s=lambda: NOW_S)


def begin(folder: Path, *log_keys: SigningKey) -> Witness:
    """Run a new one."""
    opened = memory(folder, *log_keys)
    opened.make()
    return watch(opened, *log_keys)


def ask(witness: Witness, told: Told, old: int, *keys: SigningKey) -> tuple[int, str]:
    """Ask it to cosign a history that these keys signed; give the status and what it said."""
    text = note.parse(told.checkpoint()).text
    answer = witness.add_checkpoint(told.request(old, signed=note.sign(text, *keys)))
    return answer.status, answer.body.decode()


def test_a_retired_key_gets_no_cosignature(tmp_path: Path) -> None:
    """K1: once the new key has signed, the old one's log grows no more here, whoever holds it; nor the same size."""
    witness = begin(tmp_path, LOG_KEY, NEXT_KEY)
    assert ask(witness, SMALL, 0, LOG_KEY)[0] == OK
    assert ask(witness, MIDDLE, 5, NEXT_KEY)[0] == OK
    refusal = (UNSIGNED, "a newer key of the log has signed since: this one signs nothing more\n")
    assert ask(witness, LARGE, 7, LOG_KEY) == refusal
    assert ask(witness, MIDDLE, 7, LOG_KEY) == refusal
    assert ask(witness, LARGE, 7, NEXT_KEY)[0] == OK
    assert witness.last is not None
    assert (witness.last.stated.size, witness.last.log_key) == (9, NEXT_KEY.verifier())


def test_what_both_keys_signed_counts_as_the_new_ones(tmp_path: Path) -> None:
    """K1: a second signature does not let the old key stay in use; the new one's line is what is kept."""
    witness = begin(tmp_path, LOG_KEY, NEXT_KEY)
    assert ask(witness, SMALL, 0, LOG_KEY, NEXT_KEY)[0] == OK
    assert ask(witness, MIDDLE, 5, LOG_KEY)[0] == UNSIGNED
    assert witness.last is not None
    assert [each.is_by(NEXT_KEY.verifier()) for each in witness.last.signed.signatures] == [True, False]


def test_a_key_that_was_not_given_signs_nothing_here(tmp_path: Path) -> None:
    """THREATS 11: the witness's operator takes the new key from paper, never from the log."""
    witness = begin(tmp_path, LOG_KEY)
    assert ask(witness, SMALL, 0, NEXT_KEY) == (UNSIGNED, "no key that is trusted has signed\n")


def test_a_memory_of_one_key_goes_on_with_two(tmp_path: Path) -> None:
    """Old state files load; what was sworn before the rotation binds after it, and so does the rotation itself."""
    opened = memory(tmp_path, LOG_KEY)
    opened.make()
    assert ask(watch(opened, LOG_KEY), SMALL, 0, LOG_KEY)[0] == OK
    opened.close()
    opened = memory(tmp_path, LOG_KEY, NEXT_KEY)
    witness = watch(opened, LOG_KEY, NEXT_KEY)
    assert ask(witness, Told.of(7, other_from=3), 5, NEXT_KEY)[0] != OK
    assert ask(witness, MIDDLE, 5, NEXT_KEY)[0] == OK
    opened.close()
    opened = memory(tmp_path, LOG_KEY, NEXT_KEY)
    assert ask(watch(opened, LOG_KEY, NEXT_KEY), LARGE, 7, LOG_KEY)[0] == UNSIGNED
    opened.close()


@pytest.mark.parametrize("given", [(LOG_KEY,), (NEXT_KEY,), (NEXT_KEY, LOG_KEY)])
def test_a_known_key_is_neither_left_out_nor_moved(tmp_path: Path, given: tuple[SigningKey, ...]) -> None:
    """K1: without the new key, or with the two the wrong way round, the old one would sign again."""
    opened = memory(tmp_path, LOG_KEY, NEXT_KEY)
    opened.make()
    opened.close()
    other = memory(tmp_path, *given)
    with pytest.raises(MalformedInput, match="not the memory of this key and of this log's keys, the oldest first"):
        other.load()
    other.close()


@pytest.mark.parametrize("damaged", ["", "aid-audit witness v1\n", "aid-audit witness v1\n{witness}\n\n"])
def test_a_memory_without_a_key_is_damaged(tmp_path: Path, damaged: str) -> None:
    """A head that was cut short is the beginning of any head, and is refused all the same."""
    (tmp_path / "state").write_text(damaged.format(witness=KEY.verifier(COSIGNATURE)))
    opened = memory(tmp_path, LOG_KEY)
    with pytest.raises(MalformedInput) as caught:
        opened.load()
    assert caught.value.rule == "witness.memory"
    opened.close()


@pytest.mark.parametrize("keys", [(LOG_VKEY, LOG_VKEY), (LOG_VKEY, vkey(STRANGER))])
def test_a_witness_watches_one_log(tmp_path: Path, keys: tuple[str, ...]) -> None:
    """Keys of two logs, or one key twice, are asked wrongly."""
    make_key(tmp_path / "key", "kpk.example")
    given = [word for each in keys for word in ("--log-key", each)]
    words = ["witness", "serve", *given, "--key", tmp_path / "key", "--state", tmp_path / "state", "--port", 0]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert (result.exit_code, "give at most 16 different keys of one log" in result.output) == (2, True)
