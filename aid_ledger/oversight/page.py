"""The page `periksa.html` of a bundle: one file that checks the bundle on a locked-down machine, without a network.

It is put together from the modules of `static/proof/`, which other pages may load as they are. A page that was opened
from a disk may load no module, so here they become one script: each keeps its own names, and imports are dropped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from string import Template
from typing import Final

from aid_ledger.web.assets import STATIC_FOLDER, VENDOR_FOLDER, read_manifest

STYLES: Final = ("public.css", "proof/page.css")
MODULES: Final = ("bytes", "merkle", "note", "policy", "zip", "choice", "bundle", "page")
"""In the order in which they need each other."""

_IMPORT: Final = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ", re.MULTILINE)
_NOBLE: Final = re.compile(r"^const \{ [a-z0-9, ]+ \} = globalThis\.noble;\n", re.MULTILINE)


def write_page(template: Path) -> bytes:
    """Write the page: style and script inside, allowed by their hashes, and nothing else allowed."""
    style = "".join((STATIC_FOLDER / name).read_text("utf-8") for name in STYLES)
    script = _script()
    parts = {"style": style, "script": script, "style_hash": _hash(style), "script_hash": _hash(script)}
    return Template(template.read_text("utf-8")).substitute(parts).encode()


def _script() -> str:
    noble = (VENDOR_FOLDER / read_manifest()["noble.js"]["file"]).read_text("utf-8")
    modules = [(STATIC_FOLDER / "proof" / f"{name}.js").read_text("utf-8") for name in MODULES]
    whole = "\n".join(_EXPORT.sub("", _NOBLE.sub("", _IMPORT.sub("", module))) for module in modules)
    return f'{noble}\n(() => {{\n"use strict";\nconst {{ sha256, verify }} = noble;\n{whole}}})();\n'


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
