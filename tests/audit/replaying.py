"""A small honest log made of facts alone, for tests that change one thing in it and ask what replay says.

No code of the agency is used: an outsider's story must be judged the same way.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

from audit.facts import Fact, money, paying
from tests.audit.agency import people
from tests.audit.told import COMMITMENT, DAY, NOW, SINCE, Said, Story, digest_of, move, said, written


def paper(reference: str, kind: str, *, number: str = "", until: dt.date | None = None) -> list[Said]:
    """Put a paper on file."""
    fact = money.DocumentRegistered(
        document=reference,
        kind=kind,
        number=number or reference,
        issued_on=SINCE,
        valid_from=SINCE,
        valid_until=until,
        file="",
    )
    return said("operator", fact)


def source_opened(reference: str = "APBD-1", kind: str = "apbd") -> list[Said]:
    """Open a source in the treasurer's custody."""
    fact = money.SourceOpened(
        source=reference, kind=kind, name="Sumber", in_rkud=1, custodian="OFF-treasurer", year=2021
    )
    return said("operator", fact)


def offer_of(received: money.FundsReceived) -> money.ContributionOffered:
    """Offer what is received."""
    return money.ContributionOffered(
        contribution=received.contribution,
        source=received.source,
        donor=received.donor,
        commodity=received.commodity,
        amount=received.amount,
        document=received.document,
    )


def receipt_of(amount: int, *, source: str = "APBD-1", **changes: object) -> money.FundsReceived:
    """Receive rupiah."""
    fact = money.FundsReceived(
        contribution="CTB-1",
        source=source,
        donor="",
        commodity="IDR",
        amount=amount,
        document="DOC-1",
        emergency="",
        need_plan="",
        moves=(move(source, "world", "received", amount),),
    )
    return dataclasses.replace(fact, **changes)  # type: ignore[arg-type] # fields of a receipt


def programme(code: str = "BST", *, commodity: str = "IDR", managed: int = 1) -> list[Said]:
    """Define a programme paid from the budget."""
    fact = money.ProgramDefined(
        program=code,
        version=1,
        public_name=code,
        unit="household",
        commodity=commodity,
        allowed_sources=("apbd",),
        managed=managed,
    )
    return said("operator", fact)


def rate(amount: int, since: dt.date = SINCE, program: str = "BST", commodity: str = "IDR") -> list[Said]:
    """Set what one payment is."""
    fact = money.RateSet(program=program, commodity=commodity, amount=amount, since=since, document="DOC-1")
    return said("operator", fact)


def funds() -> list[Said]:
    """Open a source, define a programme, receive and allocate a million rupiah."""
    ceiling = money.CeilingSet(program="BST", source="APBD-1", commodity="IDR", amount=900_000, document="DOC-1")
    received = receipt_of(1_000_000)
    allocated = money.FundsAllocated(
        allocation="ALC-1",
        source="APBD-1",
        program="BST",
        commodity="IDR",
        amount=1_000_000,
        document="DOC-1",
        moves=(move("APBD-1", "received", "allocated", 1_000_000),),
    )
    story = paper("DOC-1", "dpa") + paper("DOC-2", "sk") + source_opened() + programme() + rate(300_000)
    story += said("operator", ceiling) + said("operator", offer_of(received)) + said("treasurer", received)
    return story + said("operator", allocated)


ENTITLED = range(101, 105)
LINES = tuple(paying.FrozenLine(number, 100 + number, 300_000, "APBD-1", COMMITMENT) for number in (1, 2))


def due(
    run: str = "RUN-1", numbers: Iterable[int] = ENTITLED, *, program: str = "BST", period: str = "2021-08"
) -> list[Said]:
    """Propose entitlements and determine them by a decree."""
    keys = list(numbers)
    proposed = paying.EntitlementsProposed(
        run=run, program=program, period=period, count=len(keys), left_out=0, amount_each=300_000
    )
    determined = paying.EntitlementsDetermined(run=run, program=program, period=period, decree="DOC-2", count=len(keys))
    story = written("operator", proposed, "entitlements", keys)
    return story + written("operator", determined, "entitlements", keys)


def batch(reference: str = "BTC-1", lines: tuple[paying.FrozenLine, ...] = LINES) -> Story:
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
    challenge, approved = shown_and_approved(reference, digest, len(lines), total)
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


def shown_and_approved(
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
        step=code_step(reference),
        complete=True,
    )
    return challenge, approved


def code_step(reference: str) -> int:
    """Tell which step of the approver's device approves a batch; later batches take later steps."""
    return 54_000_000 + sum(reference.encode())


def answer(
    *facts: Fact, reference: str = "BTC-1", result: str = "RES-1", matched: int = 2, inquiry: bool = False
) -> list[Said]:
    """Import a channel's answer with the outcomes it gives."""
    imported = paying.ResultImported(
        result=result,
        instruction=f"INS-{reference}",
        file=digest_of([paying.FrozenLine(len(result), 1, 1, result, COMMITMENT)]),
        count=2,
        matched=matched,
        inquiry=inquiry,
    )
    return said("treasurer", imported, *facts)


ONE = paying.LineOutcome(1, 300_000, "SUCCESS")
TWO = paying.LineOutcome(2, 300_000, "ACCOUNT_INVALID")


def confirmed(*outcomes: paying.LineOutcome, result: str = "RES-1", amount: int = 300_000) -> paying.PaymentsConfirmed:
    """Confirm lines."""
    moves = (move("APBD-1", "in_transit", "delivered", amount),)
    return paying.PaymentsConfirmed(batch="BTC-1", result=result, confirmed=outcomes, moves=moves)


def failed(*outcomes: paying.LineOutcome, result: str = "RES-1", amount: int = 300_000) -> paying.PaymentsFailed:
    """Let lines fail."""
    moves = (move("APBD-1", "in_transit", "allocated", amount),)
    return paying.PaymentsFailed(batch="BTC-1", result=result, failed=outcomes, moves=moves)


def receipt(name: str = "r1", **changes: object) -> paying.ReceiptIssued:
    """Issue the receipt of a delivered line."""
    fact = paying.ReceiptIssued(
        receipt=name,
        digest=COMMITMENT,
        batch="BTC-1",
        program="BST",
        amount=300_000,
        commodity="IDR",
        paid_on=DAY,
    )
    return dataclasses.replace(fact, **changes)  # type: ignore[arg-type] # fields of a receipt


def outcomes() -> Story:
    """Confirm the first line, fail the second, issue the receipt of the first."""
    return {"answer": answer(confirmed(ONE), failed(TWO)), "receipt": said("treasurer", receipt())}


def begun() -> Story:
    """Tell the honest story up to what is due."""
    return {"people": people(), "funds": funds(), "due": due()}


def story() -> Story:
    """Tell the whole honest story, each step under its name, in order."""
    return {**begun(), **batch(), **outcomes()}
