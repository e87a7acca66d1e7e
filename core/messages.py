"""Facts as data: a code with parameters. Sentences are made of them by `presentation/i18n`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+|text")
MAX_DUMP_CHARS = 4_000  # what a column holds
MIN_CUT_CHARS = 16
TEXT = "text"  # the code of a sentence from outside: a platform's words, a row of an older version


@dataclass(frozen=True)
class Message:
    """A fact: what happened, why something waits, what is wrong.

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
        """Return a message that is a sentence already, in whichever language it came."""
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

    def dump(self, max_chars: int = MAX_DUMP_CHARS) -> str:
        """Return the message as one line of JSON, for a column or a file.

        Where it would be longer than `max_chars`, the long texts among its parameters are cut, so
        that it stays JSON.
        """
        value = self.as_json()
        dumped = _line(value)
        limit = max_chars
        while len(dumped) > max_chars and limit > MIN_CUT_CHARS:
            limit //= 2
            dumped = _line(_cut(value, limit))
        return dumped

    def as_json(self) -> dict[str, Any]:
        """Return `{"code", "params"}` with JSON values only; moments are ISO texts."""
        return {"code": self.code, "params": {name: _plain(v) for name, v in self.params.items()}}

    def __str__(self) -> str:
        """Show the code and its parameters, for debugging; a sentence stays as it is."""
        if self.code == TEXT:
            return str(self.params.get("text", ""))
        shown = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code}: {shown}" if shown else self.code


def message_of(value: object) -> Message | None:
    """Return the message of an error of ours, or a message itself; None for anything else."""
    if isinstance(value, Message):
        return value
    found = getattr(value, "message", None)
    return found if isinstance(found, Message) else None


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, dict):
        return {name: _cut(part, limit) for name, part in value.items()}
    if isinstance(value, list):
        return [_cut(part, limit) for part in value]
    if isinstance(value, str) and len(value) > limit:
        return value[: limit - 1] + "…"
    return value


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
    return value
