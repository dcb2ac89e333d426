"""The founding room of the river; ARCHITECTURE.md says what lives here."""
