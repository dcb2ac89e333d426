"""The end of every journey: the log replays without a violation and explains every row of the database."""

from __future__ import annotations

from aid_ledger.book.agreement import agree as book_agrees
from aid_ledger.disbursement.agreement import agree as disbursement_agrees
from aid_ledger.log.diff import Difference, diff
from aid_ledger.receipts.agreement import agree as receipts_agree
from audit.note import format_vkey
from tests.benches import Bench

AGREEMENTS = (book_agrees, disbursement_agrees, receipts_agree)
"""The rooms' own comparisons of replayed state with their rows."""


def differences(bench: Bench) -> list[Difference]:
    """Compare log and database as an auditor would, after the pass that the sequencer makes every second."""
    bench.sequencer.run_once()
    return compared(bench)


def compared(bench: Bench) -> list[Difference]:
    """Compare log and database as they lie there."""
    published = (bench.folder / "published-checkpoint").read_bytes()
    with bench.reading() as session:
        return diff(session, vkey=format_vkey(bench.key.verifier()), published=published, agreements=AGREEMENTS)


RIGHTS = ("founding.first:", "authority.unknown:", "document.unknown:", "funding.evidence:")
"""Rules that a bench without an agency and its papers breaks with every deed."""


def of_rows(named: list[Difference]) -> list[Difference]:
    """Leave out what replay says of an agency that was never founded, where rows are compared and not rights."""
    return [each for each in named if not each.sentence.startswith(RIGHTS)]


def assert_log_agrees(bench: Bench) -> None:
    """Hold that log, replay and rows say one thing."""
    found = differences(bench)
    assert found == [], "\n".join(f"{each.table} {each.key}: {each.sentence}" for each in found[:20])
