"""The layout of the terminal's screen: its size and language, columns, bars and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from presentation.i18n.renderer import Renderer
from presentation.terminal.tables import Column, Table, wrapped

BAR_FULL, BAR_EMPTY = "━", "─"
WIDE_COLUMNS = 100


class Space(Enum):
    """What becomes of text that is wider than the page."""

    SCREEN = auto()  # it is cut: a line more would push others out of the window
    WINDOW = auto()  # it goes on in the next line
    PIPE = auto()  # it stays one line, of any width


@dataclass(frozen=True)
class Page:
    """What the parts of a screen are drawn for: language and zone, width in cells, the time shown,
    and the room for text."""

    renderer: Renderer
    width: int
    now: datetime
    space: Space = Space.SCREEN

    @property
    def is_screen(self) -> bool:
        """Return True where lines are counted, and cut at the width."""
        return self.space is Space.SCREEN

    @property
    def window(self) -> int | None:
        """Return the cells that a line may have; None in a pipe."""
        return None if self.space is Space.PIPE else self.width

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

    def titled(
        self,
        code: str,
        *,
        max_cells: int | None = None,
        min_cells: int | None = None,
        is_optional: bool = False,
    ) -> Column:
        """Return a column by the code of its title; only a screen cuts it, or leaves it out."""
        title = self.say(code)
        return Column(
            title,
            self.say("column_label", title=title),
            max_cells=max_cells if self.is_screen else None,
            min_cells=min_cells if self.is_screen else None,
            is_optional=is_optional and self.is_screen,
        )

    def line(self, text: str | Text, style: str = "", indent: int = 0) -> list[Text]:
        """Return a text behind blanks as lines: one that is cut on a screen, as many as it takes
        in a window."""
        whole = Text(text, style) if isinstance(text, str) else text
        if not self.is_screen:
            return wrapped(whole, self.window, indent + 2, first=indent)
        cut = Text(" " * indent, no_wrap=True, overflow="ellipsis")
        return [cut.append_text(whole)]

    def clock(self, moment: datetime) -> str:
        """Return the time of day in the reader's zone, as `05:00:07`."""
        return f"{moment.astimezone(self.renderer.zone):%H:%M:%S}"

    def moment(self, moment: datetime) -> str:
        """Return a time in the reader's zone: the time of day for today, else date and time."""
        local, today = (
            moment.astimezone(self.renderer.zone),
            self.now.astimezone(self.renderer.zone),
        )
        if local.date() == today.date():
            return f"{local:%H:%M:%S}"
        return self.renderer.moment(moment)

    def bar(self, share: float, narrow: int, wide: int, style: str) -> Text:
        """Return a bar that is filled up to `share` (0 to 1), of `narrow` or `wide` cells."""
        cells = wide if self.is_wide else narrow
        full = min(cells, int(max(0.0, share) * cells + 1e-9))
        return Text(BAR_FULL * full, style) + Text(BAR_EMPTY * (cells - full), "dim")


def screen_table(page: Page, columns: Sequence[Column]) -> Table:
    """Return an empty table as the screen draws it, with a rule below the titles."""
    return Table(columns, gap=3 if page.is_wide else 2, margin=1, has_rule=True)


def shortened_left(text: str, cells: int) -> str:
    """Return the text, or "…" and its end when it is wider than `cells`."""
    if cell_len(text) <= cells:
        return text
    # A Chinese letter fills two cells: cutting by letters alone would not fit.
    while text and cell_len(text) > cells - 1:
        text = text[1:]
    return set_cell_size("…" + text, cells).rstrip()
