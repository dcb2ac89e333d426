"""Several attempts at one piece of work: each is a job of its own, `<stem>:<number>`, and the newest one counts."""

from __future__ import annotations

from itertools import count

from sqlalchemy.orm import Session

from aid_ledger.core.jobs.board import JobNotFound, Progress, progress


def first_id(stem: str) -> str:
    """Name the first attempt."""
    return f"{stem}:1"


def newest(session: Session, stem: str) -> Progress | None:
    """Look at the latest attempt; None where none was asked for."""
    found: Progress | None = None
    for number in count(1):
        try:
            found = progress(session, f"{stem}:{number}")
        except JobNotFound:
            break
    return found


def next_id(latest: Progress) -> str:
    """Name the attempt after the latest one."""
    stem, _, number = latest.job_id.rpartition(":")
    return f"{stem}:{int(number) + 1}"
