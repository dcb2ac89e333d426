"""Print files: what leaves as one file is counted as if it left one by one, in order, and names no place it may not."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from aid_ledger.core.act import Acts
from aid_ledger.core.crypto import IntegrityFailed, Opener
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import BatchLine
from aid_ledger.disbursement.rules import BatchNotFound
from aid_ledger.log.pen import LogPen
from aid_ledger.log.rules import NotSealed
from aid_ledger.receipts import printfiles, printing_queries, rules, second_reader, service
from aid_ledger.receipts.bundle import Bundle
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.printfiles import Doors, Wanted
from aid_ledger.recipients.models import Person
from tests.builders import delivering, paying, receipt_keys
from tests.builders import receipts as builders
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.rooms.receipts.test_issuing import handed_over, replayed

ROOT = receipt_keys.der_of(receipt_keys.root())
EVERYWHERE = frozenset({""})


def doors(founded: Founded, by: str = "field") -> Doors:
    """Come in as an official at the command line does."""
    bench = founded.bench
    return Doors(bench.reading, lambda deed, *args: bench.acts.run(founded.actor(by), deed, *args), bench.kit.keys)


def printed(
    founded: Founded,
    batch: str,
    *,
    village: str = paying.VILLAGE,
    layout: str = "a5",
    areas: Collection[str] = EVERYWHERE,
) -> tuple[bytes, Bundle]:
    """Print a village's receipts of a batch."""
    out = io.BytesIO()
    wanted = Wanted(batch, village, layout, areas, "Petugas Contoh")
    bundle = printfiles.print_out(doors(founded), builders.press(), out, wanted)
    return out.getvalue(), bundle


def batch_of(founded: Founded, *, count: int = 3) -> str:
    """Bring a batch to its households and issue its receipts."""
    sent = builders.delivered(founded, count=count)
    assert builders.issue(founded, sent.batch) == count
    return sent.batch


def text_of(pdf: bytes) -> str:
    """Read what stands on the sheets."""
    return subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()


def payees_of(founded: Founded) -> dict[int, tuple[int, str]]:
    """Tell of every line whom it pays: the person's id, and the name as it is sorted by."""
    bench = founded.bench
    with bench.reading() as session:
        query = select(BatchLine.id, Person.id, Person.name, Person.seal).join(Person, Person.id == BatchLine.person_id)
        names = Opener(bench.kit.keys, table="people", column="name")
        rows = session.execute(query).all()
    return {line: (person, names.open(name, seal).casefold()) for line, person, name, seal in rows}


def copies(founded: Founded) -> list[int]:
    """Tell how often each receipt was printed."""
    return [receipt.copies for receipt in builders.receipts(founded.bench)]


def test_nothing_is_printed_before_it_is_sealed(founded: Founded) -> None:
    """THREATS 4: a file holds no receipt whose entry lies under no checkpoint, and counts none."""
    bench = founded.bench
    sent = builders.delivered(founded, count=2)
    with Acts(bench.engine, LogPen(), bench.kit).open(founded.actor("treasurer")) as act:
        service.issue_receipts(act, sent.batch)
    with pytest.raises(NotSealed):
        printed(founded, sent.batch)
    assert copies(founded) == [0, 0]
    bench.sequencer.run_once()
    _, bundle = printed(founded, sent.batch)
    assert bundle.count == 2


def test_no_batch_no_village_no_area(founded: Founded) -> None:
    """A foreign village looks like an empty one."""
    batch = batch_of(founded, count=1)
    with pytest.raises(BatchNotFound):
        printed(founded, "BTC-2021-000999-X")
    for village, areas in ((paying.VILLAGE, {"99"}), ("99.99.99.9999", EVERYWHERE), ("", EVERYWHERE)):
        with pytest.raises(rules.NothingToPrint):
            printed(founded, batch, village=village, areas=frozenset(areas))
    assert copies(founded) == [0]


def test_a_village_larger_than_a_file_is_refused(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one file holds has an end."""
    batch = batch_of(founded, count=3)
    monkeypatch.setattr(printing_queries, "LIMIT", 2)
    with pytest.raises(rules.TooManyToPrint):
        printed(founded, batch)


def test_what_was_cancelled_is_in_no_file(founded: Founded) -> None:
    """A household whose receipt ended gets no paper of it."""
    batch = batch_of(founded)
    receipt = builders.receipts(founded.bench)[1]
    builders.cancel(founded, receipt)
    pdf, bundle = printed(founded, batch)
    assert (bundle.count, copies(founded)) == (2, [1, 0, 1])
    assert receipt.reference not in text_of(pdf)
    for each in builders.receipts(founded.bench):
        if each.state == rules.ISSUED:
            builders.cancel(founded, each)
    with pytest.raises(rules.NothingToPrint):
        printed(founded, batch)


def test_a_file_says_what_it_holds_and_its_log_agrees(founded: Founded) -> None:
    """Cover, receipts and list; one entry names what was printed, and replay finds nothing wrong."""
    batch = batch_of(founded)
    pdf, bundle = printed(founded, batch)
    text = text_of(pdf)
    references = [receipt.reference for receipt in builders.receipts(founded.bench)]
    for reference in references:
        assert text.count(reference) == 2, "once on its sheet, once in the list"
    for words in ("3 tanda terima", bundle.total, bundle.in_words, bundle.root, "Petugas Contoh", "Daftar penyerahan"):
        assert words in " ".join(text.split())
    assert "ketakan ke-" not in text
    assert list(replayed(founded).violations) == []
    assert_log_agrees(founded.bench)


def test_whoever_prints_twice_says_so(founded: Founded) -> None:
    """Two stacks of paper for one payment: the second says on cover, list and every sheet that it is the second."""
    batch = batch_of(founded)
    first, *_ = builders.receipts(founded.bench)
    assert builders.printed(founded, first, copy=1)
    _, once = printed(founded, batch)
    assert (once.copy, copies(founded)) == (2, [2, 1, 1])
    pdf, again = printed(founded, batch, layout="4a6")
    text = text_of(pdf)
    assert (again.copy, copies(founded)) == (3, [3, 2, 2])
    assert text.count("Cetakan ke-2 (salinan)") == 2
    assert text.count("Cetakan ke-3 (salinan)") == 1
    assert "Cetakan ke-3." in text
    assert text.count("cetakan ke-2") == 2
    assert list(replayed(founded).violations) == []
    assert_log_agrees(founded.bench)


@pytest.mark.parametrize("deed", ["print", "cancel"])
def test_a_file_that_became_untrue_while_it_was_made_does_not_leave(founded: Founded, deed: str) -> None:
    """A receipt printed or cancelled in between: the Act refuses, and counts nothing."""
    batch = batch_of(founded)
    receipt = builders.receipts(founded.bench)[0]
    field = doors(founded)

    def act(service: Callable[..., object], *args: object) -> object:
        if deed == "print":
            builders.printed(founded, receipt, copy=1)
        else:
            builders.cancel(founded, receipt)
        return field.act(service, *args)

    wanted = Wanted(batch, paying.VILLAGE, "a5", EVERYWHERE, "")
    with pytest.raises(rules.PrintOutdated):
        printfiles.print_out(Doors(field.read, act, field.keys), builders.press(), io.BytesIO(), wanted)
    assert copies(founded)[1:] == [0, 0]


def test_a_handover_record_needs_room_to_sign(founded: Founded) -> None:
    """Four people sign it: A6 is refused, A5 has the boxes, and the sum is counted in packets."""
    handed_out = delivering.sent(founded.bench, founded, count=1, channel="goods").batch
    handed_over(founded, handed_out)
    with pytest.raises(rules.LayoutTooSmall):
        printed(founded, handed_out, layout="4a6")
    pdf, bundle = printed(founded, handed_out, layout="2a5")
    text = " ".join(text_of(pdf).split())
    assert bundle.total in text
    assert bundle.unit
    assert "Rp" not in text
    assert "Tanda tangan di atas kertas" in text


def test_a_village_is_walked_by_rw_rt_and_name(founded: Founded) -> None:
    """Whoever hands out goes from house to house; names are ciphertext and are sorted all the same."""
    batch = batch_of(founded, count=4)
    bench = founded.bench
    payees = payees_of(founded)
    streets = [("002", "001"), ("001", "002"), ("001", "001"), ("001", "001")]
    with bench.engine.begin() as connection:
        for receipt, (rw, rt) in zip(builders.receipts(bench), streets, strict=True):
            connection.execute(update(Person).where(Person.id == payees[receipt.line_id][0]).values(rw=rw, rt=rt))
    with bench.reading() as session:
        plan = printing_queries.plan_of(session, bench.kit.keys, batch, paying.VILLAGE, EVERYWHERE)
    assert [each.street for each in plan.printed] == ["001/001", "001/001", "002/001", "001/002"]
    names = {receipt.public_id: payees[receipt.line_id][1] for receipt in builders.receipts(bench)}
    together = [names[each.public_id] for each in plan.printed[:2]]
    assert together == sorted(together)


def test_a_receipt_rewritten_by_who_has_the_keys_is_not_printed(founded: Founded) -> None:
    """THREATS 1: whoever writes another payee into the database prints nothing: the log's digest is of the first."""
    batch = batch_of(founded, count=2)
    bench = founded.bench
    receipt = builders.receipts(bench)[0]
    opened = service.open_receipt(bench.kit.keys, receipt)
    lie = service.Opened(replace(opened.fields, payee="L*** L****"), opened.salt)
    with bench.engine.begin() as connection:
        rewritten = service.seal_fields(bench.kit.keys, lie, receipt.seal)
        connection.execute(update(Receipt).where(Receipt.id == receipt.id).values(fields=rewritten))
    with pytest.raises(IntegrityFailed, match="states something else"):
        printed(founded, batch)
    assert copies(founded) == [0, 0]


def test_a_programme_of_isolation_names_no_place(founded: Founded) -> None:
    """THREATS 14: one file for all, by its neutral name; no village, no street, neither on paper nor in the log."""
    bench = founded.bench
    batch = builders.isolation_batch(founded)
    with bench.reading() as session:
        [offer] = printing_queries.offers(session, batches.batch(session, batch), EVERYWHERE)
    assert (offer.village, offer.name, offer.count) == ("", "", 1)
    with pytest.raises(rules.NothingToPrint):
        printed(founded, batch)
    pdf, bundle = printed(founded, batch, village="")
    text = text_of(pdf)
    assert bundle.program in text
    assert "RT/RW" not in text
    assert "Desa" not in text.replace("Desa atau", "")
    assert paying.VILLAGE not in text


@pytest.mark.parametrize("layout", ["a5", "2a5", "4a6"])
def test_strangers_readers_find_one_whole_signature(founded: Founded, layout: str, tmp_path: Path) -> None:
    """The whole file is signed, in one revision, and every reader can open it."""
    pdf, _ = printed(founded, batch_of(founded, count=5), layout=layout)
    file = tmp_path / "file.pdf"
    file.write_bytes(pdf)

    def told(*command: str) -> str:
        return subprocess.run([*command, str(file)], capture_output=True, text=True, check=True).stdout

    assert "Total document signed" in told("pdfsig", "-nocert")
    assert "Signature is Valid" in told("pdfsig", "-nocert")
    assert "No syntax or stream encoding errors" in told("qpdf", "--check")
    assert "The document is unchanged since signing" in told("mutool", "sign", "-v")
    assert second_reader.fault_of(pdf, [ROOT]) == ""
    assert second_reader.fault_of(pdf[:-40] + pdf[-40:].replace(b"startxref", b"startxreF"), [ROOT]) != ""
