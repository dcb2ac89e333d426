"""Where a log's files come from: a folder or a web address, read within limits and never believed.

A source only brings bytes. It follows no redirects, waits no longer than it must and reads no more than it was
asked for; whether the bytes are right is decided by `tiles.py` and `verify.py`.
"""

from __future__ import annotations

import io
import os
import stat
import time
import urllib.error
import urllib.request
import zlib
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from audit.errors import MalformedInput, SourceFailed

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from http.client import HTTPConnection

    from _typeshed import WriteableBuffer

TIMEOUT_S: Final = 20
"""How long the other side may be silent."""
DEADLINE_S: Final = 120
"""How long one file may take in all: the largest bundle, 16.8 MB, over a slow village line."""
_CHUNK_BYTES: Final = 65_536
_GZIP: Final = 16 + zlib.MAX_WBITS
_GONE: Final = {404, 410}


class Absent(SourceFailed):
    """The source answers, and says that it has no such file."""

    default_rule = "source.absent"


class Source(Protocol):
    """Anything that can bring a file of the log by its path."""

    def fetch(self, path: str, limit: int) -> bytes:
        """Return the whole file at `path`.

        Raises:
            Absent: there is no such file.
            SourceFailed: the file cannot be read, or is longer than `limit` bytes.

        """
        ...


class FolderSource:
    """A log exported as files: `checkpoint`, `log.vkey`, `tile/...`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, path: str, limit: int) -> bytes:
        """Read one regular file; a pipe or a device in its place is refused rather than waited for."""
        try:
            with open(self._folder / path, "rb", opener=_without_waiting) as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise SourceFailed(f"{path} is not a regular file")
                # Asking for the whole limit would set aside so much memory for every small file.
                body = file.read(min(found.st_size, limit) + 1)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Absent(f"{path} is missing") from error
        except OSError as error:
            raise SourceFailed(f"{path} cannot be read: {error.strerror}") from error
        _check_length(path, body, limit)
        return body


class URLSource:
    """A log, or a mirror of one, served over HTTP (C2SP tlog-tiles, Parameters and APIs)."""

    def __init__(self, prefix: str, *, timeout_s: float = TIMEOUT_S, deadline_s: float = DEADLINE_S) -> None:
        if not prefix.startswith(("https://", "http://")):
            raise MalformedInput("a log address begins with https:// or http://", rule="source.address")
        self._prefix = prefix.rstrip("/")
        self._timeout_s = timeout_s
        # Built by hand: no redirects, no cookies, no passwords, no other protocols.
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            HTTPWithin(deadline_s),
            HTTPSWithin(deadline_s),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def fetch(self, path: str, limit: int) -> bytes:
        """Get one file; tiles may come compressed even when nobody asked for it."""
        address = f"{self._prefix}/{path}"
        try:
            request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})  # noqa: S310  # __init__ checked the scheme
            with self._opener.open(request, timeout=self._timeout_s) as reply:
                return self._read(path, reply, limit)
        except urllib.error.HTTPError as error:
            # The error holds the connection: closing it here keeps a thousand refusals from being a leak.
            error.close()
            if error.code in _GONE:
                raise Absent(f"{path} is missing") from error
            raise SourceFailed(f"{path}: the server answers {error.code}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise SourceFailed(f"{path} cannot be fetched: {error}") from error

    def _read(self, path: str, reply: HTTPResponse, limit: int) -> bytes:
        """Read the body piece by piece, so that its length is not the sender's choice."""
        is_packed = reply.headers.get("Content-Encoding", "").lower() == "gzip"
        unpack = zlib.decompressobj(_GZIP)
        body = bytearray()
        while piece := reply.read1(_CHUNK_BYTES):
            body += _unpacked(path, unpack, piece, limit + 1 - len(body)) if is_packed else piece
            _check_length(path, body, limit)
        # `length` is what the header promised and the connection never brought; read1 does not say so itself.
        if reply.length or (is_packed and not unpack.eof):
            raise SourceFailed(f"{path} ends in the middle", rule="source.short")
        return bytes(body)


class _Hasty(io.RawIOBase):
    """What a connection brings until a fixed moment; a letter every nineteen seconds would otherwise do for ever."""

    def __init__(self, connection: socket.socket, deadline_s: float) -> None:
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._timeout_s = connection.gettimeout() or deadline_s
        self._deadline_s = deadline_s
        self._ends_at = time.monotonic() + deadline_s

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Stand in for the connection where an answer is read from it."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Wait for some bytes, no longer than is left."""
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise self._too_slow()
        self._connection.settimeout(min(left_s, self._timeout_s))
        try:
            return self._raw.readinto(buffer) or 0
        except TimeoutError as error:
            if left_s > self._timeout_s:
                raise
            raise self._too_slow() from error

    def _too_slow(self) -> SourceFailed:
        return SourceFailed(f"an answer took longer than {self._deadline_s} s", rule="source.slow")

    def close(self) -> None:
        """Let the connection go."""
        self._raw.close()
        super().close()


class _Deadline(urllib.request.AbstractHTTPHandler):
    """Opens connections whose answers, headers and all, are there before a deadline."""

    def __init__(self, deadline_s: float) -> None:
        super().__init__()
        self._deadline_s = deadline_s

    def do_open(self, http_class: Callable[..., HTTPConnection], req: urllib.request.Request, **more: Any) -> Any:  # noqa: ANN401 - urllib's own
        """Open one, in urllib's way."""

        def connect(host: str, **particulars: Any) -> HTTPConnection:  # noqa: ANN401 - urllib's own
            connection = http_class(host, **particulars)
            connection.response_class = self._answer  # type: ignore[assignment]  # it is only ever called
            return connection

        return super().do_open(connect, req, **more)

    def _answer(self, connection: socket.socket, **particulars: Any) -> HTTPResponse:  # noqa: ANN401 - http.client's own
        return HTTPResponse(_Hasty(connection, self._deadline_s), **particulars)  # type: ignore[arg-type]  # makefile is all it asks


class HTTPWithin(_Deadline, urllib.request.HTTPHandler):
    """HTTP within a deadline; what comes later raises SourceFailed."""


class HTTPSWithin(_Deadline, urllib.request.HTTPSHandler):
    """HTTPS within a deadline; what comes later raises SourceFailed."""


def open_source(place: str) -> Source:
    """Choose how to read the log at `place`, an address or a folder.

    Raises:
        SourceFailed: there is neither.

    """
    if place.startswith(("https://", "http://")):
        return URLSource(place)
    folder = Path(place)
    if not folder.is_dir():
        raise SourceFailed(f"{place} is neither an address nor a folder", rule="source.place")
    return FolderSource(folder)


def read_file(path: Path, limit: int) -> bytes:
    """Read one file named by the inspector (a policy, an old checkpoint, a receipt), up to `limit` bytes.

    Raises:
        SourceFailed: the file cannot be read or is too long.

    """
    return FolderSource(path.parent).fetch(path.name, limit)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _check_length(path: str, body: bytes | bytearray, limit: int) -> None:
    if len(body) > limit:
        raise SourceFailed(f"{path} is longer than {limit} bytes", rule="source.size")


def _unpacked(path: str, unpack: zlib._Decompress, piece: bytes, room: int) -> bytes:
    """Decompress at most `room` bytes: a bomb goes off here or nowhere."""
    if unpack.eof:
        raise SourceFailed(f"{path} goes on after it has ended", rule="source.gzip")
    try:
        return unpack.decompress(piece, max(room, 1))
    except zlib.error as error:
        raise SourceFailed(f"{path} is not gzip", rule="source.gzip") from error
