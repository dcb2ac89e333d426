"""How many first headings a page will show, worked out from the templates without rendering them.

A page may take its heading from the layout it extends, from a block, an include, or a macro; branches of an `if`
count once. Pages are the templates that extend a layout; a name beginning with `_` marks a part.
"""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import Environment, nodes

HEADING = "<h1"
# The tags of Flask-Babel and of ours that the bare parser must know to read on.
EXTENSIONS = ("jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols")


class Headings:
    """Count headings over a set of templates that refer to each other by name."""

    def __init__(self, texts: dict[str, str]) -> None:
        environment = Environment(autoescape=True, extensions=EXTENSIONS)
        self.trees = {name: environment.parse(text, name) for name, text in texts.items()}
        self.macros: dict[str, int] = {}
        for tree in self.trees.values():
            for macro in tree.find_all(nodes.Macro):
                self.macros[macro.name] = self._several(macro.body, {})

    def pages(self) -> list[str]:
        """Name the templates that are shown whole."""
        whole = [name for name in self.trees if not name.rsplit("/", 1)[-1].startswith("_")]
        return [name for name in whole if self._parent(name) is not None]

    def count(self, page: str) -> int:
        """Count the headings of a page, following it up to its outermost layout."""
        blocks: dict[str, nodes.Block] = {}
        name: str | None = page
        outermost = page
        while name is not None and name in self.trees:
            outermost = name
            for block in self.trees[name].find_all(nodes.Block):
                blocks.setdefault(block.name, block)
            name = self._parent(name)
        return self._several(self.trees[outermost].body, blocks)

    def _parent(self, name: str) -> str | None:
        """Name the layout a template extends; None when it stands alone or the name is computed."""
        extends = self.trees[name].find(nodes.Extends)
        if extends is None or not isinstance(extends.template, nodes.Const):
            return None
        return str(extends.template.value)

    def _several(self, parts: Iterable[nodes.Node], blocks: dict[str, nodes.Block]) -> int:
        return sum(self._one(part, blocks) for part in parts)

    def _one(self, node: nodes.Node, blocks: dict[str, nodes.Block]) -> int:
        """Count the headings under one node; `blocks` holds the definitions that win."""
        match node:
            case nodes.TemplateData():
                return node.data.lower().count(HEADING)
            case nodes.Macro():
                return 0
            case nodes.Block():
                return self._several(blocks.get(node.name, node).body, blocks)
            case nodes.If():
                branches = [node.body, *(branch.body for branch in node.elif_), node.else_]
                return max(self._several(branch, blocks) for branch in branches)
            case _:
                return self._brought_in(node, blocks) + self._several(node.iter_child_nodes(), blocks)

    def _brought_in(self, node: nodes.Node, blocks: dict[str, nodes.Block]) -> int:
        """Count the headings that an include or a call of a macro brings in."""
        match node:
            case nodes.Include(template=nodes.Const(value=str(name))) if name in self.trees:
                return self._several(self.trees[name].body, blocks)
            case nodes.Call():
                return self.macros.get(_called(node), 0)
            case _:
                return 0


def _called(call: nodes.Call) -> str:
    """Name what a call calls, without the import it came through."""
    match call.node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(attr=attr):
            return str(attr)
        case _:
            return ""
