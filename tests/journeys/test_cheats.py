"""Cheats as whole stories: one after the other in one agency, against the database, the log and the backup.

Each room's tests hold every rule by itself; here a cheater goes from door to door and the log remembers all of it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from aid_ledger.approvals import service as approvals
from aid_ledger.approvals.rules import SelfApproval, ShapedTheBatch
from aid_ledger.core import clock
from aid_ledger.core.act import Acts
from aid_ledger.core.clock import FrozenClock, instant_text
from aid_ledger.core.db import Base
from aid_ledger.core.digests import digests_of
from aid_ledger.delivery import service as delivery
from aid_ledger.delivery.models import Instruction
from aid_ledger.disbursement.rules import BatchChanged
from aid_ledger.log.export import export
from aid_ledger.log.mentions import references_in
from aid_ledger.log.models import LogEntry
from aid_ledger.log.pen import LogPen
from aid_ledger.log.rules import LogBehind, NotSealed
from aid_ledger.recipients.models import BankAccount
from audit import canonical, tiles
from audit.merkle import leaf_hash
from tests.benches import copy_database, make_bench
from tests.builders import delivering, paying, powers, programs
from tests.builders.log import assert_log_agrees, compared, differences
from tests.builders.officials import Founded
from tests.rooms.log.forging import by_hand, literal

NOON = dt.datetime(2021, 8, 5, 5, 0, tzinfo=dt.UTC)
VILLAGES = ("32.16.06.2002", "32.16.06.2003")


@pytest.fixture
def still() -> Iterator[FrozenClock]:
    """Stop the clock at noon, so that codes are counted and not raced."""
    with clock.frozen(NOON) as stopped:
        yield stopped


def kinds(founded: Founded) -> Counter[str]:
    """Count the log's entries by kind."""
    with founded.bench.reading() as session:
        return Counter(session.scalars(select(LogEntry.kind)))


def unsealed(founded: Founded) -> Acts:
    """Give Acts whose entries wait for the sequencer, as on PostgreSQL."""
    return Acts(founded.bench.engine, LogPen(), founded.bench.kit)


def approved(founded: Founded, *, count: int = 2) -> str:
    """Bring a batch to its approval."""
    return delivering.approved(founded.bench, founded, count=count)[0]


# --- from door to door ----------------------------------------------------------------------------------------------


def test_a_day_of_cheats_pays_once(founded: Founded, still: FrozenClock) -> None:
    """P1, P2: makers judge, codes are used twice and elsewhere, pay is clicked twice, answers and wishes repeated."""
    bench = founded.bench
    paid = programs.paying_program(bench, founded)
    for village in VILLAGES:
        paying.households(bench, founded, 3, village=village)
    first, second = (paying.submitted_batch(bench, founded, paid, region=village) for village in VILLAGES)
    _judge_oneself(founded, first, second)
    _use_one_code_for_everything(founded, still, first, second)
    sent = _pay_twice(founded, first, paid)
    _answer_twice_and_ask_again(founded, sent)
    rate = sent.rate
    assert delivering.stages(bench, sent) == {"in_transit": rate, "delivered": 2 * rate, "reserved": 3 * rate}
    seen = kinds(founded)
    assert (seen["ApprovalGiven"], seen["PaymentInstructed"], seen["ResultImported"]) == (2, 1, 1)
    assert (seen["OtpRejected"], seen["ResendRefused"]) == (2, 2)
    assert_log_agrees(bench)


def _judge_oneself(founded: Founded, *batches: str) -> None:
    for role in ("verifier", "approver", "treasurer"):
        powers.also(founded, "operator", role)
    powers.also(founded, "verifier", "approver")
    for batch in batches:
        with pytest.raises((SelfApproval, ShapedTheBatch)):
            paying.verify(founded, batch, by="operator")
        paying.verify(founded, batch)
        for cheat in ("operator", "verifier"):
            with pytest.raises((SelfApproval, ShapedTheBatch)):
                paying.challenge(founded, [batch], by=cheat)


def _use_one_code_for_everything(founded: Founded, still: FrozenClock, first: str, second: str) -> None:
    shown = paying.challenge(founded, [first])
    other = paying.challenge(founded, [second])
    code = founded.code("approver")
    assert paying.answer(founded, shown, code=code).reason == "challenge_replaced"
    assert paying.answer(founded, other, code=code).approved == (second,)
    again = paying.challenge(founded, [first])
    assert not paying.answer(founded, again, code=code).is_accepted
    still.advance(minutes=2)
    assert paying.answer(founded, again).approved == (first,)


def _pay_twice(founded: Founded, batch: str, paid: programs.Paying) -> delivering.Sent:
    with pytest.raises((SelfApproval, ShapedTheBatch)), founded.act("operator") as act:
        delivery.instruct(act, batch)
    with founded.act("treasurer") as act:
        instruction = delivery.instruct_or_refuse(act, batch)
    with founded.act("treasurer") as act:
        assert not delivery.instruct_or_refuse(act, batch)
    return delivering.Sent(batch, instruction, paid, 3)


def _answer_twice_and_ask_again(founded: Founded, sent: delivering.Sent) -> None:
    silent = delivering.first_line_says(channel_status="UNKNOWN", channel_code="5041700")
    content = delivering.answered(delivering.file_of(founded.bench, sent), silent)
    once = delivering.imported(founded, sent, content)
    assert delivering.imported(founded, sent, content).reference == once.reference
    with founded.act("treasurer") as act:
        assert delivery.refuse_resend(act, sent.batch, 1).is_refused


# --- with the hands of a superuser ----------------------------------------------------------------------------------


def test_the_approver_keeps_what_the_log_must_show(founded: Founded, tmp_path: Path) -> None:
    """THREATS 4: an approval moved in time before it was sealed passes every check but one: the leaf its owner kept."""
    bench = founded.bench
    paid = programs.paying_program(bench, founded)
    paying.households(bench, founded, 1)
    batch = paying.verified_batch(bench, founded, paid)
    challenge = paying.challenge(founded, [batch])
    with unsealed(founded).open(founded.actor("approver")) as deed:
        approvals.answer_challenge(deed, challenge, founded.code("approver"), session_hash=paying.SESSION)
    with bench.reading() as session:
        entry = session.scalars(select(LogEntry).where(LogEntry.act == deed.id)).one()
    moved = entry.recorded_at - dt.timedelta(seconds=1)
    forged = bytes(entry.raw).replace(instant_text(entry.recorded_at).encode(), instant_text(moved).encode())
    by_hand(
        bench,
        f"UPDATE log_entries SET raw = {literal(bench, forged)}, leaf_hash = {literal(bench, leaf_hash(forged))}, "
        f"recorded_at = '{instant_text(moved)}' WHERE id = {entry.id}",
    )
    bench.sequencer.run_once()
    assert differences(bench) == []
    assert deed.leaves[0] not in leaves_of(founded, tmp_path / "log")
    assert leaf_hash(forged) in leaves_of(founded, tmp_path / "log")


def leaves_of(founded: Founded, folder: Path) -> set[bytes]:
    """Hash every entry of the log as anybody may download it."""
    with founded.bench.reading() as session:
        size = export(session, folder, vkey=str(founded.bench.key.verifier()))
    found = tiles.tiles_of_level(tiles.ENTRIES, size)
    bundles = [tiles.decode_bundle((folder / tile.path).read_bytes(), tile.width) for tile in found]
    return {leaf_hash(entry) for bundle in bundles for entry in bundle}


@pytest.mark.parametrize("kind", ["BankAccountChanged", "PersonCorrected"])
def test_a_minted_fact_pays_nobody_else(founded: Founded, kind: str) -> None:
    """U6, THREATS 5: accounts of two families swapped, explained by an entry minted in the operator's name.

    Of the right kind it deceives the comparison, and stands in the log for the operator to deny; of another kind it
    does not even do that. Neither brings a file: the list that was approved is not the list that would be paid.
    """
    bench = founded.bench
    batch = approved(founded)
    for statement in (
        "UPDATE bank_accounts SET is_current = false",
        "UPDATE bank_accounts SET person_id = (SELECT min(person_id) + max(person_id) FROM bank_accounts) - person_id",
        "UPDATE bank_accounts SET is_current = true",
    ):
        by_hand(bench, statement)
    _mint(founded, kind)
    named = {each.table for each in differences(bench)}
    assert named == (set() if kind == "BankAccountChanged" else {"log_entries", "bank_accounts"})
    with pytest.raises(BatchChanged), founded.act("treasurer") as act:
        delivery.instruct(act, batch)
    with bench.reading() as session:
        assert session.scalars(select(Instruction)).all() == []


def _mint(founded: Founded, kind: str) -> None:
    """Write an entry as the pen would, about every bank account there is, and let the sequencer find it."""
    bench = founded.bench
    table = Base.metadata.tables["bank_accounts"]
    with bench.reading() as session:
        keys = [(each,) for each in session.scalars(select(BankAccount.id))]
        rows = digests_of(session.connection(), table, keys)
    body = {"person": "PER-2021-000001-X", "reason": "Menurut kartu keluarga"}
    if kind == "BankAccountChanged":
        body["account"] = "ACC-2021-000001-X"
    at = clock.now()
    raw = canonical.encode(
        {
            "kind": kind,
            "v": 1,
            "id": "f" * 32,
            "act": "f" * 32,
            "ordinal": 0,
            "actor": founded.actor("operator").as_json(),
            "recorded_at": instant_text(at),
            "on": clock.today().isoformat(),
            "body": body,
            "rows": {"bank_accounts": rows},
        }
    )
    columns = "act, ordinal, kind, recorded_at, raw, leaf_hash"
    values = f"'{'f' * 32}', 0, '{kind}', '{instant_text(at)}', {literal(bench, raw)}, {literal(bench, leaf_hash(raw))}"
    newest = "(SELECT max(id) FROM log_entries)"
    mentions = [f"INSERT INTO log_mentions VALUES ('{each}', {newest})" for each in references_in(kind, raw)]
    by_hand(bench, f"INSERT INTO log_entries ({columns}) VALUES ({values})", *mentions)
    bench.sequencer.run_once()


# --- with yesterday's backup ----------------------------------------------------------------------------------------


def test_yesterdays_database_pays_nobody_again(founded: Founded, backend: str, tmp_path: Path) -> None:
    """THREATS 8, T2: the batch is paid, the database put back to before; the log knows what the database forgot."""
    bench = founded.bench
    batch = approved(founded)
    bench.engine.dispose()
    yesterday = tmp_path / "kemarin"
    yesterday.mkdir()
    address = bench.engine.url.render_as_string(hide_password=False)
    is_file = backend == "sqlite"
    template = f"sqlite:///{str(bench.engine.url.database).removeprefix('file:')}" if is_file else address
    url, remove = copy_database(backend, template, yesterday)
    with founded.act("treasurer") as act:
        delivery.instruct(act, batch)
    restored = make_bench(url, bench.folder, key=bench.key, keys=bench.kit.keys)
    with pytest.raises(LogBehind), restored.act(founded.actor("treasurer")) as act:
        again = delivery.instruct(act, batch)
    with restored.reading() as session, pytest.raises(NotSealed):
        delivery.file_of(session, restored.kit.keys, again)
    assert "log_checkpoints" in {each.table for each in compared(restored)}
    restored.engine.dispose()
    remove()
    assert_log_agrees(bench)
