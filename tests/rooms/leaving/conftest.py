"""The four recommended witnesses, and the recommended policy in force."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders import leaving
from tests.builders import witnesses as builders
from tests.builders.officials import Founded


@pytest.fixture
def four(founded: Founded) -> Iterator[list[builders.Watching]]:
    """Run the four witnesses that are recommended, and have them added."""
    with builders.recommended(founded) as found:
        yield found


@pytest.fixture
def policy(founded: Founded, four: list[builders.Watching]) -> str:
    """Have the recommended policy in force."""
    return leaving.set_policy(founded, leaving.policy_text(founded, four))
