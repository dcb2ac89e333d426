"""How aid leaves and what came of it. Reading order: instructing, answering or handing, settling, returning.

Value is in transit from `instruct` until a channel's answer, a handover or an officer's report ends it, line by line.
No outside call happens in here: a file is taken out by `collect` after its instruction is sealed, and what the
channel says comes back as another file.
"""

from __future__ import annotations

from aid_ledger.delivery.sealed_file import file_of
from aid_ledger.delivery.service.answering import import_results
from aid_ledger.delivery.service.handing import fail_lines, hand_over, hand_over_or_refuse, open_photo
from aid_ledger.delivery.service.instructing import (
    ResendOutcome,
    collect,
    instruct,
    instruct_or_refuse,
    refuse_resend,
)
from aid_ledger.delivery.service.returning import return_to_treasury

__all__ = [
    "ResendOutcome",
    "collect",
    "fail_lines",
    "file_of",
    "hand_over",
    "hand_over_or_refuse",
    "import_results",
    "instruct",
    "instruct_or_refuse",
    "open_photo",
    "refuse_resend",
    "return_to_treasury",
]
