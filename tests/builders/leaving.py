"""A witness policy of the agency, and the way on without its quorum."""

from __future__ import annotations

from collections.abc import Sequence

from aid_ledger.leaving import service
from aid_ledger.log import witnessing
from tests.benches import Bench
from tests.builders.officials import Founded
from tests.builders.witnesses import Watching

QUORUM = ("bpkp", "inspektorat", "kpk")
"""Three of the four, with the KPK."""

REASON = "Saksi tidak dapat dihubungi sejak pagi; warga menunggu di posko."


def policy_text(founded: Founded, four: Sequence[Watching]) -> str:
    """Write the policy that is recommended: three of the four, and never without the KPK."""
    lines = [f"log {founded.bench.key.verifier()}"]
    lines += [f"witness {each.name} {each.vkey}" for each in four]
    lines += ["group others 2 bpkp inspektorat universitas", "group enough all kpk others", "quorum enough"]
    return "".join(f"{line}\n" for line in lines)


def cosign(bench: Bench, *names: str) -> None:
    """Have these witnesses cosign the newest checkpoint."""
    bench.sequencer.run_once()
    for name in names:
        assert [each.fault for each in witnessing.submit(bench.engine, name)] == [""]


def set_policy(founded: Founded, text: str, *, by: str = "sekda") -> str:
    """Set a policy as a founder does, at once; gives its reference."""
    with founded.act(by) as act:
        return service.propose_policy(act, text).reference


def proposed(
    founded: Founded, *, by: str = "treasurer", cap: int = 10_000_000, lines: int = 100, hours: int = 4
) -> str:
    """Propose a way; gives its reference."""
    with founded.act(by) as act:
        return service.propose_way(act, reason=REASON, cap=cap, lines=lines, hours=hours).reference


def opened(founded: Founded, *, by: str = "approver", cap: int = 10_000_000, lines: int = 100, hours: int = 4) -> str:
    """Propose a way and have the second official open it; gives its reference."""
    reference = proposed(founded, cap=cap, lines=lines, hours=hours)
    with founded.act(by) as act:
        service.open_way(act, reference)
    return reference
