"""Recipients in a register, brought in through the services from lists of people who do not exist."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aid_ledger.core import clock
from aid_ledger.demo import households
from aid_ledger.recipients import queries, service
from aid_ledger.recipients.importing import checking
from aid_ledger.recipients.importing.checking import Checked
from aid_ledger.recipients.importing.reading import read_parts
from aid_ledger.recipients.models import RecipientImport
from tests.benches import Bench
from tests.builders.officials import Founded

IMPORTER = "operator"
VILLAGES = ("32.16.06.2002", "32.16.06.2003", "32.16.01.2001")
"""Three villages of two kecamatan, so that tests of regions have something to tell apart."""

_seeds = itertools.count(1)


def imported(
    bench: Bench,
    founded: Founded,
    count: int = 20,
    *,
    villages: Sequence[str] = VILLAGES,
    seed: int | None = None,
    with_faults: bool = False,
    mode: str = "good_rows",
    by: str = IMPORTER,
) -> RecipientImport:
    """Import `count` made-up people, one household each; another list at every call unless the seed is given."""
    places = [households.Village(code, code) for code in villages]
    seed = next(_seeds) if seed is None else seed
    rows = list(households.rows(places, count=count, seed=seed, with_faults=with_faults))
    return imported_rows(bench, founded, rows, mode=mode, by=by)


def imported_rows(
    bench: Bench, founded: Founded, rows: Iterable[Mapping[str, str]], *, mode: str = "good_rows", by: str = IMPORTER
) -> RecipientImport:
    """Import rows written out by the test; columns that a row lacks are empty."""
    path = list_file(bench, rows)
    checked = check(bench, path)
    with founded.act(by) as act:
        return service.import_recipients(act, checked, file_name=path.name, file_sha256=sha256_of(path), mode=mode)


def list_file(bench: Bench, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write rows as the CSV an operator would upload."""
    path = bench.folder / f"daftar-{uuid.uuid4().hex[:8]}.csv"
    complete = ({column: row.get(column, "") for column in households.COLUMNS} for row in rows)
    path.write_bytes(households.as_csv(complete))
    return path


def check(bench: Bench, path: Path) -> Checked:
    """Check a file as the doors do, but in this very process."""
    with bench.reading() as session:
        yardstick = queries.yardstick(session, clock.today())
    return checking.check(read_parts(path), yardstick)


def sha256_of(path: Path) -> bytes:
    """Digest a file."""
    return hashlib.sha256(path.read_bytes()).digest()


def row(number: int, **cells: str) -> dict[str, str]:
    """Write one row of a list: the same person for the same number, except what the test says."""
    name = f"{households.FEMALE[number % 12]} {households.SECOND[number % 20]}"
    return {
        "nik": f"321606{41 + number % 28:02d}{1 + number // 28:02d}900000",
        "nama": name,
        "tanggal_lahir": f"1990-{1 + number // 28:02d}-{1 + number % 28:02d}",
        "jenis_kelamin": "P",
        "alamat": f"Kp. Contoh No. {number}",
        "rt": "1",
        "rw": "2",
        "kode_desa": VILLAGES[0],
        "pekerjaan": "Buruh harian lepas",
        "sumber_data": "DTKS",
        **cells,
    }
