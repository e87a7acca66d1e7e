"""Facts as data: codes and parameters go into a column and come back; old sentences stay."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum

import pytest

from core.errors import BatonError, InvalidInputError, RetryableError
from core.logs import storable
from core.messages import MAX_DUMP_CHARS, Message, message_of

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


def test_a_message_comes_back_from_its_column() -> None:
    cause = RetryableError("no_answer_from", host="example.org")
    message = Message.of(
        "page_failed", page=2, day=date(2026, 1, 2), cause=cause, left=["a", None], at=AT
    )
    loaded = Message.load(message.dump())
    assert loaded.code == "page_failed"
    assert loaded.params["page"] == 2
    assert loaded.params["day"] == "2026-01-02"
    assert loaded.params["cause"] == Message.of("no_answer_from", host="example.org")
    assert loaded.params["at"] == AT
    assert loaded.params["left"] == ["a", None]
    assert Message.load(loaded.dump()) == loaded


@pytest.mark.parametrize(
    "stored",
    [
        "session expired: code -101",
        "",
        "{",
        '{"code": 1}',
        '{"code": "x", "params": []}',
        "{" * 100_000,
        '{"a": "b"}',
        "\ud83d",
    ],
)
def test_what_no_message_wrote_is_a_sentence(stored: str) -> None:
    assert Message.load(stored) == Message.text(stored)
    assert str(Message.load(stored)) == stored


def test_a_long_text_is_shortened_and_the_column_stays_readable() -> None:
    cause = RetryableError("no_answer_from", host="example.org", detail="\\" * 9000)
    message = Message.of("page_failed", page=2, cause=cause, names=["x" * 3000, "short"])
    dumped = message.dump()
    assert len(dumped) <= MAX_DUMP_CHARS
    loaded = Message.load(dumped)
    assert loaded.code == "page_failed" and loaded.params["page"] == 2
    assert loaded.params["cause"].params["host"] == "example.org"
    assert loaded.params["cause"].params["detail"].endswith("\\…")
    assert loaded.params["names"][1] == "short"


def test_what_is_stored_holds_no_credential() -> None:
    cause = RetryableError("no_answer_from", host="https://u:hunter2@example.org")
    stored = storable(Message.of("page_failed", cause=cause, seen=["token=hunter2", 'a "b" c']))
    assert "hunter2" not in stored
    assert Message.load(stored).params["seen"] == ["token=***", 'a "b" c']


def test_moments_and_enums_are_json_values() -> None:
    assert Message.of("x_y", at=AT, colour=Colour.RED, whole={1}).as_json() == {
        "code": "x_y",
        "params": {"at": "2026-01-02T03:04:00+00:00", "colour": "red", "whole": [1]},
    }


def test_an_error_carries_its_message() -> None:
    error = InvalidInputError("task_not_found", task_id=5)
    assert error.message == Message.of("task_not_found", task_id=5)
    assert str(error) == "task_not_found: task_id=5"
    assert message_of(error) is error.message
    assert message_of(ValueError("no")) is None


@pytest.mark.parametrize("sentence", ["no such account", "away", "HTTP 500", ""])
def test_a_sentence_is_no_code(sentence: str) -> None:
    error = BatonError(sentence)
    assert error.message == Message.text(sentence)
    assert str(error) == sentence
