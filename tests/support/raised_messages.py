"""What the product's errors are made of, read from its source: codes, or sentences by mistake."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.messages import CODE

FRONT_END_ERROR = "RequestRefusedError"  # the console's pages give it texts of their own
# Errors and `Message.of` are known by their classes; `say` writes a text and makes no error.
NO_MAKERS = {"__init__", "of", "say"}
MESSAGE_MAKERS = {"Message", "Message.of"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A module of the product."""

    place: str
    tree: ast.Module

    @cached_property
    def functions(self) -> dict[str, Function]:
        """The functions and methods by their names."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, Function)}

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """The values of the module's own names."""
        found: dict[str, ast.expr] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = node.value
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                found[node.target.id] = node.value
        return found

    @cached_property
    def imported(self) -> dict[str, str]:
        """The modules from which names were imported."""
        return {
            name.asname or name.name: node.module or ""
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for name in node.names
        }


def read_sources(root: Path, rooms: Iterable[str]) -> dict[str, Source]:
    """Return the modules of these rooms by their dotted names."""
    found = {}
    for room in rooms:
        for path in sorted((root / room).rglob("*.py")):
            place = path.relative_to(root)
            name = ".".join(place.with_suffix("").parts).removesuffix(".__init__")
            found[name] = Source(str(place), ast.parse(path.read_text(encoding="utf-8")))
    return found


def error_classes(sources: Iterable[Source]) -> set[str]:
    """Return the names of BatonError and of all that derive from it, wherever they stand."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
    }
    found: set[str] = {"BatonError"}
    while more := {name for name, parents in bases.items() if parents & found} - found:
        found |= more
    return found


def code_makers(sources: Iterable[Source]) -> dict[str, int]:
    """Return the functions that take a code, and at which place: `not_found(code, …)`."""
    found = {}
    for source in sources:
        for function in source.functions.values():
            arguments = [*function.args.posonlyargs, *function.args.args]
            names = [argument.arg for argument in arguments]
            if function.name in NO_MAKERS or "code" not in names:
                continue
            if _annotation(arguments[names.index("code")]) == "str":
                bound = names[0] in ("self", "cls")
                found[function.name] = names.index("code") - bound
    return found


class RaisedMessages:
    """Finds what errors are made of in `sources`, which `read_sources` returns."""

    def __init__(self, sources: dict[str, Source], codes: set[str]) -> None:
        self._sources = sources
        self._codes = codes
        self._classes = error_classes(sources.values()) - {FRONT_END_ERROR}
        self._makers = code_makers(sources.values())

    def sentences(self) -> list[str]:
        """Return place and source of each error that is not made of a known code."""
        return [
            f"{source.place}:{call.lineno} {ast.unparse(call)[:100]}"
            for source in self._sources.values()
            for function, call in _calls(source.tree)
            if not all(self._is_fact(made, function, source) for made in self._made_of(call))
        ]

    def _made_of(self, call: ast.Call) -> list[ast.expr]:
        """Return what the error of a call is made of; nothing when the call makes none."""
        name = ast.unparse(call.func).rpartition(".")[2]
        if name in self._makers:
            return call.args[self._makers[name] :][:1]
        if name not in self._classes or name in ("UnknownDomainError", "LogNotFoundError"):
            return []  # these two have codes of their own
        if name == "WrongFieldError":
            return [word.value for word in call.keywords if word.arg == "reason"]
        return call.args[:1]

    def _is_fact(self, made: ast.expr, function: Function | None, source: Source) -> bool:
        """Return True for a known code, a message, or what is one of both in every case."""
        match made:
            case ast.Constant(value=str(text)):
                return bool(CODE.fullmatch(text)) and text in self._codes
            case ast.IfExp(body=body, orelse=otherwise):
                return self._are_facts([body, otherwise], function, source)
            case ast.Dict(values=values):
                return self._are_facts(values, function, source)
            case ast.Call(func=maker):
                return self._makes_fact(made, maker, function, source)
            case ast.Attribute(attr=name):
                return name in ("message", "reason", "_problems")
            case ast.Subscript(value=ast.Name(id=table)):
                return table in source.constants and self._is_fact(
                    source.constants[table], None, source
                )
            case ast.Name(id=name):
                return self._is_named_fact(name, function, source)
        return False

    def _are_facts(
        self, parts: Iterable[ast.expr], function: Function | None, source: Source
    ) -> bool:
        return all(self._is_fact(part, function, source) for part in parts)

    def _makes_fact(
        self, call: ast.Call, maker: ast.expr, function: Function | None, source: Source
    ) -> bool:
        name = ast.unparse(maker)
        if name in MESSAGE_MAKERS:
            return self._is_fact(call.args[0], function, source)
        if isinstance(maker, ast.Attribute) and maker.attr == "with_texts":
            return self._is_fact(maker.value, function, source)
        called = self._function(name.rpartition(".")[2], source)
        return called is not None and _annotation(called.returns) in ("Message", "Message | None")

    def _function(self, name: str, source: Source) -> Function | None:
        other = self._sources.get(source.imported.get(name, ""), source)
        return other.functions.get(name)

    def _is_named_fact(self, name: str, function: Function | None, source: Source) -> bool:
        if function is not None:
            values = list(_assigned(function, name))
            if values:
                return self._are_facts(values, function, source)
            for argument in [*function.args.posonlyargs, *function.args.args]:
                if argument.arg == name:
                    return _takes_fact(argument)
            for argument in function.args.kwonlyargs:
                if argument.arg == name:
                    return _annotation(argument.annotation) == "Message"
        if name in source.imported:
            other = self._sources.get(source.imported[name])
            return other is not None and self._is_named_fact(name, None, other)
        return name in source.constants and self._is_fact(source.constants[name], None, source)


def _takes_fact(argument: ast.arg) -> bool:
    # What a parameter named `code` gets is looked at where the function is called.
    return _annotation(argument.annotation) == "Message" or argument.arg == "code"


def _annotation(node: ast.arg | ast.expr | None) -> str:
    annotation = node.annotation if isinstance(node, ast.arg) else node
    return "" if annotation is None else ast.unparse(annotation)


def _assigned(function: Function, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets):
            yield node.value
        if isinstance(node, ast.NamedExpr) and node.target.id == name:
            yield node.value


def _calls(
    tree: ast.AST, function: Function | None = None
) -> Iterator[tuple[Function | None, ast.Call]]:
    """Every call, with the innermost function around it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield function, node
        yield from _calls(node, node if isinstance(node, Function) else function)
