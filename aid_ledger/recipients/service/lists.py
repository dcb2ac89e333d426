"""Taking a checked list of recipients in: at once, or a large one part by part; the same file twice changes nothing.

A list is `kept` (its good rows are in the register), `rejected` (all or nothing was asked for and something is wrong;
only its problems are kept) or `waiting` (parts of it are still to come; `good` says how many rows are in). The counts
of the entries of one list add up to the list.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Final

from aid_ledger.core.act import Act
from aid_ledger.core.bulk import load_rows
from aid_ledger.core.crypto import salted_commitment
from aid_ledger.core.numbering import next_reference
from aid_ledger.recipients import incoming, intake, queries, reach
from aid_ledger.recipients.importing.checking import Checked
from aid_ledger.recipients.importing.fingerprint import content_digest
from aid_ledger.recipients.messages import MESSAGES
from aid_ledger.recipients.models import ImportProblem, RecipientImport
from aid_ledger.recipients.particulars import Listed
from aid_ledger.recipients.refusals import ImportModeUnknown
from audit.facts.people import RecipientsImported

FILE_DOMAIN: Final = "aid-recipients-file-v1"
"""Separates the commitment to a list's file from every other."""

PROBLEMS_STORED: Final = 20_000
"""Problems kept with a list: more than anybody mends before asking again; the counts go on beyond it."""

ROWS_AT_ONCE: Final = 5_000
"""Rows taken in together inside one Act: keeps the plaintext of a large list from standing in memory twice."""

FILE_NAME_LIMIT: Final = 300
PROBLEM_COLUMNS: Final = ("import_id", "order", "row", "column", "code", "level", "message")


class ImportMode(Enum):
    """What becomes of the good rows when others are wrong."""

    GOOD_ROWS = "good_rows"
    ALL_OR_NOTHING = "all_or_nothing"

    @property
    def label(self) -> str:
        """Name it as the form does."""
        if self is ImportMode.GOOD_ROWS:
            return "Ambil baris yang benar"
        return "Semua atau tidak sama sekali"


def import_mode(value: str) -> ImportMode:
    """Read a mode; raises ImportModeUnknown."""
    try:
        return ImportMode(value)
    except ValueError:
        raise ImportModeUnknown(mode=value[:40]) from None


def import_recipients(act: Act, checked: Checked, *, file_name: str, file_sha256: bytes, mode: str) -> RecipientImport:
    """Take a checked list in, whole, in this Act; the same file with the same good rows gives the first import.

    Raises:
        ImportModeUnknown, RoleMissing: and at the Act's end ImportMeanwhile, if another list brought the same people.
    """
    record = _earlier(act, checked, file_sha256, mode)
    if record is not None:
        return record
    record = _open(act, checked, file_name=file_name, file_sha256=file_sha256, mode=mode)
    if record.state != "rejected":
        for part in checked.good.iter_slices(ROWS_AT_ONCE):
            _take_in(act, record, [Listed.from_cells(cells) for cells in part.iter_rows(named=True)])
        record.state = "kept"
    act.session.flush()
    _record(act, record, good=record.good, bad=record.bad, new=record.people_new, changed=record.people_changed)
    return record


def receive_list(act: Act, checked: Checked, *, file_name: str, file_sha256: bytes, mode: str) -> RecipientImport:
    """Receive a large list: its problems are recorded now, its good rows wait as encrypted parts for `take_part`.

    Raises:
        ImportModeUnknown.
    """
    record = _earlier(act, checked, file_sha256, mode)
    if record is not None:
        return record
    record = _open(act, checked, file_name=file_name, file_sha256=file_sha256, mode=mode)
    if record.state != "rejected":
        record.state = "waiting" if incoming.store(act.kit, record.reference, checked.good) else "kept"
    act.session.flush()
    _record(act, record, good=record.good, bad=record.bad, new=0, changed=0)
    return record


def take_part(act: Act, reference: str, number: int) -> RecipientImport:
    """Take one part of a waiting list in; a part that is in already changes nothing.

    Raises:
        ImportNotFound, ImportPartMissing, RoleMissing: and at the Act's end ImportMeanwhile.
    """
    record = queries.recipient_import(act.session, reference, lock=True)
    if record.state != "waiting" or record.good > number * incoming.PART_ROWS:
        return record
    rows = incoming.read(act.kit, reference, number)

    before = record.people_new, record.people_changed
    _take_in(act, record, rows)
    if record.good == record.rows - record.bad:
        record.state = "kept"
    act.session.flush()
    new, changed = record.people_new - before[0], record.people_changed - before[1]
    _record(act, record, good=len(rows), bad=0, new=new, changed=changed)
    return record


def parts_of(record: RecipientImport) -> int:
    """Count the parts a received list comes in."""
    return -(-(record.rows - record.bad) // incoming.PART_ROWS)


def _earlier(act: Act, checked: Checked, file_sha256: bytes, mode: str) -> RecipientImport | None:
    content = bytes.fromhex(content_digest(checked.good))
    return queries.same_list(act.session, file_sha256, content, import_mode(mode).value)


def _open(act: Act, checked: Checked, *, file_name: str, file_sha256: bytes, mode: str) -> RecipientImport:
    """Insert a list and its problems; `good` counts what is in the register, and in a rejected one what could be."""
    is_rejected = import_mode(mode) is ImportMode.ALL_OR_NOTHING and checked.rows_refused > 0
    record = RecipientImport(
        reference=next_reference(act, "IMP"),
        file_sha256=file_sha256,
        file_name=_plain_name(file_name),
        mode=mode,
        state="rejected" if is_rejected else "waiting",
        rows=checked.rows_read,
        good=checked.good.height if is_rejected else 0,
        bad=checked.rows_refused,
        warnings=sum(count for code, count in checked.counts.items() if MESSAGES[code].is_warning),
        people_new=0,
        people_changed=0,
        content_digest=bytes.fromhex(content_digest(checked.good)),
        imported_by=act.actor.id,
        imported_at=act.at,
    )
    act.session.add(record)
    act.session.flush()
    columns = ("baris", "kolom", "kode", "tingkat", "pesan")
    found = checked.problems.select(columns).head(PROBLEMS_STORED).iter_rows()
    _add_problems(act, record, found, first=0)
    return record


def _take_in(act: Act, record: RecipientImport, rows: Sequence[Listed]) -> None:
    reach.require_villages(act, {row.village for row in rows})
    taken = intake.take_in(act, record.id, rows)
    record.good += len(rows)
    record.people_new += taken.new
    record.people_changed += taken.changed
    if not taken.doubts:
        return
    record.warnings += len(taken.doubts)
    first = queries.count_problems(act.session, record.id)
    doubts = (
        (row, intake.DOUBTS[code], code, "peringatan", MESSAGES[code].text)
        for row, code in sorted(taken.doubts)[: max(PROBLEMS_STORED - first, 0)]
    )
    _add_problems(act, record, doubts, first=first)


def _add_problems(
    act: Act, record: RecipientImport, found: Iterable[tuple[int, str, str, str, str]], *, first: int
) -> None:
    orders: list[int] = []

    def rows() -> Iterable[tuple[object, ...]]:
        for order, problem in enumerate(found, start=first):
            orders.append(order)
            yield (record.id, order, *problem)

    load_rows(act, ImportProblem, PROBLEM_COLUMNS, rows())
    act.wrote(ImportProblem, [(record.id, order) for order in orders])


def _record(act: Act, record: RecipientImport, *, good: int, bad: int, new: int, changed: int) -> None:
    file = salted_commitment(FILE_DOMAIN, record.salt, record.file_sha256)
    act.record(
        RecipientsImported(
            intake=record.reference,
            file=base64.urlsafe_b64encode(file).rstrip(b"=").decode(),
            mode=record.mode,
            good=good,
            bad=bad,
            people_new=new,
            people_changed=changed,
        )
    )


def _plain_name(file_name: str) -> str:
    """Keep the last part of a file's name, without what does not print."""
    last = PurePath(file_name.replace("\\", "/")).name
    return "".join(character for character in last if character.isprintable())[:FILE_NAME_LIMIT] or "daftar"
