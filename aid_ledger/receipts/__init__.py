"""Receipts: a signed page that proves itself. Words, drawing, layout and signature; what they say is `audit/pdf`."""
