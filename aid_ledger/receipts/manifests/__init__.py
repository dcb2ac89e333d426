"""The manifest of a batch's receipts: one page about all of them, sealed by the state's certifier if asked."""
