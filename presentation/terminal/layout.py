"""The layout of the terminal's screen: its size and language, columns, bars and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from presentation.i18n.renderer import Renderer

BAR_FULL, BAR_EMPTY, RULE = "━", "─", "─"
WIDE_COLUMNS = 100


@dataclass(frozen=True)
class Page:
    """What the parts of a screen are drawn for: language and zone, width in cells, the time
    shown."""

    renderer: Renderer
    width: int
    now: datetime

    @property
    def is_wide(self) -> bool:
        """Return True for a screen of 100 columns and more: its bars and gaps are wider."""
        return self.width >= WIDE_COLUMNS

    def say(self, code: str, /, **params: Any) -> str:
        """Return the sentence of a code in the reader's language, with its parameters, without
        advice."""
        return self.renderer.say(code, **params)

    def word(self, group: str, value: str) -> str:
        """Return the word for a state or a kind, such as `task_state`, `paused`; an unknown
        value as it is."""
        return self.renderer.word(group, value)

    def head(self, *codes: str) -> list[Text]:
        """Return the titles of a table's columns, by the codes of their texts."""
        return [Text(self.say(code), "bold") for code in codes]

    def clock(self, moment: datetime) -> str:
        """Return the time of day in the reader's zone, as `05:00:07`."""
        return f"{moment.astimezone(self.renderer.zone):%H:%M:%S}"

    def moment(self, moment: datetime) -> str:
        """Return a time in the reader's zone: the time of day for today, else date and time."""
        local, today = (
            moment.astimezone(self.renderer.zone),
            self.now.astimezone(self.renderer.zone),
        )
        form = "%H:%M:%S" if local.date() == today.date() else "%Y-%m-%d %H:%M"
        return local.strftime(form)

    def bar(self, share: float, narrow: int, wide: int, style: str) -> Text:
        """Return a bar that is filled up to `share` (0 to 1), of `narrow` or `wide` cells."""
        cells = wide if self.is_wide else narrow
        full = min(cells, int(max(0.0, share) * cells + 1e-9))
        return Text(BAR_FULL * full, style) + Text(BAR_EMPTY * (cells - full), "dim")


def in_columns(
    page: Page,
    rows: list[list[Text]],
    max_cells: tuple[int, ...],
    shrinking: tuple[tuple[int, int], ...],
) -> list[Text]:
    """Return rows as lines with aligned columns, with a rule below the first row, the head.

    Args:
        max_cells: the greatest width of each column; 0 for any.
        shrinking: (column, smallest width) of those to cut when the page is too narrow, in order.
    """
    gap = 3 if page.is_wide else 2
    widest = [max(row[column].cell_len for row in rows) for column in range(len(max_cells))]
    cells = [min(wide, limit or wide) for wide, limit in zip(widest, max_cells, strict=True)]
    over = 1 + sum(cells) + gap * (len(cells) - 1) - page.width
    for column, min_cells in shrinking:
        cut = max(0, min(over, cells[column] - min_cells))
        cells[column] -= cut
        over -= cut
    lines = []
    for row in rows:
        for cell, size in zip(row, cells, strict=True):
            cell.truncate(size, overflow="ellipsis", pad=True)
        line = Text(" ", no_wrap=True, overflow="ellipsis") + Text(" " * gap).join(row)
        line.rstrip()
        lines.append(line)
    rule = Text(" " + RULE * (page.width - 2), no_wrap=True, overflow="ellipsis")
    return [lines[0], rule, *lines[1:]]


def shortened_left(text: str, cells: int) -> str:
    """Return the text, or "…" and its end when it is wider than `cells`."""
    if cell_len(text) <= cells:
        return text
    # A Chinese letter fills two cells: cutting by letters alone would not fit.
    while text and cell_len(text) > cells - 1:
        text = text[1:]
    return set_cell_size("…" + text, cells).rstrip()
