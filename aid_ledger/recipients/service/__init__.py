"""What may be done in the matter of recipients. One file per concern; call them as `recipients.service.<verb>`."""

from aid_ledger.recipients.privacy import View, view_people, view_person
from aid_ledger.recipients.service.corrections import change_account, correct_person, record_civil_status
from aid_ledger.recipients.service.external import load_external_aid, niks_in
from aid_ledger.recipients.service.lists import (
    PROBLEMS_STORED,
    ImportMode,
    import_mode,
    import_recipients,
    parts_of,
    receive_list,
    take_part,
)

__all__ = [
    "PROBLEMS_STORED",
    "ImportMode",
    "View",
    "change_account",
    "correct_person",
    "import_mode",
    "import_recipients",
    "load_external_aid",
    "niks_in",
    "parts_of",
    "receive_list",
    "record_civil_status",
    "take_part",
    "view_people",
    "view_person",
]
