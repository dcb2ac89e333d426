"""What the page of citizens is given to check receipts with, on the phone itself: whom to believe, and the script.

The same script serves the page of this server and the one file that works without it, which a browser also keeps for
when there is no signal.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy.orm import Session

from aid_ledger.custody import stamps
from aid_ledger.log.queries import name_of_log
from aid_ledger.public.checking import Anchors
from aid_ledger.web import onefile
from aid_ledger.web.assets import DIGEST_LENGTH, STATIC_FOLDER

MODULES: Final = ("bytes", "merkle", "note", "anchors", "stamp", "evidence", "receipt")
"""In the order in which they need each other."""
STYLES: Final = ("public.css", "proof/page.css")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the page is for people, where it asks, and where its worker is; "" where there is none."""

    page: str
    ask: str
    worker: str


def given(session: Session, anchors: Anchors, at: Addresses) -> dict[str, Any]:
    """Give what stands in the page as data: the log and its keys, the stamp keys with their proofs, addresses."""
    listed = stamps.key_list(session)
    return {
        "agency": name_of_log(session).agency,
        "origin": anchors.origin,
        "keys": [[str(each.key), each.first, each.last] for each in anchors.trusted.logs],
        "stamps": json.loads(listed.encode()) if listed else None,
        **asdict(at),
    }


@cache
def alone_script() -> str:
    """Give the script, @noble included."""
    return onefile.join_modules(MODULES)


@cache
def alone_style() -> str:
    """Give the style of the one file."""
    return onefile.join_styles(STYLES)


@cache
def script_digest() -> str:
    """Give what the script's address carries."""
    return hashlib.sha256(alone_script().encode()).hexdigest()[:DIGEST_LENGTH]


def alone_policy(style: str, script: str) -> str:
    """Allow the one file its own style and script and, where it came from a server, to ask that server."""
    return (
        f"default-src 'none'; style-src '{onefile.hash_of(style)}'; script-src '{onefile.hash_of(script)}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


@cache
def worker_script() -> str:
    """Give the worker, whose text changes with the script, so that browsers fetch the page anew."""
    return (STATIC_FOLDER / "proof" / "offline.js").read_text("utf-8").replace("VERSION", script_digest())
