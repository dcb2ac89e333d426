"""Receipts through a change of their root: each hangs from the root of its time, for printer, page and verifier."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.clock import FrozenClock
from aid_ledger.custody import carrying, queries, roots
from aid_ledger.custody.queries import Root
from aid_ledger.oversight import evidence
from aid_ledger.programs.models import Program
from aid_ledger.public import checking, reading
from aid_ledger.public.checking import Anchors
from aid_ledger.public.reading import Reading, Trusted
from aid_ledger.receipts.press import Press
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signing import KeySigner
from audit.choice import Wish
from audit.errors import AuditError
from audit.pdf import ReceiptReport, verify_receipt
from tests.builders import receipt_keys
from tests.builders.receipts import BASE_URL
from tests.rooms.public.conftest import Issued

OLD = receipt_keys.root()
NEW = receipt_keys.next_root()


@pytest.fixture
def still() -> Iterator[FrozenClock]:
    """Let the clock stand still, now."""
    with clock.frozen(clock.now()) as frozen:
        yield frozen


def signer(number: int) -> KeySigner:
    """Give a key with a certificate under the old root (0) or the new one (1)."""
    key, certificate = receipt_keys.signing((OLD, NEW)[number])
    return KeySigner(certificate, key)


def printed(issued: Issued, *signers: KeySigner) -> bytes:
    """Print the first receipt with these signing keys at hand."""
    bench = issued.founded.bench
    with bench.reading() as session:
        press = Press(signers=signers, first_root=receipt_keys.root_pem(), base_url=BASE_URL)
        return press.pdf_of(session, bench.kit.keys, issued.receipts[0].reference)


def announce(issued: Issued) -> None:
    """Decide on the new root as it should be."""
    founded = issued.founded
    handed, typed = receipt_keys.handed(founded.bench.key.name), queries.hex_of(receipt_keys.digest_of(NEW))
    founded.bench.acts.run(founded.actor("admin"), roots.propose_root, handed, decree="SK 7")
    founded.bench.acts.run(founded.actor("admin2"), roots.announce_root, typed, wait=dt.timedelta())
    founded.bench.sequencer.run_once()


def take(issued: Issued) -> None:
    """Pass on to it, and have that sealed."""
    assert carrying.take_root(issued.founded.bench.engine, issued.founded.bench.acts)
    issued.founded.bench.sequencer.run_once()


def anchors(issued: Issued) -> Anchors:
    """Read what the public check holds receipts against."""
    place = issued.founded.bench.folder / "root.crt"
    place.write_bytes(receipt_keys.root_pem())
    with issued.founded.bench.reading() as session:
        return checking.anchors(session, place)


def verify(issued: Issued, pdf: bytes, root: bytes) -> ReceiptReport:
    """Check a file as a stranger does who has a root and the log's key on paper."""
    vkey = str(issued.founded.bench.key.verifier())
    return verify_receipt(pdf, root_cert=root, log_key=vkey, now_s=int(clock.now().timestamp()))


def test_nothing_is_signed_under_a_root_before_it_is_taken_or_after_it_was_left(
    issued: Issued, still: FrozenClock
) -> None:
    """THREATS 11: a signing certificate of the new root waits with it, and that of the old one ends with it."""
    old, new = signer(0), signer(1)
    announce(issued)
    with pytest.raises(SigningUnavailable):
        printed(issued, new)
    assert verify(issued, printed(issued, new, old), receipt_keys.root_pem()).anchored
    still.advance(hours=72)
    take(issued)
    with pytest.raises(SigningUnavailable):
        printed(issued, old)
    assert verify(issued, printed(issued, old, new), receipt_keys.pem_of(NEW.certificate)).anchored


def test_receipts_from_before_stay_valid_under_the_old_root(issued: Issued, still: FrozenClock) -> None:
    """THREATS 11: what families hold does not end with a root, on the page or with either certificate on paper."""
    old, new = signer(0), signer(1)
    before = printed(issued, old)
    announce(issued)
    still.advance(hours=72)
    take(issued)
    after = printed(issued, old, new)
    held = anchors(issued)
    for pdf, root, other in ((before, OLD, NEW), (after, NEW, OLD)):
        assert isinstance(checking.check_file(pdf, held, at=clock.now()), Reading)
        assert verify(issued, pdf, receipt_keys.der_of(root)).root_fingerprint.hex() == queries.hex_of(
            receipt_keys.digest_of(root)
        )
        with pytest.raises(AuditError) as refusal:
            verify(issued, pdf, receipt_keys.der_of(other))
        assert refusal.value.rule == "receipt.certificate"


@pytest.mark.usefixtures("still")
def test_a_root_of_another_time_is_refused_by_the_page(issued: Issued) -> None:
    """K1: a retired root signs for no later checkpoint, a coming one for none before, and a stranger's for none."""
    pdf = printed(issued, signer(0))
    size = verify(issued, pdf, receipt_keys.root_pem()).size
    der, later = receipt_keys.der_of(OLD), receipt_keys.der_of(NEW)

    def rule(*given: Root) -> str:
        at = int(clock.now().timestamp())
        return reading.read_file(pdf, Trusted(given, anchors(issued).trusted, at)).rule

    assert rule(Root("", der, 0, size), Root("", later, size + 1)) == ""
    assert rule(Root("", der, 0, size - 1), Root("", later, size)) == "receipt.certificate"
    assert rule(Root("", later, 0, size), Root("", der, size + 1)) == "receipt.certificate"
    assert rule(Root("", later)) == "receipt.certificate"


def test_evidence_carries_every_root(issued: Issued, still: FrozenClock, tmp_path: Path) -> None:
    """THREATS 11: who carries the log away has what receipts of any of its years are checked with."""
    bench, day = issued.founded.bench, issued.founded.on.isoformat()
    with bench.reading() as session:
        wish = Wish(str(session.scalars(select(Program.code)).first()), day, day)

    def certificates() -> dict[str, bytes]:
        file = tmp_path / "F.zip"
        with bench.reading() as session:
            vkey = str(bench.key.verifier())
            evidence.export(session, file, wish, vkey=vkey, root_certificate=receipt_keys.root_pem())
        with zipfile.ZipFile(file) as packed:
            return {name: packed.read(name) for name in packed.namelist() if name.startswith("receipts/")}

    announce(issued)
    assert certificates() == {"receipts/root.crt": receipt_keys.root_pem()}
    still.advance(hours=72)
    take(issued)
    assert certificates() == {
        "receipts/root.crt": receipt_keys.root_pem(),
        "receipts/root-2.crt": receipt_keys.pem_of(NEW.certificate),
    }
