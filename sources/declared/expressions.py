"""JMESPath expressions: checked when a file is read, and never an exception when they are used."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Self

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

from core.errors import WrongValueError

KNOWN_FUNCTIONS = Functions().FUNCTION_TABLE


@dataclass(frozen=True)
class Expression:
    """A compiled JMESPath expression, which points into a JSON value."""

    text: str
    compiled: ParsedResult = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: object) -> Self:
        """Return the compiled expression.

        Raises:
            WrongValueError: the text is no JMESPath, or calls an unknown function.
        """
        if not isinstance(text, str):
            raise WrongValueError("jmespath_not_text", found=type(text).__name__)
        try:
            compiled = jmespath.compile(text)
        except JMESPathError as error:
            detail = str(error).splitlines()[0].rstrip(":")
            raise WrongValueError("jmespath_malformed", text=text, detail=detail) from None
        _check_calls(compiled.parsed)
        return cls(text, compiled)

    @property
    def is_plain_key(self) -> bool:
        """Return True when the expression is the name of one key."""
        return bool(self.compiled.parsed["type"] == "field")

    @property
    def plain_key(self) -> str:
        """Return the name of that key; only for an expression that `is_plain_key`."""
        return str(self.compiled.parsed["value"])

    def find(self, value: Any) -> Any:
        """Return what the expression points to; None when that is nothing or cannot be computed."""
        try:
            found = self.compiled.search(value)
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return None
        return None if isinstance(found, float) and not math.isfinite(found) else found

    def holds(self, value: Any) -> bool:
        """Return True when `find` returns anything but false, 0, empty or null.

        JMESPath itself counts 0 as true, but platforms send `"has_more": 0`.
        """
        return bool(self.find(value))


def _check_calls(node: Any, parent: str = "") -> None:
    kind, children = node["type"], node.get("children", [])
    if kind == "expref" and parent != "function_expression":
        raise WrongValueError("jmespath_ampersand_misplaced")
    if kind == "function_expression":
        _check_call(node["value"], len(children))
    for child in children:
        if isinstance(child, dict):
            _check_calls(child, kind)


def _check_call(name: str, argument_count: int) -> None:
    known = KNOWN_FUNCTIONS.get(name)
    if known is None:
        raise WrongValueError("jmespath_function_unknown", name=name)
    signature = known["signature"]
    variadic = bool(signature) and bool(signature[-1].get("variadic"))
    if argument_count < len(signature) or (argument_count > len(signature) and not variadic):
        raise WrongValueError(
            "jmespath_arguments_wrong", name=name, wanted=len(signature), given=argument_count
        )
