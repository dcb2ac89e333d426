"""The document from which others write a reader of bodies says what our own reader does."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from audit import cli
from audit.facts import KINDS, reference

KEPT = Path(cli.__file__).with_name("KINDS.md")


def test_the_document_is_what_the_verifier_prints() -> None:
    """A kind that changed without its document would mislead whoever reads old logs; `aid-audit kinds` writes it."""
    printed = CliRunner().invoke(cli.main, ["kinds"])
    assert printed.exit_code == 0
    assert KEPT.read_text("utf-8") == printed.output


def test_every_kind_is_in_it_once_with_all_its_members() -> None:
    """Nothing an entry may hold is left out."""
    parts = re.split(r"^### (\w+), v(\d+)$", reference.document(), flags=re.MULTILINE)[1:]
    told = {
        (kind, int(v)): re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        for kind, v, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }
    assert len(parts) == 3 * len(KINDS)
    assert told == {key: [name for name, _ in kind.SHAPES] for key, kind in KINDS.items()}


def test_every_form_that_a_member_has_is_explained() -> None:
    """A word in the right column is found at the top."""
    words = {
        word
        for kind in KINDS.values()
        for _, shape in kind.SHAPES
        for word in re.sub(r"\w+: |list of | or empty|[\[\]]", "", shape.form).split(", ")
    }
    assert words <= set(reference.FORMS)
