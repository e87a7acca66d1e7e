"""What all request objects share: ranges, names of domains and keywords, problems by field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from core.errors import InvalidInputError, WrongFieldsError
from core.messages import Message

MAX_ID = 2**63 - 1  # the largest number that both databases can keep
MAX_DOMAIN_LETTERS = 128
MAX_KEYWORDS = 1000
MAX_KEYWORD_LETTERS = 128
NOT_TEXT = Message.of("half_character")
T = TypeVar("T")
Given = TypeVar("Given")


def is_text(text: str) -> bool:
    """Return whether a string can be encoded; one with half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def require_text(text: str) -> str:
    """Return the text unchanged when a database and JSON can hold it.

    Raises:
        InvalidInputError: it holds half a surrogate pair, which no encoding knows.
    """
    if not is_text(text):
        raise InvalidInputError(NOT_TEXT)
    return text


def require_range(value: int, minimum: int, maximum: int) -> int:
    """Return the value. Raise InvalidInputError when it is not from `minimum` to `maximum`."""
    if not minimum <= value <= maximum:
        raise InvalidInputError("number_out_of_range", least=minimum, most=maximum, given=value)
    return value


def require_id(value: int) -> int:
    """Return the id. Raise InvalidInputError when it is not from 1 to MAX_ID, as every row's is."""
    return require_range(value, 1, MAX_ID)


def domain_named(text: str) -> str:
    """Return the domain without surrounding blanks.

    Raises:
        InvalidInputError: it is empty, longer than MAX_DOMAIN_LETTERS, or has control characters.
    """
    name = require_text(text).strip()
    if not 0 < len(name) <= MAX_DOMAIN_LETTERS or any(ord(letter) < 32 for letter in name):
        raise InvalidInputError("domain_malformed", max_letters=MAX_DOMAIN_LETTERS)
    return name


def keywords_named(texts: Sequence[str]) -> tuple[str, ...]:
    """Return keywords without surrounding blanks, each once, in their order.

    Raises:
        InvalidInputError: one is empty, too long or has control characters, or there are too many.
    """
    if len(texts) > MAX_KEYWORDS:
        raise InvalidInputError("too_many_at_once", most=MAX_KEYWORDS)
    return tuple(dict.fromkeys(map(_keyword_named, texts)))


def _keyword_named(text: str) -> str:
    keyword = require_text(text).strip()
    too_long = not 0 < len(keyword) <= MAX_KEYWORD_LETTERS
    if too_long or any(ord(letter) < 32 for letter in keyword):
        raise InvalidInputError("keyword_malformed", max_letters=MAX_KEYWORD_LETTERS)
    return keyword


class FieldChecks:
    """Collects the problems of a request, so that one error names every wrong field."""

    def __init__(self) -> None:
        self._problems: dict[str, Message] = {}

    def add(self, field: str, problem: Message) -> None:
        """Record a problem of a field; only the first one of each field is kept."""
        self._problems.setdefault(field, problem)

    def check(self, field: str, rule: Callable[[Given], T], value: Given) -> T | None:
        """Return `rule(value)`; None, with the problem recorded, when the rule raises
        InvalidInputError."""
        try:
            return rule(value)
        except WrongFieldsError as error:
            self._problems = {**error.problems, **self._problems}
        except InvalidInputError as error:
            self.add(field, error.message)
        return None

    @property
    def problems(self) -> dict[str, Message]:
        """The problem of each wrong field so far."""
        return dict(self._problems)

    def finish(self) -> None:
        """Do nothing when no problem was recorded.

        Raises:
            WrongFieldsError: one was; the error has the problem of each wrong field.
        """
        if self._problems:
            raise WrongFieldsError(self._problems)
