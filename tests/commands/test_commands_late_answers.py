"""A screen does not stand still while its question to the database has no answer."""

from __future__ import annotations

import threading

import pytest

from commands.framework.late_answers import LateAnswers
from core.errors import DatabaseUnavailableError


def test_an_answer_that_is_late_is_waited_for_no_longer_and_not_asked_again() -> None:
    answered, calls = threading.Event(), []

    def question() -> str:
        calls.append(1)
        assert answered.wait(30)
        return "done"

    answers = LateAnswers(question)
    assert answers.ask(0.01) is None
    assert answers.ask(0.01) is None
    assert len(calls) == 1
    answered.set()
    assert answers.ask(30) == "done"
    assert answers.ask(30) == "done"
    assert len(calls) == 2


@pytest.mark.parametrize("error", [DatabaseUnavailableError("away"), ZeroDivisionError()])
def test_an_error_reaches_who_asks(error: Exception) -> None:
    def question() -> None:
        raise error

    answers = LateAnswers(question)
    for _ in range(2):
        with pytest.raises(type(error)):
            answers.ask(30)
