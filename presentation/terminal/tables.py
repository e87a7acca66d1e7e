"""Tables of text: whole in a pipe; in a window they fit, and nothing is lost without a word."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console as Terminal
from rich.text import Text

from core.plain_text import one_line

INDENT = 4  # of what stands below its row
MIN_CELLS = 8  # of a line, however narrow the window is
RULE = "─"


@dataclass(frozen=True)
class Column:
    """A column, and what becomes of it in a window that is too narrow for the table.

    Then long columns move below their row, each as a line of `label` and the cell; optional ones
    are left out next, and at last others move, too; each time the last one first.

    Args:
        title: in the reader's language.
        label: in front of a cell that moved below its row; empty for `title: `.
        is_number: its cells stand on the right.
        max_cells: in a window it is never wider; None: as wide as its cells.
        min_cells: in a window its cells may be cut to that width; None: never.
        is_long: it is the first to move.
        is_path: below its row it is one line, however long, so that it can be copied.
        is_optional: it may be left out; `Table.left_out` names it.
    """

    title: str
    label: str = ""
    is_number: bool = False
    max_cells: int | None = None
    min_cells: int | None = None
    is_long: bool = False
    is_path: bool = False
    is_optional: bool = False


@dataclass(frozen=True)
class _Row:
    cells: tuple[Text, ...]
    remarks: tuple[Text, ...]


@dataclass(frozen=True)
class _Fit:
    """Which columns stand beside each other, with their widths, and where the others are."""

    widths: dict[int, int]
    below: tuple[int, ...]
    left_out: tuple[int, ...]


class Table:
    """Rows under titles.

    Args:
        gap: blanks between two columns; `margin` are those before the first.
        has_rule: a line below the titles.
    """

    def __init__(
        self, columns: Sequence[Column], *, gap: int = 2, margin: int = 0, has_rule: bool = False
    ) -> None:
        self._columns = tuple(columns)
        self._gap = gap
        self._margin = margin
        self._has_rule = has_rule
        self._rows: list[_Row] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, cells: Sequence[str | Text], remarks: Sequence[Text] = ()) -> None:
        """Add a row, with a cell for each column, and lines that follow it."""
        texts = (Text(one_line(cell)) if isinstance(cell, str) else cell for cell in cells)
        row = _Row(tuple(texts), tuple(remarks))
        if len(row.cells) != len(self._columns):
            raise ValueError(f"{len(row.cells)} cells for {len(self._columns)} columns")
        self._rows.append(row)

    def lines(self, width: int | None) -> list[Text]:
        """Return the table for a window of `width` cells; None: a pipe, a row is one line."""
        fit = self._fit(width)
        titles = tuple(Text(column.title, "bold") for column in self._columns)
        found = [self._beside(titles, fit)]
        if self._has_rule:
            found.append(Text(" " * self._margin + RULE * self._rule_cells(fit, width)))
        for row in self._rows:
            found.append(self._beside(row.cells, fit))
            for column in fit.below:
                found += self._below(self._columns[column], row.cells[column], width)
            found += [line for remark in row.remarks for line in wrapped(remark, width, INDENT)]
        return found

    def left_out(self, width: int | None) -> list[str]:
        """Return the titles of the columns for which a window of `width` cells has no room."""
        return [self._columns[column].title for column in self._fit(width).left_out]

    def _fit(self, width: int | None) -> _Fit:
        widths = {
            column: self._natural_cells(column, in_window=width is not None)
            for column in range(len(self._columns))
        }
        below: list[int] = []
        left_out: list[int] = []
        while width is not None and len(widths) > 1 and self._least_cells(widths) > width:
            going = self._next_to_go(widths)
            is_optional = self._columns[going].is_optional
            (left_out if is_optional else below).append(going)
            del widths[going]
        if width is not None:
            self._cut(widths, width)
        return _Fit(widths, tuple(sorted(below)), tuple(sorted(left_out)))

    def _next_to_go(self, widths: Iterable[int]) -> int:
        """Return the column that gives room to the others."""
        beside = list(widths)
        long = [column for column in beside if self._columns[column].is_long]
        optional = [column for column in beside if self._columns[column].is_optional]
        return (long or optional or beside)[-1]

    def _cut(self, widths: dict[int, int], width: int) -> None:
        """Make the columns that may be cut as narrow as the window asks for, in their order."""
        over = self._taken(widths.values()) - width
        for column, cells in widths.items():
            least = self._columns[column].min_cells
            cut = 0 if least is None else max(0, min(over, cells - least))
            widths[column] -= cut
            over -= cut

    def _natural_cells(self, column: int, *, in_window: bool) -> int:
        described = self._columns[column]
        cells = [Text(described.title).cell_len]
        cells += [row.cells[column].cell_len for row in self._rows]
        limit = described.max_cells if in_window else None
        return max(cells) if limit is None else min(max(cells), limit)

    def _least_cells(self, widths: dict[int, int]) -> int:
        least = []
        for column, cells in widths.items():
            cut_to = self._columns[column].min_cells
            least.append(cells if cut_to is None else min(cells, cut_to))
        return self._taken(least)

    def _taken(self, cells: Iterable[int]) -> int:
        parts = list(cells)
        return self._margin + sum(parts) + self._gap * (len(parts) - 1)

    def _rule_cells(self, fit: _Fit, width: int | None) -> int:
        if width is None:
            return self._taken(fit.widths.values()) - self._margin
        return max(0, width - 2 * self._margin)

    def _beside(self, cells: Sequence[Text], fit: _Fit) -> Text:
        shown = []
        for column, size in fit.widths.items():
            cell = cells[column].copy()
            cell.truncate(size, overflow="ellipsis")
            cell.align("right" if self._columns[column].is_number else "left", size)
            shown.append(cell)
        line = Text(" " * self._margin, no_wrap=True, overflow="ellipsis")
        line.append_text(Text(" " * self._gap).join(shown))
        line.rstrip()
        return line

    def _below(self, column: Column, cell: Text, width: int | None) -> Iterator[Text]:
        if not cell.plain:
            return
        told = Text().append(column.label or f"{column.title}: ", "dim").append_text(cell)
        yield from wrapped(told, None if column.is_path else width, INDENT + 2, first=INDENT)


def wrapped(text: Text, width: int | None, indent: int = 0, first: int | None = None) -> list[Text]:
    """Return a text as lines of at most `width` cells, each behind `indent` blanks.

    `width` None: one line. `first`: the blanks of the first line, where they are others.
    """
    first = indent if first is None else first
    if width is None:
        return [Text(" " * first).append_text(text)]
    head, rest = _split(text, max(MIN_CELLS, width - first))
    parts = [head]
    while rest.plain:
        head, rest = _split(rest, max(MIN_CELLS, width - indent))
        parts.append(head)
    return [
        Text(" " * (indent if number else first)).append_text(part)
        for number, part in enumerate(parts)
    ]


def _split(text: Text, width: int) -> tuple[Text, Text]:
    """Return what of a text fits into one line, and the rest."""
    # How wide a letter is, and where a line may end, is known to rich.
    measure = Terminal(file=io.StringIO(), width=width, color_system=None)
    parts = text.wrap(measure, width, overflow="fold")
    if len(parts) < 2:
        return text, Text()
    head, rest = text.divide([len(parts[0].plain)])
    head.rstrip()
    return head, rest[len(rest.plain) - len(rest.plain.lstrip(" ")) :]
