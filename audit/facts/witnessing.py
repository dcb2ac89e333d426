"""Facts of what leaves: whose cosignatures the agency waits for, and the capped way on when they do not come.

The policy here binds the agency itself: nothing it seals leaves before that quorum has cosigned. Whom an inspector
believes is in the inspector's own file.
"""

from __future__ import annotations

from audit.facts.codec import Amount, Code, Count, Digest, Fact, FileText, Flag, Moment, Words, fact


@fact("witness_policies")
class WitnessPolicyProposed(Fact):
    """An administrator proposed whom to wait for; `text` is a C2SP tlog-policy, `sha256` the digest of its UTF-8."""

    policy: Code
    text: FileText
    sha256: Digest


@fact("witness_policy_agreements")
class WitnessPolicySet(Fact):
    """A second administrator agreed: from `since` on nothing leaves before this quorum has cosigned it.

    `founding` says that a founder set it alone, at once, before FoundingClosed.
    """

    policy: Code
    text: FileText
    sha256: Digest
    since: Moment
    proposed_by: Code
    founding: Flag


@fact("unwitnessed_ways")
class UnwitnessedProposed(Fact):
    """Somebody who answers for money asked to go on without the quorum: up to these caps, for so many hours."""

    way: Code
    reason: Words
    cap: Amount
    lines: Count
    hours: Count


@fact("unwitnessed_openings")
class UnwitnessedOpened(Fact):
    """A second one, of another office, agreed. What leaves is charged against the caps until they or the time end.

    `cap` is in whole rupiah, `lines` counts lines of money and of goods; the way is closed by `until`, and not needed
    for anything that the quorum has cosigned.
    """

    way: Code
    reason: Words
    cap: Amount
    lines: Count
    until: Moment
    proposed_by: Code


@fact("unwitnessed_uses")
class UnwitnessedUsed(Fact):
    """In this act something left that the quorum had not cosigned: a batch, charged once and whole, or a receipt.

    `amount` is in whole rupiah and zero where no money moves: goods and receipts count by `lines` alone.
    """

    way: Code
    what: Code
    amount: Amount
    lines: Count
