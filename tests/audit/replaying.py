"""A small honest log made of facts alone, for tests that change one thing in it and ask what replay says.

No code of the agency is used: an outsider's story must be judged the same way.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import uuid
from typing import Any, cast

from audit import merkle
from audit.entry import Actor, Entry
from audit.errors import Finding
from audit.facts import Fact, founding, money, officials, paying
from audit.replay import Replay
from audit.replay.batches import line_leaf

DAY = dt.date(2021, 8, 5)
NOW = dt.datetime(2021, 8, 5, 3, 0, tzinfo=dt.UTC)
SINCE = dt.date(2021, 1, 4)
COMMITMENT = "A" * 43
ROLES = {
    "operator": "operator",
    "verifier": "verifier",
    "approver": "approver",
    "approver2": "approver",
    "treasurer": "treasurer",
    "field": "field",
}


@dataclasses.dataclass(frozen=True)
class Said:
    """One fact, who recorded it, in which act and when."""

    fact: Fact
    who: str
    act: str
    at: dt.datetime = NOW
    on: dt.date = DAY

    def but(self, **changes: Any) -> Said:  # noqa: ANN401 - fields of any fact
        """Give the same fact with something changed."""
        return dataclasses.replace(self, fact=dataclasses.replace(cast("Any", self.fact), **changes))

    def by(self, who: str) -> Said:
        """Give the same fact recorded by somebody else."""
        return dataclasses.replace(self, who=who)


def said(who: str, *facts: Fact, at: dt.datetime = NOW, on: dt.date = DAY) -> list[Said]:
    """Put facts into one act."""
    act = uuid.uuid4().hex
    return [Said(fact, who, act, at, on) for fact in facts]


def digest_of(lines: tuple[paying.FrozenLine, ...]) -> str:
    """Hash lines into the digest of their batch."""
    root = merkle.root([merkle.leaf_hash(line_leaf(line)) for line in lines])
    return base64.urlsafe_b64encode(root).rstrip(b"=").decode()


def move(source: str, origin: str, target: str, amount: int, program: str = "BST") -> money.Move:
    """Write a move of rupiah between two stages of a programme."""
    places = {stage: "-" if stage in {"world", "received"} else program for stage in (origin, target)}
    return money.Move(f"{source}/{places[origin]}/{origin}", f"{source}/{places[target]}/{target}", "IDR", amount)


def people() -> list[Said]:
    """Found the agency, enrol one official per role, give each approver a device."""
    founder = officials.OfficialEnrolled(official="founder", founder=1)
    second = officials.OfficialEnrolled(official="founder2", founder=1)
    story = said("", founder, second)
    for login, role in ROLES.items():
        grant = officials.RoleGranted(
            grant=f"GRT-{login}",
            official=login,
            role=role,
            area="",
            since=SINCE,
            until=None,
            decree="SK 1",
            requested_by="founder",
            founding=1,
        )
        story += said("founder", grant)
    for login in ("approver", "approver2"):
        device = officials.OtpDeviceEnrolled(official=login, device=f"DEV-{login}", usable_from=NOW)
        story += said(login, device)
    story += said("founder", policy("POL-1", founding_=1))
    story += said("founder2", founding.FoundingClosed(founders=("founder", "founder2")))
    return story


def policy(reference: str, *, founding_: int = 0, approvers: int = 1) -> money.PolicyChanged:
    """Ask for so many approvers from zero."""
    limits = (money.ApprovalLimit(0, approvers),)
    return money.PolicyChanged(
        policy=reference, program="", limits=limits, since=SINCE, proposed_by="founder", founding=founding_
    )


def funds() -> list[Said]:
    """Open a source, define a programme, receive and allocate a million rupiah."""
    source = money.SourceOpened(source="APBD-1", kind="apbd", name="APBD", in_rkud=1, custodian="BEND", year=2021)
    program = money.ProgramDefined(
        program="BST",
        version=1,
        public_name="BST",
        unit="household",
        commodity="IDR",
        allowed_sources=("apbd",),
        managed=1,
    )
    rate = money.RateSet(program="BST", commodity="IDR", amount=300_000, since=SINCE, document="DOC-1")
    ceiling = money.CeilingSet(program="BST", source="APBD-1", commodity="IDR", amount=900_000, document="DOC-1")
    received = money.FundsReceived(
        contribution="CTB-1",
        source="APBD-1",
        donor="",
        commodity="IDR",
        amount=1_000_000,
        document="DOC-1",
        emergency="",
        need_plan="",
        moves=(move("APBD-1", "world", "received", 1_000_000),),
    )
    allocated = money.FundsAllocated(
        allocation="ALC-1",
        source="APBD-1",
        program="BST",
        commodity="IDR",
        amount=1_000_000,
        document="DOC-1",
        moves=(move("APBD-1", "received", "allocated", 1_000_000),),
    )
    story = said("operator", source) + said("operator", program) + said("operator", rate) + said("operator", ceiling)
    return story + said("treasurer", received) + said("operator", allocated)


LINES = tuple(paying.FrozenLine(number, 100 + number, 300_000, "APBD-1", COMMITMENT) for number in (1, 2))


def batch(reference: str = "BTC-1", lines: tuple[paying.FrozenLine, ...] = LINES) -> dict[str, list[Said]]:
    """Draft, submit, verify, approve and send a batch; each step an act under its name."""
    total, digest = sum(line.amount for line in lines), digest_of(lines)
    drafted = paying.BatchDrafted(
        batch=reference,
        program="BST",
        period="2021-08",
        commodity="IDR",
        channel="bank",
        lines=len(lines),
        total=total,
    )
    submitted = paying.BatchSubmitted(
        batch=reference,
        program="BST",
        period="2021-08",
        commodity="IDR",
        channel="bank",
        decree="DOC-2",
        policy="POL-1",
        approvers=1,
        lines=len(lines),
        total=total,
        digest=digest,
        sources=(paying.SourceShare("APBD-1", total),),
        moves=(move("APBD-1", "allocated", "reserved", total),),
    )
    frozen = paying.LinesFrozen(batch=reference, first=1, frozen=lines)
    challenge, approved = _shown_and_approved(reference, digest, len(lines), total)
    sent = paying.PaymentInstructed(
        instruction=f"INS-{reference}",
        batch=reference,
        channel="bank",
        file=COMMITMENT,
        lines=len(lines),
        total=total,
        digest=digest,
        moves=(move("APBD-1", "reserved", "in_transit", total),),
    )
    return {
        "draft": said("operator", drafted),
        "submit": said("operator", submitted, frozen),
        "verify": said("verifier", paying.BatchVerified(batch=reference, digest=digest)),
        "challenge": said("approver", challenge),
        "approve": said("approver", approved),
        "send": said("treasurer", sent),
    }


def _shown_and_approved(
    reference: str, digest: str, count: int, total: int
) -> tuple[paying.ChallengeOpened, paying.ApprovalGiven]:
    """Show a batch to its approver, and let a code approve exactly that."""
    challenge = paying.ChallengeOpened(
        challenge=f"CHL-{reference}",
        device="DEV-approver",
        expires_at=NOW + dt.timedelta(minutes=5),
        batches=(paying.BoundBatch(reference, digest, count, "IDR", total),),
    )
    approved = paying.ApprovalGiven(
        batch=reference,
        digest=digest,
        lines=count,
        commodity="IDR",
        total=total,
        challenge=f"CHL-{reference}",
        device="DEV-approver",
        step=54_000_000 + len(reference),
        complete=True,
    )
    return challenge, approved


def outcomes(reference: str = "BTC-1") -> dict[str, list[Said]]:
    """Confirm the first line, fail the second, issue the receipt of the first."""
    one, two = LINES
    confirmed = paying.PaymentsConfirmed(
        batch=reference,
        result="RES-1",
        confirmed=(paying.LineOutcome(one.line, one.amount, "SUCCESS"),),
        moves=(move("APBD-1", "in_transit", "delivered", one.amount),),
    )
    failed = paying.PaymentsFailed(
        batch=reference,
        result="RES-1",
        failed=(paying.LineOutcome(two.line, two.amount, "ACCOUNT_INVALID"),),
        moves=(move("APBD-1", "in_transit", "allocated", two.amount),),
    )
    receipt = paying.ReceiptIssued(
        receipt="r1",
        digest=COMMITMENT,
        batch=reference,
        program="BST",
        amount=one.amount,
        commodity="IDR",
        paid_on=DAY,
    )
    return {
        "confirm": said("treasurer", confirmed),
        "fail": said("treasurer", failed),
        "receipt": said("treasurer", receipt),
    }


def story() -> dict[str, list[Said]]:
    """Tell the whole honest story, each step under its name, in order."""
    return {"people": people(), "funds": funds(), **batch(), **outcomes()}


def replayed(steps: dict[str, list[Said]] | list[Said]) -> Replay:
    """Replay a story; dictionaries are told in order."""
    flat = [each for part in steps.values() for each in part] if isinstance(steps, dict) else steps
    replay = Replay()
    ordinals: dict[str, int] = {}
    for index, each in enumerate(flat):
        ordinal = ordinals.get(each.act, 0)
        ordinals[each.act] = ordinal + 1
        replay.apply(index, entry_of(each, ordinal))
    replay.finish()
    return replay


def entry_of(each: Said, ordinal: int, rows: dict[str, dict[str, str | None]] | None = None) -> Entry:
    """Put a fact into its envelope."""
    actor = Actor("official", each.who, "OFFICE", "web") if each.who else Actor("system", "", "", "init")
    at = each.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fact = each.fact
    return Entry(
        fact.KIND, fact.V, uuid.uuid4().hex, each.act, ordinal, actor, at, each.on.isoformat(), fact.body(), rows or {}
    )


def rules(violations: list[Finding] | Any) -> set[str]:  # noqa: ANN401 - any sequence of violations
    """Name the broken rules."""
    return {each.rule for each in violations}
