"""Facts from entitlement to receipt: the batch, its frozen lines, verification, approval, instruction, result."""

from __future__ import annotations

from audit.facts.codec import Amount, Code, Count, Day, Digest, Fact, Flag, Line, MaybeCode, Moment, Words, fact, row
from audit.facts.money import Move


@fact("entitlement_runs", "entitlements", "left_out")
class EntitlementsProposed(Fact):
    """Entitlements were computed from programme, period and region; everyone left out has a reason."""

    run: Code
    program: Code
    period: Code
    count: Count
    left_out: Count
    amount_each: Amount


@fact("entitlement_runs", "entitlements")
class EntitlementsDetermined(Fact):
    """A decree (SK) determined a run's entitlements."""

    run: Code
    program: Code
    period: Code
    decree: Code
    count: Count


@fact("entitlements")
class EntitlementHeld(Fact):
    """An entitlement waits for a decision with a written reason."""

    entitlement: Count
    reason: Code


@fact("entitlements")
class EntitlementReleased(Fact):
    """A held entitlement goes on."""

    entitlement: Count
    reason: Words


@fact("entitlements")
class EntitlementCancelled(Fact):
    """An entitlement will not be paid."""

    entitlement: Count
    reason: Words


@fact("batches", "batch_lines", "batch_sources", "batch_steps")
class BatchDrafted(Fact):
    """A list of lines was put together; nothing is reserved yet."""

    batch: Code
    program: Code
    period: Code
    commodity: Code
    channel: Code
    lines: Count
    total: Amount


@fact("batches", "batch_lines", "entitlements", "batch_sources")
class LineSetAside(Fact):
    """A line was taken out of a draft with a reason, so that the rest goes on."""

    batch: Code
    line: Count
    reason: Code


@row
class SourceShare:
    """How much of a batch one source pays."""

    source: Code
    amount: Amount


@fact("batches", "batch_lines", "batch_sources", "batch_steps", "entitlements", "accounts", "transfers")
class BatchSubmitted(Fact):
    """A batch was frozen under a digest and its value reserved. Its LinesFrozen follow in the same Act."""

    batch: Code
    program: Code
    period: Code
    commodity: Code
    channel: Code
    decree: Code
    policy: Code
    approvers: Count
    lines: Count
    total: Amount
    digest: Digest
    sources: tuple[SourceShare, ...]
    moves: tuple[Move, ...]


@row
class FrozenLine:
    """One line as approved. `commitment` binds payee and account under a salt; it names nobody."""

    line: Count
    entitlement: Count
    amount: Amount
    source: Code
    commitment: Digest


@fact("batch_lines")
class LinesFrozen(Fact):
    """At most 500 lines of a submitted batch; the RFC 6962 root over all of them is the batch's digest."""

    batch: Code
    first: Count
    frozen: tuple[FrozenLine, ...]


@fact("batches", "batch_steps")
class BatchVerified(Fact):
    """The verifier (PPK-SKPD) found the papers and the list in order."""

    batch: Code
    digest: Digest


@fact("batches", "batch_lines", "batch_steps", "entitlements", "accounts", "transfers")
class BatchRejected(Fact):
    """A batch was refused or sent back at a step (`verify`, `approve`); its reserved value is free again."""

    batch: Code
    step: Code
    outcome: Code
    reason: Words
    moves: tuple[Move, ...]


@fact("batches", "batch_lines", "batch_steps", "entitlements", "accounts", "transfers")
class BatchCancelled(Fact):
    """The maker withdrew a batch before it was paid."""

    batch: Code
    reason: Words
    moves: tuple[Move, ...]


@row
class BoundBatch:
    """What one code will approve of one batch."""

    batch: Code
    digest: Digest
    lines: Count
    commodity: Code
    total: Amount


@fact("challenges", "challenge_batches")
class ChallengeOpened(Fact):
    """An approver was shown exactly these batches; a code entered now approves them and nothing else."""

    challenge: Code
    device: Code
    expires_at: Moment
    batches: tuple[BoundBatch, ...]


@fact("challenges", "otp_devices")
class OtpRejected(Fact):
    """A code was refused at approval: wrong, late, used before, or for a batch that has changed."""

    challenge: Code
    device: Code
    reason: Code
    tries: Count


@fact("challenges", "batch_steps", "batches", "otp_devices", "otp_uses")
class ApprovalGiven(Fact):
    """An approver's code was accepted for this digest, total and count; `step` is spent on this device for ever."""

    batch: Code
    digest: Digest
    lines: Count
    commodity: Code
    total: Amount
    challenge: Code
    device: Code
    step: Count
    complete: Flag


@fact("instructions", "batches", "batch_lines", "accounts", "transfers")
class PaymentInstructed(Fact):
    """A sealed batch was handed to a channel; `file` is the SHA-256 of what was written."""

    instruction: Code
    batch: Code
    channel: Code
    file: Digest
    lines: Count
    total: Amount
    digest: Digest
    moves: tuple[Move, ...]


@fact("instructions")
class FileCollected(Fact):
    """A sealed instruction's file, or the part of it for one village, was taken out to be carried to its channel."""

    instruction: Code
    file: Digest
    lines: Count


@fact("result_files", "line_results")
class ResultImported(Fact):
    """A channel's answer was read, of its own accord or to an inquiry; the outcomes follow in the same Act."""

    result: Code
    instruction: Code
    file: Digest
    count: Count
    matched: Count
    inquiry: Flag


@row
class LineOutcome:
    """What became of one line, by DOMAIN outcome code, and how much."""

    line: Count
    amount: Amount
    outcome: Code


@fact("batches", "batch_lines", "line_results", "entitlements", "accounts", "transfers", "handovers")
class PaymentsConfirmed(Fact):
    """These lines reached their households: in_transit to delivered."""

    batch: Code
    result: Code
    confirmed: tuple[LineOutcome, ...]
    moves: tuple[Move, ...]


@fact("batches", "batch_lines", "line_results", "entitlements", "accounts", "transfers", "handovers")
class PaymentsFailed(Fact):
    """These lines did not arrive and their value is back with the programme: in_transit to allocated."""

    batch: Code
    result: Code
    failed: tuple[LineOutcome, ...]
    moves: tuple[Move, ...]


@fact("batches", "batch_lines", "line_results")
class PaymentsUnknown(Fact):
    """Nobody knows yet what became of these lines; only an inquiry result may settle them, never a resend."""

    batch: Code
    result: Code
    unknown: tuple[LineOutcome, ...]


@fact("batches", "batch_lines", "line_results")
class LinesHeld(Fact):
    """The channel answered for another account or amount than approved: these lines wait for a decision."""

    batch: Code
    result: Code
    held: tuple[LineOutcome, ...]


@fact("instructions")
class ResendRefused(Fact):
    """Somebody tried to pay a line again whose outcome is unknown or final."""

    batch: Code
    line: Count
    state: Code


@fact("handovers", "batch_lines", "batches", "line_results", "accounts", "transfers")
class GoodsHandedOver(Fact):
    """Lines were handed over by a field officer before witnesses: in_transit to delivered."""

    batch: Code
    handover: Code
    handed: tuple[LineOutcome, ...]
    witnesses: Count
    moves: tuple[Move, ...]


@fact()
class HandoverRefused(Fact):
    """Nothing was handed over: the witnesses named were one person (`same`), the `giver`, or a `receiver`."""

    batch: Code
    lines: Count
    reason: Code


@fact("treasury_returns", "accounts", "transfers")
class FundsReturned(Fact):
    """Value that could not be delivered went back to the treasury (STS) or the donor: allocated to returned.

    `batch` is empty where it was what a programme had left; `statement` is the digest of what the paper of it says.
    """

    sts: Code
    source: Code
    program: Code
    commodity: Code
    amount: Amount
    batch: MaybeCode
    lines: Count
    document: Code
    statement: Digest
    moves: tuple[Move, ...]


@fact("batch_lines")
class LinesReturned(Fact):
    """These failed lines are what a return of the same act gives back; in all, they add up to its amount."""

    sts: Code
    batch: Code
    returned: tuple[LineOutcome, ...]


@fact()
class ReturnPrinted(Fact):
    """The paper of a return (STS) was printed."""

    sts: Code


@fact("receipts")
class ReceiptIssued(Fact):
    """A household's receipt exists; `digest` is a salted digest of its fields, never of the PDF.

    One named `x.2` takes the place of `x`, which ended for it earlier in the same act, and states the same amount.
    """

    receipt: Code
    digest: Digest
    batch: Code
    program: Code
    amount: Amount
    commodity: Code
    paid_on: Day


@fact("receipts")
class ReceiptCancelled(Fact):
    """A receipt no longer stands; `replaced_by` names the one that the same act issues in its place, if any."""

    receipt: Code
    replaced_by: MaybeCode
    reason: Line


@row
class PrintedReceipt:
    """A receipt that was printed with others, and which print of it that was."""

    receipt: Code
    copy: Count


@fact("receipts")
class ReceiptsPrinted(Fact):
    """Receipts of a batch were printed as one file; a large one takes several of these in one act.

    Where they are handed out is not told: of some programmes no place may be named, and which those are is not told.
    """

    batch: Code
    layout: Code
    printed: tuple[PrintedReceipt, ...]


@fact("receipts")
class ReceiptPrinted(Fact):
    """A receipt was printed for the n-th time."""

    receipt: Code
    copy: Count
