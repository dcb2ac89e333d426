"""Aid Ledger: social aid from its source to the household, in a ledger that outsiders can check."""
