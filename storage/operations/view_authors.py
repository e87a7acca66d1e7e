"""The hourly numbers of authors: those of their works, which the catalogue names."""

from __future__ import annotations

from storage.engines.transactions import Row, Tx
from storage.views.points import COUNTERS


def totals(tx: Tx, hour: int, before: int, counter: str, limit: int) -> list[Row]:
    """Return up to `limit` authors with the sums of their works' `counter` in an hour, highest
    first.

    Columns: `platform`, `author`, `works`; `total`, and `growth` of it since the hour `before`, of
    works that have numbers in both. Works that are not in the catalogue, or whose author is not
    known, are left out.

    Raises:
        ValueError: `counter` is none of COUNTERS.
    """
    if counter not in COUNTERS:
        raise ValueError(f"no counter: {counter!r}")
    return tx.all(
        "SELECT c.platform, c.author, COUNT(*) AS works, SUM(p.to_count) AS total,"
        " SUM(p.to_count-p.from_count) AS growth FROM"
        # One pass over the rows of both hours is quicker than looking up one for each.
        f" (SELECT work, MAX(hour) AS newest, MAX(CASE WHEN hour=:before THEN {counter} END)"
        f" AS from_count, MAX(CASE WHEN hour=:hour THEN {counter} END) AS to_count"
        " FROM view_points WHERE hour IN (:before, :hour) GROUP BY work) p"
        " JOIN view_works w ON w.id=p.work"
        " JOIN works c ON c.platform=w.platform AND c.work_id=w.work_id"
        " WHERE p.newest=:hour AND c.author<>'' GROUP BY c.platform, c.author"
        " ORDER BY total DESC, c.author LIMIT :limit",
        hour=hour,
        before=before,
        limit=limit,
    )
