"""Handing a batch to its channel: once, by somebody else, on the log's own word, with a file that is sealed."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from aid_ledger.approvals import service as approvals
from aid_ledger.approvals.rules import SelfApproval
from aid_ledger.core.act import Acts
from aid_ledger.delivery import queries, rules, service
from aid_ledger.delivery.models import Instruction
from aid_ledger.disbursement.digests import encode_digest
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.disbursement.rules import BatchChanged, BatchNotFound, BatchStateRefused
from aid_ledger.log import quorum
from aid_ledger.log.export import export
from aid_ledger.log.models import LogEntry
from aid_ledger.log.pen import LogPen
from aid_ledger.log.rules import NotSealed
from aid_ledger.officials.powers import RoleMissing
from audit.cli import main as audit_main
from audit.entry import parse_entry
from audit.merkle import leaf_hash
from audit.note import encode_base64
from tests.builders import delivering, paying, programs
from tests.builders.officials import Founded


def superuser(founded: Founded, *statements: str) -> None:
    """Do what a database administrator can: switch triggers off and write rows by hand."""
    engine = founded.bench.engine
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            triggers = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _made_by in triggers:
                connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement))
        if engine.dialect.name != "postgresql":
            for _name, made_by in triggers:
                connection.exec_driver_sql(made_by)


def test_an_instruction_moves_value_and_seals_its_file(founded: Founded) -> None:
    """P1, P2: reserved value goes in transit, every line is sent, the fact names the file's hash and what moved."""
    bench = founded.bench
    sent = delivering.sent(bench, founded, count=3)
    assert delivering.state_of(bench, sent.batch) == "sent"
    assert delivering.states(bench, sent.batch) == {1: "sent", 2: "sent", 3: "sent"}
    assert delivering.stages(bench, sent) == {"in_transit": sent.total}
    content = delivering.file_of(bench, sent)
    with bench.reading() as session:
        instruction = queries.instruction(session, sent.instruction)
        [entry] = quorum.require_sealed(session, instruction.act)[:1]
    body = parse_entry(entry.raw).body
    assert body["file"] == encode_digest(hashlib.sha256(content).digest())
    assert instruction.file_sha256 == hashlib.sha256(content).digest()
    assert f'"{sent.total}"]]'.encode() in entry.raw
    paid = delivering.payments(content)
    assert [line["partner_ref"] for line in paid] == [rules.partner_reference(sent.batch, n) for n in (1, 2, 3)]
    assert {line["amount"] for line in paid} == {str(sent.rate)}
    assert all(line["account_no"].startswith("00") for line in paid)


def test_a_batch_is_sent_once(founded: Founded) -> None:
    """A second click, or a second treasurer a day later: refused, and nothing moves."""
    sent = delivering.sent(founded.bench, founded)
    with pytest.raises(rules.AlreadyInstructed), founded.act("treasurer") as act:
        service.instruct(act, sent.batch)
    assert delivering.stages(founded.bench, sent) == {"in_transit": sent.total}


def test_two_treasurers_at_once_make_one_instruction(founded: Founded) -> None:
    """Double click on pay, two processes: a row lock and a unique key, not a promise."""
    bench = founded.bench
    batch, _paid = delivering.approved(bench, founded)

    def pay() -> str:
        with founded.act("treasurer") as act:
            return service.instruct_or_refuse(act, batch)

    with ThreadPoolExecutor(2) as pool:
        made = [one.result() for one in [pool.submit(pay), pool.submit(pay)]]
    assert sorted(bool(one) for one in made) == [False, True]
    with bench.reading() as session:
        [instruction] = session.scalars(select(Instruction))
        assert instruction.reference in made
        kinds = [row.kind for row in session.scalars(select(LogEntry).order_by(LogEntry.id.desc()).limit(2))]
    assert kinds == ["ResendRefused", "PaymentInstructed"]


@pytest.mark.parametrize("login", ["operator", "verifier", "approver", "field", "auditor", "admin"])
def test_only_a_treasurer_pays(founded: Founded, login: str) -> None:
    """Naming oneself is not enough: the role is read inside the Act."""
    batch, _paid = delivering.approved(founded.bench, founded, count=1)
    with pytest.raises(RoleMissing), founded.act(login) as act:
        service.instruct(act, batch)


def test_whoever_made_a_batch_cannot_pay_it(founded: Founded) -> None:
    """P2: a treasurer who drafted the batch in another role; separation is per transaction, not per role."""
    from_here = programs.paying_program(founded.bench, founded)
    paying.households(founded.bench, founded, 2)
    batch = paying.approved_batch(founded.bench, founded, from_here)
    superuser(founded, f"UPDATE batches SET made_by_id = {founded.people['treasurer'].official_id}")
    with pytest.raises(SelfApproval), founded.act("treasurer") as act:
        service.instruct(act, batch)


@pytest.mark.parametrize("station", ["drafted", "submitted", "verified"])
def test_only_an_approved_batch_is_sent(founded: Founded, station: str) -> None:
    """Every state before approval."""
    paid = programs.paying_program(founded.bench, founded)
    paying.households(founded.bench, founded, 1)
    batch = getattr(paying, f"{station}_batch")(founded.bench, founded, paid)
    with pytest.raises(BatchStateRefused), founded.act("treasurer") as act:
        service.instruct(act, batch)
    with pytest.raises(BatchNotFound), founded.act("treasurer") as act:
        service.instruct(act, "BTC-2021-999999-X")


# --- the log's own word ---------------------------------------------------------------------------------------------


def unsealed(founded: Founded) -> Acts:
    """Give Acts whose entries wait for the sequencer, as on PostgreSQL."""
    return Acts(founded.bench.engine, LogPen(), founded.bench.kit)


def test_nothing_is_sent_before_its_approval_is_sealed(founded: Founded) -> None:
    """THREATS 4: an approval that is committed but lies under no checkpoint yet justifies nothing."""
    bench = founded.bench
    paid = programs.paying_program(bench, founded)
    paying.households(bench, founded, 1)
    batch = paying.verified_batch(bench, founded, paid)
    challenge = paying.challenge(founded, [batch])
    with unsealed(founded).open(founded.actor("approver")) as act:
        approvals.answer_challenge(act, challenge, founded.code("approver"), session_hash=paying.SESSION)
    with pytest.raises(NotSealed), unsealed(founded).open(founded.actor("treasurer")) as act:
        service.instruct(act, batch)
    bench.sequencer.run_once()
    with founded.act("treasurer") as act:
        service.instruct(act, batch)


def test_an_approval_edited_while_it_waits_is_refused(founded: Founded, tmp_path: Path) -> None:
    """THREATS 4, U4: a pending approval edited in the database: no export, and the kept leaf is reported missing."""
    bench = founded.bench
    paid = programs.paying_program(bench, founded)
    paying.households(bench, founded, 2)
    batch = paying.verified_batch(bench, founded, paid)
    challenge = paying.challenge(founded, [batch])
    with unsealed(founded).open(founded.actor("approver")) as deed:
        approvals.answer_challenge(deed, challenge, founded.code("approver"), session_hash=paying.SESSION)
    with bench.reading() as session:
        [entry] = session.scalars(select(LogEntry).where(LogEntry.act == deed.id, LogEntry.kind == "ApprovalGiven"))
    forged = entry.raw.replace(b'"total":"600000"', b'"total":"300000"')
    assert forged != entry.raw
    superuser(
        founded,
        f"UPDATE log_entries SET raw = {hexed(founded, forged)}, "
        f"leaf_hash = {hexed(founded, leaf_hash(forged))} WHERE id = {entry.id}",
    )
    bench.sequencer.run_once()
    with pytest.raises(rules.ApprovalNotInLog), founded.act("treasurer") as act:
        service.instruct(act, batch)
    vkey = str(bench.key.verifier())
    with bench.reading() as session:
        export(session, tmp_path / "log", vkey=vkey)
    kept = tmp_path / "sidik.txt"
    kept.write_text("".join(encode_base64(leaf) + "\n" for leaf in deed.leaves))
    checked = CliRunner().invoke(
        audit_main, ["verify", str(tmp_path / "log"), "--log-key", vkey, "--leaves", str(kept)]
    )
    assert checked.exit_code == 1
    assert "rule: leaf.missing\n" in checked.output
    assert f"no entry of the log has the kept leaf {encode_base64(deed.leaves[0])}\n" in checked.output


def hexed(founded: Founded, raw: bytes) -> str:
    """Write bytes as a literal of this database."""
    return f"X'{raw.hex()}'" if founded.bench.engine.dialect.name == "sqlite" else f"'\\x{raw.hex()}'::bytea"


def test_a_sealed_approval_rewritten_is_no_approval(founded: Founded) -> None:
    """The bytes in the database are no longer the leaf of the tree."""
    batch, _paid = delivering.approved(founded.bench, founded, count=2)
    with founded.bench.reading() as session:
        entry = session.scalars(select(LogEntry).where(LogEntry.kind == "ApprovalGiven")).one()
    forged = entry.raw.replace(b'"recorded_at":"20', b'"recorded_at":"19')
    superuser(
        founded,
        f"UPDATE log_entries SET raw = {hexed(founded, forged)}, "
        f"leaf_hash = {hexed(founded, leaf_hash(forged))} WHERE id = {entry.id}",
    )
    with pytest.raises(rules.ApprovalNotInLog), founded.act("treasurer") as act:
        service.instruct(act, batch)


def test_an_approval_without_a_fact_is_none(founded: Founded) -> None:
    """A superuser's minted step: the row stands, the log never heard of it."""
    paid = programs.paying_program(founded.bench, founded)
    paying.households(founded.bench, founded, 1)
    batch = paying.verified_batch(founded.bench, founded, paid)
    approver = founded.people["approver"].official_id
    superuser(
        founded,
        "UPDATE batches SET state = 'approved'",
        "INSERT INTO batch_steps (batch_id, digest, step, official_id, office_code, office_title, office_status, "
        f"reason, act, taken_at) SELECT batch_id, digest, 'approved', {approver}, office_code, office_title, "
        "office_status, reason, act, taken_at FROM batch_steps WHERE step = 'verified'",
    )
    with pytest.raises(rules.ApprovalNotInLog), founded.act("treasurer") as act:
        service.instruct(act, batch)


def test_a_batch_that_needs_fewer_by_hand_still_needs_them(founded: Founded) -> None:
    """approvers_needed lowered in the row: the sealed submission says how many."""
    paid = programs.paying_program(founded.bench, founded, limits=((0, 2),))
    paying.households(founded.bench, founded, 1)
    batch = paying.verified_batch(founded.bench, founded, paid)
    paying.approve(founded, [batch])
    assert delivering.state_of(founded.bench, batch) == "verified"
    superuser(founded, "UPDATE batches SET approvers_needed = 1, state = 'approved'")
    with pytest.raises(rules.ApprovalNotInLog), founded.act("treasurer") as act:
        service.instruct(act, batch)


@pytest.mark.parametrize(
    "cheat",
    [
        "UPDATE batch_lines SET amount = amount + 1 WHERE line_no = 1",
        "UPDATE batch_lines SET person_id = (SELECT person_id FROM batch_lines WHERE line_no = 2) WHERE line_no = 1",
        "UPDATE batch_lines SET state = 'set_aside' WHERE line_no = 1",
        "UPDATE bank_accounts SET is_current = (id = (SELECT max(id) FROM bank_accounts))",
    ],
)
def test_what_is_written_is_what_was_approved(founded: Founded, cheat: str) -> None:
    """THREATS 6: the digest is recomputed from the plaintext that is about to be written; changed: no file."""
    batch, _paid = delivering.approved(founded.bench, founded, count=3)
    superuser(founded, cheat)
    with pytest.raises(BatchChanged), founded.act("treasurer") as act:
        service.instruct(act, batch)


# --- the file -------------------------------------------------------------------------------------------------------


def test_the_file_waits_for_its_own_seal(founded: Founded) -> None:
    """Nothing leaves before it is sealed: the instruction itself must lie under a checkpoint."""
    bench = founded.bench
    batch, _paid = delivering.approved(bench, founded)
    with unsealed(founded).open(founded.actor("treasurer")) as act:
        instruction = service.instruct(act, batch)
    with bench.reading() as session, pytest.raises(NotSealed):
        service.file_of(session, bench.kit.keys, instruction)
    with pytest.raises(NotSealed), unsealed(founded).open(founded.actor("treasurer")) as act:
        service.collect(act, instruction.reference)
    bench.sequencer.run_once()
    with founded.act("treasurer") as act:
        assert service.collect(act, instruction.reference).sha256 == instruction.file_sha256


def test_the_file_is_the_same_a_second_time_and_each_taking_is_a_fact(founded: Founded) -> None:
    """A lost file is written again byte for byte; whoever takes it out stands in the log."""
    sent = delivering.sent(founded.bench, founded)
    first = delivering.file_of(founded.bench, sent)
    taken = []
    for _ in range(2):
        with founded.act("treasurer") as act:
            taken.append(service.collect(act, sent.instruction).content)
    assert taken == [first, first]
    with founded.bench.reading() as session:
        collected = session.scalars(select(LogEntry).where(LogEntry.kind == "FileCollected")).all()
        assert queries.instruction(session, sent.instruction).collected_at is not None
    assert [parse_entry(entry.raw).body["lines"] for entry in collected] == [sent.lines, sent.lines]
    with pytest.raises(RoleMissing), founded.act("operator") as act:
        service.collect(act, sent.instruction)
    with pytest.raises(rules.InstructionNotFound), founded.act("treasurer") as act:
        service.collect(act, "INS-2021-999999-X")


def test_a_file_that_would_differ_does_not_leave(founded: Founded) -> None:
    """An account swapped after sealing, a day moved, another hash in the row: refused before the first byte."""
    bench = founded.bench
    sent = delivering.sent(bench, founded)
    for cheat in (
        "UPDATE instructions SET value_on = '2020-01-01'",
        "UPDATE instructions SET total = total + 1",
        "UPDATE bank_accounts SET bank_code = '014'",
    ):
        superuser(founded, cheat)
        with bench.reading() as session, pytest.raises(rules.FileChanged):
            service.file_of(session, bench.kit.keys, queries.instruction(session, sent.instruction))


def test_a_resend_is_refused_and_remembered(founded: Founded) -> None:
    """UNKNOWN never leaves by a resend: the wish itself becomes a fact; a failed line is free to be drafted anew."""
    bench = founded.bench
    sent = delivering.sent(bench, founded, count=3)
    silent = {"channel_status": "UNKNOWN", "channel_code": "5041800"}
    closed = {"channel_status": "FAILED", "channel_code": "4041811", "amount": "0"}
    content = delivering.answered(
        delivering.file_of(bench, sent), lambda paid: {"1": silent, "2": closed}.get(paid["line_no"], {})
    )
    delivering.imported(founded, sent, content)
    outcomes = {}
    for line_no in (1, 2, 3):
        with founded.act("treasurer") as act:
            outcomes[line_no] = service.refuse_resend(act, sent.batch, line_no)
    assert {n: (o.state, o.is_refused) for n, o in outcomes.items()} == {
        1: ("unknown", True),
        2: ("failed", False),
        3: ("delivered", True),
    }
    with bench.reading() as session:
        refused = session.scalars(select(LogEntry).where(LogEntry.kind == "ResendRefused").order_by(LogEntry.id)).all()
        live = session.scalars(select(BatchLine).where(BatchLine.state == "failed")).one()
        assert session.get_one(Batch, live.batch_id).reference == sent.batch
    assert [parse_entry(entry.raw).body["line"] for entry in refused] == [1, 3]
