"""An agency that has lived: the demonstration's story in small, then the deeds it has no place for.

Afterwards every table that records something has rows, so that a test can lay hands on each of them. It is played once
per session and backend; tests get copies of its database and of its folder. The clock runs throughout: a day and some
hours late at first, so that the witness policy set then is in force now; its witness never comes, and a way is open.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from aid_ledger import app as composition
from aid_ledger.app import Office
from aid_ledger.approvals import service as approvals
from aid_ledger.core import clock, keyfiles
from aid_ledger.core.act import Act, Acts
from aid_ledger.core.db import reading
from aid_ledger.custody import roots
from aid_ledger.custody import rules as custody_rules
from aid_ledger.custody import service as custody
from aid_ledger.custody.queries import hex_of
from aid_ledger.demo import households, paying, setting_up, story
from aid_ledger.demo.cast import Cast
from aid_ledger.demo.paying import Rounds
from aid_ledger.demo.stage import Stage
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.documents import service as documents
from aid_ledger.documents.models import Document
from aid_ledger.isolation import service as isolation
from aid_ledger.isolation.models import IsolationEpisode
from aid_ledger.leaving import service as leaving
from aid_ledger.log import witnessing
from aid_ledger.log.diff import Difference, diff
from aid_ledger.log.pen import LogPen
from aid_ledger.officials import service as officials
from aid_ledger.receipts import service as receipts
from aid_ledger.receipts.manifests import service as manifests
from aid_ledger.receipts.manifests.queries import draw_up
from aid_ledger.receipts.manifests.rules import SEALED, Outcome
from aid_ledger.receipts.models import Receipt
from aid_ledger.recipients import privacy
from aid_ledger.recipients import service as recipients
from aid_ledger.recipients.models import Person
from aid_ledger.settings import DEMO_ORIGIN, Environment, Settings
from audit import note
from tests.benches import Bench
from tests.builders import receipt_keys
from tests.builders.custody import id_of, statement
from tests.builders.documents import PDF
from tests.builders.log import AGREEMENTS

HOUSEHOLDS = 120
"""As few as leave somebody for every programme of the story."""

YESTERDAY = dt.timedelta(hours=26)
"""So long that a policy agreed to then holds now, wherever the agency is."""

NEXT_PERIOD = "2021-08"
KECAMATAN = "32.16.09"


@dataclass(frozen=True)
class Life:
    """A life that tests only copy: its database, its folder, its people."""

    url: str
    var: Path
    cast: Cast
    rounds: Rounds


@dataclass(frozen=True)
class Lived:
    """A copy of that life, ready to go on."""

    settings: Settings
    office: Office
    bench: Bench
    stage: Stage
    rounds: Rounds

    @property
    def vkey(self) -> str:
        """The log's public key, as it stands on paper."""
        return story.log_vkey(self.settings)

    @property
    def published(self) -> Path:
        """The checkpoint outside the database."""
        return composition.published_checkpoint(self.settings)

    def differences(self) -> list[Difference]:
        """Compare log and database as `aid-ledger audit diff` does."""
        seal = self.published.read_bytes()
        with self.bench.reading() as session:
            return diff(session, vkey=self.vkey, published=seal, agreements=AGREEMENTS)

    def imported(self) -> list[dict[str, str]]:
        """List the rows of the list that was imported, as the operator had them."""
        return list(households.rows(paying.villages(self.stage), count=HOUSEHOLDS, seed=paying.SEED))


def live(url: str, folder: Path) -> Life:
    """Play the story on a migrated database, and go on with what it has no place for."""
    settings = settings_in(folder, url)
    clock.set_clock(lambda: dt.datetime.now(dt.UTC) - YESTERDAY)
    try:
        told = story.play(settings, _quiet, households=HOUSEHOLDS)
        stage = Stage(told.office.acts, told.cast, story.DAY, _quiet)
        _wait_for_a_witness(stage, story.log_vkey(settings))
    finally:
        clock.set_clock(None)
    _keep_the_old_key(stage, _log_key(settings))
    _keep_the_old_root(stage, settings)
    _go_on(stage, told.rounds)
    told.office.engine.dispose()
    return Life(url, settings.var, told.cast, told.rounds)


def copy_of(life: Life, url: str, folder: Path) -> Lived:
    """Open a copied database beside a copy of the folder."""
    settings = settings_in(folder, url)
    shutil.copytree(life.var, settings.var)
    office = composition.open_office(settings)
    sequencer = office.sequencer or composition.open_sequencer(settings, office.engine)
    acts = Acts(office.engine, LogPen(sequencer), office.kit, zone=office.agency.zone)
    office = replace(office, acts=acts, sequencer=sequencer)
    cast = Cast({login: replace(member) for login, member in life.cast.members.items()})
    bench = Bench(office.engine, acts, sequencer, _log_key(settings), office.kit, folder)
    return Lived(settings, office, bench, Stage(acts, cast, story.DAY, _quiet), life.rounds)


def settings_in(folder: Path, url: str) -> Settings:
    """Give the settings of an installation for tests; its folder is made by whoever fills it."""
    return Settings(environment=Environment.TEST, database_url=url, var=folder / "var", origin=DEMO_ORIGIN)


def _log_key(settings: Settings) -> note.SigningKey:
    return note.parse_skey(keyfiles.read_private(settings.log_key_file).decode().strip())


def _quiet(_line: str) -> None:
    """Tell nobody."""


def _go_on(stage: Stage, rounds: Rounds) -> None:
    _open_a_way(stage)
    _file_a_scan(stage)
    _correct_the_register(stage)
    _pay_no_second_round(stage)
    _cancel_a_receipt(stage, rounds)
    _change_the_officials(stage)


def _wait_for_a_witness(stage: Stage, log_vkey: str) -> None:
    vkey = str(note.SigningKey.generate("kpk.example/witness").verifier(note.COSIGNATURE))
    stage.do("admin", witnessing.add_witness, name="kpk", vkey=vkey, url="https://kpk.example/witness")
    text = f"log {log_vkey}\nwitness kpk {vkey}\nquorum kpk\n"
    stage.do("admin2", leaving.agree_policy, stage.do("admin", leaving.propose_policy, text).reference)


def _keep_the_old_key(stage: Stage, old: note.SigningKey) -> None:
    """Announce another key for the log, and give it up."""
    new = note.SigningKey.generate(old.name)
    stage.do("admin", custody.propose_key, statement(old, new), decree="700/14/2021")
    stage.do("admin2", custody.announce_key, id_of(new), wait=custody_rules.wait_of(0))
    stage.do("admin", custody.withdraw_key, id_of(new), reason="Tokennya tidak jadi dibeli")


def _keep_the_old_root(stage: Stage, settings: Settings) -> None:
    """Announce another root for the receipts, and give it up."""
    old, new = receipt_keys.read_root(settings), receipt_keys.next_root()
    handed, typed = receipt_keys.handed(DEMO_ORIGIN, old=old), hex_of(receipt_keys.digest_of(new))
    stage.do("admin", roots.propose_root, handed, decree="700/15/2021")
    stage.do("admin2", roots.announce_root, typed, wait=custody_rules.wait_of(0))
    stage.do("admin", roots.withdraw_root, typed, reason="Akar yang lama masih berlaku")


def _open_a_way(stage: Stage) -> None:
    caps = {"cap": 10_000_000_000, "lines": 10_000, "hours": 24}
    way = stage.do("bendahara", leaving.propose_way, reason="Saksi KPK tidak dapat dihubungi", **caps)
    stage.do("penyetuju", leaving.open_way, way.reference)


def _file_a_scan(stage: Stage) -> None:
    stage.do(
        "operator",
        documents.register_document,
        kind="lainnya",
        number="005/CONTOH-13/2021",
        title="Undangan rapat koordinasi",
        signer="Sekretaris Daerah",
        issued_on=stage.day,
        valid_from=stage.day,
        content=PDF,
    )


def _correct_the_register(stage: Stage) -> None:
    with reading(stage.acts.engine) as session:
        people = session.scalars(select(Person.reference).order_by(Person.id)).all()
        episode = session.scalars(select(IsolationEpisode.reference).order_by(IsolationEpisode.id)).first()
    reason = "Menurut kartu keluarga terbaru"
    stage.do("operator", recipients.correct_person, people[0], reason=reason, values={"alamat": "Kp. Baru No. 1"})
    stage.do(
        "operator",
        recipients.change_account,
        people[1],
        bank="110",
        number="0099887766554",
        holder="PEMILIK BARU",
        reason="Rekening lama sudah ditutup",
    )
    stage.do("operator", recipients.record_civil_status, people[2], status="moved", since=stage.day)
    stage.do("operator", recipients.load_external_aid, program="PKH", period="2021", niks=["3216064107900000"])
    stage.do("pemeriksa", privacy.view_people, people[3:5], purpose="Pemeriksaan kunjungan lapangan")
    assert episode is not None
    stage.do("posko", isolation.end_episode, episode, ends_on=stage.day)


def _pay_no_second_round(stage: Stage) -> None:
    """Draft for another month: one batch is refused at the second pair of eyes, the next is withdrawn."""
    with reading(stage.acts.engine) as session:
        decree = session.scalars(select(Document.reference).where(Document.number == "460/CONTOH-07/2021")).one()
    what = {"program": setting_up.BST, "period": NEXT_PERIOD, "region": KECAMATAN}
    run = stage.do("operator", disbursement.compute_entitlements, **what)
    stage.do("operator", disbursement.determine_run, run.reference, decree=decree)
    refused = stage.do("operator", disbursement.draft_batch, **what, channel="bank", decree=decree)
    stage.do(
        "operator", disbursement.set_aside_line, refused.reference, _first_listed(stage, refused), reason="by_hand"
    )
    stage.do("operator", disbursement.submit_batch, refused.reference)
    stage.do("verifikator", approvals.verify_batch, refused.reference)
    stage.do("penyetuju", approvals.reject_batch, refused.reference, reason="Daftar belum lengkap", send_back=False)
    withdrawn = stage.do("operator", disbursement.draft_batch, **what, channel="bank", decree=decree)
    stage.do("operator", disbursement.cancel_batch, withdrawn.reference, reason="Disusun ulang bulan depan")


def _first_listed(stage: Stage, batch: Batch) -> int:
    """Lines are numbered at random, and some are set aside from the start: the household that moved, for one."""
    with reading(stage.acts.engine) as session:
        listed = BatchLine.batch_id == batch.id, BatchLine.state == "listed"
        return session.scalars(select(BatchLine.line_no).where(*listed).order_by(BatchLine.line_no)).first() or 0


def _cancel_a_receipt(stage: Stage, rounds: Rounds) -> None:
    with reading(stage.acts.engine) as session:
        first, second = session.scalars(select(Receipt.reference).order_by(Receipt.id).limit(2))
    stage.do("bendahara", receipts.cancel_receipt, first, reason="Salah keluarga")
    stage.do("bendahara", receipts.record_print, second, copy=1)
    with reading(stage.acts.engine) as session:
        sealed = select(Batch.reference).join(BatchLine, BatchLine.batch_id == Batch.id)
        sealed = sealed.join(Receipt, Receipt.line_id == BatchLine.id).order_by(Receipt.id).limit(1)
        stated = draw_up(session, session.scalars(sealed).one())
    asked = stage.do("bendahara", manifests.ask, stated, b"%PDF-1.7")
    stage.do("bendahara", manifests.conclude, asked.reference, Outcome(SEALED, file=b"%PDF-1.7 sealed"))


def _change_the_officials(stage: Stage) -> None:
    """Give and take a role; open one way to a new device and refuse the other."""
    reference = stage.do("admin", _ask_for_role)
    stage.do("admin2", officials.decide_role, reference, grant=True)
    stage.do("admin", officials.revoke_role, reference, reason="Kembali ke tugas semula")
    for login, is_granted in (("pengantar", True), ("posko", False)):
        reset = stage.do("admin", _ask_for_reset, login)
        stage.do("admin2", officials.decide_reset, reset, grant=is_granted, reason="Tidak hilang")


def _ask_for_role(act: Act) -> str:
    grant = officials.request_role(
        act,
        login="pengantar",
        role="operator",
        area="32.16.06",
        since=act.on,
        until=None,
        decree="800/90/2021",
    )
    return grant.reference


def _ask_for_reset(act: Act, owner: str) -> str:
    return officials.request_reset(act, login=owner, factor="device", decree="800/91/2021").reference
