"""The log as outsiders see it: grey until enough witnesses have cosigned, and an alarm nobody can click away."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import update

from aid_ledger.core.act import keeping_house
from aid_ledger.core.db import reading
from aid_ledger.log import queries, quorum, witnessing
from aid_ledger.log.calling import Reply
from aid_ledger.log.export import export
from aid_ledger.log.models import WitnessCosignature
from aid_ledger.oversight import evidence
from audit import cosignature, note, policy, proof
from audit.choice import Wish
from audit.cli import main as audit_main
from audit.errors import QuorumMissing
from audit.policy import Policy
from tests.builders import leaving
from tests.builders import witnesses as builders
from tests.builders.officials import Founded
from tests.builders.programmes import defined
from tests.rooms.log.writing import define


@pytest.fixture
def four(founded: Founded) -> Iterator[list[builders.Watching]]:
    """Run the four witnesses that are recommended, and have them added."""
    with builders.recommended(founded) as found:
        yield found


def policy_of(founded: Founded, four: list[builders.Watching]) -> bytes:
    """Write the policy of an inspector: three of the four, and never without the KPK."""
    return leaving.policy_text(founded, four).encode()


def ask(founded: Founded, *names: str) -> None:
    """Have these witnesses asked."""
    for name in names:
        assert [each.fault for each in witnessing.submit(founded.bench.engine, name)] == [""]


def is_enough(raw: bytes, trusted: Policy) -> bool:
    """Say whether a checkpoint as served fills the inspector's quorum."""
    try:
        policy.check(note.parse(raw), trusted, now_s=int(time.time()), max_age_s=3600)
    except QuorumMissing:
        return False
    return True


def test_each_cosignature_is_served_at_once_and_grey_ends_with_the_quorum(
    web_app: Flask, founded: Founded, four: list[builders.Watching]
) -> None:
    """THREATS 4: published without any, again with each; three without the KPK are not enough for the inspector."""
    trusted = policy.parse(policy_of(founded, four))
    visitor = web_app.test_client()
    served = []
    for name in (None, "bpkp", "inspektorat", "universitas", "kpk"):
        if name:
            ask(founded, name)
        raw = visitor.get("/log/checkpoint").data
        cosigned = cosignature.verify(note.parse(raw), [each.vkey for each in four])
        served.append((len(cosigned), is_enough(raw, trusted), "trust--proved" in visitor.get("/log/").text))
    assert served == [(0, False, False), (1, False, False), (2, False, False), (3, False, True), (4, True, True)]


def test_an_alarm_is_shown_to_everybody_and_stays(
    web_app: Flask, founded: Founded, four: list[builders.Watching]
) -> None:
    """F1: whoever opens the page reads that a witness saw another history, also after it cosigned again."""

    def refuse(_address: str, _body: bytes) -> Reply:
        return Reply(422, "text/plain", b"")

    witnessing.submit(founded.bench.engine, "kpk", post=refuse)
    ask(founded, *builders.NAMES)
    page = web_app.test_client().get("/log/").text
    assert "Saksi kpk tidak sependapat dengan log ini" in page
    assert "Pernah menolak" in page


def test_a_line_put_in_by_hand_is_not_served(web_app: Flask, founded: Founded, four: list[builders.Watching]) -> None:
    """A superuser who spoils a line makes the checkpoint less believed, never refused by everybody."""
    ask(founded, *builders.NAMES)
    stranger = builders.key_of("stranger")
    for line in ("noise", cosignature.sign("other\n", stranger, time_s=1).line()):
        with keeping_house(founded.bench.engine) as session:
            session.execute(update(WitnessCosignature).values(line=line))
        served = note.parse(web_app.test_client().get("/log/checkpoint").data)
        assert [each.name for each in served.signatures] == [founded.bench.key.name]


def test_an_inspector_verifies_the_export_with_a_quorum(
    founded: Founded, four: list[builders.Watching], tmp_path: Path
) -> None:
    """P3: exit 1 before the quorum has cosigned, 0 afterwards; the next entry is newer than its word."""
    (tmp_path / "policy").write_bytes(policy_of(founded, four))

    def verdict(folder: Path) -> tuple[int, str]:
        with reading(founded.bench.engine) as session:
            export(session, folder, vkey=queries.name_of_log(session).vkey)
        words = ["verify", str(folder), "--policy", str(tmp_path / "policy"), "--max-age", "1h"]
        result = CliRunner().invoke(audit_main, words)
        newer = [each for each in result.output.splitlines() if each.startswith("unwitnessed")]
        return result.exit_code, "".join(newer)

    assert verdict(tmp_path / "a") == (1, "")
    ask(founded, "kpk", "bpkp")
    assert verdict(tmp_path / "a") == (1, "")
    ask(founded, "universitas")
    assert verdict(tmp_path / "a") == (0, "")
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    founded.bench.sequencer.run_once()
    assert verdict(tmp_path / "b") == (0, "unwitnessed: 1 entry newer than the witnesses' word")
    ask(founded, "kpk", "bpkp", "universitas")
    assert verdict(tmp_path / "b") == (0, "")


def test_the_newest_that_enough_have_cosigned_is_served_beside_the_newest(
    web_app: Flask, founded: Founded, four: list[builders.Watching]
) -> None:
    """THREATS 4: by the house's own rule any three of four, by the policy in force never without the KPK."""
    visitor = web_app.test_client(use_cookies=False)
    place = "/log/checkpoint.witnessed"
    assert visitor.get(place).status_code == 404
    ask(founded, "bpkp", "inspektorat")
    assert visitor.get(place).status_code == 404
    ask(founded, "universitas")
    held, newest = visitor.get(place), visitor.get("/log/checkpoint")
    assert held.data == newest.data
    for name in ("Content-Type", "Cache-Control", "Access-Control-Allow-Origin", "Cross-Origin-Resource-Policy"):
        assert held.headers[name] == newest.headers[name]
    leaving.set_policy(founded, leaving.policy_text(founded, four))
    founded.bench.sequencer.run_once()
    assert visitor.get(place).status_code == 404
    ask(founded, *builders.NAMES)
    sworn = visitor.get("/log/checkpoint").data
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    founded.bench.sequencer.run_once()
    assert (visitor.get(place).data, visitor.get("/log/checkpoint").data == sworn) == (sworn, False)
    assert "Segel terbaru yang disaksikan" in visitor.get("/log/").text


def test_an_export_holds_no_witnessed_checkpoint_beyond_its_own(
    founded: Founded, four: list[builders.Watching]
) -> None:
    """A log that grows while it is exported: what is put beside the newest one is never larger."""
    ask(founded, *builders.NAMES)
    with reading(founded.bench.engine) as session:
        first = queries.sealed_size(session)
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    founded.bench.sequencer.run_once()
    ask(founded, *builders.NAMES)
    with reading(founded.bench.engine) as session:
        found = [quorum.newest_witnessed(session, at_most=first + more) for more in (-1, 0, 1)]
    assert [each.size if each else 0 for each in found] == [0, first, first + 1]


def test_evidence_of_a_busy_log_verifies_by_the_policy_on_paper(
    founded: Founded, four: list[builders.Watching], tmp_path: Path
) -> None:
    """THREATS 4, 18: the agency's own policy lies in it to be compared; what is newer than its quorum is counted."""
    file, paper = tmp_path / "F.zip", tmp_path / "policy"
    paper.write_bytes(policy_of(founded, four))
    with founded.act("operator") as act:
        defined(act, "BST")
        wish = Wish("BST", act.on.isoformat(), act.on.isoformat())

    def verified() -> tuple[set[str], list[str]]:
        with reading(founded.bench.engine) as session:
            vkey = queries.name_of_log(session).vkey
            evidence.export(session, file, wish, vkey=vkey, root_certificate=b"certificate")
        result = CliRunner().invoke(audit_main, ["verify", str(file), "--policy", str(paper), "--max-age", "1h"])
        with zipfile.ZipFile(file) as packed:
            assert "policy.txt" not in packed.namelist() or packed.read("policy.txt") == paper.read_bytes()
            return {name for name in packed.namelist() if "/" not in name}, result.output.splitlines()

    founded.bench.sequencer.run_once()
    usual = {"README.txt", "periksa.html", "checkpoint", "log.vkey", "history", "timestamps", "manifest.json"}
    members, lines = verified()
    assert (members, "rule: policy.quorum" in lines) == (usual, True)
    leaving.set_policy(founded, paper.read_text())
    leaving.cosign(founded.bench, *leaving.QUORUM)
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    founded.bench.sequencer.run_once()
    members, lines = verified()
    assert members == usual | {"policy.txt", "checkpoint.witnessed"}
    assert lines[-1] == "result: good"
    assert "unwitnessed: 1 entry newer than the witnesses' word" in lines


def test_a_proof_of_one_entry_carries_the_cosignatures(founded: Founded, four: list[builders.Watching]) -> None:
    """LOG A7: what is shown offline fills the quorum by itself."""
    ask(founded, *builders.NAMES)
    trusted = policy.parse(policy_of(founded, four))
    with reading(founded.bench.engine) as session:
        entry = queries.entry_at(session, 0)
        shown = proof.parse(queries.proof_text(session, 0).encode())
    assert len(proof.verify(shown, entry.raw, trusted, now_s=int(time.time())).cosigned) == 4
