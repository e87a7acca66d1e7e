"""Sentences of messages, as an English reader of the terminal sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from core.errors import BatonError
from core.messages import Message
from presentation.i18n.renderer import ENGLISH_RENDERER

E = TypeVar("E", bound=BatonError)


def english(fact: Message | BaseException | str | None) -> str:
    """The text of a message, of an error, or of what a column holds; without advice."""
    if fact is None or isinstance(fact, str):
        return ENGLISH_RENDERER.stored(fact)
    return ENGLISH_RENDERER.text(fact)


def code(stored: str | None) -> str:
    """The code of what a column holds."""
    return Message.load(stored or "").code


@contextmanager
def refusal(kind: type[E], sentence: str) -> Iterator[pytest.ExceptionInfo[E]]:
    """Expect an error whose sentence, with its advice, matches a regular expression."""
    with pytest.raises(kind) as caught:
        yield caught
    said = ENGLISH_RENDERER.sentence(caught.value)
    assert re.search(sentence, said), said
