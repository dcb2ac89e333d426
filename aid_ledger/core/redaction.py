"""What a log line may not hold, taken out of it: NIK, KK, phones, account numbers, codes, passwords, tokens (P6).

It cannot know a person's name when it sees one; names are kept out by logging references and act ids only. The rule
is to take out too much rather than too little: a long number in a log is a person more often than a sum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

REDACTED = "[redacted]"

DEPTH_LIMIT = 8
"""Deeper than any event of ours; what lies below is not worth the risk of a cycle."""

_SECRET_WORDS = frozenset(
    {"authorization", "code", "cookie", "credential", "credentials", "csrf", "dsn", "otp", "passphrase", "password"}
    | {"pin", "secret", "token", "totp"}
    | {"kk", "msisdn", "nik", "phone", "rekening", "telephone"}
)
_HARMLESS_CODES = frozenset({"error_code", "exit_code", "region_code", "status_code"})
"""Codes that name a kind of thing and open nothing; every other `…_code` is taken for a secret."""

_AMOUNT_WORDS = frozenset(
    {"amount", "amounts", "balance", "bytes", "ceiling", "count", "idr", "quantity", "rupiah", "total"}
)

LONG_NUMBER = 10**9
"""From here on a number has ten digits and may be an account."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_IDENTIFIER = (
    # Act ids, digests and UUIDs are long runs of hex and name no person; one that has no letter is not spared.
    r"(?P<spared>(?<![0-9A-Za-z])(?=[0-9-]*[a-f])"
    r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9A-Za-z]))"
)
_SIXTEEN = r"(?<![0-9])[0-9]{16}(?![0-9])|(?<![0-9])[0-9]{4}(?:[ .-][0-9]{4}){3}(?![0-9])"
_NIK_SPACED = (
    r"(?<![0-9])[0-9]{6}[ .-][0-9]{6}[ .-][0-9]{4}(?![0-9])"
    r"|(?<![0-9])[0-9]{2}(?:[ .-][0-9]{2}){5}[ .-][0-9]{4}(?![0-9])"
)
_MOBILE = r"(?<![0-9])(?:\+62[ .-]?|0)8[0-9]{1,3}(?:[ .-]?[0-9]{2,5}){2,3}(?![0-9])"
_LANDLINE = r"(?<![0-9])\(?0[0-9]{2,3}\)?[ -][0-9]{5,8}(?![0-9])"
_ALWAYS = f"{_SIXTEEN}|{_NIK_SPACED}|{_MOBILE}|{_LANDLINE}"
_LONG = r"(?<![0-9])[0-9]{10,}(?![0-9])"
_PERSONAL = re.compile(f"{_IDENTIFIER}|{_LONG}|{_ALWAYS}")
_PERSONAL_BESIDE_AMOUNTS = re.compile(f"{_IDENTIFIER}|{_ALWAYS}|(?<![0-9])[0-9]{{20,}}(?![0-9])")

_SPOKEN_SECRET = re.compile(
    r"(?i)\b((?:otp|totp|password|passwd|passphrase|secret|token|pin|nik|api[_-]?key|kata sandi)\b[\"']?\s*[=:]\s*)"
    r"(?!\[redacted\])(?:\"[^\"]*\"|'[^']*'|[^\s,;&)}\]]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]+")
_URL_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/@]+@")
_DRIVER_VALUES = (
    # Database errors quote the row: SQLAlchemy its parameters, PostgreSQL the failing row or key.
    (re.compile(r"\[parameters: .*?\]\s*(?=\n|$)", re.DOTALL), f"[parameters: {REDACTED}]"),
    (re.compile(r"(Failing row contains) \(.*?\)\.?(?=\n|$)", re.DOTALL), rf"\1 {REDACTED}"),
    (re.compile(r"(Key \([^)\n]*\))=\([^\n]*?\)(?= |\.|$)", re.MULTILINE), rf"\1={REDACTED}"),
    (re.compile(r"(CONTEXT:\s+COPY [^\n]*?:) [^\n]*"), rf"\1 {REDACTED}"),
)


def redact(key: str, value: object, *, depth: int = 0) -> object:
    """Give back what may be logged under a key: the value without secrets, nested values included."""
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(key):
        return REDACTED
    match value:
        case float():
            return value if abs(value) < LONG_NUMBER else REDACTED
        case int():
            text = redact_text(str(value), is_amount=_is_amount(key))
            return value if text == str(value) else text
        case str():
            return redact_text(value, is_amount=_is_amount(key))
        case _:
            return _redact_whole(key, value, depth)


def redact_text(text: str, *, is_amount: bool = False) -> str:
    """Take secrets out of running text; beside amounts, plain numbers of up to fifteen digits may stay."""
    for pattern, replacement in _DRIVER_VALUES:
        text = pattern.sub(replacement, text)
    # Numbers before words: `nik=3216 0701 …` would lose its first group only, and the rest would be no NIK any more.
    text = (_PERSONAL_BESIDE_AMOUNTS if is_amount else _PERSONAL).sub(_unless_spared, text)
    text = _URL_PASSWORD.sub(rf"\1{REDACTED}@", text)
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    return _SPOKEN_SECRET.sub(rf"\1{REDACTED}", text)


def _redact_whole(key: str, value: object, depth: int) -> object:
    """Redact what has parts, or is an object of some class."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if depth >= DEPTH_LIMIT:
        return REDACTED
    if isinstance(value, Mapping):
        return {redact_text(str(name)): redact(str(name), inner, depth=depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(key, inner, depth=depth + 1) for inner in value]
    return redact_text(repr(value))


def _unless_spared(found: re.Match[str]) -> str:
    return found["spared"] or REDACTED


def _is_secret(key: str) -> bool:
    if key.lower() in _HARMLESS_CODES:
        return False
    return not _SECRET_WORDS.isdisjoint(_words(key)) or key.lower().endswith(("account_number", "private_key"))


def _is_amount(key: str) -> bool:
    return not _AMOUNT_WORDS.isdisjoint(_words(key))


def _words(key: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(key)}
