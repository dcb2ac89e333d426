"""The evidence inside a receipt: fields, salt, entry and proof must be one story, and the log must be the pinned one.

All files here are signed by a chain the verifier trusts: the thief of the signing key gets this far and no farther.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from audit import canonical, merkle, note, policy, proof
from audit.checkpoint import Checkpoint
from audit.errors import AuditError, MalformedInput, QuorumMissing
from audit.note import SigningKey
from audit.pdf import document, evidence, frame, verify_receipt
from tests.audit.forge import GOODS, MONEY, ROOT_PEM, attach, good_chain, refused, rewrite, swap, verify
from tests.audit.small_log import LOG_KEY, LOG_VKEY, NOW_S, ORIGIN, WITNESSES, make_policy

RAW = document.open_document(frame.open_frame(MONEY)).evidence
GENUINE = evidence.parse(RAW)
Members = dict[str, Any]


def with_members(change: Callable[[Members], object]) -> bytes:
    """Change the members of the evidence and have the file signed well."""
    members: Members = json.loads(RAW)
    change(members)
    return rewrite(MONEY, attach(canonical.encode(members)))


BENT: tuple[tuple[str, str, object, str], ...] = (
    ("fields", "amount", "900000", "receipt.sources"),
    ("fields", "payee", "B*** S*******", "receipt.digest"),
    ("fields", "number", "TTB-2021-000999-X", "receipt.digest"),
    ("fields", "line", "another", "receipt.digest"),
    ("", "salt", "A" * 43, "receipt.digest"),
    ("fields", "amount", 300_000, "malformed"),
    ("fields", "amount", "0", "receipt.fields"),
    ("fields", "paid_on", "", "receipt.fields"),
    ("fields", "kind", "emas", "receipt.fields"),
    ("fields", "kind", "barang", "receipt.fields"),
    ("fields", "handovers", [{}], "receipt.fields"),
    ("fields", "contents", "beras", "receipt.fields"),
    ("fields", "zone", "UTC", "receipt.fields"),
    ("fields", "code", "short", "receipt.fields"),
    ("fields", "nik", "3216010101800000", "receipt.fields"),
    ("fields", "district", "", "receipt.fields"),
    ("fields", "payee", "A\u202e***", "receipt.fields"),
    ("fields", "payee", "A" * 201, "receipt.fields"),
    ("fields", "payee", None, "receipt.fields"),
    ("fields", "sources", [], "receipt.sources"),
    ("fields", "sources", {}, "receipt.fields"),
    ("fields", "sources", [{"name": "x", "amount": "1"}] * 21, "receipt.fields"),
    ("fields", "sources", ["x"], "receipt.fields"),
    ("fields", "remark", "x", "receipt.fields"),
    ("", "salt", "", "receipt.salt"),
    ("", "salt", "A" * 42, "receipt.salt"),
    ("", "salt", "*" * 43, "receipt.salt"),
    ("", "salt", "A" * 42 + "B", "receipt.evidence"),
    ("", "salt", 1, "receipt.evidence"),
    ("", "entry", "e30=", "entry.members"),
    ("", "entry", "e30", "note.base64"),
    ("", "entry", None, "receipt.evidence"),
    ("", "proof", "no proof", "proof.form"),
    ("", "remark", "x", "receipt.evidence"),
)


@pytest.mark.parametrize(("place", "name", "value", "rule"), BENT)
def test_bent_evidence_is_refused(place: str, name: str, value: object, rule: str) -> None:
    """Every field is under the digest, every member has one spelling, and personal data has no place to go."""
    bent = with_members(lambda members: (members[place] if place else members).__setitem__(name, value))
    refused(bent, rule, good_chain().root_pem)


@pytest.mark.parametrize("raw", [b"[" * 60_000, b'{"a":' * 12_000, b"[" * 200_000])
def test_evidence_nested_without_end_is_refused(raw: bytes) -> None:
    """A reader that recurses falls over at a depth that its stack decides; ours at one that it says."""
    rule = "canonical.size" if len(raw) > canonical.MAX_BYTES else "canonical.depth"
    refused(rewrite(MONEY, attach(raw)), rule, good_chain().root_pem)


def goods_with(change: Callable[[Members], object]) -> bytes:
    """Change the fields of the golden handover record and have the file signed well."""
    members: Members = json.loads(document.open_document(frame.open_frame(GOODS)).evidence)
    change(members["fields"])
    return rewrite(GOODS, attach(canonical.encode(members)))


def record(**changes: object) -> Callable[[Members], object]:
    """Change the one handover that a record states."""
    return lambda fields: fields["handovers"][0].update(changes)


def seen_by(*witnesses: tuple[str, str]) -> Callable[[Members], object]:
    """Name other witnesses."""
    return record(witnesses=[{"name": name, "office": office} for name, office in witnesses])


def hidden(**left: str) -> Callable[[Members], object]:
    """Tell no place, but for what is left."""

    def change(fields: Members) -> None:
        fields.update(village="", district="")
        handover = fields["handovers"][0]
        handover.update(
            {"place": "", "giver_office": "", **{name: text for name, text in left.items() if name != "office"}}
        )
        for each in handover["witnesses"]:
            each["office"] = left.get("office", "")

    return change


UJANG, NENENG = ("Ujang Hermawan", "Ketua RT 003"), ("Neneng Kurniasih", "Bhabinkamtibmas")
ANOTHER_DAY = "the goods were handed over on another day"
NOT_SEEN = "a handover names who gives and two others who saw it"
PLACES = "a place is told everywhere or nowhere"
ONCE = "goods are handed over once, money is not"


NO_RECORDS: dict[str, tuple[Callable[[Members], object], str]] = {
    "one witness": (seen_by(UJANG), NOT_SEEN),
    "nobody": (seen_by(), NOT_SEEN),
    "three witnesses": (seen_by(UJANG, NENENG, ("Ani", "Kader")), NOT_SEEN),
    "one person twice": (seen_by(UJANG, ("ujang. hermawan", "Kader")), NOT_SEEN),
    "the giver": (seen_by(UJANG, ("\u00c1SEP saepudin", "Kader")), NOT_SEEN),
    "a witness without a letter": (seen_by(UJANG, ("-", "Kader")), NOT_SEEN),
    "no giver": (record(giver=""), NOT_SEEN),
    "the day before": (record(at="2021-08-04T16:59:59.000000Z"), ANOTHER_DAY),
    "the day after": (record(at="2021-08-05T17:00:00.000000Z"), ANOTHER_DAY),
    "no place": (record(place=""), PLACES),
    "no office": (seen_by(UJANG, ("Neneng Kurniasih", "")), PLACES),
    "a hidden place named": (hidden(place="Balai RW 007"), PLACES),
    "a hidden place in the giver's office": (hidden(giver_office="Petugas Posko Desa Sukamaju"), PLACES),
    "a hidden place in the witnesses' offices": (hidden(office="Ketua RT 003"), PLACES),
    "no handover": (lambda fields: fields.update(handovers=[]), ONCE),
    "two handovers": (lambda fields: fields.update(handovers=fields["handovers"] * 2), ONCE),
}


@pytest.mark.parametrize("cheat", NO_RECORDS)
def test_a_handover_record_without_two_witnesses_is_none(cheat: str) -> None:
    """BAST: one witness, the giver as a witness, one person twice, another day; or the place of somebody who is ill."""
    change, sentence = NO_RECORDS[cheat]
    with pytest.raises(MalformedInput, match=f"^{sentence}$") as caught:
        verify(goods_with(change), root=good_chain().root_pem)
    assert caught.value.rule == "receipt.handover"


RECORDS: dict[str, Callable[[Members], object]] = {
    "the first moment of the day": record(at="2021-08-04T17:00:00.000000Z"),
    "the last": record(at="2021-08-05T16:59:59.999999Z"),
    "an office nobody knows any more": record(giver_office=""),
    "no place at all": hidden(),
    "the first moment in the east": lambda fields: (
        fields.update(zone="WIT"),
        record(at="2021-08-04T15:00:00.000000Z")(fields),
    ),
}


@pytest.mark.parametrize("change", RECORDS)
def test_a_record_of_that_day_is_refused_for_its_digest_alone(change: str) -> None:
    """The agency's own day from its first to its last moment; a record may tell no place at all."""
    refused(goods_with(RECORDS[change]), "receipt.digest", good_chain().root_pem)


def test_money_is_not_handed_over_by_a_record() -> None:
    """A receipt of money names no handover."""
    other = json.loads(document.open_document(frame.open_frame(GOODS)).evidence)["fields"]["handovers"]
    bent = with_members(lambda members: members["fields"].update(handovers=other))
    refused(bent, "receipt.handover", good_chain().root_pem)


def test_evidence_without_a_salt_is_refused() -> None:
    """All four members, always: without a salt it would be the paper of a return, whose fields these are not."""
    refused(with_members(lambda members: members.pop("salt")), "receipt.fields", good_chain().root_pem)


def test_evidence_of_another_receipt_is_refused() -> None:
    """The entry, salt and proof of one genuine receipt do not carry the fields of another."""
    other = json.loads(document.open_document(frame.open_frame(GOODS)).evidence)
    refused(
        with_members(lambda members: members.update(fields=other["fields"])), "receipt.digest", good_chain().root_pem
    )


def in_a_log(entry: bytes, *, key: SigningKey = LOG_KEY, origin: str = ORIGIN) -> bytes:
    """Prove an entry in a log of two, signed by `key`."""
    leaves = [merkle.leaf_hash(entry), merkle.leaf_hash(b"another")]
    signed = note.sign(Checkpoint(origin, 2, merkle.root(leaves)).text(), key)
    return proof.Proof(0, (leaves[1],), note.parse(signed)).encode()


def with_evidence(**changes: object) -> bytes:
    """Change the evidence and have the file signed well."""
    bent = dataclasses.replace(GENUINE, **changes)  # type: ignore[arg-type]  # each test names parts of its own
    return rewrite(MONEY, attach(evidence.write(bent)))


def bent_entry(change: Callable[[Members], object]) -> bytes:
    """Change the entry of the receipt."""
    members: Members = json.loads(GENUINE.entry)
    change(members)
    return canonical.encode(members)


@pytest.mark.parametrize("name", ["receipt", "batch", "program", "commodity", "amount", "paid_on"])
def test_an_entry_that_says_something_else_is_refused(name: str) -> None:
    """What the log shows openly must be what the paper says, even where the digest fits."""
    other = {"amount": "900000", "paid_on": "2021-08-06"}.get(name, "other")
    entry = bent_entry(lambda members: members["body"].__setitem__(name, other))
    refused(with_evidence(entry=entry, proof=in_a_log(entry)), "receipt.entry", good_chain().root_pem)


def test_an_entry_of_another_kind_is_refused() -> None:
    """A true entry of a true log is no receipt unless it issues one."""
    entry = bent_entry(
        lambda members: members.update(
            kind="ReceiptCancelled", body={"receipt": "k3v9q2m7x1", "replaced_by": "", "reason": "salah"}
        )
    )
    refused(with_evidence(entry=entry, proof=in_a_log(entry)), "receipt.entry", good_chain().root_pem)


def test_an_entry_that_is_not_in_the_log_is_refused() -> None:
    """A proof leads from this very entry to the signed root, or nowhere."""
    refused(with_evidence(proof=in_a_log(b"something else")), "inclusion.root", good_chain().root_pem)


def test_a_log_of_the_thief_is_refused() -> None:
    """With the signing key but without the log's key, a new receipt has no log to stand in."""
    thief = SigningKey(ORIGIN, b"\x07" * 32)
    refused(with_evidence(proof=in_a_log(GENUINE.entry, key=thief)), "note.unsigned", good_chain().root_pem)
    other = in_a_log(GENUINE.entry, key=SigningKey("other.example/log", b"\x07" * 32), origin="other.example/log")
    refused(with_evidence(proof=other), "policy.origin", good_chain().root_pem)


def test_a_proof_with_freight_is_refused() -> None:
    """The format allows unauthenticated `extra` data in a proof; a receipt has none."""
    proven = dataclasses.replace(proof.parse(GENUINE.proof), extra=b"freight")
    refused(with_evidence(proof=proven.encode()), "receipt.proof", good_chain().root_pem)


@pytest.mark.parametrize(
    ("moment", "now_s"), [(b"D:20210805070400Z", NOW_S), (b"D:20210806071100Z", 1_628_147_520)], ids=["before", "after"]
)
def test_a_signing_time_that_cannot_be_is_refused(moment: bytes, now_s: int) -> None:
    """Dated back before its entry was recorded (an expired key), or ahead of the verifier's clock."""
    bent = rewrite(MONEY, swap(b"/M (D:20210805071100Z)", b"/M (" + moment + b")"))
    with pytest.raises(AuditError) as refusal:
        verify(bent, good_chain().root_pem, now_s=now_s)
    assert refusal.value.rule in {"receipt.time", "receipt.validity"}


def test_a_policy_asks_for_its_quorum() -> None:
    """Three of four witnesses cosigned the golden receipt's checkpoint: enough for three, too few for four."""
    enough = policy.parse(make_policy())
    assert verify(MONEY, policy=enough).witnesses == tuple(each.name for each in WITNESSES[:3])
    with pytest.raises(QuorumMissing):
        verify(MONEY, policy=policy.parse(make_policy("quorum four").replace(b"group three 3", b"group four 4")))


def test_the_policy_must_name_the_pinned_log_key() -> None:
    """Two pins that disagree are no pins."""
    other = str(SigningKey("other.example/log", b"\x07" * 32).verifier())
    with pytest.raises(AuditError) as refusal:
        verify_receipt(MONEY, root_cert=ROOT_PEM, log_key=other, policy=policy.parse(make_policy()), now_s=NOW_S)
    assert refusal.value.rule == "receipt.policy"


def test_the_machines_clock_is_used_unless_another_is_given() -> None:
    """A golden receipt of 2021 lies in the past of every clock."""
    report = verify_receipt(MONEY, root_cert=ROOT_PEM, log_key=LOG_VKEY)
    assert report.signed_at.isoformat() == "2021-08-05T07:11:00+00:00"
    assert report.paid_on is not None
    assert report.paid_on.isoformat() == "2021-08-05"


NEXT_KEY = SigningKey(ORIGIN, bytes(range(32, 64)))
NEXT = str(NEXT_KEY.verifier())


def ranges(last: int) -> str:
    """Write a policy as `aid-audit keys` prints it after a rotation: the old key's sizes end at `last`."""
    old, new = LOG_KEY.verifier(), NEXT_KEY.verifier()
    lines = [f"log {old}", f"#range {old.key_id.hex()} 0-{last}"]
    lines += [f"log {new}", f"#range {new.key_id.hex()} {last + 1}-", "quorum none"]
    return "".join(f"{line}\n" for line in lines)


def test_a_receipt_from_before_a_rotation_says_which_key_it_needs() -> None:
    """THREATS 11: the new key alone does not vouch for the old one's receipts, and who has only that is told so."""
    with pytest.raises(AuditError) as refusal:
        verify_receipt(MONEY, root_cert=ROOT_PEM, log_key=NEXT, now_s=NOW_S)
    assert (refusal.value.rule, refusal.value.index) == ("note.unsigned", None)
    assert refusal.value.sentence == (
        f"sealed by another log key than the given one: {LOG_KEY.verifier().key_id.hex()}; give that key from paper as "
        f"--log-key, or a --policy that lists the keys of {ORIGIN} with their #range lines, as `aid-audit keys` "
        "prints them"
    )


def test_a_policy_with_ranges_believes_a_receipt_from_before_the_rotation() -> None:
    """THREATS 11: the old key vouches for its own sizes, whichever key of the log is named; K1: and for no others."""
    size = proof.parse(GENUINE.proof).signed.text.splitlines()[1]
    for given in (NEXT, LOG_VKEY):
        trusted = policy.parse(ranges(int(size)).encode())
        report = verify_receipt(MONEY, root_cert=ROOT_PEM, log_key=given, policy=trusted, now_s=NOW_S)
        assert str(report.size) == size
        retired = policy.parse(ranges(int(size) - 1).encode())
        with pytest.raises(AuditError) as refusal:
            verify_receipt(MONEY, root_cert=ROOT_PEM, log_key=given, policy=retired, now_s=NOW_S)
        assert (refusal.value.rule, refusal.value.index) == ("policy.range", int(size) - 1)


def test_a_proof_that_nobody_signed_names_nobody() -> None:
    """A checkpoint without a line of the log's own name tells of no key."""
    held = proof.parse(GENUINE.proof)
    strangers = tuple(each for each in held.signed.signatures if each.name != ORIGIN)
    bare = dataclasses.replace(held, signed=note.Note(held.signed.text, strangers))
    with pytest.raises(AuditError, match="than the given one: nobody; give"):
        verify(with_evidence(proof=bare.encode()), good_chain().root_pem)
