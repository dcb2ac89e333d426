"""Where a page's files are: addresses that change with the content, so that browsers may keep them.

Third-party files come from ``static/vendor/manifest.json``, which tools/vendor/build.sh writes; our own
files are hashed once when the application starts. This file does not decide *which* files a page
uses (base.html does) and never fetches anything from elsewhere.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypedDict

from flask import Flask, Response, request, url_for

STATIC_FOLDER: Final = Path(__file__).parent / "static"
TEMPLATE_FOLDER: Final = Path(__file__).parents[2] / "templates"
VENDOR_FOLDER: Final = STATIC_FOLDER / "vendor"
OWN_FILES: Final = ("app.css", "app.js", "public.css", "proof/page.css", "periksa.js", "salin.js", "icon.svg")
DIGEST_LENGTH: Final = 8
FOREVER: Final = "public, max-age=31536000, immutable"
A_MOMENT: Final = "public, max-age=300"


class VendorFile(TypedDict):
    """One line of the manifest: what a third party gave us, under which name and licence."""

    file: str
    licence: str
    sha256: str
    size_bytes: int


def read_manifest(folder: Path = VENDOR_FOLDER) -> Mapping[str, VendorFile]:
    """Read the vendor manifest: logical name to file, digest, size and licence."""
    entries: dict[str, VendorFile] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return MappingProxyType(entries)


def digest_of(path: Path) -> str:
    """Return the whole SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def asset_paths() -> Mapping[str, str]:
    """Map every logical name to its path under ``static/``."""
    paths = {name: f"vendor/{entry['file']}" for name, entry in read_manifest().items()}
    paths.update({name: name for name in OWN_FILES})
    return MappingProxyType(paths)


def own_digests() -> Mapping[str, str]:
    """Map each of our own files to the digest that its address carries (a vendor name has its own)."""
    return MappingProxyType({name: digest_of(STATIC_FOLDER / name)[:DIGEST_LENGTH] for name in OWN_FILES})


def asset_addresser(paths: Mapping[str, str], digests: Mapping[str, str]) -> Callable[[str], str]:
    """Return ``asset_url``; an unknown name is our mistake and raises ``KeyError``."""

    def asset_url(name: str) -> str:
        # url_for leaves out a query parameter that is None.
        return url_for("static", filename=paths[name], v=digests.get(name))

    return asset_url


def install(app: Flask) -> None:
    """Give the templates ``asset_url(name)`` and tell browsers how long to keep each file.

    The application must have been made with ``static_folder=assets.STATIC_FOLDER``.
    """
    digests = own_digests()
    app.jinja_env.globals["asset_url"] = asset_addresser(asset_paths(), digests)

    @app.after_request
    def keep_or_refresh(response: Response) -> Response:
        if request.endpoint != "static" or response.status_code >= HTTPStatus.BAD_REQUEST:
            return response
        file = str((request.view_args or {}).get("filename", ""))
        # An address with an old digest serves today's file: it must not be kept for ever.
        is_exact = file.startswith("vendor/") or request.args.get("v", "") == digests.get(file)
        response.headers["Cache-Control"] = FOREVER if is_exact else A_MOMENT
        return response
