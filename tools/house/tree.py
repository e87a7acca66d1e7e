"""The product's source files in a folder, parsed once."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

NO_PRODUCT = {"tests", "benchmarks", "sandbox", "tools"}
# Message catalogues grow with every language; the number of product lines is compared without them.
MESSAGES = Path("presentation/i18n")
CATALOGUES = (
    "web/console/chinese.py",
    # where they were before decision 011
    "crawler/*texts.py",
    "crawler/reasons.py",
)


@dataclass(frozen=True)
class Module:
    """One source file; `path` is relative to the tree's root."""

    path: Path
    source: str

    @cached_property
    def syntax(self) -> ast.Module:
        """Return the parsed file."""
        return ast.parse(self.source, filename=str(self.path))

    @property
    def room(self) -> str:
        """Return the top-level folder; the file's own name for `cli.py`."""
        return self.path.parts[0]

    @property
    def is_catalogue(self) -> bool:
        """Return True for a file of messages that are shown to people."""
        is_named = any(self.path.match(pattern) for pattern in CATALOGUES)
        return is_named or self.path.is_relative_to(MESSAGES)


@dataclass(frozen=True)
class Tree:
    """A checkout of the repository.

    Args:
        root: its folder.
        rooms: the importable top-level folders of the product, without tests, benchmarks, sandbox
            and tools.
        modules: all source files of the product.
    """

    root: Path
    rooms: tuple[str, ...]
    modules: tuple[Module, ...]

    @cached_property
    def import_contracts(self) -> dict[str, Any]:
        """Return the table `tool.importlinter` of pyproject.toml; {} when there is none."""
        file = self.root / "pyproject.toml"
        if not file.exists():
            return {}
        tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
        contracts: dict[str, Any] = tools.get("importlinter", {})
        return contracts


def read_tree(root: Path) -> Tree:
    """Read the product's source files below `root`, without tests, benchmarks, sandbox and
    tools."""
    rooms = sorted(
        folder.parent.name
        for folder in root.glob("*/__init__.py")
        if folder.parent.name not in NO_PRODUCT
    )
    modules = tuple(
        Module(path.relative_to(root), path.read_text(encoding="utf-8"))
        for path in _files(root, rooms)
    )
    return Tree(root, tuple(rooms), modules)


def _files(root: Path, rooms: list[str]) -> Iterator[Path]:
    """Yield the paths of the product's source files."""
    yield from sorted(root.glob("*.py"))
    for room in rooms:
        yield from sorted((root / room).rglob("*.py"))
