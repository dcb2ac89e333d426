"""The officials room of the river; ARCHITECTURE.md says what lives here."""
