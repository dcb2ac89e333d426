"""What a receipt is called says which it takes the place of, and nothing else can follow it."""

from __future__ import annotations

import pytest

from audit import naming


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("k3v9", "", "k3v9.2"),
        ("k3v9.2", "k3v9", "k3v9.3"),
        ("k3v9.9", "k3v9.8", "k3v9.10"),
        ("k3v9.10", "k3v9.9", "k3v9.11"),
        ("k3v9.1", "", "k3v9.1.2"),
        ("k3v9.02", "", "k3v9.02.2"),
        ("k3v9.0", "", "k3v9.0.2"),
        (".2", "", ".2.2"),
        ("a.b.3", "a.b.2", "a.b.4"),
        ("a.2.2", "a.2", "a.2.3"),
    ],
)
def test_a_name_has_one_place_in_its_row(name: str, before: str, after: str) -> None:
    """A number that is not spelled as ours is part of the name; the two ways are each other's reverse."""
    assert (naming.preceding(name), naming.following(name)) == (before, after)
    assert naming.preceding(after) == name


def test_the_first_of_a_line_is_called_after_it() -> None:
    """And the later ones by their number."""
    assert [naming.name_of("k3v9", number) for number in (1, 2, 12)] == ["k3v9", "k3v9.2", "k3v9.12"]
