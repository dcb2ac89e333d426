"""What a job may carry from one process to another: small JSON that names rows and never describes people.

Arguments, planned steps, summaries and results are stored in clear beside the ledger, so they hold ids, references
and counts only. A number as long as a NIK is refused here, before anything is stored; rooms that need a person pass
the id of the row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]

ARGUMENTS_LIMIT_BYTES = 4_096
"""Arguments of a job, summary of a step, result of a job; more than this is a table, and belongs in one."""

STEP_LIMIT_BYTES = 512
"""Arguments of one planned step: a plan keeps up to MAX_STEPS of them in one stored value."""

LONG_NUMBER = re.compile(r"(?<![0-9a-f])\d{16,31}(?![0-9a-f])")
"""A NIK or a KK number has 16 digits. Hexadecimal ids have 32 characters and may hold 16 digits in a row by chance,
so a run that touches a hexadecimal letter does not count, nor does a run of all 32."""

BETWEEN_DIGITS = re.compile(r"(?<=\d)[ .\u00a0](?=\d)")
"""People write a NIK in groups; the groups are joined before the search."""


class UnsafeArguments(RuntimeError):
    """A job was given something it must not carry: a long number, a float, an object, or too much."""


def encode(value: Mapping[str, JsonValue], *, limit_bytes: int = ARGUMENTS_LIMIT_BYTES) -> str:
    """Write an object as compact JSON with sorted keys, having refused what a job may not carry.

    Raises:
        UnsafeArguments: a long number, a value that is not JSON, or more than `limit_bytes`. The message never
            repeats the value.
    """
    _inspect(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if len(text.encode()) > limit_bytes:
        raise UnsafeArguments(f"a job carries at most {limit_bytes} bytes here; keep the rest in a table")
    return text


def decode(text: str) -> JsonObject:
    """Read back what `encode` wrote."""
    value: JsonObject = json.loads(text)
    return value


def holds_long_number(text: str) -> bool:
    """Tell whether a text holds a number as long as a NIK."""
    return LONG_NUMBER.search(BETWEEN_DIGITS.sub("", text)) is not None


def _inspect(value: object) -> None:
    match value:
        case None | bool():
            return
        case int():
            _refuse_long_number(str(value))
        case str():
            _refuse_long_number(value)
        case list() | tuple():
            for item in value:
                _inspect(item)
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise UnsafeArguments("keys of job arguments are strings")
                _refuse_long_number(key)
                _inspect(item)
        case _:
            raise UnsafeArguments(f"a job cannot carry a {type(value).__name__}; pass ids, references and counts")


def _refuse_long_number(text: str) -> None:
    if holds_long_number(text):
        raise UnsafeArguments("a job may not carry a number of 16 digits or more; pass the id of the row")
