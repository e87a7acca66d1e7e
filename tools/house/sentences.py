"""Regular expressions that read the product's own sentences back.

What counts, exactly: a regular expression written as a literal in a room that shows things
(`SHOWING`), that matches the whole of a message the product itself composes elsewhere. Composed
messages are the strings and f-strings of all product modules, with samples in place of their
values, whole and in the pieces that "; " and ": " separate. A pattern without a word of at least
`MIN_LETTERS` letters (`\\d+`, `\\S+`) reads no sentence. A table of patterns that are compiled
together is one reader: when one of its patterns counts, all of them do. Patterns that read URLs,
headers or file names match no message, so they stay out.

The measure can miss a pattern whose message is put together from several strings; it is a lower
bound outside tables.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from tools.house.tree import Module, Tree

# The rooms that show what other rooms say; crawler/ had the terminal before decision 011.
SHOWING = {"presentation", "web", "commands", "alerts", "app", "crawler"}
READERS = {"compile", "match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
Comprehension = ast.GeneratorExp | ast.ListComp | ast.DictComp | ast.SetComp
SAMPLES = ("7", "bilibili", "2026-11-22")
MIN_LETTERS = 4
WORD = re.compile(r"[A-Za-z]{%d,}" % MIN_LETTERS)  # noqa: UP031 - braces belong to the pattern
GROUP_NAME = re.compile(r"\?P<\w+>|\\[A-Za-z]")


@dataclass(frozen=True)
class Pattern:
    """One regular expression literal; those of one table have the same `table`, its line."""

    module: Module
    line: int
    text: str
    table: int | None = None

    def __str__(self) -> str:
        return f"{self.module.path}:{self.line} {self.text}"


def sentence_readers(tree: Tree) -> list[str]:
    """Return place and text of every regular expression that reads a message of the product."""
    patterns = [
        pattern
        for module in tree.modules
        if module.room in SHOWING
        for pattern in _patterns(module.syntax, module)
    ]
    messages = _messages(tree)
    reading = [pattern for pattern in patterns if _reads(pattern, messages)]
    tables = {(pattern.module.path, pattern.table) for pattern in reading if pattern.table}
    return [
        str(pattern)
        for pattern in patterns
        if pattern in reading or (pattern.module.path, pattern.table) in tables
    ]


def _reads(pattern: Pattern, messages: set[str]) -> bool:
    """Return True when a pattern with a word matches the whole of a message."""
    if not WORD.search(GROUP_NAME.sub(" ", pattern.text)):
        return False
    try:
        regex = re.compile(pattern.text, re.DOTALL)
    except re.error:
        return False
    return any(regex.fullmatch(message) for message in messages)


def _patterns(syntax: ast.Module, module: Module) -> Iterator[Pattern]:
    """Yield the regular expressions of a module that are written as literals."""
    for node in ast.walk(syntax):
        if isinstance(node, Comprehension):
            yield from _table(node, module)
        if _is_reader(node) and node.args:
            text = _literal(node.args[0])
            if text is not None:
                yield Pattern(module, node.lineno, text)


def _table(node: Comprehension, module: Module) -> Iterator[Pattern]:
    """Yield the patterns of `re.compile(form) for form, … in (…)`."""
    compiled = [
        call.args[0].id
        for call in ast.walk(node)
        if _is_reader(call)
        if call.args and isinstance(call.args[0], ast.Name)
    ]
    for generator in node.generators:
        for form in compiled:
            for element in _elements(generator.target, generator.iter, form):
                text = _literal(element)
                if text is not None:
                    yield Pattern(module, element.lineno, text, node.lineno)


def _elements(target: ast.expr, table: ast.expr, name: str) -> Iterator[ast.expr]:
    """Yield the elements of a literal table that the loop variable `name` takes."""
    if not isinstance(table, ast.Tuple | ast.List):
        return
    if isinstance(target, ast.Name) and target.id == name:
        yield from table.elts
    if isinstance(target, ast.Tuple):
        names = [part.id if isinstance(part, ast.Name) else "" for part in target.elts]
        for row in table.elts:
            if name in names and isinstance(row, ast.Tuple):
                yield row.elts[names.index(name)]


def _is_reader(node: ast.AST) -> TypeGuard[ast.Call]:
    function = node.func if isinstance(node, ast.Call) else None
    return (
        isinstance(function, ast.Attribute)
        and function.attr in READERS
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
    )


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _messages(tree: Tree) -> set[str]:
    """Return every message of the product with samples for its values,
    without regular expressions."""
    messages: set[str] = set()
    for module in tree.modules:
        inner = {id(part) for node in ast.walk(module.syntax) for part in _covered(node)}
        for node in ast.walk(module.syntax):
            if id(node) not in inner and isinstance(node, ast.Constant | ast.JoinedStr):
                messages.update(_pieces(_rendered(node)))
    return messages


def _covered(node: ast.AST) -> Iterator[ast.AST]:
    """Yield literals that are no message: parts of f-strings,
    docstrings, patterns and their tables."""
    if isinstance(node, ast.JoinedStr):
        yield from node.values
    if isinstance(node, ast.Expr):
        yield node.value
    if _is_reader(node):
        yield from node.args[:1]
    if isinstance(node, Comprehension) and any(map(_is_reader, ast.walk(node))):
        for generator in node.generators:
            yield from ast.walk(generator.iter)


def _rendered(node: ast.Constant | ast.JoinedStr) -> Iterator[str]:
    """Yield the text of a literal; of an f-string one text for each sample value."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
        return
    for sample in SAMPLES:
        yield "".join(
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else sample
            for part in node.values
        )


def _pieces(texts: Iterator[str]) -> Iterator[str]:
    """Yield each text with a word, whole and in the pieces that "; " and ": " separate."""
    for text in texts:
        parts = [
            text,
            *text.split("; "),
            *itertools.chain(*(p.split(": ") for p in text.split("; "))),
        ]
        yield from (part for part in parts if WORD.search(part))
