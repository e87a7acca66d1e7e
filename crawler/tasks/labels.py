"""Labels of tasks: what people file them under, like a client or a campaign."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import InvalidInputError

MAX_LETTERS = 64
MAX_LABELS = 32  # of one task
FORM = re.compile(rf"[\w.:][\w.:-]{{0,{MAX_LETTERS - 1}}}")
RULE = (
    f"1 to {MAX_LETTERS} letters (also Chinese ones), digits and . - _ : without spaces,"
    " and no - at its start"
)


def labels_named(texts: Sequence[str]) -> tuple[str, ...]:
    """The labels without repeats. Raises InvalidInputError for what is none, or too many."""
    labels = tuple(dict.fromkeys(texts))
    for label in labels:
        if not FORM.fullmatch(label):
            raise InvalidInputError(f"the label {label!r} cannot be used; write {RULE}")
    return require_few(labels)


def require_few(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels. Raises InvalidInputError when they are too many for one task."""
    if len(labels) > MAX_LABELS:
        raise InvalidInputError(
            f"a task has at most {MAX_LABELS} labels, these are {len(labels)}; take some off"
        )
    return tuple(labels)
