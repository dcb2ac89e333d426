"""How a job looks on the bar of `web/macros/progress.html`."""

from __future__ import annotations

from typing import Final

from aid_ledger.core.jobs import JobState

_LOOKS: Final = {
    JobState.QUEUED: "waiting",
    JobState.RUNNING: "running",
    JobState.CANCELLING: "running",
    JobState.DONE: "done",
}


def look_of(state: JobState) -> str:
    """Name the bar's look for a job's state; one that ended otherwise than well has failed."""
    return _LOOKS.get(state, "failed")
