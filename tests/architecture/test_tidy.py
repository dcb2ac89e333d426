"""The project under its own laws: every file, every law, all findings at once."""

from __future__ import annotations

import pytest

from tests.architecture import laws, sources
from tests.architecture.headings import Headings
from tests.architecture.sources import Law, Source


def report(law: Law, files: list[Source]) -> str:
    """Write the law's reason and every breach, one to a line."""
    findings = sorted(finding for source in files for finding in law(source))
    return "\n".join([law.__doc__ or law.__name__, *map(str, findings)]) if findings else ""


@pytest.mark.parametrize("law", laws.PYTHON_LAWS, ids=lambda law: law.__name__)
def test_code_keeps_the_law(law: Law) -> None:
    """The law named in brackets, over every Python file."""
    assert report(law, sources.python_sources()) == ""


@pytest.mark.parametrize("law", laws.PROSE_LAWS, ids=lambda law: law.__name__)
def test_every_written_file_keeps_the_law(law: Law) -> None:
    """The law named in brackets, over code, templates, documents and scripts."""
    assert report(law, sources.prose_sources()) == ""


def test_every_page_has_one_first_heading() -> None:
    """The law of WCAG 2.4.6 as this house reads it: a page says once what it is."""
    headings = Headings(sources.templates())
    assert {page: count for page in headings.pages() if (count := headings.count(page)) != 1} == {}


def test_doors_that_exist_are_still_needed() -> None:
    """An exception to a law dies with its reason: a door that uses its licence no more must lose it."""
    unused = []
    for door in laws.COMMIT_DOORS:
        path = sources.ROOT / door
        if path.exists() and ".commit(" not in path.read_text("utf-8") and ".begin(" not in path.read_text("utf-8"):
            unused.append(door)
    assert unused == []
