"""What the parts of the console share: size, language, bars, moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from presentation.i18n.messages import Texts

BAR_FULL, BAR_EMPTY, RULE = "━", "─", "─"
WIDE_COLUMNS = 100


@dataclass(frozen=True)
class Page:
    """What is drawn on: the reader's language and zone, the terminal's width, the moment."""

    texts: Texts
    zone: ZoneInfo
    width: int
    now: datetime

    @property
    def is_wide(self) -> bool:
        return self.width >= WIDE_COLUMNS

    def clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%H:%M:%S}"

    def moment(self, moment: datetime) -> str:
        """The time of today, or day and time."""
        local, today = moment.astimezone(self.zone), self.now.astimezone(self.zone)
        form = "%H:%M:%S" if local.date() == today.date() else "%Y-%m-%d %H:%M"
        return local.strftime(form)

    def bar(self, share: float, narrow: int, wide: int, style: str) -> Text:
        cells = wide if self.is_wide else narrow
        full = min(cells, int(max(0.0, share) * cells + 1e-9))
        return Text(BAR_FULL * full, style) + Text(BAR_EMPTY * (cells - full), "dim")


def in_columns(
    page: Page,
    rows: list[list[Text]],
    most: tuple[int, ...],
    yields: tuple[tuple[int, int], ...],
) -> list[Text]:
    """Rows as lines whose cells begin one under another; the first row is the head.

    Args:
        most: cells of each column at most, 0 for any number.
        yields: columns that are cut where the page is too narrow, each to so many cells at least.
    """
    gap = 3 if page.is_wide else 2
    widest = [max(row[place].cell_len for row in rows) for place in range(len(most))]
    cells = [min(wide, limit or wide) for wide, limit in zip(widest, most, strict=True)]
    over = 1 + sum(cells) + gap * (len(cells) - 1) - page.width
    for place, least in yields:
        cut = max(0, min(over, cells[place] - least))
        cells[place] -= cut
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
    """The end of a text that is too long for that many cells."""
    if cell_len(text) <= cells:
        return text
    while text and cell_len(text) > cells - 1:
        text = text[1:]
    return set_cell_size("…" + text, cells).rstrip()
