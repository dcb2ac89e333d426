"""The custody room: which key signs the log next, which root receipts hang from next; decided by two administrators."""
