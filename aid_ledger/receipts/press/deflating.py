"""Deflating a text of which most is known beforehand (RFC 1950, RFC 1951).

A deflated stream is a row of blocks. What stays the same is deflated once, ended so that the next block begins at a
whole byte and refers to nothing before it; what changes goes between such runs in blocks that hold bytes as they are.
To inflate it nobody needs to know how it was made. Deflating a whole page anew takes ten times as long.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

BEST: Final = 9
LONGEST: Final = 0xFFFF
"""Bytes that a block can hold as they are."""
_BEGIN: Final = b"\x78\x01"
_END: Final = b"\x03\x00"
"""An empty last block."""


def run(text: str) -> bytes:
    """Deflate text so that anything may stand before and after it."""
    deflating = zlib.compressobj(BEST, wbits=-zlib.MAX_WBITS)
    return deflating.compress(text.encode("ascii")) + deflating.flush(zlib.Z_FULL_FLUSH)


def stored(text: str) -> bytes:
    """Write text of up to LONGEST letters as a block that holds it as it is."""
    size = len(text)
    return b"\0" + size.to_bytes(2, "little") + (size ^ LONGEST).to_bytes(2, "little") + text.encode("ascii")


def whole(blocks: Iterable[bytes], text: str) -> bytes:
    """Make a stream of blocks that hold `text`, which is summed up at its end."""
    return b"".join((_BEGIN, *blocks, _END, zlib.adler32(text.encode("ascii")).to_bytes(4, "big")))
