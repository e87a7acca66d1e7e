"""Messages and errors as an English reader of the terminal sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from core.messages import Message
from presentation.i18n.renderer import ENGLISH_RENDERER

E = TypeVar("E", bound=BaseException)
Fact = Message | BaseException | str | None  # a text is what a column holds


def english(fact: Fact) -> str:
    """Return the sentence with its advice; empty for None."""
    return "" if fact is None else ENGLISH_RENDERER.shown_text(fact)


def english_text(fact: Fact) -> str:
    """Return the sentence without its advice; empty for None."""
    if fact is None or isinstance(fact, str):
        return ENGLISH_RENDERER.stored(fact)
    return ENGLISH_RENDERER.text(fact)


def code(stored: str | None) -> str:
    """Return the code of what a column holds."""
    return Message.load(stored or "").code


@contextmanager
def raises_saying(kind: type[E], match: str) -> Iterator[pytest.ExceptionInfo[E]]:
    """Expect an error whose sentence, with its advice, matches a regular expression."""
    with pytest.raises(kind) as caught:
        yield caught
    assert re.search(match, english(caught.value)), english(caught.value)
