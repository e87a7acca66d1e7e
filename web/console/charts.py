"""What charts.js draws; a page also shows it as a table, for those who cannot see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def line_chart(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    from_zero: bool = True,
) -> dict[str, Any]:
    """A chart of one or more series over the same labels (ISO days or moments, in their order).

    A value that is not known is None and leaves a gap: it is not 0. Totals that only grow are drawn
    not `from_zero`, so that one sees them grow.
    """
    return {
        "fromZero": from_zero,
        "labels": list(labels),
        "series": [{"name": name, "numbers": list(values)} for name, values in series.items()],
    }
