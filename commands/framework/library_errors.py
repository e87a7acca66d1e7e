"""Translate the usage errors of the command-line library into the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import typer

from core.messages import Message
from presentation.i18n.language import Language, language_of_environment

UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # the library does not export it
# Errors without attributes of their own: the forms of the library's texts.
FORMS = (
    ("no_such_command", re.compile(r"No such command (?P<name>.+?)\.(?P<rest> .*)?", re.DOTALL)),
    ("missing_command", re.compile(r"Missing command\.")),
    ("extra_arguments", re.compile(r"Got unexpected extra argument\(s\) \((?P<name>.*)\)", re.S)),
    ("option_without_value", re.compile(r"Option (?P<name>\S+) does not take a value\.")),
    ("option_wants_value", re.compile(r"Option (?P<name>\S+) requires .*")),
)
NOT_AMONG = re.compile(r"(?P<value>.+?) is not one of (?P<choices>.+)\.", re.DOTALL)
SUGGESTED = re.compile(r"'[^']*'")


@contextmanager
def usage_errors_translated() -> Iterator[None]:
    """Show usage errors in the reader's language; in English as the library words them."""
    try:
        yield
    except UsageError as error:
        if (
            language_of_environment() is Language.CHINESE
            and type(error).__name__ != "NoArgsIsHelpError"
        ):
            error.show = partial(_show, error)  # type: ignore[attr-defined]
        raise


def _show(error: Any, file: Any = None) -> None:
    """Print an error with the usage of its command, in the place of the library's own method."""
    from commands.framework.reader import text_of  # here, as help does not need it

    if error.ctx is not None:
        usage = error.ctx.get_usage().partition(": ")[2]
        usage = usage.replace("[OPTIONS]", "[选项]").replace("COMMAND [ARGS]", "命令 [参数]")
        command = f"{error.ctx.command_path} {error.ctx.help_option_names[0]}"
        typer.echo(text_of(Message.of("usage_frame", usage=usage, command=command)), file, err=True)
    sentence = text_of(_message(error))
    typer.echo(text_of(Message.of("error_line", sentence=sentence)), file, err=True)


def _message(error: Any) -> Message:
    name = type(error).__name__
    if name == "NoSuchOption":
        near = sorted(error.possibilities or ())
        if near:
            return Message.of("no_such_option_near", option=error.option_name, near=near)
        return Message.of("no_such_option", option=error.option_name)
    if name == "MissingParameter":
        if error.param is not None and error.param.param_type_name == "argument":
            return Message.of("missing_argument", name=_hint(error))
        return Message.of("missing_option", name=_hint(error))
    if name == "BadParameter":
        return Message.of("invalid_value", name=_hint(error), reason=_reason(error))
    return _of_text(str(error.message))


def _hint(error: Any) -> str:
    hint = error.param_hint or (error.param.get_error_hint() if error.param else "")
    return hint if isinstance(hint, str) else " / ".join(hint)


def _of_text(text: str) -> Message:
    """Return the message for an error that has only a text; an unknown text unchanged."""
    for code, form in FORMS:
        found = form.fullmatch(text)
        if found:
            parts = found.groupdict()
            near = SUGGESTED.findall(parts.get("rest") or "")
            if near:
                return Message.of("no_such_command_near", name=parts["name"], near=near)
            return Message(code, {"name": parts.get("name", "")})
    return Message.text(text)


def _reason(error: Any) -> Message:
    """Return why a value is refused, from pydantic's error type in the library's exception."""
    problems = getattr(error.__cause__, "errors", None)
    if problems is None:
        return _reason_of_text(str(error.message))
    problem = problems()[0]
    limits, value = problem.get("ctx", {}), repr(problem["input"])
    kind = problem["type"]
    if kind == "greater_than_equal":
        return Message.of("value_at_least", value=value, limit=limits["ge"])
    if kind == "less_than_equal":
        return Message.of("value_at_most", value=value, limit=limits["le"])
    if kind in ("enum", "literal_error"):
        return Message.of("value_not_among", value=value, choices=str(limits["expected"]))
    if kind.startswith("int_"):
        return Message.of("value_no_integer", value=value)
    if kind.startswith("float_"):
        return Message.of("value_no_number", value=value)
    if kind.startswith("bool_"):
        return Message.of("value_no_boolean", value=value)
    return _reason_of_text(str(error.message))


def _reason_of_text(text: str) -> Message:
    found = NOT_AMONG.fullmatch(text)
    if found is None:
        return Message.text(text)
    return Message.of("value_not_among", value=found["value"], choices=found["choices"])
