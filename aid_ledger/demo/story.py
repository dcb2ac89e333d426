"""The demonstration from an empty folder to a receipt that proves itself, with the last words a script can read.

Plays Kabupaten Bekasi in July and August 2021 through the services that officers use; business days are of that time,
recorded times are now. Nothing here writes a row by itself.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import select

from aid_ledger import app as composition
from aid_ledger.app import Office
from aid_ledger.cli import beginning
from aid_ledger.core import keyfiles
from aid_ledger.core.act import Acts
from aid_ledger.core.db import reading
from aid_ledger.demo import cast as people
from aid_ledger.demo import paying, setting_up
from aid_ledger.demo.cast import Cast
from aid_ledger.demo.paying import Rounds
from aid_ledger.demo.stage import Stage
from aid_ledger.disbursement import lodging
from aid_ledger.log.pen import LogPen
from aid_ledger.log.queries import newest_checkpoint
from aid_ledger.oversight import evidence as bundles
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.press import load_press
from aid_ledger.settings import DEMO_ORIGIN, Settings
from audit import keyfile, note
from audit.choice import Wish
from audit.sealing import ReaderSecret

DAY: Final = dt.date(2021, 8, 5)
"""The day of the Korsupgah meeting with KPK that the story is told for."""

SINCE: Final = DAY - dt.timedelta(days=60)
"""The first day that its evidence is about."""

AUDITOR: Final = "inspektorat"
"""Whom openings are sealed to."""

AGENCY: Final = "32.16"
NAME: Final = "Pemerintah Kabupaten Bekasi (contoh)"


@dataclass(frozen=True, slots=True)
class Told:
    """What the story leaves behind."""

    office: Office
    cast: Cast
    rounds: Rounds
    receipt: Path
    evidence: Path


def play(settings: Settings, tell: Callable[[str], None], *, households: int = paying.HOUSEHOLDS) -> Told:
    """Play the whole cycle in a fresh folder; what an earlier demonstration left there is removed first."""
    _clear(settings.var)
    tell(f"Mendirikan {NAME} di {settings.var}")
    begun = beginning.found(settings, beginning.Plan(AGENCY, NAME, DEMO_ORIGIN, people.FOUNDERS))
    office = _ordering(composition.open_office(settings))
    cast = people.enrol(office.acts, begun.links, DAY)
    stage = Stage(office.acts, cast, DAY, tell)
    papers = _set_up(stage)
    people.close_founding(office.acts, cast, DAY)
    with stage.chapter("Inspektorat menyerahkan kunci pembukaan"):
        _set_auditor_key(stage, settings)
    rounds = _pay(stage, papers, households)
    with stage.chapter("Tanda terima diterbitkan"):
        tell(f"    {paying.issue_receipts(stage, rounds)} tanda terima")
    receipt = _press(office)
    evidence = _export(stage, office)
    return Told(office, cast, rounds, receipt, evidence)


def _ordering(office: Office) -> Office:
    """Let this process order the log on PostgreSQL too: a story has no second process beside it."""
    if office.sequencer is not None:
        return office
    sequencer = composition.open_sequencer(office.settings, office.engine)
    acts = Acts(office.engine, LogPen(sequencer), office.kit, zone=office.agency.zone)
    return replace(office, acts=acts, sequencer=sequencer)


def last_words(told: Told) -> list[str]:
    """List the lines `key: value` that end the demonstration."""
    settings = told.office.settings
    with reading(told.office.engine) as session:
        newest = newest_checkpoint(session)
    if newest is None:
        message = "the demonstration ended without a checkpoint"
        raise RuntimeError(message)
    lines = [
        f"database: {settings.engine_url()}",
        f"log_origin: {told.office.agency.origin}",
        f"log_vkey: {log_vkey(settings)}",
        f"log_size: {newest.size}",
        f"checkpoint: {composition.published_checkpoint(settings)}",
        f"root_cert: {settings.receipt_root_certificate_file}",
        f"receipt: {told.receipt}",
        f"evidence: {told.evidence}",
    ]
    members = told.cast.members.values()
    lines += [f"login_{member.login}: {member.login} {member.password} {member.secret}" for member in members]
    return lines


def how_to_go_on(base_url: str) -> list[str]:
    """Tell a newcomer what the last words are for; no script reads these."""
    return [
        f"Warga, tanpa akun: {base_url}/periksa, {base_url}/transparansi, {base_url}/log/",
        f"Petugas: {base_url}/masuk. Setiap baris login_ di atas memuat nama masuk, kata sandi, dan rahasia kode.",
        "Kode enam angkanya: ketik rahasia itu ke aplikasi autentikator, atau jalankan",
        "    .venv/bin/python -c 'import pyotp, sys; print(pyotp.TOTP(sys.argv[1]).now())' RAHASIA",
        "Satu kode hanya berlaku sekali: untuk menyetujui, tunggu angka yang berikutnya.",
        "Urutannya: operator membuat, verifikator memeriksa, penyetuju memberi kode, bendahara membayar;",
        "pemeriksa melihat semuanya.",
    ]


def log_vkey(settings: Settings) -> str:
    """Give the log's public key, as a verifier pins it."""
    key = note.parse_skey(keyfiles.read_private(settings.log_key_file).decode().strip())
    return str(key.verifier())


def _set_up(stage: Stage) -> setting_up.Papers:
    with stage.chapter("Dokumen, barang, dan sumber dana"):
        papers = setting_up.file_papers(stage)
        setting_up.define_goods(stage)
        setting_up.open_sources(stage, papers)
    with stage.chapter("Program, tarif, pagu, kebijakan persetujuan"):
        setting_up.define_programs(stage, papers)
        setting_up.allocate_and_buy(stage, papers)
    return papers


def _pay(stage: Stage, papers: setting_up.Papers, households: int) -> Rounds:
    with stage.chapter(f"Impor {households} keluarga sintetis"):
        paying.import_households(stage, households)
    with stage.chapter("Isolasi mandiri diperiksa 4 Pilar"):
        paying.report_isolation(stage)
    with stage.chapter("Hak dihitung, ditetapkan dengan SK, paket diajukan"):
        rounds = paying.make_batches(stage, papers)
    with stage.chapter("Diverifikasi, disetujui dengan OTP"):
        paying.approve(stage, rounds)
    with stage.chapter("Dibayar lewat bank, yang tidak pasti ditanyakan"):
        paying.pay_by_bank(stage, rounds)
    with stage.chapter("Barang diserahkan posko di depan saksi"):
        paying.hand_over(stage, rounds.isolation)
        paying.hand_over(stage, rounds.gifts)
    with stage.chapter("Yang gagal disetor kembali ke kas daerah"):
        paying.return_failed(stage, rounds)
    return rounds


def _press(office: Office) -> Path:
    """Make the PDF of the first receipt, which is of BST."""
    settings = office.settings
    press = load_press(settings)
    with reading(office.engine) as session:
        reference = session.scalars(select(Receipt.reference).order_by(Receipt.id).limit(1)).one()
        pdf = press.pdf_of(session, office.kit.keys, reference)
    path = settings.var / f"tanda-terima-{reference}.pdf"
    path.write_bytes(pdf)
    return path


def _set_auditor_key(stage: Stage, settings: Settings) -> None:
    """Make the inspectorate's key, which would lie on its own machine, and let two officials set it."""
    secret = ReaderSecret.generate(AUDITOR)
    keyfile.keep(settings.var / f"{AUDITOR}.key", secret.format())
    public = str(secret.reader())
    proposed = stage.do("admin", lodging.propose_key, public)
    stage.do("pemeriksa", lodging.set_key, proposed.reference, public=public)


def _export(stage: Stage, office: Office) -> Path:
    """Carry the log away with the proofs of what BST did until the day of the meeting, and its openings beside it."""
    settings = office.settings
    file = settings.var / f"bukti-{setting_up.BST}.zip"
    given = stage.do("pemeriksa", lodging.give, auditor=AUDITOR, program=setting_up.BST, since=SINCE, until=DAY)
    bundles.put_beside(file, AUDITOR, given)
    wish = Wish(setting_up.BST, SINCE.isoformat(), DAY.isoformat())
    certificate = settings.receipt_root_certificate_file.read_bytes()
    with reading(office.engine) as session:
        bundles.export(session, file, wish, vkey=log_vkey(settings), root_certificate=certificate)
    return file


def _clear(folder: Path) -> None:
    """Remove an earlier demonstration; only a folder that says it is one is removed."""
    mark = folder / "demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        message = f"{folder} holds something that is no demonstration; choose another with AID_LEDGER_VAR"
        raise composition.StartRefused(message)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.write_text("Folder ini dibuat oleh demo dan dihapus saat demo dijalankan lagi.\n")
