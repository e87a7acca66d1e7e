"""Log files, one for each service and local day, with credentials redacted from every line."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote

from core.installation.file_access import SHARED, FileAccess, make_folder
from core.messages import Message, message_of

Render = Callable[[Message], str]
OnTrouble = Callable[[Message], object]
NOTICE_SECS = 60.0

ROOT = "baton"
# Parts of those names without an `i`, which the pattern finds dotless too and casefold() does not.
SECRET_WORDS = (
    "sessdata",
    "_jct",
    "ckmd5",
    "access_key",
    "secret",
    "passw",
    "token",
    "author",
    "cook",
)
# The pattern starts at word boundaries only: trying every letter makes long words quadratic.
NAMES = (
    r"(?i)(?<![\w-])([\w-]*(?:SESSDATA|bili_jct|ckMd5|access_key|secret_key|password|passwd"
    r"|token|secret|authorization|cookie))"
)
# Placeholders of Baton's own messages stay readable: SESSDATA=...; bili_jct=...
EXAMPLE = r"(?!(?:\.\.\.|…|Bearer TOKEN)(?:[\s;,)]|$))"
VALUE = r"([\\\"']*\s*[=:]\s*[\\\"']*)" + EXAMPLE + r"(?:(?:Bearer|Basic)\s+)?[^\s;&\"'\\]+"
EXAMPLE_LOGIN = r"(?!(?:USER:PASSWORD@HOST|user:password@host)\b(?![^\s/]*@))"
SECRET_PATTERNS = (
    (re.compile(NAMES + VALUE), r"\1\2***"),
    (re.compile(r"\b(\w+://)" + EXAMPLE_LOGIN + r"[^\s/@:]*:[^\s/]*@"), r"\1***@"),
    # A user alone may be a token: https://TOKEN@host. Names of users of databases are shown.
    (re.compile(r"(?i)\b(https?://)[^\s/@:?#\"']+@"), r"\1***@"),
    # Every Fernet token begins with these letters: its version, and the first bytes of its time.
    (re.compile(r"gAAAA[\w=-]{20,}"), "***"),
)
# JSON may have `\\/` for a slash and `\\u0026` for `&`, HTML `&amp;`.
URL = re.compile(r"(?i)\bhttps?:(?:\\?/){2}(?:[^\s\"'<>\\；，。）”]|\\/|\\u0026)+")
URL_VALUE = re.compile(
    r"(?P<name>(?:[?&;#]|\\u0026)[^=&;#?\s\\]{1,100}=)(?P<value>(?:(?!\\u0026)[^&;#])+)"
)
# Parts of the names of query parameters whose values open something; letters and digits only.
SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|passphrase|sign|auth|credential|session|ticket|cookie|jwt|hmac"
    r"|key$|sig$|^(?:sk|ak|pw|pass|sid|code)$"
)
# And what turns the direction of writing around for the rest of a line (U+202E).
LINE_BREAKS = re.compile("[\x00-\x1f\x7f\x85\u2028-\u202e\u2066-\u2069]")


def redact(text: str) -> str:
    """Replace what looks like a credential by `***`.

    That is: cookies, passwords and tokens by their names, users and passwords in URLs, values of
    query parameters such as `key` and `sign` however they are spelt, and encrypted texts.
    """
    if not _may_hold_secret(text):
        return text
    for pattern, replacement in SECRET_PATTERNS:
        text = pattern.sub(replacement, text)
    return URL.sub(lambda url: URL_VALUE.sub(_redacted_value, url[0]), text)


def _may_hold_secret(text: str) -> bool:
    """Return False only where no pattern matches; nearly every line of a log is settled here."""
    if ":/" in text or ":\\/" in text or "gAAAA" in text:
        return True
    folded = text.casefold()
    return any(word in folded for word in SECRET_WORDS)


def _redacted_value(found: re.Match[str]) -> str:
    """Return a parameter of a URL, without its value when that is secret or holds a secret."""
    name = unquote(unquote(found["name"])).lower()
    value = found["value"]
    plain = unquote(value)
    is_secret = SECRET_NAME.search(re.sub(r"[^a-z0-9]", "", name.removeprefix("\\u0026")))
    # A whole URL may be a value of another one.
    hides_secret = plain != value and "://" in plain and redact(plain) != plain
    return f"{found['name']}***" if is_secret or hides_secret else found[0]


def storable(message: Message) -> str:
    """Return the JSON text that a column keeps for a message, with credentials in it as `***`."""
    return message.with_texts(redact).dump()


def redacted(fact: Message | BaseException) -> Message:
    """Return a message, or an error's message, with credentials in its texts as `***`.

    The text of an error that has no message of its own becomes one (code `text`).
    """
    return (message_of(fact) or Message.text(str(fact))).with_texts(redact)


def fields(**values: object) -> str:
    """Format values for a log line, as in `task=3 account=acc1 page=7`.

    None is left out; a value with whitespace is quoted.
    """
    parts = []
    for name, value in values.items():
        if value is None:
            continue
        text = str(value)
        parts.append(f"{name}={text!r}" if re.search(r"\s", text) else f"{name}={text}")
    return " ".join(parts)


def service_log(service: str) -> logging.Logger:
    """Return the logger whose lines go to `<log dir>/<service>-<day>.log`."""
    return logging.getLogger(f"{ROOT}.{service}")


class RedactingFormatter(logging.Formatter):
    """Formats lines like `2026-11-22T05:00:00.123+08:00 INFO ingestion message`, redacted.

    Only tracebacks span several lines.

    Args:
        render: makes the sentence of a message or error among a record's arguments.
        zone: the time zone of the times.
    """

    def __init__(self, render: Render = str, zone: tzinfo = UTC) -> None:
        super().__init__("%(asctime)s %(levelname)s %(service)s %(message)s")
        self._render = render
        self._zone = zone

    def format(self, record: logging.LogRecord) -> str:
        """Render messages among the record's arguments, then format and redact the line."""
        record.service = record.name.removeprefix(f"{ROOT}.")
        if isinstance(record.args, tuple):
            record.args = tuple(self._rendered(value) for value in record.args)
        return redact(super().format(record))

    def _rendered(self, value: object) -> object:
        message = message_of(value)
        return value if message is None else self._render(message)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Escape control characters: a line break in a message could forge a record."""
        return LINE_BREAKS.sub(lambda match: repr(match[0])[1:-1], super().formatMessage(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Return the record's time as `2026-11-22T05:00:00.123+08:00`; in UTC with a `Z`."""
        local = datetime.fromtimestamp(int(record.created), self._zone).isoformat()
        return f"{local[:19]}.{int(record.msecs):03d}{local[19:].replace('+00:00', 'Z')}"


class SparseNotice:
    """Lets a sentence through once a minute, so that what fails always is not told always."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._told_at: float | None = None

    def is_due(self) -> bool:
        """Return whether the sentence may be said now; then the next minute begins."""
        now = self._monotonic()
        if self._told_at is not None and now - self._told_at < NOTICE_SECS:
            return False
        self._told_at = now
        return True


class DailyFiles(logging.Handler):
    """Writes each record to the file of its service and day, which is created on first use.

    Args:
        folder: where the files lie.
        render: makes the sentence of a message or error among a record's arguments.
        zone: the time zone of days and times.
        on_trouble: told once a minute at most that a file cannot be written. The record is lost
            then: it is never printed, as its arguments may be secrets.
        access: mode and group of new files.
    """

    def __init__(
        self,
        folder: Path,
        render: Render = str,
        on_trouble: OnTrouble = lambda _message: None,
        zone: tzinfo = UTC,
        access: FileAccess = SHARED,
    ) -> None:
        super().__init__()
        self._zone = zone
        self._access = access
        self._folder = folder
        self._open: dict[str, tuple[str, TextIO]] = {}
        self._on_trouble = on_trouble
        self._notice = SparseNotice()
        self.setFormatter(RedactingFormatter(render, zone))

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record to its file; nothing is raised."""
        service, day = _service_and_day(record, self._zone)
        try:
            stream = self._stream(service, day)
            stream.write(self.format(record) + "\n")
            stream.flush()
        except OSError as error:
            self._close(service)  # the next record opens it anew: the trouble may be over
            self._tell(self._folder / f"{service}-{day}.log", error)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line; one that cannot be formatted says only where it is from."""
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 (a record must not end the work that it is about)
            record.msg = "a record of %s:%s cannot be written: %s"
            record.args = (record.module, record.lineno, type(error).__name__)
            record.exc_info = record.exc_text = None
            return super().format(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Do nothing: logging's own method prints the record with its arguments."""

    def close(self) -> None:
        """Detach the handler from Baton's logger and close its files."""
        logging.getLogger(ROOT).removeHandler(self)
        for service in list(self._open):
            self._close(service)
        super().close()

    def _stream(self, service: str, day: str) -> TextIO:
        current = self._open.get(service)
        if current is not None and current[0] == day:
            return current[1]
        self._close(service)
        make_folder(self._folder, self._access)
        path = self._folder / f"{service}-{day}.log"
        stream = open_log(path, self._access)
        self._open[service] = (day, stream)
        return stream

    def _close(self, service: str) -> None:
        _, stream = self._open.pop(service, ("", None))
        if stream is not None:
            with suppress(OSError):  # what is still buffered finds no room either
                stream.close()

    def _tell(self, file: Path, error: OSError) -> None:
        if self._notice.is_due():
            detail = error.strerror or str(error)
            self._on_trouble(Message.of("log_unwritable", file=str(file), detail=detail))


def open_log(path: Path, access: FileAccess) -> TextIO:
    """Open a log file to append to, and escape what UTF-8 has no form for.

    Raises:
        OSError: it cannot be opened.
    """
    return access.open_text(path, "a", errors="backslashreplace")


class OwnFile(logging.StreamHandler[TextIO]):
    """A log file that is given by its path; a record that it cannot take is lost."""

    def __init__(self, path: Path, access: FileAccess) -> None:
        super().__init__(open_log(path, access))

    def close(self) -> None:
        """Close the file, also where what is still buffered finds no room."""
        with suppress(OSError):
            self.stream.close()
        super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Do nothing: logging's own method prints the record with its arguments."""


def _service_and_day(record: logging.LogRecord, zone: tzinfo) -> tuple[str, str]:
    service = record.name.removeprefix(f"{ROOT}.").split(".")[0]
    return service, datetime.fromtimestamp(record.created, zone).strftime("%Y-%m-%d")


@contextmanager
def own_log_file(
    service: str,
    path: Path,
    render: Render = str,
    zone: tzinfo = UTC,
    access: FileAccess = SHARED,
) -> Iterator[logging.Logger]:
    """Yield a logger whose lines go to the file `path` alone; it is closed when the block ends.

    Where the file cannot be created, they go to the daily file of the service, with a warning.
    `access` is for new files and folders.
    """
    logger = service_log(service)
    try:
        make_folder(path.parent, access)
        handler = OwnFile(path, access)
    except OSError as error:
        detail = error.strerror or str(error)
        logger.warning("%s", Message.of("log_unwritable", file=str(path), detail=detail))
        yield logger
        return
    handler.setFormatter(RedactingFormatter(render, zone))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield logger
    finally:
        logger.propagate = True
        logger.removeHandler(handler)
        handler.close()


def log_nowhere() -> None:
    """Drop log records where no file takes them, instead of showing errors raw on stderr."""
    logging.getLogger(ROOT).addHandler(logging.NullHandler())


def set_up_logging(
    folder: Path,
    render: Render = str,
    on_trouble: OnTrouble = lambda _message: None,
    zone: tzinfo = UTC,
    access: FileAccess = SHARED,
) -> logging.Handler:
    """Send Baton's log records to daily files under `folder`; return the handler to close.

    Days and times are those of `zone`.

    `render` makes the sentence of a message or an error that is an argument of a record.
    `on_trouble` is told once a minute at most when a file cannot be written. `access` is for new
    files and folders.

    Raises:
        OSError: the folder cannot be created.
    """
    make_folder(folder, access)
    handler = DailyFiles(folder, render, on_trouble, zone, access)
    root = logging.getLogger(ROOT)
    root.setLevel(logging.INFO)
    # Else a handler on the root logger would write the lines a second time.
    root.propagate = False
    root.addHandler(handler)
    return handler
