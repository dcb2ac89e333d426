"""Facts of a restore: the database was put back to an earlier day, and the log told it what it had forgotten."""

from __future__ import annotations

from typing import Final

from audit.facts.codec import Amount, Code, Count, Digest, Fact, Line, fact, row
from audit.facts.money import Move

RECORDED: Final = frozenset(
    {
        *("accounts", "agencies", "allocations", "approval_policies", "auditor_keys", "bank_accounts"),
        *("batch_lines", "batch_sources", "batch_steps", "batches", "ceilings", "challenge_batches"),
        *("challenges", "commodities", "contributions", "credentials", "documents", "donors"),
        *("emergency_statuses", "entitlement_runs", "entitlements", "exclusions", "external_aid"),
        *("factor_resets", "files", "founding_signatures", "goods_receipts", "handovers", "households"),
        *("import_problems", "imports", "instructions", "isolation_checks", "isolation_episodes", "left_out"),
        *(
            "line_results",
            "lodged_openings",
            "log_keys",
            "manifests",
            "office_terms",
            "offices",
            "officials",
            "otp_devices",
        ),
        *("otp_uses", "people", "personal_views", "program_sources", "programs", "purchases", "rates"),
        *("receipt_roots", "receipts", "recovery_codes", "regions", "result_files", "role_grants", "sources"),
        "transfers",
        *("treasury_returns", "unwitnessed_openings", "unwitnessed_uses", "unwitnessed_ways", "vendors"),
        *(
            "witness_policies",
            "witness_policy_agreements",
            "witnesses",
        ),
    }
)
"""Every table whose rows facts explain: a restore may have lost a row of each."""


@fact(*RECORDED)
class RestoreDeclared(Fact):
    """A restored database held the first `since` entries; the log was put back up to `until`, where its root is `root`.

    Two officials stand for it. The rows of this entry are those that are no longer as the log last knew them: gone, or
    as the backup has them. What became of batches and receipts follows in the same act.
    """

    incident: Line
    document: Line
    proposed_by: Code
    since: Count
    until: Count
    root: Digest


@fact("batches", "batch_lines", "accounts", "transfers")
class BatchRestored(Fact):
    """What becomes of a batch of which the database had forgotten something.

    `sent`: it may have left, so its lines without an outcome are unknown until an inquiry. `sent_back`: it was still
    under way and goes back to its maker. `withdrawn`: it never left, and the database knows it no more. The last two
    set free what was reserved.
    """

    batch: Code
    outcome: Code
    moves: tuple[Move, ...]


@row
class LostReceipt:
    """A receipt that the database knows no more; the paper goes on proving what it says."""

    receipt: Code
    batch: Code
    amount: Amount


@fact("receipts")
class ReceiptsLost(Fact):
    """At most 500 receipts that were lost; each may be issued anew, once."""

    lost: tuple[LostReceipt, ...]
