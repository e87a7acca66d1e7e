"""The chart in plain characters."""

from __future__ import annotations

from commands.views.chart import chart


def test_columns_go_from_the_lowest_to_the_highest() -> None:
    assert chart([1, 9, None, 17], width=8, height=2) == ["17┤    █", " 1┤ ▁█ █"]


def test_nothing_known_is_nothing_drawn() -> None:
    assert chart([None, None], 40, 4) == []


def test_one_value_fills_the_chart() -> None:
    assert chart([5], width=20, height=2) == ["5┤ ████████", "5┤ ████████"]


def test_more_values_than_cells_keep_first_and_last() -> None:
    lines = chart(list(range(1000)), width=30, height=3)
    assert all(len(line) <= 30 for line in lines)
    assert lines[0].rstrip().endswith("█") and lines[-1].startswith("  0┤ ▁")
