"""Lists and mappings as JSON, Python and JavaScript write them."""

from __future__ import annotations

import re
from typing import Any

MAX_DEPTH = 60
TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[\[\]{}:,])
    |"(?P<double>(?:[^"\\]|\\.)*)"
    |'(?P<single>(?:[^'\\]|\\.)*)'
    |(?P<word>[A-Za-z_$+.0-9-][A-Za-z_$+.0-9-]*))""",
    re.VERBOSE | re.DOTALL,
)
WORDS: dict[str, Any] = {
    **dict.fromkeys(("null", "None", "undefined"), None),
    **dict.fromkeys(("true", "True"), True),
    **dict.fromkeys(("false", "False"), False),
}
NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}


class NotALiteralError(Exception):
    """The text is no list or mapping from there on; `position` is the number of characters read."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def read_literal(text: str, start: int = 0) -> tuple[Any, int]:
    """Return the value that begins at `start`, and the position behind it.

    Strings may have either quotes, keys may have none, and a comma may follow the last entry.

    Raises:
        NotALiteralError: there is no whole value, or it is nested too deeply.
    """
    return _Reader(text, start).value()


def unescaped(text: str) -> str:
    """Return the inside of a quoted string with its escapes replaced."""
    return ESCAPE.sub(_unescape, text) if "\\" in text else text


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else ESCAPED.get(match[3], match[3])


class _Reader:
    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._position = start

    def value(self, depth: int = 0) -> tuple[Any, int]:
        if depth > MAX_DEPTH:
            raise NotALiteralError(self._position)
        token = self._next()
        if token["mark"] == "{":
            return self._mapping(depth), self._position
        if token["mark"] == "[":
            return self._list(depth), self._position
        if token["mark"] is not None:
            raise NotALiteralError(self._position)
        return self._scalar(token), self._position

    def _scalar(self, token: re.Match[str]) -> Any:
        for quoted in (token["double"], token["single"]):
            if quoted is not None:
                return unescaped(quoted)
        word = token["word"]
        if word in WORDS:
            return WORDS[word]
        if not NUMBER.fullmatch(word):
            raise NotALiteralError(self._position)
        return float(word) if "." in word else int(word)

    def _list(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while not self._takes("]"):
            items.append(self.value(depth + 1)[0])
            if not self._takes(","):
                self._require("]")
                break
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not self._takes("}"):
            token = self._next()
            key = token["word"] if token["word"] is not None else self._scalar_key(token)
            self._require(":")
            entries[key] = self.value(depth + 1)[0]
            if not self._takes(","):
                self._require("}")
                break
        return entries

    def _scalar_key(self, token: re.Match[str]) -> str:
        if token["mark"] is not None:
            raise NotALiteralError(self._position)
        return str(self._scalar(token))

    def _next(self) -> re.Match[str]:
        token = TOKEN.match(self._text, self._position)
        if token is None:
            raise NotALiteralError(self._position)
        self._position = token.end()
        return token

    def _takes(self, mark: str) -> bool:
        token = TOKEN.match(self._text, self._position)
        if token is None or token["mark"] != mark:
            return False
        self._position = token.end()
        return True

    def _require(self, mark: str) -> None:
        if not self._takes(mark):
            raise NotALiteralError(self._position)
