"""What the completion scripts of bash, zsh and fish send, and what they read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.plain_text import one_line

BLANKS = " \t\n"
UNSAFE = re.compile(r"[^\w.,:=@%/+-]")
UNSAFE_IN_DOUBLE_QUOTES = re.compile(r'[\\"$`]')


class Shell(StrEnum):
    """A shell that Baton completes commands for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class Kind(StrEnum):
    """The kind of names that the shell adds by itself: none, files or folders."""

    VALUES = "values"
    FILES = "files"
    FOLDERS = "folders"


@dataclass(frozen=True)
class Suggestion:
    """A value for the place at the cursor. `note` says what it is, and may be empty."""

    value: str
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A command line up to the cursor.

    `words` are the words behind the program's name without their quotes; the last one is still
    typed, and may be empty. The shell replaces the last word from its character `start` on, which
    stands behind `quote`, an opened quotation mark, or nothing.
    """

    words: tuple[str, ...]
    start: int = 0
    quote: str = ""


def read_line(shell: Shell, sent: Sequence[str]) -> Line:
    """Return the command line that a completion script sent as arguments.

    Bash sends the line and the characters at which it breaks words, the others the words.
    """
    if shell is Shell.BASH:
        line, breaks = sent
        return _split(line, breaks)
    return Line(tuple(sent))


def answer_lines(
    shell: Shell, line: Line, kind: Kind, suggestions: Sequence[Suggestion]
) -> list[str]:
    """Return the lines that a completion script reads: the kind, then one for each suggestion.

    Its note follows where the shell shows notes. Values of several lines cannot be sent and are
    left out.
    """
    shown = [one for one in suggestions if one.value == one_line(one.value)]
    if shell is Shell.BASH:
        return [kind, *(_quoted(one.value[line.start :], line.quote) for one in shown)]
    return [kind, *(f"{one.value}\t{one_line(one.note)}" for one in shown)]


def _split(line: str, breaks: str) -> Line:
    """Return the words of a line by bash's quoting rules; an open quotation may lack its end."""
    reader = _WordReader(breaks)
    for character in line:
        reader.read(character)
    return Line((*reader.words[1:], reader.word), reader.start, reader.quote)


class _WordReader:
    """Reads a line of bash character by character."""

    def __init__(self, breaks: str) -> None:
        self.words: list[str] = []
        self.word = self.quote = ""
        self.start = 0
        self._breaks = breaks
        self._start_before_quote = 0
        self._is_escaped = self._is_begun = False

    def read(self, character: str) -> None:
        if self._is_escaped:
            self._is_escaped = False
            self._add(character)
        elif character == "\\" and self.quote != "'":
            self._is_escaped = True
        elif self.quote:
            self._read_quoted(character)
        elif character in "\"'":
            self.quote, self._is_begun = character, True
            self._start_before_quote, self.start = self.start, len(self.word)
        elif character in BLANKS:
            self._end_word()
        else:
            self._add(character)
            if character in self._breaks:
                self.start = len(self.word)

    def _read_quoted(self, character: str) -> None:
        if character == self.quote:
            self.quote, self.start = "", self._start_before_quote
        else:
            self._add(character)

    def _add(self, character: str) -> None:
        self.word, self._is_begun = self.word + character, True

    def _end_word(self) -> None:
        if self._is_begun:
            self.words.append(self.word)
        self.word, self.start, self._is_begun = "", 0, False


def _quoted(text: str, quote: str) -> str:
    """Return a text as it stands in a line of bash, behind an opened quotation mark or none."""
    if not quote:
        return UNSAFE.sub(r"\\\g<0>", text)
    if quote == "'":
        quoted = text.replace("'", "'\\''")
    else:
        quoted = UNSAFE_IN_DOUBLE_QUOTES.sub(r"\\\g<0>", text)
    # bash closes the quotation, unless the text seems to have done so.
    return quoted + quote if text.endswith(quote) else quoted
