"""What all request objects share: the range of ids, and problems collected field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from core.errors import InvalidInputError, WrongFieldsError
from core.messages import Message

MAX_ID = 2**63 - 1  # the largest number that both databases can keep
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
