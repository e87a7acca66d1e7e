"""A column chart in plain characters, eight steps to a line."""

from __future__ import annotations

from collections.abc import Sequence

STEPS = " ▁▂▃▄▅▆▇█"
MAX_COLUMN_CELLS = 8


def chart(values: Sequence[int | None], width: int, height: int) -> list[str]:
    """Return a bar chart of `height` lines and at most `width` cells; empty when no value is known.

    The lowest value is at the bottom, the highest at the top; None is a gap. Of more values than
    fit, evenly spaced ones are shown.
    """
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    labels = {0: f"{high:,}", height - 1: f"{low:,}"}
    margin = max(map(len, labels.values())) + 2
    columns = _sampled(values, max(1, width - margin))
    levels = [_level(value, low, high, height) for value in columns]
    cells = max(1, min(MAX_COLUMN_CELLS, (width - margin) // len(columns)))
    return [
        f"{labels.get(line, ''):>{margin - 2}}┤ "
        + "".join(_step(level, height - 1 - line) * cells for level in levels).rstrip()
        for line in range(height)
    ]


def _sampled(values: Sequence[int | None], max_values: int) -> list[int | None]:
    """Return at most `max_values` values, evenly spaced, the last one among them."""
    if len(values) <= max_values:
        return list(values)
    last = len(values) - 1
    gaps = max_values - 1
    return [values[last - (gaps - index) * last // max(1, gaps)] for index in range(max_values)]


def _level(value: int | None, low: int, high: int, height: int) -> int:
    """Return a column's height in eighths of a line: 1 for the lowest value, 0 for an unknown
    one."""
    if value is None:
        return 0
    top = height * (len(STEPS) - 1)
    return top if high == low else 1 + (value - low) * (top - 1) // (high - low)


def _step(level: int, line_from_below: int) -> str:
    """Return the character of a column in one line, counted from below."""
    full = len(STEPS) - 1
    return STEPS[max(0, min(full, level - line_from_below * full))]
