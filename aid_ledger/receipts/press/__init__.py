"""The press: a receipt's page is laid out once, and printed and signed for every household.

Reading order: `plate` (a file of PDF with blanks, and how one receipt is printed from it), `engraving` (how a plate is
made out of a page that was laid out), `printing` (which plate prints which receipt, and what is laid out by itself),
`house` (who signs, under which root). Load this package by `layout.load`, for it needs the layout engine.
"""

from aid_ledger.receipts.press.house import Press, load_press

__all__ = ["Press", "load_press"]
