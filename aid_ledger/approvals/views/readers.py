"""The one blueprint of this room's pages, who comes here, and what several pages say of a batch."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from flask import Blueprint
from sqlalchemy.orm import Session

from aid_ledger.approvals import reading
from aid_ledger.approvals.words import BARRED
from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import reading as disbursement
from aid_ledger.disbursement.reading import FiledBatch
from aid_ledger.disbursement.views.batches import describe
from aid_ledger.disbursement.views.readers import amount_words, my_areas
from aid_ledger.web import desk

bp = Blueprint("approvals", __name__, url_prefix="/persetujuan")

DECIDERS: Final = (Role.VERIFIER, Role.APPROVER)
SAMPLE: Final = 3
"""Lines drawn anew at every look: few enough to be read, too few to know beforehand."""

HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)
OLD: Final = dt.timedelta(days=3)
"""House rule: what waits longer than a long weekend is marked."""

STEP_WORDS: Final = {"submitted": "Diajukan", "verified": "Diverifikasi", "approved": "Disetujui"}


def filed(session: Session, reference: str, *roles: Role) -> FiledBatch:
    """Fetch a batch in the areas where the official holds one of these roles; any other looks like none."""
    return disbursement.batch(session, reference, my_areas(roles or DECIDERS))


def decided(session: Session, found: FiledBatch) -> dict[str, Any]:
    """Say what is decided about one batch, for the page that verifies and the page that approves."""
    batch = found.batch
    page = describe(session, found)
    taken = [
        (step, official) for step, official in disbursement.steps(session, batch.id) if step.digest == batch.digest
    ]
    return page | {
        "drawn": [
            (
                each.source,
                *(
                    amount_words(value, batch.commodity, page["unit"])
                    for value in (each.amount, each.before, each.after)
                ),
            )
            for each in reading.drawn(session, batch, found.program)
        ],
        "taken": [(STEP_WORDS[step.step], step, official) for step, official in taken if step.step in STEP_WORDS],
        "some": disbursement.some_lines(session, desk.kit().keys, batch.id, count=SAMPLE),
        "aside": sum(disbursement.set_aside_reasons(session, batch.id).values()),
        "given": reading.approvals_given(session, batch),
    }


def bar(session: Session, found: FiledBatch, *, by_steps_only: bool = False) -> str:
    """Say in words why the official may not take the next step; "" if nothing bars them."""
    me, today = desk.official.official_id, desk.today()
    why = reading.barred(session, found.batch, me, today, by_steps_only=by_steps_only)
    return BARRED.get(why, "")


def age_of(found: FiledBatch) -> tuple[str, bool]:
    """Say how long ago a batch was submitted, and whether that is long for one that waits."""
    age = clock.now() - (found.batch.submitted_at or found.batch.made_at)
    if age >= DAY:
        return f"{age // DAY} hari lalu", age >= OLD
    return (f"{age // HOUR} jam lalu", False) if age >= HOUR else ("baru saja", False)
