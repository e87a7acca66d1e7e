"""Followers over time: small lines of the last days, and a chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from storage.creators.observations import Observation
from web.console.charts import line_chart

WIDTH, HEIGHT, EDGE = 96, 24, 2


def spark_points(history: Sequence[Observation], today: date, days: int) -> str:
    """Return the points of a line of followers within WIDTH x HEIGHT, as SVG has them.

    A row that held from one day to another is drawn at both. Empty for fewer than two points.
    """
    first = today - timedelta(days=days)
    known = [
        (max(0, (day - first).days), row.followers)
        for row in history
        if row.followers is not None
        for day in dict.fromkeys((row.day, row.until_day))
    ]
    if len(known) < 2:
        return ""
    numbers = [number for _, number in known]
    low, span = min(numbers), max(numbers) - min(numbers)
    across, down = (WIDTH - 2 * EDGE) / days, HEIGHT - 2 * EDGE
    return " ".join(
        f"{EDGE + day * across:.1f},{HEIGHT - EDGE - _share(number - low, span) * down:.1f}"
        for day, number in known
    )


def _share(above: int, span: int) -> float:
    return above / span if span else 0.5


def history_chart(history: Sequence[Observation]) -> dict[str, Any] | None:
    """Return the chart of the followers by day; None where none are known.

    Days on which the creator was not looked at are left out.
    """
    by_day: dict[date, int | None] = {}
    for row in history:
        for day in (row.day, row.until_day):
            by_day[day] = row.followers
    if not any(number is not None for number in by_day.values()):
        return None
    days = sorted(by_day)
    labels = [day.isoformat() for day in days]
    return line_chart(labels, {"Followers": [by_day[day] for day in days]}, from_zero=False)
