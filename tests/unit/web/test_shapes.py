"""Pictures tell the truth: parts fill what they should, nothing is drawn wider than it is."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.web import shapes

PARTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 10**15), max_size=8)


@given(PARTS)
def test_parts_of_a_bar_touch_and_fill_it(amounts: dict[str, int]) -> None:
    """Cheat: a bar with a hole where the missing money was."""
    segments = shapes.stacked(amounts)
    x = 0
    for segment in segments:
        assert segment.x == x
        x += segment.width
    assert x == (shapes.PICTURE_WIDTH if sum(amounts.values()) else 0)
    assert [segment.key for segment in segments] == [key for key, amount in amounts.items() if amount]


@given(PARTS)
def test_even_the_smallest_part_is_seen(amounts: dict[str, int]) -> None:
    """Cheat: a million that vanishes beside a trillion."""
    assert all(segment.width >= shapes.SMALLEST_SEGMENT for segment in shapes.stacked(amounts))


def test_a_smaller_source_has_a_shorter_bar() -> None:
    """Bars above each other share one scale."""
    (part,) = shapes.stacked({"delivered": 250}, full=1_000)
    assert part.width == 250


@pytest.mark.parametrize(
    ("amount", "largest", "width"), [(0, 10, 0), (5, 0, 0), (-5, 10, 0), (5, 10, 500), (1, 10**9, 4), (20, 10, 1_000)]
)
def test_a_bar_is_as_long_as_its_share(amount: int, largest: int, width: int) -> None:
    """Nothing for nothing, the whole width for the largest."""
    assert shapes.bar_width(amount, largest) == width


@pytest.mark.parametrize(("part", "step"), [(0, 0), (1, 1), (30, 2), (50, 3), (99, 4), (100, 5), (120, 5)])
def test_only_full_coverage_gets_the_fullest_tile(part: int, step: int) -> None:
    """Cheat: a kecamatan shown as done while one family waits."""
    assert shapes.coverage_step(part, 100) == step
    assert shapes.coverage_step(part, 0) == 0


def test_value_that_flows_in_a_circle_is_refused() -> None:
    """Value flows one way."""
    with pytest.raises(ValueError, match="circle"):
        shapes.flow([("a", "b", 5), ("b", "a", 5)])


def test_the_flow_stands_in_columns() -> None:
    """Source, programme, place, from left to right; amounts of nought are not drawn."""
    picture = shapes.flow([("BTT", "BLT", 80), ("CSR", "BLT", 20), ("BLT", "Babelan", 90), ("BLT", "Setu", 0)])
    assert {node.name: node.column for node in picture.nodes} == {"BTT": 0, "CSR": 0, "BLT": 1, "Babelan": 2}
    assert {node.name: node.amount for node in picture.nodes}["BLT"] == 100
    assert picture.columns == 3
    assert len(picture.ribbons) == 3


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 10**12)), max_size=20))
def test_nodes_of_a_column_never_overlap(links: list[tuple[str, str, int]]) -> None:
    """Each bar stands alone and inside the picture."""
    picture = shapes.flow(links)
    for column in range(picture.columns):
        nodes = sorted((node for node in picture.nodes if node.column == column), key=lambda node: node.y)
        for above, below in itertools.pairwise(nodes):
            assert above.y + above.height < below.y
        assert all(node.y + node.height <= picture.height for node in nodes)
