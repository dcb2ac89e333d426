"""Bytes that programs fetch and caches keep (RFC 9110): a strong ETag, 304, one range, HEAD, and gzip where asked for.

What the bytes are and how long they may be kept is for the view to say.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from typing import Final

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"

_ONE_RANGE: Final = re.compile(r"bytes=([0-9]{1,19}-[0-9]{0,19}|-[0-9]{1,19})")
"""Everything else in a Range header is passed over, as RFC 9110 section 14.2 allows: several ranges cost more than the
whole file, and of other units nobody here knows anything."""

_PACKED: Final = "-gzip"

_LEVEL: Final = 6
"""Level 9 takes five times as long for one byte in twenty."""


def send_bytes(body: bytes, kind: str, *, keep: str, may_pack: bool = False) -> Response:
    """Answer with a file as the request asks for it: whole, one range of it, or only that it has not changed.

    With `may_pack` it goes out compressed to whoever accepts that and asks for no range; `keep` is its Cache-Control.
    """
    has_range = request.method == "GET" and bool(_ONE_RANGE.fullmatch(request.headers.get("Range", "")))
    is_packed = may_pack and not has_range and request.accept_encodings.quality("gzip") > 0
    response = Response(content_type=kind)
    response.headers["Cache-Control"] = keep
    response.accept_ranges = "bytes"
    # Its own name for the other spelling: a cache that mixed them up would serve bytes that no tile hashes to.
    response.set_etag(hashlib.sha256(body).hexdigest()[:32] + (_PACKED if is_packed else ""))
    if may_pack:
        response.vary.add("Accept-Encoding")
    if is_packed:
        response.content_encoding = "gzip"
    # A reader who has it already is told so first: a range of what has not changed is not sent (section 13.2.2).
    response.make_conditional(request)
    if response.status_code == Response.default_status:
        response.data = gzip.compress(body, _LEVEL, mtime=0) if is_packed else body
        if has_range:
            _cut(response, len(body))
    return response


def _cut(response: Response, length: int) -> None:
    """Keep the one range that was asked for, unless If-Range names an older file."""
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable:
        response.status_code, response.data = 416, b""
        response.headers["Content-Range"] = f"bytes */{length}"
