"""Lists come in once, change only what they say, and leave nobody's name where the log or a stranger could read it."""

from __future__ import annotations

from sqlalchemy import func, select

from aid_ledger.core.db import Base
from aid_ledger.recipients.models import BankAccount, Household, ImportProblem, Person, RecipientImport
from aid_ledger.recipients.payees import open_payees
from tests.builders import recipients as builders
from tests.builders.officials import Founded


def count(founded: Founded, rows_of: type[Base]) -> int:
    """Count the rows of a table."""
    with founded.bench.reading() as session:
        return session.scalar(select(func.count()).select_from(rows_of)) or 0


def test_a_list_becomes_households_people_and_accounts(founded: Founded) -> None:
    """Twenty households, and what is opened again is what was listed."""
    record = builders.imported(founded.bench, founded, 20)
    assert (record.state, record.rows, record.good, record.bad, record.people_new) == ("kept", 20, 20, 0, 20)
    assert count(founded, Household) == count(founded, Person) == 20
    assert 0 < count(founded, BankAccount) <= 20
    with founded.bench.reading() as session:
        ids = session.scalars(select(Person.id)).all()
        payees = open_payees(session, founded.bench.kit.keys, ids)
    assert len(payees) == 20
    assert all(payee.nik.endswith("0000") and payee.name for payee in payees.values())
