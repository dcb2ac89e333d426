"""What the documents say about the code must be true: named tests exist, links lead somewhere, decisions are listed."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from bench import mutants
from tests.architecture import sources
from tests.architecture.sources import ROOT

DOCUMENTS = [path for path in sources.project_files() if path.suffix == ".md"]
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
NAMED_TEST = re.compile(r"`(test_[a-z0-9_]+)`")


def broken_links(document: Path, text: str) -> list[str]:
    """List the links of a document that lead nowhere."""
    return [target for target in LINK.findall(text) if not (document.parent / target).exists()]


def known_tests() -> set[str]:
    """Name every test function of the project."""
    trees = [source.tree for source in sources.python_sources() if source.path.parts[0] == "tests"]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {function.name for function in functions}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    """The law that a reader is never sent to nothing."""
    assert broken_links(ROOT / document, (ROOT / document).read_text("utf-8")) == []


def test_a_broken_link_is_noticed() -> None:
    """The law above on trial."""
    assert broken_links(ROOT / "README.md", "[a](nowhere.md) [b](LICENSE) [c](https://example.org)") == ["nowhere.md"]


def test_tests_named_in_documents_exist() -> None:
    """The cheat of a threat that is answered by a test nobody wrote."""
    named = {name for document in DOCUMENTS for name in NAMED_TEST.findall((ROOT / document).read_text("utf-8"))}
    assert sorted(named - known_tests()) == []


def test_every_attack_names_a_test() -> None:
    """The cheat of a list of attacks with nothing behind it; the test above sees that what is named exists."""
    rows = re.findall(r"^\| ([A-Z][0-9]+) \|.*", (ROOT / "docs/attacks.md").read_text("utf-8"), re.MULTILINE)
    untried = re.findall(
        r"^\| ([A-Z][0-9]+) \|(?!.*`test_).*", (ROOT / "docs/attacks.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) == len(set(rows)) > 40
    assert untried == []


def test_every_decision_is_listed() -> None:
    """The law that a decision can be found: the table of contents names each file once."""
    folder = ROOT / "docs/decisions"
    listed = LINK.findall((folder / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in folder.glob("0*.md"))


def test_every_change_of_the_verifier_that_went_unnoticed_has_its_reason() -> None:
    """The law of docs/mutants.md: what survived is listed and explained, and no reason outlives what it explains."""
    counts = mutants.kept()
    reasons = tomllib.loads(mutants.REASONS.read_text())["mutant"]
    assert mutants.DOCUMENT.read_text() == mutants.document(counts, reasons)
    survived = {(each.file, each.was, each.now) for count in counts.values() for each in count.survivors}
    assert survived == {(each["file"], each["was"], each["now"]) for each in reasons if each["file"] in counts}
