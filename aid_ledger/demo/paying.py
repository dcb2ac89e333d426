"""The second half of the story: recipients, isolation, batches, approval by code, the bank, the posko, receipts."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from aid_ledger.approvals import service as approvals
from aid_ledger.core.act import Act
from aid_ledger.core.db import reading
from aid_ledger.delivery import service as delivery
from aid_ledger.delivery.rules import Scene, Witness
from aid_ledger.demo import bank, households
from aid_ledger.demo.households import Village
from aid_ledger.demo.setting_up import BST, BTT, GIFTS, ISOLATION, Papers
from aid_ledger.demo.stage import Stage
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import BatchLine
from aid_ledger.documents import service as documents
from aid_ledger.isolation import service as isolation
from aid_ledger.receipts import service as receipts
from aid_ledger.recipients import queries
from aid_ledger.recipients import service as recipients
from aid_ledger.recipients.importing import checking
from aid_ledger.recipients.importing.refusals import UPLOAD
from aid_ledger.recipients.models import Person
from aid_ledger.regions.models import Region

HOUSEHOLDS: Final = 5_000
SEED: Final = 2021
PERIOD: Final = "2021-07"
REGION: Final = "32.16"
ISOLATING: Final = 120
"""Home isolations taken in: enough to hand over in groups of at least twenty."""

ONE_IN: Final = 3
"""At most every third person isolates: however short the story, somebody is left for what others are given."""

PILLARS: Final = ("puskesmas", "lurah_kades", "bhabinkamtibmas")
GIFT_REGION: Final = "32.16.06"
"""ASN Berbagi of the story goes to Tambun Selatan, the kecamatan with the most cases, for families outside DTKS."""

SESSION: Final = hashlib.sha256(b"cerita").digest()
"""Stands for the approver's signed-in session on the command line."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """The three batches of the story."""

    bst: str
    isolation: str
    gifts: str

    @property
    def all(self) -> tuple[str, str, str]:
        """List them."""
        return self.bst, self.isolation, self.gifts


def villages(stage: Stage) -> list[Village]:
    """List the agency's desa and kelurahan from its own code tree."""
    with reading(stage.acts.engine) as session:
        query = select(Region).where(Region.level == "village", Region.code.startswith(REGION)).order_by(Region.code)
        return [Village(row.code, row.name) for row in session.scalars(query)]


def import_households(stage: Stage, count: int = HOUSEHOLDS) -> str:
    """Import the synthetic list as an operator would; good rows are kept, the others reported. Returns its number."""
    content = households.as_csv(households.rows(villages(stage), count=count, seed=SEED))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "penerima-bekasi.csv"
        path.write_bytes(content)
        with reading(stage.acts.engine) as session:
            yardstick = queries.yardstick(session, stage.day)
        checked = checking.check_file(path, yardstick, UPLOAD)
        done = stage.do(
            "operator",
            recipients.import_recipients,
            checked,
            file_name=path.name,
            file_sha256=hashlib.sha256(content).digest(),
            mode="good_rows",
        )
    stage.tell(f"    {done.good} baris diterima, {done.bad} baris dilaporkan dengan sebabnya")
    return done.reference


def report_isolation(stage: Stage) -> None:
    """Take in home isolations and let three pillars check each."""
    with reading(stage.acts.engine) as session:
        people = session.scalars(select(Person.reference).where(Person.state == "active").order_by(Person.id)).all()
    chosen = people[:: max(ONE_IN, len(people) // ISOLATING)][:ISOLATING]
    for person in chosen:
        stage.do("posko", _isolate, person, stage)


def _isolate(act: Act, person: str, stage: Stage) -> None:
    """Report one episode with its three checks in one Act: the posko's page does it in as many clicks."""
    episode = isolation.report_episode(
        act,
        person=person,
        origin="puskesmas",
        place="home",
        started_on=stage.day,
        health_centre="Puskesmas contoh",
        tested_on=stage.day,
    )
    for pillar in PILLARS:
        isolation.record_check(
            act,
            episode.reference,
            pillar=pillar,
            outcome="approved",
            checker_name="Petugas contoh",
            note="",
            checked_on=stage.day,
        )


def make_batches(stage: Stage, papers: Papers) -> Rounds:
    """Compute who is due, determine them by decree, draft and submit the three batches."""
    references = []
    for program, region, channel, decree in (
        (ISOLATION, REGION, "goods", "sk_jps"),
        (GIFTS, GIFT_REGION, "goods", "sk_gotong"),
        (BST, REGION, "bank", "sk_bst"),
    ):
        run = stage.do("operator", disbursement.compute_entitlements, program=program, period=PERIOD, region=region)
        stage.do("operator", disbursement.determine_run, run.reference, decree=papers[decree])
        batch = stage.do(
            "operator",
            disbursement.draft_batch,
            program=program,
            period=PERIOD,
            region=region,
            channel=channel,
            decree=papers[decree],
        )
        stage.do("operator", disbursement.submit_batch, batch.reference)
        stage.tell(f"    {batch.reference}: {batch.lines} keluarga, {run.left_out} tidak ikut dengan sebabnya")
        references.append(batch.reference)
    isolation_batch, gifts, bst = references
    return Rounds(bst=bst, isolation=isolation_batch, gifts=gifts)


def approve(stage: Stage, rounds: Rounds) -> None:
    """Verify each batch, then approve all with one code; the large one needs a second approver."""
    for reference in rounds.all:
        stage.do("verifikator", approvals.verify_batch, reference)
    _answer(stage, "penyetuju", list(rounds.all))
    with reading(stage.acts.engine) as session:
        is_waiting = batches.batch(session, rounds.bst).state == "verified"
    if is_waiting:
        _answer(stage, "penyetuju2", [rounds.bst])


def _answer(stage: Stage, login: str, references: list[str]) -> None:
    challenge = stage.do(login, approvals.open_challenge, references, session_hash=SESSION)
    code = stage.cast.members[login].code()
    outcome = stage.do(login, approvals.answer_challenge, challenge.reference, code, session_hash=SESSION)
    if not outcome.is_accepted:
        message = f"{login}'s code was refused: {outcome.reason}"
        raise RuntimeError(message)


def pay_by_bank(stage: Stage, rounds: Rounds) -> None:
    """Hand the transfer file to the bank, read its answer, ask about the silent ones, and settle."""
    instruction = stage.do("bendahara", delivery.instruct, rounds.bst)
    with reading(stage.acts.engine) as session:
        content = b"".join(delivery.file_of(session, stage.acts.kit.keys, instruction))
    told = bank.answer(content, at=f"{stage.day.isoformat()}T10:00:00+07:00", seed=SEED)
    stage.do("bendahara", delivery.import_results, instruction.reference, told.content)
    again = bank.inquire(told.silent, at=f"{stage.day.isoformat()}T11:00:00+07:00")
    if told.silent:
        stage.do("bendahara", delivery.import_results, instruction.reference, again, is_inquiry=True)
    stage.tell(f"    {rounds.bst}: {len(told.silent)} sempat tidak pasti, ditanyakan, tidak dikirim ulang")


def hand_over(stage: Stage, reference: str) -> None:
    """Hand goods over before two witnesses, by an officer who took in no isolation; a few households are not met."""
    stage.do("bendahara", delivery.instruct, reference)
    with reading(stage.acts.engine) as session:
        batch = batches.batch(session, reference)
        query = select(BatchLine.line_no).where(BatchLine.batch_id == batch.id, BatchLine.state == "sent")
        numbers = list(session.scalars(query.order_by(BatchLine.line_no)))
    absent, met = numbers[:3], numbers[3:]
    seen = Scene("Posko PPKM", (Witness("Saksi RT contoh", "Ketua RT"), Witness("Saksi PKK contoh", "Kader PKK")))
    for start in range(0, len(met), 200):
        stage.do("pengantar", delivery.hand_over, reference, met[start : start + 200], seen)
    stage.do("pengantar", delivery.fail_lines, reference, dict.fromkeys(absent, "RECIPIENT_ABSENT"))


def return_failed(stage: Stage, rounds: Rounds) -> None:
    """Send what the bank could not deliver back to the treasury, on an STS that says exactly so much."""
    with reading(stage.acts.engine) as session:
        batch = batches.batch(session, rounds.bst)
        failed = batches.states_of_lines(session, batch.id).get("failed", (0, 0))[1]
    if not failed:
        return
    paper = stage.do(
        "bendahara",
        documents.register_document,
        kind="sts",
        number="STS/CONTOH-12/2021",
        title="Setoran kembali BST gagal salur",
        signer="Bendahara Pengeluaran",
        issued_on=stage.day,
        valid_from=stage.day,
        amount=failed,
    )
    stage.do(
        "bendahara",
        delivery.return_to_treasury,
        batch=rounds.bst,
        source=BTT,
        program=BST,
        commodity="IDR",
        amount=failed,
        document=paper.reference,
    )


def issue_receipts(stage: Stage, rounds: Rounds) -> int:
    """Issue a receipt for every delivered line; returns how many."""
    issued = 0
    for reference in rounds.all:
        while count := stage.do("bendahara", receipts.issue_receipts, reference):
            issued += count
    return issued
