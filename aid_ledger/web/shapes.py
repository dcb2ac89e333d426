"""The geometry of pictures drawn on the server: whole numbers in, whole coordinates out.

Templates draw (templates/web/macros/money.html and charts.html); this file only computes, in integers,
so that the same figures give the same picture on every machine. It knows no colours, words or queries.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment

PICTURE_WIDTH: Final = 1000
SMALLEST_SEGMENT: Final = 4  # A billion beside a trillion is still there to be seen.
FLOW_HEIGHT: Final = 420  # Grows when a column is crowded.
FLOW_GAP: Final = 18  # A line of text fits between two names.
FLOW_NODE_WIDTH: Final = 12
COVERAGE_STEPS: Final = 5


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a stacked bar."""

    key: str
    amount: int
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A source, programme or place in the flow picture."""

    name: str
    amount: int
    column: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class FlowRibbon:
    """Money between two nodes, as an SVG path."""

    origin: str
    target: str
    amount: int
    path: str


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole flow picture."""

    nodes: tuple[FlowNode, ...]
    ribbons: tuple[FlowRibbon, ...]
    columns: int
    height: int
    width: int = PICTURE_WIDTH


def stacked(amounts: Mapping[str, int], full: int = 0) -> tuple[Segment, ...]:
    """Cut a bar into parts in the order given; ``full`` is the amount of the whole width (0: their sum).

    Parts of nought are left out; a part too thin to see gets SMALLEST_SEGMENT, taken from the widest.
    """
    present = {key: amount for key, amount in amounts.items() if amount > 0}
    total = sum(present.values())
    if total == 0:
        return ()
    room = _scaled(total, max(full, total), PICTURE_WIDTH)
    widths = {key: max(_scaled(amount, total, room), SMALLEST_SEGMENT) for key, amount in present.items()}
    widest = max(widths, key=lambda key: widths[key])
    widths[widest] = max(widths[widest] + room - sum(widths.values()), SMALLEST_SEGMENT)
    segments, x = [], 0
    for key, amount in present.items():
        segments.append(Segment(key, amount, x, widths[key]))
        x += widths[key]
    return tuple(segments)


def bar_width(amount: int, largest: int) -> int:
    """Return the width of one bar among bars whose largest fills the picture."""
    if amount <= 0 or largest <= 0:
        return 0
    return max(_scaled(min(amount, largest), largest, PICTURE_WIDTH), SMALLEST_SEGMENT)


def coverage_step(part: int, whole: int) -> int:
    """Return 0 (nobody yet) to 5 (everybody) for a tile; 5 only when the whole is reached."""
    if whole <= 0 or part <= 0:
        return 0
    return min(1 + part * (COVERAGE_STEPS - 1) // whole, COVERAGE_STEPS)


def flow(links: Iterable[tuple[str, str, int]]) -> Flow:
    """Lay out money flowing between names; a name's column is its longest way from a source.

    A circle of money cannot be drawn and raises ``ValueError``: value flows one way.
    """
    present = [link for link in links if link[2] > 0]
    columns = _columns(present)
    throughput = _throughput(present)
    crowd = max(Counter(columns.values()).values(), default=0)
    height = max(FLOW_HEIGHT, 2 * crowd * (FLOW_GAP + SMALLEST_SEGMENT))
    room = height - crowd * (FLOW_GAP + SMALLEST_SEGMENT)
    nodes = _place_nodes(columns, throughput, room)
    return Flow(tuple(nodes.values()), _ribbons(present, nodes), max(columns.values(), default=-1) + 1, height)


def _scaled(amount: int, whole: int, length: int) -> int:
    return (amount * length + whole // 2) // whole


def _columns(links: Sequence[tuple[str, str, int]]) -> dict[str, int]:
    columns = dict.fromkeys([name for origin, target, _ in links for name in (origin, target)], 0)
    for _ in range(len(columns) + 1):
        moved = False
        for origin, target, _amount in links:
            if columns[target] <= columns[origin]:
                columns[target] = columns[origin] + 1
                moved = True
        if not moved:
            return columns
    raise ValueError("the flow runs in a circle")


def _throughput(links: Sequence[tuple[str, str, int]]) -> dict[str, int]:
    outgoing: dict[str, int] = {}
    incoming: dict[str, int] = {}
    for origin, target, amount in links:
        outgoing[origin] = outgoing.get(origin, 0) + amount
        incoming[target] = incoming.get(target, 0) + amount
    return {name: max(outgoing.get(name, 0), incoming.get(name, 0)) for name in outgoing | incoming}


def _place_nodes(columns: Mapping[str, int], throughput: Mapping[str, int], room: int) -> dict[str, FlowNode]:
    """Stack each column; ``room`` is the height the fullest column may fill beyond gaps and smallest bars."""
    last = max(columns.values(), default=0) or 1
    by_column: dict[int, list[str]] = {}
    for name, column in columns.items():
        by_column.setdefault(column, []).append(name)
    fullest = max((sum(throughput[name] for name in names) for names in by_column.values()), default=1)
    nodes = {}
    for column, names in by_column.items():
        y = 0
        for name in sorted(names, key=lambda name: (-throughput[name], name)):
            height = throughput[name] * room // fullest + SMALLEST_SEGMENT
            x = column * (PICTURE_WIDTH - FLOW_NODE_WIDTH) // last
            nodes[name] = FlowNode(name, throughput[name], column, x, y, height)
            y += height + FLOW_GAP
    return nodes


def _ribbons(links: Sequence[tuple[str, str, int]], nodes: Mapping[str, FlowNode]) -> tuple[FlowRibbon, ...]:
    left: dict[str, int] = {}
    right: dict[str, int] = {}
    ribbons = []
    for origin, target, amount in sorted(links, key=lambda link: (nodes[link[0]].y, nodes[link[1]].y)):
        start, end = nodes[origin], nodes[target]
        out_height = max(_scaled(amount, start.amount, start.height), 1)
        in_height = max(_scaled(amount, end.amount, end.height), 1)
        y1 = start.y + right.get(origin, 0)
        y2 = end.y + left.get(target, 0)
        right[origin] = right.get(origin, 0) + out_height
        left[target] = left.get(target, 0) + in_height
        x1, x2 = start.x + FLOW_NODE_WIDTH, end.x
        middle = (x1 + x2) // 2
        path = (
            f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}V{y2 + in_height}"
            f"C{middle} {y2 + in_height} {middle} {y1 + out_height} {x1} {y1 + out_height}Z"
        )
        ribbons.append(FlowRibbon(origin, target, amount, path))
    return tuple(ribbons)


def register(environment: Environment) -> None:
    """Make the shapes callable from templates."""
    for shape in (stacked, bar_width, coverage_step, flow):
        environment.globals[f"shape_{shape.__name__}"] = shape
