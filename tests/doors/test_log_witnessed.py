"""The log as outsiders see it: grey until enough witnesses have cosigned, and an alarm nobody can click away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import update

from aid_ledger.core.act import keeping_house
from aid_ledger.core.db import reading
from aid_ledger.log import queries, witnessing
from aid_ledger.log.calling import Reply
from aid_ledger.log.export import export
from aid_ledger.log.models import WitnessCosignature
from audit import cosignature, note, policy, proof
from audit.cli import main as audit_main
from audit.errors import QuorumMissing
from audit.policy import Policy
from tests.builders import leaving
from tests.builders import witnesses as builders
from tests.builders.officials import Founded
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
    """P3: exit 1 before the quorum has cosigned, 0 afterwards; the next entry begins it anew."""
    (tmp_path / "policy").write_bytes(policy_of(founded, four))

    def verdict(folder: Path) -> int:
        with reading(founded.bench.engine) as session:
            export(session, folder, vkey=queries.name_of_log(session).vkey)
        words = ["verify", str(folder), "--policy", str(tmp_path / "policy"), "--max-age", "1h"]
        return CliRunner().invoke(audit_main, words).exit_code

    assert verdict(tmp_path / "a") == 1
    ask(founded, "kpk", "bpkp")
    assert verdict(tmp_path / "a") == 1
    ask(founded, "universitas")
    assert verdict(tmp_path / "a") == 0
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    founded.bench.sequencer.run_once()
    assert verdict(tmp_path / "b") == 1
    ask(founded, "kpk", "bpkp", "universitas")
    assert verdict(tmp_path / "b") == 0


def test_a_proof_of_one_entry_carries_the_cosignatures(founded: Founded, four: list[builders.Watching]) -> None:
    """LOG A7: what is shown offline fills the quorum by itself."""
    ask(founded, *builders.NAMES)
    trusted = policy.parse(policy_of(founded, four))
    with reading(founded.bench.engine) as session:
        entry = queries.entry_at(session, 0)
        shown = proof.parse(queries.proof_text(session, 0).encode())
    assert len(proof.verify(shown, entry.raw, trusted, now_s=int(time.time())).cosigned) == 4
