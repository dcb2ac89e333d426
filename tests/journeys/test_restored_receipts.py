"""What a restored database forgot of receipts: they are issued once more, and papers that left stay counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aid_ledger.delivery import service as delivery
from aid_ledger.receipts import queries
from tests.builders import delivering
from tests.builders import receipts as papers
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.journeys.restoring import (
    Backup,
    all_receipts,
    balanced,
    exported,
    kept_seal,
    recovered,
    verified,
)
from tests.rooms.receipts.test_printfiles import printed as print_file


def test_what_arrived_stays_arrived_and_its_receipts_are_issued_once_more(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    """THREATS 8: sent, answered and receipted today: outcomes come back, and each line gets one receipt again."""
    batch, paid = delivering.approved(founded.bench, founded, count=3)
    yesterday = back_up()
    with founded.act("treasurer") as act:
        instruction = delivery.instruct(act, batch).reference
    sent = delivering.Sent(batch, instruction, paid, 3)
    content = delivering.answered(
        delivering.file_of(founded.bench, sent), delivering.first_line_says(channel_status="FAILED", channel_code="")
    )
    delivering.imported(founded, sent, content)
    assert papers.issue(founded, batch) == 2
    before, state = delivering.states(founded.bench, batch), delivering.state_of(founded.bench, batch)
    numbers = {each.reference for each in all_receipts(founded)}
    folder, kept = exported(founded, tmp_path / "log"), kept_seal(founded)
    with yesterday.opened() as restored:
        recovered(restored, folder)
        assert (delivering.states(restored.bench, batch), delivering.state_of(restored.bench, batch)) == (before, state)
        delivering.imported(restored, sent, content)
        assert all_receipts(restored) == []
        assert papers.issue(restored, batch) == 2
        assert not numbers & {each.reference for each in all_receipts(restored)}
        assert_log_agrees(restored.bench)
        assert balanced(restored)
        verified(restored, folder, kept=kept)


def test_a_replacement_that_was_forgotten_is_issued_again(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    """THREATS 8: replaced today, restored to yesterday: the old one stays ended, the new one comes once more."""
    old, _other = papers.issued(founded, count=2)
    papers.correct_name(founded, old, "Maimunah Betul")
    yesterday = back_up()
    new = papers.replace(founded, old)
    with founded.bench.reading() as session:
        batch = queries.batch_of(session, old).reference
    folder, kept = exported(founded, tmp_path / "log"), kept_seal(founded)
    with yesterday.opened() as restored:
        recovered(restored, folder)
        assert [each.state for each in all_receipts(restored)] == ["replaced", "issued"]
        assert [papers.issue(restored, batch) for _ in range(2)] == [1, 0]
        ended, _other, again = all_receipts(restored)
        assert (ended.replaced_by_id, again.public_id) == (again.id, new.public_id)
        assert again.reference != new.reference
        assert_log_agrees(restored.bench)
        verified(restored, folder, kept=kept)


def test_papers_that_left_stay_counted(founded: Founded, back_up: Callable[[], Backup], tmp_path: Path) -> None:
    """THREATS 8: printed twice today, restored to yesterday: the next paper is the third, not a second "first"."""
    printed, cancelled = papers.issued(founded, count=2)
    yesterday = back_up()
    assert all(papers.printed(founded, printed, copy=copy) for copy in (1, 2))
    assert papers.printed(founded, cancelled, copy=1)
    papers.cancel(founded, cancelled)
    folder, kept = exported(founded, tmp_path / "log"), kept_seal(founded)
    with yesterday.opened() as restored:
        recovered(restored, folder)
        assert [(each.state, each.copies) for each in all_receipts(restored)] == [("issued", 2), ("cancelled", 1)]
        assert not papers.printed(restored, printed, copy=1)
        assert papers.printed(restored, printed, copy=3)
        assert_log_agrees(restored.bench)
        verified(restored, folder, kept=kept)


def test_a_print_file_that_left_stays_counted(founded: Founded, back_up: Callable[[], Backup], tmp_path: Path) -> None:
    """THREATS 8: a village printed today, restored to yesterday: its next file is the second, as the log says."""
    first, _other = papers.issued(founded, count=2)
    with founded.bench.reading() as session:
        batch = queries.batch_of(session, first).reference
    yesterday = back_up()
    print_file(founded, batch)
    folder, kept = exported(founded, tmp_path / "log"), kept_seal(founded)
    with yesterday.opened() as restored:
        recovered(restored, folder)
        assert [each.copies for each in all_receipts(restored)] == [1, 1]
        _file, bundle = print_file(restored, batch)
        assert bundle.copy == 2
        assert_log_agrees(restored.bench)
        verified(restored, folder, kept=kept)
