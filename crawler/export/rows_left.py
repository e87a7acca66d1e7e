"""How many rows an export has left, counted fast enough for a screen that shows it each second."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.export.options import ExportOptions
from crawler.export.selection import Selection
from storage.crawling import influencers
from storage.creators import selections
from storage.engines.transactions import Tx
from storage.models.tasks import Task

# Counting millions of waiting rows for each frame would slow down the exports it shows.
MAX_COUNTED = 10_000
# To see who of a domain fits, each creator that waits is read.
MAX_COMPARED = 1_500


@dataclass(frozen=True)
class RowsLeft:
    """Rows that an export has left; where the number is not exact there may be more."""

    rows: int
    is_exact: bool


NO_ROWS_LEFT = RowsLeft(rows=0, is_exact=True)


def rows_left(tx: Tx, task: Task, exported: int) -> RowsLeft:
    """Return what an export can still deliver of what is stored, within its limit.

    Args:
        exported: its rows so far, over all its pieces.
    """
    options = ExportOptions.from_json(task.options)
    most = MAX_COUNTED
    if options.limit is not None:
        most = min(most, max(0, options.limit - exported))
    if not most:
        return NO_ROWS_LEFT
    if options.selection is None:
        counted = influencers.count_pending(tx, task.platform, task.domain, most)
        found = RowsLeft(counted, is_exact=counted < most)
    else:
        found = _of_selection(tx, task, options.selection, most)
    is_bounded = most < MAX_COUNTED and found.rows >= most
    return RowsLeft(min(found.rows, most), found.is_exact or is_bounded)


def _of_selection(tx: Tx, task: Task, selection: Selection, most: int) -> RowsLeft:
    """Return the drawn rows that are left and, in a small domain, who fits and was not drawn."""
    drawn = selections.count_left(tx, task.id, task.last_place, most)
    waiting = influencers.count_pending(tx, task.platform, task.domain, MAX_COMPARED + 1)
    if waiting > MAX_COMPARED:
        # Before the first draw nobody knows who fits; a draw of all there were is a short one.
        is_all = 0 < selections.last_place(tx, task.id) < selections.MAX_DRAWN
        return RowsLeft(drawn, is_exact=is_all and drawn < most)
    fitting = selections.count_undrawn(
        tx,
        task.id,
        selection.of_domain(task.platform, task.domain),
        skip_delivered=selection.skip_delivered,
    )
    return RowsLeft(drawn + fitting, is_exact=drawn + fitting < MAX_COUNTED)
