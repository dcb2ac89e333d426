"""The whole river once, and what it leaves for strangers: a log and receipts that prove themselves and name nobody."""

from __future__ import annotations

import io
import logging
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from aid_ledger.core import logs
from aid_ledger.core.errors import DomainError
from aid_ledger.demo import paying
from aid_ledger.log.export import export
from aid_ledger.log.models import LogEntry
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.press import load_press
from aid_ledger.recipients import privacy
from aid_ledger.recipients import service as recipients
from aid_ledger.recipients.models import Person
from audit.cli import main as aid_audit
from audit.policy import Policy
from audit.replay import Replay
from audit.source import open_source
from audit.verify import Report, verify_log
from tests.builders.lived import Lived
from tests.builders.personal import spellings, told_in

FLIPS = 24
"""Bytes flipped in each of log and receipt; every byte of golden ones is flipped in the tests of `audit`."""

CARELESS = 20
"""Rows that a careless line of code writes down."""

ABOUT_ONE_PERSON = frozenset({"PersonCorrected", "BankAccountChanged", "CivilStatusRecorded"})


def exported(lived: Lived, folder: Path) -> Path:
    """Write the log as files, as anybody may take them away."""
    with lived.bench.reading() as session:
        export(session, folder, vkey=lived.vkey)
    return folder


def verified(folder: Path, vkey: str) -> Report:
    """Verify a log as the inspectorate does, with the key from signed paper."""
    return verify_log(
        open_source(str(folder)), now_s=int(time.time()), trusted=Policy.of_log_key(vkey), checkers=[Replay()]
    )


def printed(lived: Lived) -> bytes:
    """Print a receipt."""
    settings = lived.settings
    press = load_press(settings)
    with lived.bench.reading() as session:
        reference = session.scalars(select(Receipt.reference).order_by(Receipt.id.desc()).limit(1)).one()
        return press.pdf_of(session, lived.office.kit.keys, reference)


def test_the_story_ends_in_agreement(lived: Lived) -> None:
    """P1, P3: sources, programmes, people, batches, approvals, payments, receipts: rows and log say one thing."""
    assert lived.differences() == []


def test_the_log_verifies_without_us(lived: Lived, tmp_path: Path) -> None:
    """P3, R1 to R5: anchored and replayed; a stranger's key, an earlier day and any flipped byte are told apart."""
    folder = exported(lived, tmp_path / "log")
    report = verified(folder, lived.vkey)
    assert (report.is_good, report.is_anchored, report.findings) == (True, True, ())
    chance = random.Random(7)  # noqa: S311 - places to flip, no secret
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.stat().st_size and path.name != "log.vkey"
    )
    for _ in range(FLIPS):
        bent = tmp_path / "bent"
        shutil.copytree(folder, bent)
        path = bent / chance.choice(files).relative_to(folder)
        raw = bytearray(path.read_bytes())
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        path.write_bytes(raw)
        assert not verified(bent, lived.vkey).is_good, path
        shutil.rmtree(bent)


def test_a_receipt_verifies_without_us(lived: Lived, tmp_path: Path) -> None:
    """P4: with the root certificate and the key from paper, on any machine; no flipped byte passes."""
    pdf = tmp_path / "tanda-terima.pdf"
    pdf.write_bytes(printed(lived))
    command = ["receipt", str(pdf), "--root", str(lived.settings.receipt_root_certificate_file)]
    command += ["--log-key", lived.vkey]
    assert CliRunner().invoke(aid_audit, command).exit_code == 0
    chance = random.Random(7)  # noqa: S311 - places to flip, no secret
    whole = pdf.read_bytes()
    for _ in range(FLIPS):
        raw = bytearray(whole)
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        pdf.write_bytes(raw)
        assert CliRunner().invoke(aid_audit, command).exit_code == 1


# --- and nobody is in it --------------------------------------------------------------------------------------------


def test_no_byte_of_the_log_names_anybody(lived: Lived, tmp_path: Path) -> None:
    """THREATS 13, 14, 18: no NIK, card, telephone, account, name or address, no bare hash, no salt, no keyed hash."""
    folder = exported(lived, tmp_path / "log")
    public = b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    assert told_in(public, lived) == []


def test_no_reference_follows_a_person_through_the_log(lived: Lived) -> None:
    """THREATS 13: a person's reference stands where that person's row was changed, never beside aid or an isolation."""
    with lived.bench.reading() as session:
        kinds = {kind for kind, raw in session.execute(select(LogEntry.kind, LogEntry.raw)) if b'"PER-' in bytes(raw)}
    assert kinds == ABOUT_ONE_PERSON


@contextmanager
def overheard() -> Iterator[io.StringIO]:
    """Hear everything that this program and its libraries say, as production writes it down."""
    root, heard = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    logs.configure(is_production=True, level=logging.DEBUG, stream=heard)
    try:
        yield heard
    finally:
        logging.captureWarnings(capture=False)
        root.handlers, root.level = handlers, level


def test_no_line_of_our_own_log_names_anybody(lived: Lived) -> None:
    """P6: a list imported, people corrected, looked at and refused, with every library at its most talkative."""
    with lived.bench.reading() as session:
        person = session.scalars(select(Person.reference).order_by(Person.id.desc())).first()
    assert person is not None
    with overheard() as heard:
        paying.import_households(lived.stage, 40)
        reason = "Menurut kartu keluarga terbaru"
        lived.stage.do(
            "operator", recipients.correct_person, person, reason=reason, values={"nama": "Nama Baru Sekali"}
        )
        lived.stage.do("pemeriksa", privacy.view_people, [person], purpose="Pemeriksaan kunjungan lapangan")
        with pytest.raises(DomainError) as refusal:
            lived.stage.do("operator", recipients.load_external_aid, program="PKH", period="2021", niks=["32160641079"])
        logs.get(__name__).exception("refused", exc_info=refusal.value)
        print_everything(lived)
    said = heard.getvalue().encode()
    assert said.count(b"row_refused") == CARELESS
    looked_for = {form for row in lived.imported() for form in spellings(row)} | {b"Nama Baru Sekali", b"32160641079"}
    assert [form for form in looked_for if form in said] == []


def print_everything(lived: Lived) -> None:
    """Let a careless line of code write down whole rows."""
    for row in lived.imported()[:CARELESS]:
        logs.get("ceroboh").warning(
            "row_refused", nik=row["nik"], line=f"{row['nik']} {row['no_hp']} {row['no_rekening']}"
        )
