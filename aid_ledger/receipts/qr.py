"""The QR code of a receipt: the address at which anyone can check it, as an SVG drawing.

The code of the receipt stands in the fragment of the address, which browsers never send: it appears in no server
log, proxy log or referrer. What the page does with it is `views.py`.
"""

from __future__ import annotations

import io
from typing import Final

import segno

MASK: Final = 2
"""A fixed mask pattern: readers accept all eight, and searching for the prettiest costs seven times as much."""
QUIET_ZONE: Final = 4
"""Blank modules around the code (ISO/IEC 18004 section 9.1)."""
ERROR_LEVEL: Final = "m"
"""Survives a stain over 15 % of the code; a higher level would make the modules too small for cheap cameras."""


def check_address(base_url: str, code: str) -> str:
    """Write the address that checks one receipt: `<base>/periksa#<code>`."""
    return f"{base_url.rstrip('/')}/periksa#{code}"


def modules(address: str) -> segno.QRCode:
    """Encode an address; the same address always gives the same modules."""
    return segno.make_qr(address, error=ERROR_LEVEL, mask=MASK, boost_error=False)


def draw(address: str) -> bytes:
    """Draw the code of an address as SVG, one unit per module, with its quiet zone."""
    svg = io.BytesIO()
    modules(address).save(
        svg, kind="svg", border=QUIET_ZONE, xmldecl=False, svgns=True, omitsize=True, svgclass=None, lineclass=None
    )
    return svg.getvalue()
