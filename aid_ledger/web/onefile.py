"""Pages and scripts put together from the modules of `static/proof/`, which check things in the reader's own browser.

A page that was opened from a disk may load no module, and a cheap phone should not ask for ten files, so modules become
one script: each keeps its own names, and imports are dropped. What the modules check is theirs to say.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Final

from aid_ledger.web.assets import STATIC_FOLDER, VENDOR_FOLDER, read_manifest

_IMPORT: Final = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ", re.MULTILINE)
_NOBLE: Final = re.compile(r"^const \{ [a-z0-9, ]+ \} = globalThis\.noble;\n", re.MULTILINE)


def join_modules(names: Iterable[str]) -> str:
    """Give the script of some modules, in the order in which they need each other, with @noble before them."""
    noble = (VENDOR_FOLDER / read_manifest()["noble.js"]["file"]).read_text("utf-8")
    modules = [(STATIC_FOLDER / "proof" / f"{name}.js").read_text("utf-8") for name in names]
    whole = "\n".join(_EXPORT.sub("", _NOBLE.sub("", _IMPORT.sub("", module))) for module in modules)
    return f'{noble}\n(() => {{\n"use strict";\nconst {{ sha256, verify }} = noble;\n{whole}}})();\n'


def join_styles(names: Iterable[str]) -> str:
    """Give the style sheet of some files of `static/`."""
    return "".join((STATIC_FOLDER / name).read_text("utf-8") for name in names)


def hash_of(text: str) -> str:
    """Give what a policy allows an inline script or style by (CSP Level 3, section 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
