"""What may be done in the matter of recipients. One file per concern; call them as `recipients.service.<verb>`."""

from aid_ledger.recipients.service.lists import (
    ImportMode,
    import_mode,
    import_recipients,
    parts_of,
    receive_list,
    take_part,
)

__all__ = [
    "ImportMode",
    "import_mode",
    "import_recipients",
    "parts_of",
    "receive_list",
    "take_part",
]
