"""A founded agency with three receipts issued and sealed, made once per backend and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aid_ledger.core.crypto import FieldKeys
from aid_ledger.receipts.models import Receipt
from audit.note import SigningKey
from tests.benches import copy_database, make_bench
from tests.builders import receipts as builders
from tests.builders.officials import Founded, Person


@dataclass(frozen=True)
class Issued:
    """An agency with receipts, in order of lines."""

    founded: Founded
    receipts: list[Receipt]

    def code(self, place: int = 0) -> str:
        """Read the code on a receipt's paper."""
        return builders.code_of(self.founded.bench, self.receipts[place])

    def pdf(self, place: int = 0) -> bytes:
        """Print a receipt."""
        return builders.pdf_of(self.founded.bench, self.receipts[place])


@dataclass(frozen=True)
class Template:
    """A database that tests only copy, and what belongs to it."""

    url: str
    key: SigningKey
    keys: FieldKeys
    people: dict[str, Person]


@pytest.fixture(scope="session")
def issued_template(backend: str, founded_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Bring a batch to three households and issue their receipts."""
    folder = tmp_path_factory.mktemp("issued")
    url, _remove = copy_database(backend, founded_template.url, folder)
    bench = make_bench(url, folder, key=founded_template.key, keys=founded_template.keys)
    people = {login: replace(person) for login, person in founded_template.people.items()}
    builders.issued(Founded(bench, people), count=3)
    bench.engine.dispose()
    return Template(url, founded_template.key, founded_template.keys, people)


@pytest.fixture
def issued(backend: str, issued_template: Template, tmp_path: Path) -> Iterator[Issued]:
    """Give an agency with three receipts on a database of its own."""
    url, remove = copy_database(backend, issued_template.url, tmp_path)
    bench = make_bench(url, tmp_path, key=issued_template.key, keys=issued_template.keys)
    people = {login: replace(person) for login, person in issued_template.people.items()}
    yield Issued(Founded(bench, people), builders.receipts(bench))
    bench.engine.dispose()
    remove()
