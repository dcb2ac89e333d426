"""The paper of a return (STS): it proves itself as a household's receipt does, by an entry that hides nothing.

All forgeries here are signed by a chain the verifier trusts: the thief of the signing key gets this far and no farther.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from audit import canonical, note, policy
from audit.cli import main, tell_receipt
from audit.errors import AuditError, MalformedInput, ProofFailed
from audit.pdf import ReturnReport, document, frame, ink, returns, verify_paper, verify_receipt
from audit.policy import Policy
from tests.audit.forge import MONEY, RETURN, ROOT_PEM, VECTORS, attach, good_chain, rewrite
from tests.audit.small_log import LOG_VKEY, NOW_S, WITNESSES, make_policy

RAW = document.open_document(frame.open_frame(RETURN)).evidence
GENUINE = returns.parse(RAW)
Members = dict[str, Any]


def verify(pdf: bytes, root: bytes = ROOT_PEM, trusted: Policy | None = None) -> ReturnReport:
    """Verify the paper of a return with the golden pins."""
    report = verify_paper(pdf, root_cert=root, log_key=LOG_VKEY, policy=trusted, now_s=NOW_S)
    assert isinstance(report, ReturnReport)
    return report


def with_members(change: Callable[[Members], object]) -> bytes:
    """Change the members of the evidence and have the file signed well."""
    members: Members = json.loads(RAW)
    change(members)
    return rewrite(RETURN, attach(canonical.encode(members)))


def with_evidence(**changes: object) -> bytes:
    """Change parts of the evidence and have the file signed well."""
    bent = dataclasses.replace(GENUINE, **changes)  # type: ignore[arg-type]  # each test names parts of its own
    return rewrite(RETURN, attach(returns.write(bent)))


def bent_entry(**changes: object) -> bytes:
    """Change what the entry says, and leave the paper as it is."""
    members: Members = json.loads(GENUINE.entry)
    members["body"].update(changes)
    return canonical.encode(members)


def refused(pdf: bytes, rule: str, sentence: str = "") -> None:
    """Assert that a file signed by a trusted chain is refused by this rule, in these words."""
    with pytest.raises(AuditError) as caught:
        verify(pdf, good_chain().root_pem)
    assert caught.value.rule == rule
    assert not sentence or caught.value.sentence == sentence


def test_the_golden_return_is_genuine() -> None:
    """Golden bytes: what went back, from where, on which paper, and where the log holds it."""
    report = verify(RETURN)
    said = report.fields
    assert (said.number, said.amount, said.commodity) == ("STS-2021-000007-V", 600_000, "IDR")
    assert (said.batch, said.lines, said.document) == ("BTC-2021-000041-7", 2, "DOC-2021-000077-Q")
    assert (report.index, report.size, report.origin) == (211, 300, "ledger.example/log")
    assert report.anchored
    assert report.witnesses == ()
    assert report.signer
    assert int(report.signed_at.timestamp()) == 1_628_147_460


def test_a_return_is_no_receipt() -> None:
    """Whoever asks for a household's receipt is not given a treasurer's paper, and the other way round."""
    with pytest.raises(MalformedInput, match=r"^it is the paper of a return, not a receipt$") as caught:
        verify_receipt(RETURN, root_cert=ROOT_PEM, log_key=LOG_VKEY, now_s=NOW_S)
    assert caught.value.rule == "receipt.kind"
    assert not isinstance(verify_paper(MONEY, root_cert=ROOT_PEM, log_key=LOG_VKEY, now_s=NOW_S), ReturnReport)


def test_no_byte_of_a_return_is_changed_after_it_was_signed() -> None:
    """The same reader as for households: the first question is the digest of the whole file."""
    for offset in range(0, len(RETURN), 997):
        bent = bytearray(RETURN)
        bent[offset] ^= 1
        with pytest.raises(AuditError):
            verify(bytes(bent))


FIELDS: dict[str, tuple[Callable[[Members], object], str, str]] = {
    "a smaller amount": (
        lambda members: members["fields"].update(amount="500000"),
        "receipt.digest",
        "the log's entry is about another return",
    ),
    "a smaller amount and its words": (
        lambda members: members["fields"].update(amount="500000", in_words="lima ratus ribu rupiah"),
        "receipt.digest",
        "the log's entry is about another return",
    ),
    "another signer of the bank's paper": (
        lambda members: members["fields"].update(document_signer="Seseorang"),
        "receipt.digest",
        "the log's entry is about another return",
    ),
    "nothing": (
        lambda members: members["fields"].update(amount="0"),
        "receipt.fields",
        "a return is of something, on a paper of some day",
    ),
    "a paper of no day": (
        lambda members: members["fields"].update(document_day=""),
        "receipt.fields",
        "a return is of something, on a paper of some day",
    ),
    "money by the packet": (
        lambda members: members["fields"].update(unit="paket"),
        "receipt.fields",
        "goods have a unit, money has none",
    ),
    "goods without a unit": (
        lambda members: members["fields"].update(commodity="BERAS"),
        "receipt.fields",
        "goods have a unit, money has none",
    ),
    "lines of no batch": (
        lambda members: members["fields"].update(batch=""),
        "receipt.fields",
        "lines are of a batch, and a batch gives back lines",
    ),
    "a batch without lines": (
        lambda members: members["fields"].update(lines=0),
        "receipt.fields",
        "lines are of a batch, and a batch gives back lines",
    ),
    "one member more": (lambda members: members["fields"].update(remark="x"), "receipt.fields", ""),
    "a salt of its own": (lambda members: members.update(salt="A" * 43), "receipt.fields", ""),
    "no proof": (lambda members: members.pop("proof"), "receipt.evidence", "the evidence has other members"),
    "an entry that is no text": (
        lambda members: members.update(entry=1),
        "receipt.evidence",
        "a member of the evidence is not text",
    ),
    "a proof that is no text": (
        lambda members: members.update(proof=[]),
        "receipt.evidence",
        "a member of the evidence is not text",
    ),
    "a proof in other words": (lambda members: members.update(proof="no proof"), "proof.form", ""),
    "an entry spelled otherwise": (lambda members: members.update(entry="e30"), "note.base64", ""),
    "an entry with bits to spare": (lambda members: members.update(entry="e31="), "note.base64", ""),
}


@pytest.mark.parametrize("cheat", FIELDS)
def test_a_forged_attachment_of_a_return_is_refused(cheat: str) -> None:
    """A treasurer who keeps a hundred thousand has to change a word, and every word is under the entry's digest."""
    change, rule, sentence = FIELDS[cheat]
    refused(with_members(change), rule, sentence)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sts", "STS-2021-000008-X"),
        ("source", "CSR-2021"),
        ("program", "other"),
        ("commodity", "BERAS"),
        ("amount", "500000"),
        ("batch", "BTC-2021-000042-X"),
        ("lines", 1),
        ("document", "DOC-2021-000078-Q"),
    ],
)
def test_the_paper_and_the_public_entry_say_the_same(name: str, value: object) -> None:
    """What the log shows openly is compared word by word, whatever the digest says."""
    bent = with_evidence(entry=bent_entry(**{name: value}))
    refused(bent, "receipt.entry", "the paper and the log's entry say different things")


def test_a_smaller_return_whose_entry_agrees_is_in_no_log() -> None:
    """Fields, digest and entry forged together: the entry leads to no root that the log has signed."""
    smaller = dataclasses.replace(GENUINE.fields, amount=500_000, in_words="lima ratus ribu rupiah")
    entry = bent_entry(amount="500000", statement=returns.statement(smaller))
    refused(with_evidence(fields=smaller, entry=entry), "inclusion.root")


def test_an_entry_of_another_kind_returns_nothing() -> None:
    """The entry of a household's receipt does not carry a return."""
    receipt = json.loads(document.open_document(frame.open_frame(MONEY)).evidence)
    bent = with_evidence(entry=note.decode_base64(receipt["entry"]))
    refused(bent, "receipt.entry", "the entry returns nothing")


def test_the_evidence_is_written_in_one_way() -> None:
    """Base64 that decodes to the same bytes, and nothing else, would be a second spelling."""
    with pytest.raises(ProofFailed):
        returns.check(dataclasses.replace(GENUINE, entry=bent_entry(lines=9)), Policy.of_log_key(LOG_VKEY), now_s=NOW_S)
    assert returns.write(returns.parse(RAW)) == RAW
    assert returns.is_return(RAW)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"number": "STS-2021-000008-X"}, "number"),
        ({"source": "CSR-2021"}, "source"),
        ({"document": "DOC-2021-000078-Q"}, "document"),
        ({"amount": 60_000}, "amount"),
        ({"commodity": "PAKET", "unit": "paket"}, "amount"),
    ],
)
def test_the_page_of_a_return_says_what_its_evidence_proves(change: dict[str, Any], missing: str) -> None:
    """A paper of another amount signed around genuine evidence: the page itself is read."""
    lines = document.open_document(frame.open_frame(RETURN)).lines
    ink.check_return(lines, GENUINE.fields)
    with pytest.raises(ProofFailed) as caught:
        ink.check_return(lines, dataclasses.replace(GENUINE.fields, **change))
    assert caught.value.rule == "receipt.page"
    assert caught.value.sentence == f"the page does not say the {missing} of the evidence"


def test_the_page_of_a_receipt_around_a_return_is_refused() -> None:
    """A household's page, signed by the agency, with the evidence of a genuine return."""
    refused(
        rewrite(MONEY, attach(RAW)),
        "receipt.page",
        "the page does not say the number or the source or the document or the amount of the evidence",
    )


def test_a_quorum_is_asked_of_a_return_too() -> None:
    """Three witnesses cosigned the golden checkpoint, and they are named."""
    report = verify(RETURN, trusted=policy.parse(make_policy()))
    assert report.witnesses == tuple(each.name for each in WITNESSES[:3])


def test_a_return_is_told_on_the_command_line(tmp_path: Path) -> None:
    """`aid-audit receipt` takes either paper."""
    path = tmp_path / "sts.pdf"
    path.write_bytes(RETURN)
    wanted = ["receipt", str(path), "--root", str(VECTORS / "root.pem"), "--log-key", LOG_VKEY]
    done = CliRunner().invoke(main, wanted)
    assert done.exit_code == 0, done.output
    told = done.output.splitlines()
    for line in (
        "number: STS-2021-000007-V",
        "kind: setoran",
        "amount: 600000 IDR",
        "source: BTT-2021",
        "program: jps-2021",
        "returned: 2 lines of BTC-2021-000041-7",
        "document: DOC-2021-000077-Q",
        "index: 211",
        "result: good",
    ):
        assert line in told
    path.write_bytes(with_members(FIELDS["a smaller amount"][0]))
    assert CliRunner().invoke(main, wanted).exit_code == 1


def test_what_a_programme_had_left_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """A return without a batch gives back no lines."""
    report = verify(RETURN)
    left = dataclasses.replace(report, fields=dataclasses.replace(report.fields, batch="", lines=0))
    assert tell_receipt(lambda: left) == 0
    assert "returned: what the programme had left" in capsys.readouterr().out.splitlines()
