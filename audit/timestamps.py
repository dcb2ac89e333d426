"""The tokens of time beside a log (house format), and what follows from them for the times that entries claim.

A token over the checkpoint of size `n` shows that the first `n` entries were there by its time: none of them may say
that it was made later. It bounds nothing from below, because an old checkpoint can be stamped on any day. The text of
each checkpoint is written again from the log's own tree, so that nobody has to be believed about it.
What a single token proves is in `timestamp.py`; what witnesses swear, in `brackets.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit import brackets, timestamp
from audit.checkpoint import Checkpoint
from audit.errors import AuditError, Finding, MalformedInput
from audit.policy import MAX_FUTURE_S
from audit.source import Absent
from audit.tiles import TileReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from audit.entry import Entry
    from audit.source import Source
    from audit.timestamp import Authority, Stamped

PATH: Final = "timestamps"
MAX_TIMESTAMPS_BYTES: Final = 64 * 1024 * 1024
"""House rule, as for the history: some ten thousand rounds of receipts with six kilobytes each."""
_FRAME: Final = re.compile(rb"token ([1-9][0-9]{0,18}) ([1-9][0-9]{0,5})\n")


@dataclass(frozen=True, slots=True)
class Token:
    """A token that the pinned authority gave, said to be over the log's checkpoint of `size`."""

    size: int
    stated: Stamped


def encode(tokens: Iterable[tuple[int, bytes]]) -> bytes:
    """Write tokens with the sizes of their checkpoints, in ascending order, as the file beside a log."""
    return b"".join(b"token %d %d\n%b" % (size, len(raw), raw) for size, raw in tokens)


def split(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the sizes and tokens of the file one by one.

    Raises:
        MalformedInput: a frame is not `token <size> <bytes>`, is cut short, or the sizes do not ascend.

    """
    place = last = 0
    while place < len(raw):
        frame = _FRAME.match(raw, place)
        size, length = (int(frame[1]), int(frame[2])) if frame else (0, 0)
        if frame is None or length > timestamp.MAX_TOKEN_BYTES or frame.end() + length > len(raw):
            raise MalformedInput(f"byte {place} of the tokens begins no whole token", rule="timestamps.form")
        if size <= last:
            raise MalformedInput(f"the tokens have size {size} after {last}", rule="timestamps.order")
        place, last = frame.end() + length, size
        yield size, raw[frame.end() : place]


class Timestamps:
    """Holds the time of each entry against the tokens over it; built by `read`."""

    def __init__(self, tokens: Sequence[Token], findings: Sequence[Finding] = ()) -> None:
        self.tokens = tokens
        self.violations: list[Finding] = []
        self._findings = tuple(findings)
        # Of all tokens over an entry the earliest counts: later ones only say the same of more.
        self._bounds: list[tuple[int, str]] = []
        earliest_s = None
        for each in reversed(tokens):
            time_s = int(each.stated.latest.timestamp())
            earliest_s = time_s if earliest_s is None else min(time_s, earliest_s)
            self._bounds.append((each.size, brackets.instant(earliest_s + MAX_FUTURE_S)))

    def apply(self, index: int, entry: Entry) -> None:
        """Hold the next entry against the earliest token over it."""
        while self._bounds and self._bounds[-1][0] <= index:
            self._bounds.pop()
        # All are texts of one form, so that they sort as the times they are.
        if self._bounds and entry.recorded_at > self._bounds[-1][1] and len(self.violations) < brackets.MAX_FINDINGS:
            sentence = f"says {entry.recorded_at}; an authority stamped it by {self._bounds[-1][1]}"
            self.violations.append(Finding("time.stamped", index, sentence))

    def finish(self) -> None:
        """Nothing waits for the end: each entry is judged when it comes."""

    def judge(self, source: Source, newest: Checkpoint) -> list[Finding]:
        """Name what is wrong with the tokens themselves, now that the log's newest checkpoint is believed.

        A token over more than that came while the log was read.
        """
        reader = TileReader(source, newest.size, newest.root)
        findings = list(self._findings)
        for each in self.tokens:
            if each.size > newest.size:
                continue
            try:
                root = reader.range_root(0, each.size)
                timestamp.check_text(each.stated, Checkpoint(newest.origin, each.size, root).text())
            except AuditError as error:
                findings.append(Finding(error.rule, None, f"size {each.size}: {error.sentence}"))
        return findings


def read(source: Source, authority: Authority, *, now_s: int) -> Timestamps:
    """Read the tokens beside a log, if there are any; bad ones are findings for `judge` to tell."""
    tokens: list[Token] = []
    findings: list[Finding] = []
    try:
        for size, raw in split(source.fetch(PATH, MAX_TIMESTAMPS_BYTES)):
            try:
                tokens.append(Token(size, timestamp.open_token(raw, authority, now_s=now_s)))
            except AuditError as error:
                findings.append(Finding(error.rule, None, f"size {size}: {error.sentence}"))
    except Absent:
        pass
    except AuditError as error:
        findings.append(Finding(error.rule, None, error.sentence))
    return Timestamps(tokens, findings)


def are_beside(source: Source) -> bool:
    """Say whether tokens lie beside a log, for an inspector who brought no authority to check them with."""
    try:
        return bool(source.fetch(PATH, MAX_TIMESTAMPS_BYTES))
    except AuditError:
        return False
