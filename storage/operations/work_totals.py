"""Sums of all that was crawled and exported, for numbers that are asked for again and again.

No page and no batch changes a day that is over: the sums up to one are kept as a fact, and only the
days since then are summed up when somebody asks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from storage.engines.transactions import Tx
from storage.schema import schema

FACT = "work_totals"


@dataclass(frozen=True)
class WorkTotals:
    """What was done up to the end of a day of the quota zone.

    `crawled` counts creators on stored pages, known ones too; `exported` counts rows.
    """

    through: date
    crawled: int
    exported: int


def kept(tx: Tx) -> WorkTotals | None:
    """Return the sums that were kept last; None before the first time."""
    text = schema.get_fact(tx, FACT)
    if text is None:
        return None
    stored = json.loads(text)
    return WorkTotals(date.fromisoformat(stored["through"]), stored["crawled"], stored["exported"])


def keep(tx: Tx, totals: WorkTotals) -> None:
    """Replace the sums that are kept."""
    stored = vars(totals) | {"through": str(totals.through)}
    schema.set_fact(tx, FACT, json.dumps(stored))


def up_to(tx: Tx, day: date) -> WorkTotals:
    """Return the sums up to the end of a day. Reads all days."""
    return WorkTotals(day, _crawled(tx, "<=", day), _exported(tx, "<=", day))


def crawled_since(tx: Tx, totals: WorkTotals) -> int:
    """Return the creators on pages that were stored behind the last day of `totals`."""
    return _crawled(tx, ">", totals.through)


def exported_since(tx: Tx, totals: WorkTotals) -> int:
    """Return the rows that were exported behind the last day of `totals`."""
    return _exported(tx, ">", totals.through)


def _crawled(tx: Tx, compared: str, day: date) -> int:
    return tx.number(f"SELECT SUM(seen) AS n FROM day_totals WHERE day{compared}:day", day=str(day))


def _exported(tx: Tx, compared: str, day: date) -> int:
    index = "" if compared == "<=" else tx.dialect.force_index("idx_export_logs_day")
    return tx.number(
        f"SELECT SUM(exported_count) AS n FROM export_logs {index} WHERE quota_day{compared}:day",
        day=str(day),
    )
