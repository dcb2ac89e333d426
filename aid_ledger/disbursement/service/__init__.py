"""From programme to a frozen batch: what may be done with entitlements, drafts and submissions.

Verification and approval live in `approvals`, sending in `delivery`; both go through `lock_batch`, `free_batch` and
the room's digests. Submitting freezes the lines under a digest and reserves their value in the same Act.
"""

from aid_ledger.disbursement.service.entitling import compute_entitlements, determine_run
from aid_ledger.disbursement.service.making import draft_batch, set_aside_line, set_aside_unpayable
from aid_ledger.disbursement.service.steps import add_step, check_decree, lock_batch
from aid_ledger.disbursement.service.submitting import cancel_batch, free_batch, submit_batch
from aid_ledger.officials.powers import acting_official_id as official_id

__all__ = [
    "add_step",
    "cancel_batch",
    "check_decree",
    "compute_entitlements",
    "determine_run",
    "draft_batch",
    "free_batch",
    "lock_batch",
    "official_id",
    "set_aside_line",
    "set_aside_unpayable",
    "submit_batch",
]
