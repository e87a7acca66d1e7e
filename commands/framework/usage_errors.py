"""What the user typed: errors that repeat the wrong word, and say what was meant."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand

DOMAIN = "--domain"


class Command(TyperCommand):
    """A command whose usage errors are sentences for people."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        needs_domain = any(DOMAIN in parameter.opts for parameter in self.params)
        if needs_domain and args and not args[0].startswith("-"):
            ctx.fail(f"did you mean {DOMAIN} {args[0]}?")
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _told(error)
            raise


def _told(error: typer.BadParameter) -> str:
    """The message with the word that is wrong, and without the names of libraries."""
    message = str(error.message).removeprefix("Value error, ")
    problems = getattr(error.__cause__, "errors", None)
    if problems is None:
        return message
    value = repr(problems()[0]["input"])
    if value in message:
        return message
    return f"{value} {message.removeprefix('Input ').split(', unable to')[0]}"
