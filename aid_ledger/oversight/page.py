"""The page `periksa.html` of a bundle: one file that checks the bundle on a locked-down machine, without a network."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Final

from aid_ledger.web import onefile

STYLES: Final = ("public.css", "proof/page.css")
MODULES: Final = ("bytes", "merkle", "note", "policy", "zip", "choice", "bundle", "page")
"""In the order in which they need each other."""


def write_page(template: Path) -> bytes:
    """Write the page: style and script inside, allowed by their hashes, and nothing else allowed."""
    style, script = onefile.join_styles(STYLES), onefile.join_modules(MODULES)
    hashes = {"style_hash": onefile.hash_of(style), "script_hash": onefile.hash_of(script)}
    return Template(template.read_text("utf-8")).substitute(style=style, script=script, **hashes).encode()
