"""Usage errors that repeat the wrong word, and suggest the right one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import typer
from typer.core import TyperCommand

from commands.framework.reader import text_of
from core.errors import InvalidInputError, WrongFieldsError
from core.logs import redact
from core.messages import Message
from core.requests import MAX_ID, NOT_TEXT, is_text
from presentation.i18n.renderer import Renderer

DOMAIN = "--domain"
PARAMETER_OF_FIELD = {
    "username": "name",
    "daily_export_limit": "limit",
    "labels": "label",
    "add": "labels",
    "remove": "labels",
    "lanes": "workers",
    "states": "state",
    "kinds": "kind",
    "task_id": "task",
    "delivery_id": "endpoint",
}
# The parameters of the running command, by which errors name the option of a field.
_parameters: ContextVar[Sequence[Any]] = ContextVar("parameters", default=())


class Command(TyperCommand):
    """A command whose usage errors are sentences for people."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments of the command; end with a usage error when they are wrong."""
        _parameters.set(self.params)
        needs_domain = any(DOMAIN in parameter.opts for parameter in self.params)
        if needs_domain and args and not args[0].startswith("-"):
            ctx.fail(text_of(Message.of("domain_option_meant", option=DOMAIN, word=args[0])))
        self._require_values(ctx, args)
        try:
            rest = super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _explained(error)
            raise
        self._require_storable(ctx)
        return rest

    def _require_values(self, ctx: Any, args: list[str]) -> None:
        """Refuse `--domain --detach`: the parser would take the second option for a value."""
        takes_value = {
            option
            for parameter in self.params
            if parameter.param_type_name == "option" and not getattr(parameter, "is_flag", False)
            for option in parameter.opts
        }
        position = 0
        while position < len(args) and args[position] != "--":
            option, position = args[position], position + 1
            if option not in takes_value or position == len(args):
                continue
            value, position = args[position], position + 1
            if value.startswith("--") and value != "--":
                ctx.fail(text_of(Message.of("option_needs_value", option=option, value=value)))

    def _require_storable(self, ctx: Any) -> None:
        """Refuse text that cannot be encoded, and numbers that no database can hold.

        Paths are not checked: their bytes need not be UTF-8.
        """
        for parameter in self.params:
            for value in _values(ctx.params.get(parameter.name)):
                if isinstance(value, str) and not is_text(value):
                    ctx.fail(f"{_shown(parameter)}: {text_of(InvalidInputError(NOT_TEXT).message)}")
                if isinstance(value, int) and abs(value) > MAX_ID:
                    ctx.fail(
                        text_of(
                            Message.of(
                                "number_beyond",
                                option=_shown(parameter),
                                value=str(value),
                                maximum=MAX_ID,
                            )
                        )
                    )


def described(error: WrongFieldsError, renderer: Renderer) -> str:
    """Return the problems in one text, each with the option or argument of its field.

    A field that came another way (standard input) has neither.
    """
    return "; ".join(
        _named(field, redact(renderer.sentence(problem)))
        for field, problem in error.problems.items()
    )


def _named(field: str, problem: str) -> str:
    wanted = {field, PARAMETER_OF_FIELD.get(field, field)}
    for parameter in _parameters.get():
        if parameter.name in wanted:
            return f"{_shown(parameter)}: {problem}"
    return problem


def _values(given: Any) -> Iterator[Any]:
    yield from given if isinstance(given, list | tuple) else (given,)


def _shown(parameter: Any) -> str:
    """Return the option, or an argument's name, as the help shows it."""
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name.upper())


def _explained(error: typer.BadParameter) -> str:
    """Return the error's message with the wrong word, and without the names of libraries."""
    message = str(error.message).removeprefix("Value error, ")
    problems = getattr(error.__cause__, "errors", None)
    if problems is None:
        return message
    value = repr(problems()[0]["input"])
    if value in message:
        return message
    return f"{value} {message.removeprefix('Input ').split(', unable to')[0]}"
