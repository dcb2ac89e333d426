"""Fetching the next piece while this one is worked on: the database and we are two, and have two cores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

_END: Final = object()


def ahead(pieces: Iterable[T]) -> Iterator[T]:
    """Give the pieces in order, each made by a thread of its own while the one before is worked on.

    The thread has the connection meanwhile: whoever takes the pieces must not use it in between.
    """
    source = iter(pieces)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as maker:
        coming = maker.submit(next, source, _END)
        while (piece := coming.result()) is not _END:
            coming = maker.submit(next, source, _END)
            yield piece  # type: ignore[misc]  # whatever is not the end is a piece
