"""Charts as charts.js expects them; a page also shows each as a table, for screen readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def line_chart(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    from_zero: bool = True,
    counts_hours: bool = False,
) -> dict[str, Any]:
    """Return a chart of series over the same labels (ISO days or times, in their order).

    With `counts_hours` the labels are numbers of hours.

    An unknown value is None and leaves a gap: it is not 0. Totals that only grow are drawn with
    `from_zero=False`, so that their growth can be seen.
    """
    return {
        "fromZero": from_zero,
        "countsHours": counts_hours,
        "labels": list(labels),
        "series": [{"name": name, "numbers": list(values)} for name, values in series.items()],
    }
