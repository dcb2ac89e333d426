"""What this room adds to the pages of others: on a person's page, what their household is due and was paid."""

from __future__ import annotations

from typing import Final

from flask import render_template
from markupsafe import Markup
from sqlalchemy.orm import Session

from aid_ledger.book.models import Commodity
from aid_ledger.disbursement import reading
from aid_ledger.disbursement.reading import Claim
from aid_ledger.disbursement.views.readers import READERS, amount_words, period_words
from aid_ledger.recipients.models import Person
from aid_ledger.web import desk, slots

ORDER: Final = 60


def person_panel(subject: object) -> slots.Panel | None:
    """List a household's entitlements with their lines, under the programmes' public names (THREATS 14)."""
    if not isinstance(subject, Person) or desk.official.roles.isdisjoint(READERS):
        return None
    with desk.read() as session:
        rows = [
            (claim, period_words(claim.period), amount_words(claim.amount, claim.commodity, _unit(session, claim)))
            for claim in reading.claims_of(session, subject.household_id)
        ]
    if not rows:
        return None
    body = render_template("disbursement/_claims.html", rows=rows)
    return slots.Panel("Hak dan penyaluran keluarga ini", Markup(body), order=ORDER)  # noqa: S704 - our own template


def _unit(session: Session, claim: Claim) -> str:
    return session.get_one(Commodity, claim.commodity).unit
