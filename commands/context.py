"""What all commands share: settings, output, and the translation of errors into exit codes."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import typer
from rich.console import Console as Terminal

from commands.root import App
from core.errors import BatonError, CredentialsError, DatabaseUnavailable, InvalidInput
from core.logs import redact, set_up_logging
from core.settings import Settings, load_settings

P = ParamSpec("P")
R = TypeVar("R")
COMMAND_PATIENCE_SECS = 3.0


class Exit(IntEnum):
    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    CREDENTIALS = 4
    INTERRUPTED = 130


def messages() -> Terminal:
    """Where people read: stderr."""
    return Terminal(stderr=True, highlight=False)


def say(text: str) -> None:
    """A message for people, on stderr."""
    messages().print(text, markup=False, soft_wrap=True)


def result(text: str) -> None:
    """A result, on stdout."""
    print(text)


def result_json(value: object) -> None:
    """A result for programs, on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """End a command that raises one of our errors with its message and its exit code."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BatonError as error:
            say(f"error: {redact(str(error))}")
            raise typer.Exit(_exit_code(error)) from error
        except BrokenPipeError as error:
            sys.stderr.close()
            raise typer.Exit(Exit.ERROR) from error

    return guarded


def _exit_code(error: BatonError) -> int:
    if isinstance(error, InvalidInput):
        return Exit.USAGE
    if isinstance(error, CredentialsError):
        return Exit.CREDENTIALS
    return Exit.ERROR


@contextmanager
def opened_app(
    threads: int = 0,
    settings: Settings | None = None,
    *,
    services: bool = False,
) -> Iterator[App]:
    """A ready App with logging set up; closed at the end.

    Opening waits a few seconds for the database, then says that it is not there. `services` wait
    for it as long as the settings say once they run.
    """
    settings = settings or load_settings()
    try:
        handler = set_up_logging(settings.log_dir)
    except OSError as error:
        raise InvalidInput(
            f"the log folder {settings.log_dir} cannot be written ({error.strerror});"
            " set BATON_LOG_DIR"
        ) from error
    probe = App(settings, patience_secs=COMMAND_PATIENCE_SECS)
    try:
        probe.open()
    except DatabaseUnavailable as error:
        raise DatabaseUnavailable(
            f"{error}; is the server running and DATABASE_URL right?"
        ) from error
    finally:
        probe.close()
    patience_secs = settings.database_patience_secs if services else COMMAND_PATIENCE_SECS
    app = App(settings, threads, patience_secs)
    app.clock.sync()
    try:
        yield app
    finally:
        app.close()
        handler.close()


def on_signals(react: Callable[[], None]) -> None:
    """Call `react` on SIGINT and SIGTERM; it must only set a flag."""

    def handle(_number: int, _frame: Any) -> None:
        react()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


def dashed(
    app: typer.Typer, name: str, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a command under its name with underscores, and with dashes as a hidden twin."""

    def register(command: Callable[..., Any]) -> Callable[..., Any]:
        guarded = reports_errors(command)
        app.command(name, **options)(guarded)
        if "_" in name:
            app.command(name.replace("_", "-"), hidden=True, **options)(guarded)
        return command

    return register
