"""What a benchmark found out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One number. `goal` is `>= 0.8` or `< 100`; without one it is only reported."""

    label: str
    value: float
    unit: str = ""
    goal: str = ""

    @property
    def met(self) -> bool | None:
        """True when the goal is reached; None when there is none."""
        if not self.goal:
            return None
        sign, bound = self.goal.split()
        limit = float(bound)
        return {
            ">=": self.value >= limit,
            "<=": self.value <= limit,
            "<": self.value < limit,
            "=": self.value == limit,
        }[sign]


@dataclass(frozen=True)
class Result:
    """All figures of one benchmark."""

    name: str
    figures: tuple[Figure, ...]


def as_json(results: Sequence[Result]) -> str:
    """Return all results as JSON, each figure with `met`."""
    objects = [
        {
            "name": result.name,
            "figures": [asdict(figure) | {"met": figure.met} for figure in result.figures],
        }
        for result in results
    ]
    return json.dumps(objects, indent=2)


def as_table(results: Sequence[Result]) -> str:
    """Return all results as text, one line a figure."""
    lines = []
    for result in results:
        lines.append(result.name)
        lines += [f"  {_line(figure)}" for figure in result.figures]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    value = f"{figure.value:,.0f}" if abs(figure.value) >= 100 else f"{figure.value:,.3g}"
    verdict = {None: "", True: f"goal {figure.goal}  ok", False: f"goal {figure.goal}  MISSED"}
    return f"{figure.label:<52}{value:>10} {figure.unit:<10}{verdict[figure.met]}".rstrip()
