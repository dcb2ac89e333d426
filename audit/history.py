"""The log's history: earlier checkpoints as they were signed and cosigned, oldest first (house format).

It shows when the log had grown how far, in the words of its witnesses: `brackets.py` holds the times that entries
claim against it, and a handover between two log keys lies in it. It is no chain of trust by itself: `verify.py`
compares each root with the tree at that size, and a thinner history only says less.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit import note, policy
from audit.errors import MalformedInput, SignatureFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audit.policy import Policy, Trust

PATH: Final = "history"
MAX_HISTORY_BYTES: Final = 64 * 1024 * 1024
"""House rule: about a checkpoint an hour for seven years of days and nights, each with four cosignatures."""
_FRAME: Final = re.compile(rb"note ([1-9][0-9]{0,5})\n")


@dataclass(frozen=True, slots=True)
class Mark:
    """One earlier checkpoint, as far as a policy vouches for it.

    `time_s` is the POSIX second by which witnesses had filled the policy's quorum; None if they never did.
    """

    trust: Trust
    time_s: int | None


def encode(notes: Iterable[bytes]) -> bytes:
    """Write signed checkpoints, oldest first, as the history file."""
    return b"".join(b"note %d\n%b" % (len(each), each) for each in notes)


def split(raw: bytes) -> Iterator[bytes]:
    """Give the notes of a history file one by one, as they were signed.

    Raises:
        MalformedInput: a frame is not `note <bytes>`, or is cut short.

    """
    place = 0
    while place < len(raw):
        frame = _FRAME.match(raw, place)
        size = int(frame[1]) if frame else 0
        if frame is None or size > note.MAX_NOTE_BYTES or frame.end() + size > len(raw):
            raise MalformedInput(f"byte {place} of the history begins no whole note", rule="history.form")
        place = frame.end() + size
        yield raw[frame.end() : place]


def read(raw: bytes, trusted: Policy, *, now_s: int) -> Iterator[Mark]:
    """Give the marks of a history file in ascending order of size, each signed by a log key of the policy.

    Raises:
        MalformedInput: the file, a note or a checkpoint is malformed, or the sizes do not ascend.
        SignatureFailed: a checkpoint is not the log's, a known signature is bad or postdated, or a witness swore
            to a larger size at an earlier time (attack B2).

    """
    size = -1
    sworn: dict[bytes, int] = {}
    for each in split(raw):
        trust = policy.vouched(note.parse(each), trusted, now_s=now_s)
        if trust.checkpoint.size <= size:
            raise MalformedInput(f"the history has size {trust.checkpoint.size} after {size}", rule="history.order")
        size = trust.checkpoint.size
        for cosigned in trust.cosigned:
            if cosigned.time_s < sworn.get(cosigned.key.public, 0):
                sentence = f"{cosigned.key.name} cosigned size {size} before a smaller one"
                raise SignatureFailed(sentence, rule="cosignature.backwards")
            sworn[cosigned.key.public] = cosigned.time_s
        yield Mark(trust, trusted.quorum_time_s(trust.cosigned))
