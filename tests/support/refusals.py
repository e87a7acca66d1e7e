"""Errors that a test expects, compared by the sentence that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.english import english


@contextmanager
def raises_saying(
    kind: type[BaseException], match: str
) -> Iterator[pytest.ExceptionInfo[BaseException]]:
    """Expect an error whose English sentence, with its advice, has `match` in it."""
    with pytest.raises(kind) as caught:
        yield caught
    assert re.search(match, english(caught.value)), english(caught.value)
