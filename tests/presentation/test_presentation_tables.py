"""Tables: whole in a pipe, fitted to a window, and no word lost on the way."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.text import Text

from presentation.terminal.tables import Column, Table, wrapped

LONG = "the provider refuses: no credit or traffic left; mend it there, then open the route again"


def table() -> Table:
    found = Table(
        [
            Column("id"),
            Column("name", min_cells=6),
            Column("rows", is_number=True),
            Column("since", is_optional=True),
            Column("why", is_long=True),
        ]
    )
    found.add(("1", "a very long name of an account", "4,000", "2026-12-01 09:41:15", LONG))
    found.add(("2", "小红书运营账号", "7", "", ""))
    return found


def plain(lines: list[Text]) -> list[str]:
    return [line.plain for line in lines]


def test_a_row_is_one_whole_line_in_a_pipe() -> None:
    lines = plain(table().lines(None))
    assert len(lines) == 3
    assert lines[1].startswith("1   a very long name of an account  4,000") and LONG in lines[1]
    assert lines == [line.rstrip() for line in lines]
    assert table().left_out(None) == []


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120])
def test_a_window_is_never_passed_and_no_word_of_a_long_column_is_lost(width: int) -> None:
    found = plain(table().lines(width))
    assert [line for line in found if cell_len(line) > width] == []
    assert LONG.split() == " ".join(found).partition("why: ")[2].split()[: len(LONG.split())]


def test_a_long_column_goes_before_an_optional_one_and_that_before_the_others() -> None:
    at_80, at_30 = plain(table().lines(80)), plain(table().lines(30))
    assert "since" in at_80[0] and "why" not in at_80[0]
    assert at_30[0].split() == ["id", "name", "rows"]
    assert table().left_out(80) == [] and table().left_out(30) == ["since"]
    assert at_30[1].split()[-1] == "4,000" and "…" in at_30[1]


def test_numbers_stand_on_the_right_in_chinese_too() -> None:
    first, second = plain(table().lines(None))[1:3]
    ends = [
        cell_len(line[: line.index(word) + len(word)])
        for line, word in ((first, "4,000"), (second, "  7"))
    ]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("text", ["C:\\", "a\\[b]", "[red]x[/red]", "\\\\[bold]", "x\ty\nz"])
def test_cells_are_shown_as_they_are(text: str) -> None:
    one = Table([Column("what"), Column("more")])
    one.add((text, "end"))
    shown = text.replace("\t", " ").replace("\n", " ")
    cells = max(len(shown), len("what"))
    assert plain(one.lines(None))[1] == f"{shown:{cells}}  end"
    assert plain(one.lines(80))[1] == f"{shown:{cells}}  end"


def test_wrapped_lines_hang_below_the_first() -> None:
    lines = plain(wrapped(Text("one two three four five six"), 12, 4, first=0))
    assert all(len(line) <= 12 for line in lines)
    assert " ".join(lines).split() == ["one", "two", "three", "four", "five", "six"]
    assert not lines[0].startswith(" ") and all(line.startswith("    ") for line in lines[1:])
