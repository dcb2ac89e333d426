"""The certifier's client: what it asks, and that only our page with one believed signature counts as sealed."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pikepdf import Dictionary, Name, Pdf, Stream
from pyhanko.pdf_utils.generic import NameObject, StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from aid_ledger.core.keyfiles import KeyFileFault, write_private
from aid_ledger.core.outside import Limits
from aid_ledger.receipts.manifests import bsre, comparing, paper
from aid_ledger.receipts.manifests.bsre import Account, Typed
from aid_ledger.receipts.manifests.queries import Statement
from aid_ledger.receipts.manifests.rules import REFUSED, SEALED, UNKNOWN, Counted, Outcome
from aid_ledger.receipts.signers.choosing import SignerFault
from tests.builders import certifier
from tests.builders.certifier import CODE, PASSWORD, SUBSCRIBER, USER, Certifier

STATED = Statement(
    agency="Pemerintah Kabupaten Contoh",
    batch="BTC-2026-000123-K",
    program="Bantuan Sosial Tunai",
    period="2026-07",
    commodity="IDR",
    unit="",
    counted=Counted(3, 900_000, b"l" * 32),
    origin="bansos.example/log",
    size=1_234,
    root=b"r" * 32,
    sealed_note="bansos.example/log\n1234\n",
    sealed_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
)
PAGE = paper.lay_out(STATED)
TYPED = Typed(CODE)


@pytest.fixture
def service() -> Iterator[Certifier]:
    """Run a service."""
    with certifier.certifying() as running:
        yield running


@pytest.fixture
def account(service: Certifier, tmp_path: Path) -> Account:
    """Read the account of an installation that seals."""
    certifier.write_account(tmp_path / "keys", service.address)
    found = bsre.account_of(tmp_path / "keys")
    assert found is not None
    return found


def test_the_page_says_what_it_states_and_is_the_same_each_time() -> None:
    """PDF/A-3a with the statement attached for machines; no byte of it depends on when it is made."""
    assert paper.lay_out(STATED) == PAGE
    with Pdf.open(io.BytesIO(PAGE)) as pdf:
        (attached,) = [each.get_file().read_bytes() for each in pdf.attachments.values()]
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"], len(pdf.pages)) == ("3", "A", 1)
    said = json.loads(attached)
    assert (said["batch"], said["receipts"], said["amount"], said["size"]) == (STATED.batch, 3, "900000", 1234)
    assert (base64.b64decode(said["listing"]), said["checkpoint"]) == (b"l" * 32, STATED.sealed_note)


def test_the_agencys_seal_is_asked_as_documented(service: Certifier, account: Account) -> None:
    """`seal/pdf`: subscriber, one-time code, the page; what comes back is it with one signature."""
    outcome = bsre.seal(account, PAGE, TYPED)
    assert (outcome.state, outcome.reason) == (SEALED, "")
    assert outcome.file.startswith(PAGE)
    [(path, login, body)] = service.asked
    assert (path, base64.b64decode(login.removeprefix("Basic ")).decode()) == ("/api/v2/seal/pdf", f"{USER}:{PASSWORD}")
    asked = json.loads(body)
    assert asked.keys() == {"idSubscriber", "totp", "signatureProperties", "file"}
    assert (asked["idSubscriber"], asked["totp"], len(asked["file"])) == (SUBSCRIBER, CODE, 1)
    assert base64.b64decode(asked["file"][0]) == PAGE
    assert [each["tampilan"] for each in asked["signatureProperties"]] == ["INVISIBLE"]


@pytest.mark.parametrize(("who", "name"), [("3216010101010001", "nik"), ("kadinsos@bekasi.example", "email")])
def test_an_official_signs_where_there_is_no_subscriber(
    service: Certifier, tmp_path: Path, who: str, name: str
) -> None:
    """`sign/pdf`: NIK or e-mail with the passphrase."""
    certifier.write_account(tmp_path / "keys", service.address, subscriber="")
    found = bsre.account_of(tmp_path / "keys")
    assert found is not None
    assert bsre.seal(found, PAGE, Typed("frasa sandi", who)).state == SEALED
    [(path, _login, body)] = service.asked
    asked = json.loads(body)
    assert path == "/api/v2/sign/pdf"
    assert asked.keys() == {name, "passphrase", "signatureProperties", "file"}
    assert (asked[name], asked["passphrase"]) == (who, "frasa sandi")


def test_secrets_show_in_no_words(account: Account) -> None:
    """P6: neither the account nor what was typed can be printed in passing."""
    shown = repr(account) + repr(Typed(CODE, "3216010101010001"))
    assert [secret for secret in (PASSWORD, CODE, "3216010101010001") if secret in shown] == []


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome(REFUSED, "status_400")),
        (401, Outcome(REFUSED, "status_401")),
        (403, Outcome(REFUSED, "status_403")),
        (408, Outcome(UNKNOWN, "status_408")),
        (302, Outcome(UNKNOWN, "status_302")),
        (204, Outcome(UNKNOWN, "status_204")),
        (500, Outcome(UNKNOWN, "status_500")),
        (504, Outcome(UNKNOWN, "status_504")),
    ],
)
def test_only_a_clear_no_is_a_no(service: Certifier, account: Account, status: int, outcome: Outcome) -> None:
    """What a server says after its own mistake, or a gateway in its place, leaves open whether it has signed."""
    service.status, service.answer = status, lambda _page: b"<html>"
    assert bsre.seal(account, PAGE, TYPED) == outcome
    assert len(service.asked) == 1


def test_nobody_there_and_nobody_answering_are_two_things(
    service: Certifier, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that was never sent is refused; one that was sent and not answered in time is unknown, asked once."""
    gone = Account("http://127.0.0.1:9", USER, PASSWORD, SUBSCRIBER, account.roots)
    assert bsre.seal(gone, PAGE, TYPED) == Outcome(REFUSED, "not_reached")
    nameless = Account("http://bsre.invalid", USER, PASSWORD, SUBSCRIBER, account.roots)
    assert bsre.seal(nameless, PAGE, TYPED).state in {REFUSED, UNKNOWN}
    monkeypatch.setattr(bsre, "LIMITS", Limits(silence_s=0.3, deadline_s=0.5, most_bytes=200_000))
    service.silence_s = 1.0
    began = time.monotonic()
    assert bsre.seal(account, PAGE, TYPED) == Outcome(UNKNOWN, "no_answer")
    assert (time.monotonic() - began < 2, len(service.asked)) == (True, 1)
    service.silence_s, service.answer = 0.0, lambda page: certifier.answered(certifier.signed(page) + b" " * 500_000)
    assert bsre.seal(account, PAGE, TYPED) == Outcome(UNKNOWN, "no_answer")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b"[]",
        b'{"time": 1, "file": []}',
        b'{"file": "x"}',
        b'{"file": [1]}',
        b'{"file": ["?"]}',
        b'{"file": ["QQ==", "QQ=="]}',
        b"[" * 100_000,
    ],
)
def test_an_answer_without_a_file_is_unknown(service: Certifier, account: Account, body: bytes) -> None:
    """Status 200 and no file: it may have signed all the same."""
    service.answer = lambda _page: body
    assert bsre.seal(account, PAGE, TYPED) == Outcome(UNKNOWN, "no_file")


def stranger() -> bytes:
    """Have our page signed by somebody the root did not certify."""
    certifier.root.cache_clear()
    certifier.signer.cache_clear()
    return certifier.signed(PAGE)


def drawn_over(page: bytes) -> bytes:
    """Put another drawing in the page's place in an update, as an incremental saving attack does."""
    writer = IncrementalPdfFileWriter(io.BytesIO(page))
    shown = writer.root["/Pages"]["/Kids"][0]
    shown[NameObject("/Contents")] = writer.add_object(StreamObject(stream_data=b"1 0 0 rg 0 0 400 400 re f"))
    writer.update_container(shown)
    return written(writer)


def stripped(page: bytes) -> bytes:
    """Take the attachment off in an update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(page))
    names = writer.root["/Names"]["/EmbeddedFiles"]
    names["/Names"].clear()
    writer.update_container(names)
    return written(writer)


def swapped(page: bytes) -> bytes:
    """Put another attachment under the name in an update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(page))
    file = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1]["/EF"]
    file[NameObject("/F")] = writer.add_object(StreamObject(stream_data=b"{}"))
    writer.update_container(file)
    return written(writer)


def with_script(page: bytes) -> bytes:
    """Have something run when the file is opened, in an update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(page))
    writer.root[NameObject("/Lang")] = writer.add_object(StreamObject(stream_data=b"x"))
    writer.update_root()  # type: ignore[no-untyped-call] # the library has no types
    return written(writer)


def written(writer: IncrementalPdfFileWriter) -> bytes:
    """Write an update."""
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call] # the library has no types
    return out.getvalue()


def resaved(page: bytes) -> bytes:
    """Write the same page anew, as a tool does that knows better."""
    out = io.BytesIO()
    with Pdf.open(io.BytesIO(page)) as pdf:
        pdf.save(out)
    return out.getvalue()


def other_page() -> bytes:
    """Make a page that is none of ours."""
    out = io.BytesIO()
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        pdf.pages[0].obj.Contents = Stream(pdf, b"0 0 1 rg 0 0 9 9 re f")
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(), Font=Dictionary(), ProcSet=[Name.PDF])
        pdf.save(out)
    return out.getvalue()


GOOD = certifier.signed(PAGE)
ROOTS = [certifier.root()[0].public_bytes(Encoding.DER)]


@pytest.mark.parametrize(
    ("returned", "fault"),
    [
        (GOOD, ""),
        (PAGE, "prefix"),
        (b"", "prefix"),
        (GOOD[1:], "prefix"),
        (certifier.signed(other_page()), "prefix"),
        (certifier.signed(resaved(PAGE)), "prefix"),
        (PAGE + b"\n", "unreadable"),
        (PAGE + b"x" * 2_000, "unreadable"),
        (certifier.signed(drawn_over(PAGE)), "changed"),
        (drawn_over(PAGE), "signatures"),
        (certifier.signed(stripped(PAGE)), "changed"),
        (certifier.signed(swapped(PAGE)), "changed"),
        (certifier.signed(with_script(PAGE)), "changed"),
        (drawn_over(GOOD), "changed"),
        (certifier.signed(GOOD, field="Lain"), "signatures"),
        (GOOD[:-3_000] + b"0" * 100 + GOOD[-2_900:], "unreadable"),
    ],
)
def test_what_comes_back_is_our_page_and_a_signature(returned: bytes, fault: str) -> None:
    """Another page, a changed one, a stripped or swapped attachment, two signatures or none: none of it is sealed."""
    found = comparing.fault_of(PAGE, returned, ROOTS)
    assert found == fault or (fault == "unreadable" and found)


def test_a_strangers_signature_is_none() -> None:
    """The root is pinned: a certificate of the same names by somebody else seals nothing."""
    assert comparing.fault_of(PAGE, stranger(), ROOTS) == "signature"


def test_a_wrong_file_is_unknown_and_says_why(service: Certifier, account: Account) -> None:
    """The service did something: whether a good seal lies there as well, nobody knows."""
    service.answer = lambda page: certifier.answered(certifier.signed(drawn_over(page)))
    assert bsre.seal(account, PAGE, TYPED) == Outcome(UNKNOWN, "file_changed")
    service.answer = lambda _page: certifier.answered(certifier.signed(other_page()))
    assert bsre.seal(account, PAGE, TYPED) == Outcome(UNKNOWN, "file_prefix")


def test_the_account_is_one_private_file(tmp_path: Path) -> None:
    """None is none; a misspelt word, a plain address, a missing secret or root is told by the file's name."""
    assert bsre.account_of(tmp_path) is None
    place = tmp_path / bsre.FILE

    def refused(words: str) -> str:
        place.unlink(missing_ok=True)
        write_private(place, words.encode())
        with pytest.raises(KeyFileFault) as caught:
            bsre.account_of(tmp_path)
        return str(caught.value)

    base = 'address = "https://bsre.example"\nuser = "a"\npassword_file = "p"\nroot = "r"\n'
    assert "is no TOML" in refused("=")
    assert "alamat is not known" in refused('alamat = "x"\n' + base)
    assert "root names no certificates" in refused(base)
    certifier.write_account(tmp_path, "http://bsre.example")
    with pytest.raises(SignerFault, match="https://"):
        bsre.account_of(tmp_path)
    certifier.write_account(tmp_path, "https://bsre.example/")
    (tmp_path / "bsre.pass").unlink()
    with pytest.raises(KeyFileFault):
        bsre.account_of(tmp_path)


def test_the_readers_agree_that_a_sealed_page_is_whole() -> None:
    """The page and its attachment are read from the sealed file as from ours."""
    before, after = (PdfFileReader(io.BytesIO(each)) for each in (PAGE, GOOD))
    assert before.root["/Pages"]["/Kids"][0]["/Contents"].data == after.root["/Pages"]["/Kids"][0]["/Contents"].data
