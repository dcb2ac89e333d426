"""From an untrusted file to rows that keep every field rule: reading, checking, reporting. No database here."""
