"""The public check: guesses learn nothing, genuine receipts are proven, cancelled ones say so, forgeries are named."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import event, text

from aid_ledger.core import clock
from aid_ledger.core.act import Acts
from aid_ledger.core.prison import FileUnreadable
from aid_ledger.custody.queries import Root
from aid_ledger.log.pen import LogPen
from aid_ledger.public import checking, reading, verdicts
from aid_ledger.public.checking import Anchors
from aid_ledger.public.reading import Reading
from aid_ledger.public.verdicts import Finding, Reason, Verdict
from aid_ledger.receipts import certificates, service
from aid_ledger.receipts.opinion import Opinion
from audit.note import SigningKey
from audit.pdf import cms, frame
from audit.pdf.fields import ReceiptFields
from audit.pdf.impressions import Impression
from audit.policy import Policy
from tests.benches import Bench
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.rooms.public.conftest import Issued

GUESSES = 10_000
TRUSTED = Policy.of_log_key(str(SigningKey("uji.example", bytes(32)).verifier()))
ROOTS = (Root(receipt_keys.root_digest(), receipt_keys.der_of(receipt_keys.root())),)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class Desk:
    """The public check on a founded agency."""

    bench: Bench
    anchors: Anchors

    def code(self, typed: str) -> Finding:
        """Check a code."""
        with self.bench.reading() as session:
            return checking.check_code(session, self.bench.kit.keys, self.anchors, typed, at=clock.now())

    def file(self, pdf: bytes) -> Finding:
        """Check a file."""
        read = checking.check_file(pdf, self.anchors, at=clock.now())
        return self.compared(read) if isinstance(read, Reading) else read

    def compared(self, read: Reading) -> Finding:
        """Compare a reading with the record."""
        with self.bench.reading() as session:
            return checking.compare(session, self.bench.kit.keys, self.anchors, read, at=clock.now())


def anchors_of(bench: Bench, certificate: bytes) -> Anchors:
    """Read the anchors with a certificate file of this content."""
    path = bench.folder / "root.crt"
    path.write_bytes(certificate)
    with bench.reading() as session:
        return checking.anchors(session, path)


@pytest.fixture
def desk(issued: Issued) -> Desk:
    """Give the public check of an agency with three receipts."""
    return Desk(issued.founded.bench, anchors_of(issued.founded.bench, receipt_keys.root_pem()))


@contextmanager
def counting_statements(bench: Bench) -> Iterator[list[str]]:
    """Note every statement that is sent to the database, also by its readers."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    with bench.reading() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def superuser(bench: Bench, statement: str, **values: object) -> None:
    """Do what a database administrator can."""
    with bench.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_ten_thousand_guesses_get_one_answer(issued: Issued, desk: Desk) -> None:
    """THREATS 16: random codes, numbers of receipts, near misses of a real code: all the same, and nothing of it."""
    receipt, real = issued.receipts[0], issued.code()
    wrong = [real[:-1] + letter for letter in ALPHABET if letter != real[-1]]
    wrong += [receipt.reference, receipt.public_id, real[:-1], real + "A", "", "\0", "%27 OR 1=1", "\U0001f600" * 16]
    wrong += ["".join(secrets.choice(ALPHABET) for _ in range(16)) for _ in range(GUESSES - len(wrong))]
    with desk.bench.reading() as session:
        keys = desk.bench.kit.keys
        at = clock.now()
        answers = {checking.check_code(session, keys, desk.anchors, guess, at=at) for guess in wrong}
    assert answers == {verdicts.refused(Reason.CODE_UNKNOWN)}


@pytest.mark.parametrize("typed", ["", "pendek", "A" * 5_000, "SUFV-Q5M6-RI4U-MY3T", "\u202e" * 16, "1" * 16])
def test_a_malformed_code_takes_the_steps_of_a_wrong_one(desk: Desk, typed: str) -> None:
    """Time tells: a code that is refused before the look-up would say which ones are worth trying."""
    with counting_statements(desk.bench) as unknown:
        desk.code("ABCDEFGHIJKLMNOP")
    with counting_statements(desk.bench) as malformed:
        desk.code(typed)
    assert malformed == unknown
    assert unknown


def test_a_code_opens_a_proven_receipt(issued: Issued, desk: Desk) -> None:
    """The paper's code, however it is typed, gives the record and where the log proves it."""
    receipt, code = issued.receipts[1], issued.code(1)
    for typed in (code, code.lower(), "-".join(code[place : place + 4] for place in range(0, 16, 4)), f" {code} "):
        found = desk.code(typed)
        assert found.verdict is Verdict.GENUINE
        assert found.fields is not None
        assert found.fields.number == receipt.reference
        assert found.proof is not None
        assert found.proof.position < found.proof.size


def test_lookalike_digits_are_read_as_letters(issued: Issued, desk: Desk) -> None:
    """Nought for O, one for I, eight for B: base32 has none of these digits, so nobody else's receipt opens."""
    for place in range(3):
        code = issued.code(place)
        found = desk.code(code.replace("O", "0").replace("I", "1").replace("B", "8"))
        assert isinstance(found.fields, ReceiptFields)
        assert found.fields.code == code


def test_a_cancelled_receipt_says_so_only_to_its_holder(issued: Issued, desk: Desk) -> None:
    """THREATS 16: state shows after code or signature; to a guess a cancelled receipt looks like none."""
    receipt, code, pdf = issued.receipts[0], issued.code(), issued.pdf()
    assert desk.file(pdf).verdict is Verdict.GENUINE
    builders.cancel(issued.founded, receipt, reason="Salah keluarga")
    for found in (desk.code(code), desk.file(pdf)):
        assert (found.verdict, found.end_reason) == (Verdict.CANCELLED, "Salah keluarga")
        assert found.ended_at is not None
    assert desk.code(receipt.reference) == verdicts.refused(Reason.CODE_UNKNOWN)


def test_a_replaced_receipt_names_the_new_one(issued: Issued, desk: Desk) -> None:
    """Whoever holds the old paper is told which number to ask for, by its code and by its file; the new one stands."""
    old, pdf = issued.receipts[0], issued.pdf()
    builders.correct_name(issued.founded, old, "Maimunah Betul")
    new = builders.replace(issued.founded, old)
    for found in (desk.code(issued.code()), desk.file(pdf)):
        assert (found.verdict, found.replaced_by, found.end_reason) == (Verdict.REPLACED, new.reference, "Nama salah")
    assert desk.code(builders.code_of(desk.bench, new)).verdict is Verdict.GENUINE
    assert desk.file(builders.pdf_of(desk.bench, new)).verdict is Verdict.GENUINE


def test_a_replaced_receipt_whose_successor_was_lost_does_not_stand(issued: Issued, desk: Desk) -> None:
    """THREATS 8: after a restore the log still says that it ended; which one follows is not known yet."""
    ended = "UPDATE receipts SET state = 'replaced', ended_at = issued_at WHERE id = :id"
    superuser(desk.bench, ended, id=issued.receipts[0].id)
    found = desk.code(issued.code())
    assert (found.verdict, found.replaced_by) == (Verdict.REPLACED, "")


def test_what_is_not_sealed_cannot_be_checked(issued: Issued, desk: Desk) -> None:
    """Between the Act and the checkpoint the server has only its own word, so it gives none."""
    sent = builders.delivered(issued.founded, count=1)
    with Acts(desk.bench.engine, LogPen(), desk.bench.kit).open(issued.founded.actor("treasurer")) as act:
        service.issue_receipts(act, sent.batch)
    receipt = builders.receipts(desk.bench)[-1]
    assert desk.code(builders.code_of(desk.bench, receipt)) == verdicts.undecided(Reason.NOT_SEALED)


@pytest.mark.parametrize("column", ["fields", "code_hash", "public_id"])
def test_a_tampered_record_is_no_longer_genuine(issued: Issued, desk: Desk, column: str) -> None:
    """THREATS 6: a superuser gives the first receipt the second one's statement, code or name: nobody is told Asli."""
    first, second, _third = issued.receipts
    codes = [issued.code(0), issued.code(1)]
    stolen = getattr(second, column)
    superuser(desk.bench, "DELETE FROM receipts WHERE id = :id", id=second.id)
    superuser(desk.bench, f"UPDATE receipts SET {column} = :stolen WHERE id = :id", stolen=stolen, id=first.id)
    assert all(not desk.code(code).is_genuine for code in codes)


def test_a_genuine_file_is_proven_by_signature_and_log(issued: Issued, desk: Desk) -> None:
    """The file carries everything but its present state, which is the server's word."""
    found = desk.file(issued.pdf())
    assert found.verdict is Verdict.GENUINE
    assert found.fields is not None
    assert found.fields.number == issued.receipts[0].reference
    assert found.proof is not None
    assert found.proof.signer.startswith("Penerbit Tanda Terima")


def test_a_receipt_signed_with_what_was_taken_back_is_refused(issued: Issued, desk: Desk) -> None:
    """THREATS 11: the root's list is heard; one by another root, or noise in its place, is no reason to say yes."""
    pdf = issued.pdf()
    signer = x509.load_der_x509_certificate(cms.take_apart(frame.open_frame(pdf).cms).certificate)
    _key, other = receipt_keys.signing()
    since = dt.datetime(2021, 1, 5, tzinfo=dt.UTC)
    for root, certificate, verdict in (
        (receipt_keys.root(), signer, verdicts.refused(Reason.SIGNATURE)),
        (receipt_keys.root(), other, desk.file(pdf)),
        (receipt_keys.next_root(), signer, verdicts.undecided(Reason.NO_ROOT)),
        (None, signer, verdicts.undecided(Reason.NO_ROOT)),
    ):
        crl = certificates.revoke(root, certificate, since).public_bytes(Encoding.DER) if root else b"noise"
        assert Desk(desk.bench, replace(desk.anchors, crl=crl)).file(pdf) == verdict


def test_a_changed_file_is_not_genuine(issued: Issued, desk: Desk) -> None:
    """One byte of the amount: the file says it was changed after signing."""
    pdf = bytearray(issued.pdf())
    pdf[len(pdf) // 3] ^= 1
    assert desk.file(bytes(pdf)) == verdicts.refused(Reason.CHANGED)


def test_another_agencys_file_is_not_genuine(desk: Desk) -> None:
    """A receipt well signed under somebody else's root: what is pinned is a key, never a name."""
    stranger = (Path(__file__).parents[2] / "vectors" / "receipts" / "uang.pdf").read_bytes()
    assert desk.file(stranger) == verdicts.refused(Reason.SIGNATURE)


@pytest.mark.parametrize(
    ("pdf", "verdict"),
    [
        (b"", Verdict.UNDECIDED),
        (b"\0" * 100, Verdict.UNDECIDED),
        (b"%PDF-1.7\n" + b"[" * 900_000, Verdict.FALSE),
        (b"%PDF-1.7\n%%EOF\n", Verdict.FALSE),
        (b"PK\x03\x04" + b"\0" * 1_900_000, Verdict.UNDECIDED),
        (b"x" * (reading.UPLOAD_MAX_BYTES + 1), Verdict.UNDECIDED),
    ],
)
def test_hostile_files_end_in_a_promised_answer(pdf: bytes, verdict: Verdict) -> None:
    """THREATS 20: nothing that is uploaded ends in a traceback, and none of it is genuine."""
    held = Anchors(ROOTS, TRUSTED, "uji.example")
    found = checking.check_file(pdf, held, at=dt.datetime(2021, 8, 5, tzinfo=dt.UTC))
    assert isinstance(found, Finding)
    assert found.verdict is verdict


def test_a_photograph_of_the_paper_is_no_forgery() -> None:
    """A picture is a mistake that its sender can mend: nobody is told that a good receipt is false."""
    held = Anchors(ROOTS, TRUSTED, "uji.example")
    found = checking.check_file(b"\x89PNG\r\n\x1a\n" + b"\0" * 100, held, at=dt.datetime(2021, 8, 5, tzinfo=dt.UTC))
    assert found == verdicts.undecided(Reason.NOT_PDF)


def test_a_full_house_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """THREATS 20: a flood of files must not fill the machine with verifiers; who comes too late hears so."""
    monkeypatch.setattr(reading, "PATIENCE_S", 0)
    monkeypatch.setattr(reading, "_seats", threading.BoundedSemaphore(1))
    reading._seats.acquire()  # noqa: SLF001 - somebody else's file is being read
    held = Anchors(ROOTS, TRUSTED, "uji.example")
    found = checking.check_file(b"%PDF-1.7", held, at=dt.datetime(2021, 8, 5, tzinfo=dt.UTC))
    assert found == verdicts.undecided(Reason.BUSY)


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"[]", b"{}", b'{"rule": ""}', b'{"rule": "", "index": "x"}', b"\xff", b"null", b"[" * 100_000),
        b'{"rule": "", "index": 1e999, "signer": "", "signed_at_s": 0}',
    ],
)
def test_an_answer_no_verifier_gives_is_no_answer(answer: bytes) -> None:
    """What comes out of the prison is read as strictly as what a stranger sends."""
    with pytest.raises(FileUnreadable):
        reading.understood(answer)


def test_the_check_needs_the_root_the_log_pins(desk: Desk) -> None:
    """THREATS 10: a certificate swapped on the server's disk is not the one of the first entry, so nothing is said."""
    vectors = Path(__file__).parents[2] / "vectors" / "receipts"
    swapped = anchors_of(desk.bench, (vectors / "root.pem").read_bytes())
    assert swapped.root == ""
    assert swapped.roots[-1].shown == desk.anchors.roots[-1].shown
    stranger = Desk(desk.bench, swapped)
    assert stranger.file((vectors / "uang.pdf").read_bytes()) == verdicts.undecided(Reason.NO_ROOT)


def test_a_file_this_server_does_not_know_has_no_state(issued: Issued, desk: Desk) -> None:
    """THREATS 8: after a restore the file is still proven, but whether it stands nobody can say."""
    pdf = issued.pdf()
    superuser(desk.bench, "DELETE FROM receipts WHERE id = :id", id=issued.receipts[0].id)
    assert desk.file(pdf) == verdicts.undecided(Reason.STATE_UNKNOWN)


def test_every_answer_says_how_often_it_was_printed(issued: Issued, desk: Desk) -> None:
    """A household that was never given paper reads that somebody has had three of them."""
    for copy in (1, 2, 3):
        assert builders.printed(issued.founded, issued.receipts[0], copy=copy)
    pdf = builders.pdf_of(desk.bench, issued.receipts[0], Impression(3))
    assert (desk.code(issued.code()).copies, desk.file(pdf).copies) == (3, 3)
    builders.cancel(issued.founded, issued.receipts[0])
    assert desk.file(pdf).copies == 3


def test_a_paper_whose_printing_nobody_recorded_is_told(issued: Issued, desk: Desk) -> None:
    """An insider with the press makes copy 2 and passes the deed that counts it: signed, proven, and still told."""
    pdf = builders.pdf_of(desk.bench, issued.receipts[0], Impression(2))
    assert desk.file(issued.pdf()).verdict is Verdict.GENUINE
    assert builders.printed(issued.founded, issued.receipts[0], copy=1)
    assert desk.file(pdf) == verdicts.undecided(Reason.PRINT_UNKNOWN)
    assert builders.printed(issued.founded, issued.receipts[0], copy=2)
    assert desk.file(pdf).verdict is Verdict.GENUINE


def test_a_verifier_that_was_taken_over_invents_nothing(issued: Issued, desk: Desk) -> None:
    """A child broken by a hostile file answers that all is well: its words are compared with our record."""
    found = desk.code(issued.code())
    assert found.fields is not None
    assert found.proof is not None
    good = Opinion(intact=True, trusted=True, coverage="ENTIRE_FILE", changes="NONE", fault="")
    honest = Reading("", found.proof.position, "Penerbit", 0, 1, found.fields, good)
    assert desk.compared(honest).verdict is Verdict.GENUINE
    elsewhere = replace(honest, index=found.proof.position + 1)
    assert desk.compared(elsewhere) == verdicts.undecided(Reason.RECORD_DIFFERS)
    for unsaid in (replace(honest, fields=None), replace(honest, second=None)):
        assert desk.compared(unsaid) == verdicts.undecided(Reason.UNREADABLE)


def test_state_and_row_are_not_what_is_proven(issued: Issued, desk: Desk) -> None:
    """What only the server says stays outside the proof: the same fields and entry before and after cancelling."""
    code = issued.code()
    before = desk.code(code)
    builders.cancel(issued.founded, issued.receipts[0])
    after = desk.code(code)
    assert before.fields == after.fields
    assert before.proof is not None
    assert after.proof is not None
    assert before.proof.position == after.proof.position
