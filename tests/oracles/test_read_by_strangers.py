"""A reader nobody here wrote reads and audits our log as the web server serves it, cosignatures included (P4)."""

from __future__ import annotations

from aid_ledger.log import witnessing
from audit.merkle import leaf_hash
from tests.builders import witnesses as builders
from tests.builders.officials import Founded
from tests.builders.server import serving
from tests.oracles.asking import listening, needs_stranger
from tests.rooms.log.forging import by_hand, literal
from tests.rooms.log.writing import define, define_all, ordered_entries

WHOLE = 256

pytestmark = needs_stranger


def test_a_strangers_reader_audits_the_log_the_server_serves(founded: Founded) -> None:
    """V2, R5: head, cosignature, every tile, every entry, some proofs; and it sees the one byte a superuser changes."""
    bench = founded.bench
    bench.acts.run(founded.actor("operator"), define_all, [f"B{number}" for number in range(WHOLE)])
    with builders.watching(bench) as kpk, serving(founded) as address, listening() as stranger:
        builders.add(founded, kpk)
        assert [each.fault for each in witnessing.submit(bench.engine)] == [""]
        believed = {"vkey": str(bench.key.verifier()), "witnesses": [str(kpk.vkey)], "quorum": 1}

        read = stranger.ask("read", address=f"{address}/log", **believed)
        mine = ordered_entries(bench)
        assert (read["ok"], read["error"], read["size"]) == (True, "", len(mine)), read
        assert (read["tiles"], read["bundles"]) == (3, 2)
        assert [bytes.fromhex(each) for each in read["entries"]] == [bytes(each.raw) for each in mine]

        # The next entry is sealed at once, and nobody has cosigned it yet.
        bench.acts.run(founded.actor("operator"), define, "BERAS")
        bench.sequencer.run_once()
        alone = stranger.ask("read", address=f"{address}/log", **believed)
        assert (alone["ok"], alone["size"]) == (False, len(mine) + 1)

        forged = bytes(mine[7].raw).replace(b"2021", b"2022", 1)
        assert leaf_hash(forged) != bytes(mine[7].leaf_hash)
        by_hand(bench, f"UPDATE log_entries SET raw = {literal(bench, forged)} WHERE id = {mine[7].id}")
        caught = stranger.ask("read", address=f"{address}/log", **believed)
        assert caught["refused"].startswith("TileVerificationError"), caught
