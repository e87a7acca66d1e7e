"""Facts as data: a code with parameters. Sentences are made of them by `presentation/i18n`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Any

CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+|text")
MAX_DUMP_CHARS = 4000  # what a TEXT column of MySQL holds, whatever characters they are
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?[+-]\d\d:\d\d")
TEXT = "text"  # the code of a sentence from outside: a platform's words, a row of an older version


@dataclass(frozen=True)
class Message:
    """A fact (what happened, why something waits, what is wrong) as a code with parameters.

    `params` holds JSON values, datetimes, enums, and further messages or errors (or lists of
    these). It never holds a secret.
    """

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, code: str, /, **params: Any) -> Message:
        """Return the message of a code, with its parameters by name."""
        return cls(code, params)

    @classmethod
    def text(cls, text: str) -> Message:
        """Return a message that is a finished sentence, in the language in which it came."""
        return cls(TEXT, {"text": text})

    @classmethod
    def load(cls, stored: str) -> Message:
        """Return the message that `dump` wrote.

        What does not begin with `{`, or is no such object, is a sentence of an older version or
        of somebody else, and is kept as it is.
        """
        if stored.startswith("{"):
            try:
                value = _loaded(json.loads(stored))
            except (ValueError, RecursionError):
                return cls.text(stored)
            if isinstance(value, Message):
                return value
        return cls.text(stored)

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Message | None:
        """Return the message that `as_json` wrote; None for another object."""
        loaded = _loaded(value)
        return loaded if isinstance(loaded, Message) else None

    def dump(self) -> str:
        """Return the message as one line of JSON of at most MAX_DUMP_CHARS, for a column or a file.

        Long texts in it are shortened until it fits.
        """
        limit = MAX_DUMP_CHARS
        dumped = _dumped(self)
        while len(dumped) > MAX_DUMP_CHARS and limit > 1:
            limit //= 2
            dumped = _dumped(self.with_texts(partial(_shortened, limit=limit)))
        return dumped

    def with_texts(self, change: Callable[[str], str]) -> Message:
        """Return the message with `change` applied to each text parameter, nested ones included."""
        return Message(self.code, {name: _changed(v, change) for name, v in self.params.items()})

    def as_json(self) -> dict[str, Any]:
        """Return `{"code", "params"}` with JSON values only; moments and days are ISO texts."""
        return {"code": self.code, "params": {name: _plain(v) for name, v in self.params.items()}}

    def __str__(self) -> str:
        """Show the code and its parameters, for debugging; a sentence stays as it is."""
        if self.code == TEXT:
            return str(self.params.get("text", ""))
        shown = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code}: {shown}" if shown else self.code


def message_of(value: object) -> Message | None:
    """Return the message of a BatonError, or a message itself; None for anything else."""
    if isinstance(value, Message):
        return value
    found = getattr(value, "message", None)
    return found if isinstance(found, Message) else None


def _dumped(message: Message) -> str:
    return json.dumps(message.as_json(), ensure_ascii=False, separators=(",", ":"))


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _changed(value: object, change: Callable[[str], str]) -> object:
    message = message_of(value)
    if message is not None:
        return message.with_texts(change)
    if isinstance(value, str) and not isinstance(value, Enum):
        return change(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_changed(part, change) for part in value]
    if isinstance(value, Enum | date | int | float) or value is None:
        return value
    return change(str(value))  # as it will be shown


def _plain(value: object) -> Any:
    message = message_of(value)
    if message is not None:
        return message.as_json()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)


def _loaded(value: Any) -> Any:
    if isinstance(value, dict):
        params = value.get("params")
        if set(value) == {"code", "params"} and isinstance(params, dict):
            return Message(str(value["code"]), {k: _loaded(v) for k, v in params.items()})
        return value
    if isinstance(value, list):
        return [_loaded(part) for part in value]
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)  # so that a stored moment is in the reader's zone, too
    return value
