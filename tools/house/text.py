"""Measures of calls, docstrings, comments and lines."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tools.house.tree import Module, Tree

MAX_POSITIONAL = 5
SKIP = re.compile(r"[ \t]*# fmt: skip\b")
DIRECTIVE = re.compile(r"#\s*(?:noqa|type:|fmt:|pragma|mypy:|!)")
# A docstring of a function is a sentence when it begins with its verb. These words begin a noun
# or a subordinate clause instead ("What …", "Whether …", "The rows of …").
CLAUSE = re.compile(
    r"(?:…|\.\.\.|What|Whether|How|Why|Who|Whose|Which|Where|When|Until|Since|As|That|Those|These"
    r"|The|A|An|Its|All|Every|Each|One|By|Of|In|With|Without|For|From)\b"
)
# "…; how many", "…; its id": the clause after the semicolon has no verb of its own.
TAIL = re.compile(r"; (?:how many|how much|its id|its ids|their ids|those|whether|what|which)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def skipped_formats(tree: Tree) -> int:
    """Return the number of comments that switch the formatter off."""
    return sum(len(SKIP.findall(module.source)) for module in tree.modules)


def crowded_calls(tree: Tree) -> list[str]:
    """Return `file:line` of every call with six or more positional arguments."""
    return [
        f"{module.path}:{node.lineno}"
        for module in tree.modules
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Call) and len(node.args) > MAX_POSITIONAL
    ]


def fragments(tree: Tree) -> list[str]:
    """Return place and first line of every function's docstring that is not a sentence with a verb.

    Judged by its first word, or by a verbless clause after a semicolon. Properties are left out:
    they are named after their value, and so are their docstrings.
    """
    return [
        f"{module.path}:{function.lineno} {function.name}: {text.splitlines()[0]}"
        for module in tree.modules
        for function in _functions(module.syntax)
        if (text := ast.get_docstring(function)) and not _is_property(function)
        if CLAUSE.match(text) or TAIL.search(text)
    ]


def documented(tree: Tree) -> tuple[int, int]:
    """Return the number of public functions with a docstring, and of all.

    Public: neither the function nor its class begins with an underscore, and it is
    not nested in another function.
    """
    public = [f for module in tree.modules for f in _public(module.syntax)]
    return sum(1 for function in public if ast.get_docstring(function)), len(public)


def comment_lines(tree: Tree) -> int:
    """Return the number of lines that hold only a comment; directives to tools do not count."""
    return sum(1 for module in tree.modules for _ in _comments(module))


def total_lines(tree: Tree) -> int:
    """Return the number of lines in the files as they are."""
    return sum(len(module.source.splitlines()) for module in tree.modules)


def formatted_lines(tree: Tree) -> tuple[int, int, int]:
    """Return the number of lines when formatted: of all, of those outside message catalogues, and
    of the latter without docstrings, comments and blank lines.

    The formatter runs on a copy, with every `# fmt: skip` removed: so two states of the code are
    compared in the same layout.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        (copy / "pyproject.toml").write_bytes((tree.root / "pyproject.toml").read_bytes())
        for module in tree.modules:
            target = copy / module.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(SKIP.sub("", module.source), encoding="utf-8")
        subprocess.run([sys.executable, "-m", "ruff", "format", "-q", "."], cwd=copy, check=True)
        texts = {m: (copy / m.path).read_text(encoding="utf-8") for m in tree.modules}
    outside = [text for module, text in texts.items() if not module.is_catalogue]
    return (
        sum(text.count("\n") for text in texts.values()),
        sum(text.count("\n") for text in outside),
        sum(_code_lines(text) for text in outside),
    )


def _code_lines(source: str) -> int:
    """Return the number of lines that are neither blank, nor only a comment, nor docstring."""
    texts = [
        node.body[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Module | ast.ClassDef | Function) and ast.get_docstring(node)
    ]
    docstrings = {n for text in texts for n in range(text.lineno, (text.end_lineno or 0) + 1)}
    return sum(
        1
        for number, line in enumerate(source.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#") and number not in docstrings
    )


def _functions(syntax: ast.AST) -> Iterator[Function]:
    for node in ast.walk(syntax):
        if isinstance(node, Function):
            yield node


def _public(node: ast.AST) -> Iterator[Function]:
    """Yield the public functions of a module or class, methods included."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            if not child.name.startswith("_"):
                yield child
        elif isinstance(child, ast.ClassDef):
            if not child.name.startswith("_"):
                yield from _public(child)
        else:
            yield from _public(child)


def _is_property(function: Function) -> bool:
    names = [ast.unparse(decorator) for decorator in function.decorator_list]
    return any(name.split(".")[-1] in {"property", "cached_property", "setter"} for name in names)


def _comments(module: Module) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(module.source).readline):
        alone = token.type == tokenize.COMMENT and token.line.lstrip().startswith("#")
        if alone and not DIRECTIVE.match(token.string):
            yield token.string
