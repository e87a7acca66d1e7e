"""All measures of a tree, each with its limit."""

from __future__ import annotations

from dataclasses import dataclass

from tools.house import sentences, shape, text
from tools.house.tree import Tree

# Where the code has not reached its goal yet, a limit stands at today's value: lower it with the
# code, never raise it.
MAX_READERS = 0
MAX_CALLS = 5
MAX_FRAGMENTS = 0
MIN_DOCUMENTED = 0.71


@dataclass(frozen=True)
class Measure:
    """One row of the table.

    Args:
        value: compared with `limit`, which it may reach; with `at_least` it must not be lower, else
            not higher.
        shown: the value as the table shows it.
        goal: the goal as the table shows it; the limit may be looser.
        limit: None for a measure that is only shown.
        places: the files and lines that were counted.
    """

    name: str
    value: float
    shown: str
    goal: str
    limit: float | None = None
    at_least: bool = False
    places: tuple[str, ...] = ()

    @property
    def is_exceeded(self) -> bool:
        """Return True when the value is on the wrong side of its limit."""
        if self.limit is None:
            return False
        return self.value < self.limit if self.at_least else self.value > self.limit


def measure(tree: Tree) -> list[Measure]:
    """Return all measures of a tree; takes some ten seconds, most of them for the import graph."""
    return [*_folders(tree), *_imports(tree), *_code(tree), *_docs(tree), *_lines(tree)]


def _folders(tree: Tree) -> list[Measure]:
    folders = shape.modules_by_folder(tree)
    crowded = shape.crowded_folders(folders)
    names = tuple(f"{name} has {folders[name]} modules" for name in crowded)
    middle, most = shape.median_folder(folders), max(folders.values())
    return [
        Measure("modules per folder, median", middle, f"{middle:g}", "≤ 8", 8),
        Measure("modules per folder, most", most, str(most), "≤ 26", shape.MAX_MODULES_OF_LISTS),
        Measure(
            "folders over their limit (16; storage queries and web/console 26)",
            len(crowded),
            str(len(crowded)),
            "0",
            0,
            places=names,
        ),
    ]


def _imports(tree: Tree) -> list[Measure]:
    imports = shape.Imports(tree)
    nodes, arrows = imports.at_first_sight("crawler")
    circles, upward = imports.circles(), imports.upward()
    rings = tuple(" <-> ".join(group) for group in circles)
    return [
        Measure("modules and packages directly in crawler/", nodes, str(nodes), "≤ 8", 8),
        Measure("import arrows between them", arrows, str(arrows), "≤ 8", 8),
        Measure("circles of imports", len(circles), str(len(circles)), "0", 0, places=rings),
        Measure("upward imports", len(upward), str(len(upward)), "0", 0, places=tuple(upward)),
    ]


def _code(tree: Tree) -> list[Measure]:
    readers = sentences.sentence_readers(tree)
    skips, calls = text.skipped_formats(tree), text.crowded_calls(tree)
    return [
        Measure(
            "regular expressions that read our own sentences",
            len(readers),
            str(len(readers)),
            "0",
            MAX_READERS,
            places=tuple(readers),
        ),
        Measure("`# fmt: skip`", skips, str(skips), "0", 0),
        Measure(
            "calls with six or more positional arguments",
            len(calls),
            str(len(calls)),
            "≤ 5",
            MAX_CALLS,
            places=tuple(calls),
        ),
    ]


def _docs(tree: Tree) -> list[Measure]:
    fragments = text.fragments(tree)
    with_docstring, public = text.documented(tree)
    comments, lines = text.comment_lines(tree), text.total_lines(tree)
    share, commented = with_docstring / public, comments / lines
    return [
        Measure(
            "docstrings of functions that are no sentence",
            len(fragments),
            str(len(fragments)),
            "0",
            MAX_FRAGMENTS,
            places=tuple(fragments),
        ),
        Measure(
            "public functions with a docstring",
            share,
            f"{share:.0%} of {public:,}",
            "≥ 85 %",
            MIN_DOCUMENTED,
            at_least=True,
        ),
        Measure("lines that are comments", commented, f"{commented:.1%}", "1-3 %"),
    ]


def _lines(tree: Tree) -> list[Measure]:
    lines, outside, code = text.formatted_lines(tree)
    return [
        Measure("product lines, formatted", lines, f"{lines:,}", ""),
        Measure("of these outside message catalogues", outside, f"{outside:,}", ""),
        Measure("of these neither docstring nor comment nor blank", code, f"{code:,}", ""),
    ]
