"""The files the laws are about, read once: Python as trees, templates and prose as text. No law is written here."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
PYTHON = ("aid_ledger", "audit", "tests", "bench", "migrations", "tools", "wsgi.py")
MADE_FOLDERS = {"__pycache__", "build", "dist", "htmlcov", "node_modules", "var"}
PROSE = (".py", ".html", ".md", ".sh", ".toml", ".css", ".js", ".txt")
SCRIPTS = {"run"}


@dataclass(frozen=True)
class Source:
    """One file of the project, or a sample of one, under its path from the root."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Parse the file once for all laws."""
        return ast.parse(self.text, str(self.path))

    @property
    def is_product(self) -> bool:
        """Say whether an agency runs this file."""
        return self.path.parts[0] in {"aid_ledger", "audit", "wsgi.py"}

    def lies_in(self, *places: str) -> bool:
        """Say whether the file is one of `places` or lies in a folder of theirs."""
        return any(self.path == PurePosixPath(place) or PurePosixPath(place) in self.path.parents for place in places)


@dataclass(frozen=True, order=True)
class Finding:
    """One breach of a law, printed the way editors open files."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


Law = Callable[[Source], Iterator[Finding]]


def at(source: Source, node: ast.AST, what: str) -> Finding:
    """Point a finding at a node of the tree."""
    return Finding(str(source.path), getattr(node, "lineno", 1), what)


def project_files() -> list[PurePosixPath]:
    """List what people of this project write; made and vendored files are other people's style. Needs no git."""
    found: list[PurePosixPath] = []
    for folder, inner, names in os.walk(ROOT):
        here = PurePosixPath(Path(folder).relative_to(ROOT).as_posix())
        inner[:] = [name for name in inner if not _is_made(here / name)]
        found += [here / name for name in names]
    return sorted(found)


def _is_made(folder: PurePosixPath) -> bool:
    """Say whether a folder holds what tools made or fetched; apart from .ci, hidden folders all do."""
    hidden = folder.name.startswith(".") and folder.name != ".ci"
    vendored = folder.parts[-2:] == ("static", "vendor")
    return hidden or vendored or folder.name in MADE_FOLDERS or folder.suffix == ".egg-info"


def python_sources() -> list[Source]:
    """Read every Python file of the project."""
    paths = [path for path in project_files() if path.suffix == ".py" and path.parts[0] in PYTHON]
    return [read(path) for path in paths]


def prose_sources() -> list[Source]:
    """Read every file a person writes: code, templates, documents, scripts."""
    paths = [path for path in project_files() if path.suffix in PROSE or path.name in SCRIPTS]
    return [read(path) for path in paths if not path.name.startswith("requirements")]


def templates() -> dict[str, str]:
    """Read every template under the name Jinja knows it by."""
    pages = [path for path in project_files() if path.parts[0] == "templates" and path.suffix == ".html"]
    return {str(path.relative_to("templates")): (ROOT / path).read_text("utf-8") for path in pages}


def read(path: PurePosixPath) -> Source:
    """Read one file of the project."""
    return Source(path, (ROOT / path).read_text("utf-8"))
