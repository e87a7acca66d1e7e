"""A small chart of columns in plain characters, eight steps to a line."""

from __future__ import annotations

from collections.abc import Sequence

STEPS = " ▁▂▃▄▅▆▇█"
WIDEST = 8  # cells of one column


def chart(values: Sequence[int | None], width: int, height: int) -> list[str]:
    """`height` lines of at most `width` cells, from the lowest value to the highest; what is not
    known is a gap. Empty when nothing is known."""
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    labels = {0: f"{high:,}", height - 1: f"{low:,}"}
    margin = max(map(len, labels.values())) + 2
    columns = _fitted(values, max(1, width - margin))
    levels = [_level(value, low, high, height) for value in columns]
    cells = max(1, min(WIDEST, (width - margin) // len(columns)))
    return [
        f"{labels.get(line, ''):>{margin - 2}}┤ "
        + "".join(_step(level, height - 1 - line) * cells for level in levels).rstrip()
        for line in range(height)
    ]


def _fitted(values: Sequence[int | None], most: int) -> list[int | None]:
    """At most `most` values, evenly drawn; the last one is always among them."""
    if len(values) <= most:
        return list(values)
    last = len(values) - 1
    return [values[last - (most - 1 - place) * last // max(1, most - 1)] for place in range(most)]


def _level(value: int | None, low: int, high: int, height: int) -> int:
    """Eighths of a line, 1 for the lowest value; 0: not known."""
    if value is None:
        return 0
    top = height * (len(STEPS) - 1)
    return top if high == low else 1 + (value - low) * (top - 1) // (high - low)


def _step(level: int, line_from_below: int) -> str:
    full = len(STEPS) - 1
    return STEPS[max(0, min(full, level - line_from_below * full))]
