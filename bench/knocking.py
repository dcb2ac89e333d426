"""A client that costs as little as it can: one request sent again and again over some kept connections.

All answers to one request are equally long, so after the first one only bytes are counted and nothing is parsed.
"""

from __future__ import annotations

import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.sides import serve, timed

CONNECTIONS = 8
TIMEOUT_S = 60


def knock(port: int, path: str, headers: dict[str, str], count: int) -> dict[str, Any]:
    """Ask for `path` some `count` times; give the seconds, the status, the ETag and the SHA-256 of the body."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {text}" for name, text in headers.items())]
    request = "\r\n".join([*lines, "", ""]).encode()
    share = max(1, count // CONNECTIONS)
    outcome: dict[str, Any] = {"count": share * CONNECTIONS}
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        kept = [socket.create_connection(("127.0.0.1", port), TIMEOUT_S) for _ in range(CONNECTIONS)]
        head, body = _first(kept[0], request)
        length = len(head) + len(body)
        with timed(outcome):
            done = [pool.submit(_again, each, request, length, share) for each in kept]
            for turn in done:
                turn.result()
        for each in kept:
            each.close()
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
    status = int(head.split(b" ", 2)[1])
    return outcome | {"status": status, "etag": fields.get("ETag", ""), "digest": hashlib.sha256(body).hexdigest()}


def _first(connection: socket.socket, request: bytes) -> tuple[bytes, bytes]:
    """Send the request once and read the whole answer."""
    connection.sendall(request)
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += _some(connection)
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += _some(connection)
    return head + b"\r\n\r\n", body


def _again(connection: socket.socket, request: bytes, length: int, count: int) -> None:
    for _ in range(count):
        connection.sendall(request)
        left = length
        while left > 0:
            left -= len(_some(connection))
        if left < 0:
            raise RuntimeError("an answer is longer than the first one")


def _some(connection: socket.socket) -> bytes:
    raw = connection.recv(1 << 18)
    if not raw:
        raise RuntimeError("the server closed a connection that was to be kept")
    return raw


if __name__ == "__main__":
    serve({"knock": knock})
