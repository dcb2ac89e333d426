"""Where the log holds a receipt, read out of the very proof that is attached to it.

Whether the proof proves anything is for verifiers; nothing here checks a signature or a hash.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from audit import checkpoint, note
from audit.checkpoint import Checkpoint
from audit.errors import MalformedInput
from audit.pdf.evidence import Evidence
from audit.pdf.returns import ReturnEvidence

_INDEX: Final = re.compile(rb"^index ([0-9]{1,19})$", re.MULTILINE)
_CHECKPOINTS: Final = 16
"""Checkpoints remembered: thousands of receipts lie under one."""


class Placed(NamedTuple):
    """The index of a receipt's entry, and a checkpoint over it."""

    entry: int
    checkpoint: Checkpoint


def place_in_log(evidence: Evidence | ReturnEvidence) -> Placed:
    """Read the index of a paper's entry, and the checkpoint over it.

    Raises:
        MalformedInput: the evidence holds no proof.

    """
    head, _, signed = evidence.proof.partition(b"\n\n")
    found = _INDEX.search(head)
    if found is None:
        raise MalformedInput("the evidence holds no proof", rule="proof.form")
    return Placed(int(found[1]), _stated(signed))


@lru_cache(maxsize=_CHECKPOINTS)
def _stated(signed: bytes) -> Checkpoint:
    return checkpoint.parse(note.parse(signed).text)
