"""What the root has taken back signs no more, what was signed before counts, and only the root's own list is heard."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from audit import cli
from audit.errors import AuditError
from audit.pdf import revocation
from audit.pdf.certificates import load_root
from tests.audit.forge import MONEY, SIGNED_AT, Chain, PrivateKey, Wish, make_chain, rsa_key, sign, verify
from tests.audit.small_log import LOG_VKEY

DAY = dt.timedelta(days=1)
KEY = rsa_key(2)
CHAIN = make_chain(Wish(root_key=KEY))
SIGNED = sign(MONEY, CHAIN)


def listed(
    *serials: int,
    at: dt.datetime = SIGNED_AT - DAY,
    by: PrivateKey = KEY,
    issuer: x509.Name | None = None,
    hashing: hashes.SHA256 | hashes.SHA512 | None = None,
    chain: Chain = CHAIN,
) -> x509.CertificateRevocationList:
    """Make a list."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer or chain.root.subject)
    builder = builder.last_update(at).next_update(at + 365 * DAY)
    for serial in serials:
        revoked = x509.RevokedCertificateBuilder(serial_number=serial, revocation_date=at)
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(by, hashing or hashes.SHA256())


def of(crl: x509.CertificateRevocationList, encoding: Encoding = Encoding.DER) -> bytes:
    """Write a list."""
    return crl.public_bytes(encoding)


SERIAL = CHAIN.certificate.serial_number


def refusal(crl: bytes) -> tuple[str, str]:
    """Verify in vain."""
    with pytest.raises(AuditError) as refused:
        verify(SIGNED, CHAIN.root_pem, crl=crl)
    return refused.value.rule, refused.value.sentence


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
@pytest.mark.parametrize("at", [SIGNED_AT - DAY, SIGNED_AT])
def test_the_thief_of_a_signing_key_signs_nothing_once_it_is_known(at: dt.datetime, encoding: Encoding) -> None:
    """From the very second of its revocation a certificate's signatures are worth nothing."""
    sentence = "the signing certificate had been revoked when this was signed"
    assert refusal(of(listed(1, SERIAL, at=at), encoding)) == ("receipt.revoked", sentence)


@pytest.mark.parametrize(
    "crl",
    [b"", of(listed()), of(listed(SERIAL + 1)), of(listed(SERIAL, at=SIGNED_AT + dt.timedelta(seconds=1)))],
    ids=["no list", "empty", "another", "later"],
)
def test_a_household_keeps_the_receipt_it_got_before(crl: bytes) -> None:
    """A lost key does not undo what was signed while it was held; the log says when that was."""
    assert verify(SIGNED, CHAIN.root_pem, crl=crl).signer == "CN=Penerbit Uji"


OTHER = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Akar Lain")])
NO_LISTS = {
    "noise": (b"nothing of the kind", "not a revocation list"),
    "half a list": (of(listed(SERIAL))[:60], "not a revocation list"),
    "text of none": (b"-----BEGIN X509 CRL-----\n", "not a revocation list"),
    "far too long": (b"\x30" * (revocation.MAX_LIST_BYTES + 1), "a revocation list is at most 262144 bytes"),
    "another name": (of(listed(issuer=OTHER)), "the revocation list is not by the pinned root"),
    "another hash": (of(listed(hashing=hashes.SHA512())), "the revocation list is not by the pinned root"),
    "another key": (of(listed(by=rsa_key(3))), "the pinned root did not sign this revocation list"),
}


@pytest.mark.parametrize(("crl", "sentence"), NO_LISTS.values(), ids=NO_LISTS.keys())
def test_a_list_that_is_not_the_roots_is_refused(crl: bytes, sentence: str) -> None:
    """An empty list by somebody else would bring a revoked key back to life."""
    assert refusal(crl) == ("receipt.crl", sentence)
    assert not revocation.is_by(crl, load_root(CHAIN.root_pem))


def test_a_list_at_the_limit_is_read() -> None:
    """The limit itself is allowed: what fails at that length fails for what it is."""
    assert refusal(b"\x30" * revocation.MAX_LIST_BYTES)[1] == "not a revocation list"


def test_the_list_of_each_root_is_its_own() -> None:
    """An agency that changed its root has two, of the same name."""
    other = make_chain(Wish(root_key=rsa_key(3)))
    assert revocation.is_by(of(listed(SERIAL)), load_root(CHAIN.root_pem))
    assert not revocation.is_by(of(listed(SERIAL)), load_root(other.root_pem))


def test_the_inspector_gives_the_list_at_the_command_line(tmp_path: Path) -> None:
    """`aid-audit receipt --crl`; without it the receipt is good, and nobody asks the network."""
    (tmp_path / "receipt.pdf").write_bytes(SIGNED)
    (tmp_path / "root.pem").write_bytes(CHAIN.root_pem)
    (tmp_path / "root.crl").write_bytes(of(listed(SERIAL)))
    words = ["receipt", str(tmp_path / "receipt.pdf"), "--root", str(tmp_path / "root.pem"), "--log-key", LOG_VKEY]
    assert CliRunner().invoke(cli.main, words).exit_code == 0
    refused = CliRunner().invoke(cli.main, [*words, "--crl", str(tmp_path / "root.crl")])
    assert (refused.exit_code, "receipt.revoked" in refused.output) == (1, True)
