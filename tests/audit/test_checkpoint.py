"""Checkpoints: one spelling of a size and a root (N1), and nothing an empty log could hide behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import checkpoint, merkle
from audit.checkpoint import Checkpoint
from audit.errors import MalformedInput
from audit.note import encode_base64

ROOT = encode_base64(b"r" * 32)
EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "checkpoint.form"),
        (f"o\n5\n{ROOT}", "checkpoint.form"),
        ("o\n5\n", "checkpoint.form"),
        (f"o\n5\n{ROOT}\n\n", "checkpoint.form"),
        (f"\n5\n{ROOT}\n", "checkpoint.form"),
        (f"o\n05\n{ROOT}\n", "checkpoint.number"),
        (f"o\n+5\n{ROOT}\n", "checkpoint.number"),
        (f"o\n-5\n{ROOT}\n", "checkpoint.number"),
        (f"o\n5 \n{ROOT}\n", "checkpoint.number"),
        (f"o\n\u0665\n{ROOT}\n", "checkpoint.number"),
        (f"o\n{2**63}\n{ROOT}\n", "checkpoint.number"),
        (f"o\n5\n{ROOT} \n", "note.base64"),
        (f"o\n5\n{encode_base64(b'r' * 31)}\n", "checkpoint.root"),
        (f"o\n0\n{ROOT}\n", "checkpoint.root"),
    ],
)
def test_other_spellings_are_refused(text: str, rule: str) -> None:
    """N1: leading zeros, signs, foreign digits, short roots, missing and empty lines."""
    with pytest.raises(MalformedInput) as refusal:
        checkpoint.parse(text)
    assert refusal.value.rule == rule


def test_an_empty_log_has_one_checkpoint() -> None:
    """C2SP tlog-checkpoint: the root of nothing is SHA-256 of nothing."""
    assert checkpoint.parse(f"o\n0\n{EMPTY}\n") == Checkpoint("o", 0, merkle.EMPTY_ROOT)


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_checkpoints_survive_being_written(size: int, root: bytes) -> None:
    """Every size and root, with a foreign log's further lines."""
    stated = Checkpoint("a.example/log", size, root, ("further", "lines"))
    assert checkpoint.parse(stated.text()) == stated
