"""The stage: lets an official of the cast do one deed in one Act on the story's day, and tells what was done."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, Self, TypeVar

from aid_ledger.core.act import Act, Acts
from aid_ledger.demo.cast import Cast

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Stage:
    """Where the story is: whose Acts, which cast, which business day; `tell` prints one line of it."""

    acts: Acts
    cast: Cast
    day: dt.date
    tell: Callable[[str], None]

    def do(self, login: str, service: Callable[Concatenate[Act, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Let an official do one deed: one Act, one transaction, one run of log entries."""
        with self.acts.open(self.cast.actor(login), on=self.day) as act:
            return service(act, *args, **kwargs)

    def chapter(self, title: str) -> Chapter:
        """Begin a chapter, which tells how long it took."""
        return Chapter(self, title)


@dataclass
class Chapter:
    """A part of the story, timed."""

    stage: Stage
    title: str
    began: float = 0.0

    def __enter__(self) -> Self:
        """Begin."""
        self.began = time.monotonic()
        return self

    def __exit__(self, *_error: object) -> None:
        """Tell how long it took."""
        self.stage.tell(f"  {self.title} ({time.monotonic() - self.began:.1f} detik)")
