"""Measures of folders and imports."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from statistics import median

import grimp

from tools.house.tree import Tree

MAX_MODULES = 16
# Storage has one module per table's queries, the console one per page.
MAX_MODULES_OF_LISTS = 26
LISTS = ("storage/crawling", "storage/distribution", "storage/catalogue", "storage/operations")


def modules_by_folder(tree: Tree) -> dict[str, int]:
    """Return the number of modules by folder, without `__init__.py` and top-level modules."""
    folders: Counter[str] = Counter()
    for module in tree.modules:
        if module.path.name != "__init__.py" and len(module.path.parts) > 1:
            folders[module.path.parent.as_posix()] += 1
    return dict(folders)


def median_folder(folders: dict[str, int]) -> float:
    """Return the median number of modules per folder. Raise StatisticsError for no folders."""
    return median(folders.values())


def crowded_folders(folders: dict[str, int]) -> list[str]:
    """Return the folders with more modules than their limit, the fullest first."""
    return sorted(
        (name for name, n in folders.items() if n > _limit(name)), key=lambda f: -folders[f]
    )


def _limit(folder: str) -> int:
    return MAX_MODULES_OF_LISTS if folder in (*LISTS, "web/console") else MAX_MODULES


class Imports:
    """The import graph of a tree's product, `TYPE_CHECKING` imports included."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        # The tree's folders must be found before those of the folder this runs in.
        sys.path.insert(0, str(tree.root))
        try:
            self._graph = grimp.build_graph(*tree.rooms, cache_dir=None)
        finally:
            sys.path.remove(str(tree.root))

    def at_first_sight(self, room: str) -> tuple[int, int]:
        """Return the number of modules and packages directly in a room, and
        of import arrows between them."""
        children = set(self._graph.find_children(room))
        arrows = set()
        for importer, imported in self._pairs():
            ends = _child_of(room, importer), _child_of(room, imported)
            if ends[0] != ends[1] and set(ends) <= children:
                arrows.add(ends)
        return len(children), len(arrows)

    def circles(self) -> list[list[str]]:
        """Return the groups of modules that import each other, directly or through others."""
        groups: list[list[str]] = []
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        for module in sorted(self._graph.modules):
            if module not in index:
                self._visit(module, index, low, stack, groups)
        return groups

    def _visit(
        self,
        module: str,
        index: dict[str, int],
        low: dict[str, int],
        stack: list[str],
        groups: list[list[str]],
    ) -> None:
        """Add the groups that are reachable from `module` to `groups`."""
        # Tarjan's strongly connected components, by recursion: chains of imports are short.
        index[module] = low[module] = len(index)
        stack.append(module)
        for imported in self._graph.find_modules_directly_imported_by(module):
            if imported not in index:
                self._visit(imported, index, low, stack, groups)
                low[module] = min(low[module], low[imported])
            elif imported in stack:
                low[module] = min(low[module], index[imported])
        if low[module] == index[module]:
            place = stack.index(module)
            if len(stack) - place > 1:
                groups.append(sorted(stack[place:]))
            del stack[place:]

    def upward(self) -> list[str]:
        """Return the imports against the order of the layers contract in pyproject.toml."""
        levels = _levels(self._tree)
        return sorted(
            f"{importer} -> {imported}"
            for importer, imported in self._pairs()
            if _room(importer) != _room(imported)
            and levels.get(_room(importer), -1) >= levels.get(_room(imported), 99)
        )

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for importer in self._graph.modules:
            for imported in self._graph.find_modules_directly_imported_by(importer):
                yield importer, imported


def _levels(tree: Tree) -> dict[str, int]:
    """Number the layers of the first layers contract; those of one line share their number."""
    for contract in tree.import_contracts.get("contracts", []):
        if contract["type"] == "layers":
            return {
                room.strip(" ()"): level
                for level, line in enumerate(contract["layers"])
                for room in line.replace(":", "|").split("|")
            }
    return {}


def _room(module: str) -> str:
    return module.split(".")[0]


def _child_of(room: str, module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == room and len(parts) > 1 else ""
