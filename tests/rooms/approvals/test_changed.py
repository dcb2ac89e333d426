"""An approval is of exactly what was shown: whatever is changed behind it, by service or by a superuser, voids it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from aid_ledger.approvals import service
from aid_ledger.core.crypto import salted_commitment
from aid_ledger.disbursement import digests, queries
from aid_ledger.disbursement.models import BatchLine
from aid_ledger.disbursement.rules import BatchChanged
from aid_ledger.recipients import payees
from aid_ledger.recipients import service as recipients
from aid_ledger.recipients.models import BankAccount, Person
from audit import canonical
from tests.builders.log import assert_log_agrees, differences
from tests.builders.officials import Founded
from tests.builders.paying import (
    Home,
    answer,
    approved_batch,
    challenge,
    drafted_batch,
    households,
    submit,
    submitted_batch,
    verified_batch,
    verify,
)
from tests.builders.programs import paying_program

WHY = "Rekening lama sudah ditutup."
BOTH = "WHERE person_id IN ({one}, {two})"
OF_THE_OTHER = "FROM two WHERE two.person_id <> bank_accounts.person_id"
SWAP_ACCOUNTS = (
    f"CREATE TEMPORARY TABLE two AS SELECT person_id, number, holder FROM bank_accounts {BOTH}",
    f"UPDATE bank_accounts SET number = (SELECT number {OF_THE_OTHER}), holder = (SELECT holder {OF_THE_OTHER}) {BOTH}",
    "DROP TABLE two",
)
SWAP_OWNERS = (
    f"UPDATE bank_accounts SET is_current = false {BOTH}",
    f"UPDATE bank_accounts SET person_id = CASE person_id WHEN {{one}} THEN {{two}} ELSE {{one}} END {BOTH}",
    f"UPDATE bank_accounts SET is_current = true {BOTH}",
)
MOVE_LINE = ("UPDATE batch_lines SET person_id = {two} WHERE person_id = {one}",)
RAISE_AMOUNT = ("UPDATE batch_lines SET amount = amount + 1 WHERE person_id = {one}",)
DROP_LINE = ("UPDATE batch_lines SET state = 'set_aside' WHERE person_id = {one}",)
OTHER_SALT = ("UPDATE batch_lines SET salt = commitment WHERE person_id = {one}",)
SWAP_NAMES = (
    "CREATE TEMPORARY TABLE two AS SELECT id, name FROM people WHERE id IN ({one}, {two})",
    "UPDATE people SET name = (SELECT name FROM two WHERE two.id <> people.id) WHERE id IN ({one}, {two})",
    "DROP TABLE two",
)
SWAP_COMMITMENTS = (
    "CREATE TEMPORARY TABLE two AS SELECT id, commitment FROM people WHERE id IN ({one}, {two})",
    "UPDATE people SET commitment = (SELECT commitment FROM two WHERE two.id <> people.id) WHERE id IN ({one}, {two})",
    "DROP TABLE two",
)
ATTACKS = {
    "accounts": SWAP_ACCOUNTS,
    "owners": SWAP_OWNERS,
    "line": MOVE_LINE,
    "amount": RAISE_AMOUNT,
    "dropped": DROP_LINE,
    "salt": OTHER_SALT,
    "names": SWAP_NAMES,
}


def by_hand(founded: Founded, homes: list[Home], statements: tuple[str, ...]) -> None:
    """Change rows as a superuser would."""
    with founded.bench.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.format(one=homes[0].person_id, two=homes[1].person_id))


def change_account(founded: Founded, home: Home, number: str, holder: str = "Warga Contoh") -> None:
    """Give a payee another account, as an operator may."""
    with founded.act("operator") as act:
        recipients.change_account(act, home.person, bank="110", number=number, holder=holder, reason=WHY)


def is_unchanged(founded: Founded, batch: str) -> bool:
    """Ask what the exporter asks before it writes a file."""
    try:
        with founded.act("operator") as act:
            service.require_unchanged(act, queries.batch(act.session, batch))
    except BatchChanged:
        return False
    return True


@pytest.mark.parametrize("attack", ATTACKS)
def test_rows_swapped_by_a_superuser_void_an_approval(founded: Founded, attack: str) -> None:
    """THREATS 6: whatever is swapped between two families, or moved, raised or dropped, no file is written for it."""
    paying = paying_program(founded.bench, founded)
    homes = households(founded.bench, founded, 3)
    batch = approved_batch(founded.bench, founded, paying)
    assert is_unchanged(founded, batch)
    by_hand(founded, homes, ATTACKS[attack])
    assert not is_unchanged(founded, batch)
    assert differences(founded.bench)


@pytest.mark.parametrize("attack", ATTACKS)
def test_rows_swapped_between_page_and_code_are_not_approved(founded: Founded, attack: str) -> None:
    """The digest is made anew when the code comes: what is approved is what the page showed, or nothing is."""
    paying = paying_program(founded.bench, founded)
    homes = households(founded.bench, founded, 3)
    batch = verified_batch(founded.bench, founded, paying)
    shown = challenge(founded, [batch])
    by_hand(founded, homes, ATTACKS[attack])
    outcome = answer(founded, shown)
    assert (outcome.is_accepted, outcome.reason) == (False, "batch_changed")
    assert answer(founded, shown).reason == "challenge_void"


def test_rows_swapped_before_they_are_judged_are_not_verified(founded: Founded) -> None:
    """The verifier's look is over plaintext too, and so is the page an approver opens."""
    paying = paying_program(founded.bench, founded)
    homes = households(founded.bench, founded, 3)
    batch = submitted_batch(founded.bench, founded, paying)
    by_hand(founded, homes, SWAP_ACCOUNTS)
    with pytest.raises(BatchChanged):
        verify(founded, batch)
    by_hand(founded, homes, SWAP_ACCOUNTS)
    verify(founded, batch)
    by_hand(founded, homes, SWAP_NAMES)
    with pytest.raises(BatchChanged):
        challenge(founded, [batch])


@pytest.mark.parametrize("attack", [SWAP_COMMITMENTS, SWAP_NAMES, SWAP_ACCOUNTS], ids=["people", "names", "accounts"])
def test_rows_swapped_before_they_are_frozen_are_not_verified(founded: Founded, attack: tuple[str, ...]) -> None:
    """Freezing takes the commitments the register keeps; the verifier's look at the plaintext does not find them so."""
    paying = paying_program(founded.bench, founded)
    homes = households(founded.bench, founded, 3)
    batch = drafted_batch(founded.bench, founded, paying)
    by_hand(founded, homes, attack)
    submit(founded, batch)
    with pytest.raises(BatchChanged):
        verify(founded, batch)


def test_a_stolen_database_does_not_tell_whose_guess_is_right(founded: Founded) -> None:
    """Cheat: copy the database, and try NIKs against the commitments and salts that lie in it, knowing a name."""
    household = households(founded.bench, founded, 1)[0]
    with founded.bench.reading() as session:
        keys = founded.bench.kit.keys
        payee = payees.open_payees(session, keys, [household.person_id])[household.person_id]
        row = session.get_one(Person, household.person_id)
    right = canonical.encode([payee.nik, payee.name])
    assert row.commitment != salted_commitment(payees.PERSON_DOMAIN, row.salt, right)
    # An auditor who is handed the secret salt recomputes it without a key.
    assert row.commitment == salted_commitment(payees.PERSON_DOMAIN, payee.person_salt, right)
    assert payee.person_salt != row.salt


def test_a_name_corrected_after_approval_voids_it(founded: Founded) -> None:
    """An honest correction at the wrong moment: the list must be approved as it will be paid."""
    paying = paying_program(founded.bench, founded)
    homes = households(founded.bench, founded, 2)
    batch = approved_batch(founded.bench, founded, paying)
    with founded.act("operator") as act:
        recipients.correct_person(
            act, homes[0].person, reason="Ejaan nama diperbaiki.", values={"nama": "Warga Baru Contoh"}
        )
    assert not is_unchanged(founded, batch)
    assert_log_agrees(founded.bench)


def test_an_account_changed_and_changed_back_does_not_bring_the_approval_back(founded: Founded) -> None:
    """THREATS 6, swap and revert: another number for an hour, then the old one; the file is not written."""
    paying = paying_program(founded.bench, founded)
    home = households(founded.bench, founded, 2)[0]
    batch = approved_batch(founded.bench, founded, paying)
    with founded.bench.reading() as session:
        row = queries.batch(session, batch)
        lines = digests.open_lines(session, founded.bench.kit.keys, row.id, with_account=True)
        before = next(line.payee for line in lines if line.payee.person_id == home.person_id)
    change_account(founded, home, "0999999999")
    assert not is_unchanged(founded, batch)
    change_account(founded, home, before.account_number, before.account_holder)
    assert not is_unchanged(founded, batch)
    assert_log_agrees(founded.bench)


def test_an_old_account_made_current_again_by_hand_is_still_seen(founded: Founded) -> None:
    """A superuser who puts the old row back restores the digest, and the log still names the touched rows."""
    paying = paying_program(founded.bench, founded)
    home = households(founded.bench, founded, 2)[0]
    approved_batch(founded.bench, founded, paying)
    change_account(founded, home, "0999999999")
    with founded.bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE bank_accounts SET is_current = false")
        connection.exec_driver_sql(f"UPDATE bank_accounts SET is_current = true WHERE id = {home.account_id}")
    assert {each.table for each in differences(founded.bench)} == {"bank_accounts"}


def test_in_cash_a_changed_account_is_no_matter(founded: Founded) -> None:
    """A list paid by hand binds who, not where: an account that changes meanwhile stops nobody's aid."""
    paying = paying_program(founded.bench, founded)
    home = households(founded.bench, founded, 2)[0]
    batch = approved_batch(founded.bench, founded, paying, channel="cash")
    change_account(founded, home, "0999999999")
    assert is_unchanged(founded, batch)


def test_a_line_commits_to_its_payee_without_naming_them(founded: Founded) -> None:
    """THREATS 13: two lines of one person in two periods share nothing in the public log."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    households(bench, founded, 1)
    for period in ("2021-08", "2021-09"):
        submitted_batch(bench, founded, paying, period=period)
    with bench.reading() as session:
        lines = session.scalars(select(BatchLine)).all()
        assert lines[0].person_id == lines[1].person_id
        assert len({line.commitment for line in lines}) == len({line.salt for line in lines}) == 2
        assert len({line.public_id for line in lines}) == 2
        assert session.scalars(select(Person.id)).one()
        assert session.scalars(select(BankAccount.id)).one()
