"""Labels of tasks: names by which operators group them, such as a client or a campaign."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import InvalidInputError

MAX_LABEL_LETTERS = 64
MAX_LABELS = 32  # of one task
LABEL_PATTERN = re.compile(rf"[\w.:][\w.:-]{{0,{MAX_LABEL_LETTERS - 1}}}")
RULE = (
    f"1 to {MAX_LABEL_LETTERS} letters (also Chinese ones), digits and . - _ : without spaces,"
    " and no - at its start"
)


def labels_named(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the labels without repeats, in their order; an empty sequence is valid.

    Raises:
        InvalidInputError: a text is no label (1 to 64 letters, digits and `. - _ :`, not starting
            with `-`), or there are more than MAX_LABELS.
    """
    labels = tuple(dict.fromkeys(texts))
    for label in labels:
        if not LABEL_PATTERN.fullmatch(label):
            raise InvalidInputError("label_invalid", label=label, max_letters=MAX_LABEL_LETTERS)
    return require_few(labels)


def require_few(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the labels. Raise InvalidInputError when they are more than MAX_LABELS."""
    if len(labels) > MAX_LABELS:
        raise InvalidInputError("too_many_labels", most=MAX_LABELS, given=len(labels))
    return tuple(labels)
