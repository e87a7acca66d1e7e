"""The standard streams of a command: what they cannot take never decides how the work ends."""

from __future__ import annotations

import io
import os
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import NoReturn, TextIO

from core.errors import OutputError
from core.logs import SparseNotice, service_log

log = service_log("console")


class ForgivingText(io.TextIOWrapper):
    """Standard error: a closed pipe or a full disk loses what is written, and nothing else."""

    def __init__(self, buffer: io.BufferedIOBase) -> None:
        super().__init__(
            buffer,  # type: ignore[arg-type]
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )
        self._notice = SparseNotice()

    def write(self, text: str, /) -> int:
        """Write the text, or drop it; return its length in both cases."""
        try:
            return super().write(text)
        except OSError as error:
            self._note(error)
            return len(text)

    def flush(self) -> None:
        """Write what is buffered, where that is possible."""
        try:
            super().flush()
        except OSError as error:
            self._note(error)

    def _note(self, error: OSError) -> None:
        if self._notice.is_due():
            log.warning("standard error cannot be written: %s", error.strerror or error)


class ResultText(io.TextIOWrapper):
    """Standard output: what cannot be written is an error that names the reason.

    A reader that has closed its pipe stays a BrokenPipeError.
    """

    def __init__(self, buffer: io.BufferedIOBase, *, line_buffering: bool) -> None:
        super().__init__(
            buffer,  # type: ignore[arg-type]
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=line_buffering,
        )

    def write(self, text: str, /) -> int:
        """Write the text. Raise OutputError where the stream does not take it."""
        try:
            return super().write(text)
        except OSError as error:
            _refuse(error)

    def flush(self) -> None:
        """Write what is buffered. Raise OutputError where the stream does not take it."""
        try:
            super().flush()
        except OSError as error:
            _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    if isinstance(error, BrokenPipeError):
        raise error
    raise OutputError("result_unwritable", detail=error.strerror or str(error)) from error


def set_up_streams() -> None:
    """Replace the standard streams of the process by ones that say what they cannot take.

    A terminal whose encoding lacks Chinese shows escapes; no command crashes on them.
    """
    for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        buffer = getattr(stream, "buffer", None)
        if buffer is None:  # closed from the start, as by `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif name == "stdout":
            sys.stdout = ResultText(buffer, line_buffering=stream.isatty())
        else:
            sys.stderr = ForgivingText(buffer)
    threading.excepthook = _log_thread_error


def abandon(stream: TextIO) -> None:
    """Send what a stream still holds to nowhere, so that Python does not complain at its exit."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _log_thread_error(ending: threading.ExceptHookArgs) -> None:
    """Log the error of a thread that has no service around it, instead of printing it."""
    name = ending.thread.name if ending.thread is not None else "?"
    error: tuple[type[BaseException], BaseException, TracebackType | None] | None = None
    if ending.exc_value is not None:
        error = (ending.exc_type, ending.exc_value, ending.exc_traceback)
    log.error("thread %s ended by an error", name, exc_info=error)
