"""The QR code of a receipt: the address at which anyone can check it, as an SVG drawing.

What identifies the receipt stands in the fragment of the address, which browsers never send: it appears in no server
log, proxy log or referrer. It is the receipt's stamp (`stamping.py`), or on older paper its bare code. What the page
does with it is `static/proof/receipt.js`.
"""

from __future__ import annotations

import io
from typing import Final

import segno

from aid_ledger.receipts.stamping import StampKey
from audit.pdf.evidence import Evidence

MASK: Final = 2
"""A fixed mask pattern: readers accept all eight, and searching for the prettiest costs seven times as much."""
QUIET_ZONE: Final = 4
"""Blank modules around the code (ISO/IEC 18004 section 9.1)."""
ERROR_LEVEL: Final = "m"
"""Survives a stain over 15 % of the code; a higher level would make the modules too small for cheap cameras."""


def check_address(base_url: str, fragment: str) -> str:
    """Write the address that checks one receipt: `<base>/periksa#<stamp or code>`."""
    return f"{base_url.rstrip('/')}/periksa#{fragment}"


def address_of(base_url: str, evidence: Evidence, stamp_key: StampKey | None) -> str:
    """Write the address that a receipt's code holds: with its stamp, or with its bare code where there is no key.

    Raises:
        MalformedInput: the evidence breaks its schema.

    """
    return check_address(base_url, stamp_key.stamp(evidence) if stamp_key else evidence.fields.code)


def modules(address: str) -> segno.QRCode:
    """Encode an address; the same address always gives the same modules.

    A stamp is nothing but digits, which stand in a segment of their own: there ten bits hold three of them.
    """
    place, mark, fragment = address.partition("#")
    parts = (place + mark, fragment) if fragment.isdecimal() else (address,)
    # Its types leave out that several segments may be given.
    return segno.make_qr(parts, error=ERROR_LEVEL, mask=MASK, boost_error=False)  # type: ignore[arg-type]


def draw(address: str) -> bytes:
    """Draw the code of an address as SVG, one unit per module, with its quiet zone."""
    svg = io.BytesIO()
    modules(address).save(
        svg, kind="svg", border=QUIET_ZONE, xmldecl=False, svgns=True, omitsize=True, svgclass=None, lineclass=None
    )
    return svg.getvalue()
