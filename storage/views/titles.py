"""Queries on `view_titles`: the titles of works, a row where one changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from storage.engines.transactions import Tx, in_list

MAX_TITLE_CHARS = 1024
HELD = (
    "since_hour=(SELECT MAX(since_hour) FROM view_titles n"
    " WHERE n.work=t.work AND n.since_hour<=:hour)"
)


def at_hour(tx: Tx, hour: int, works: Collection[int] | None = None) -> dict[int, str]:
    """Return the titles that works had in an hour, by work; None: of every work.

    A work whose title is known from a later hour on only is missing.
    """
    if works is not None and not works:
        return {}
    marks, names = in_list(works or ())
    chosen = f"t.work IN ({marks}) AND " if works is not None else ""
    rows = tx.all(
        f"SELECT t.work, t.title FROM view_titles t WHERE {chosen}t.{HELD}", hour=hour, **names
    )
    return {row["work"]: row["title"] for row in rows}


def put(tx: Tx, hour: int, titles: Mapping[int, str], *, is_newest: bool) -> None:
    """Record the titles that works have in an hour; other hours keep theirs.

    `is_newest` when no later hour has numbers.
    """
    before = at_hour(tx, hour, titles.keys())
    changed = {
        work: title[:MAX_TITLE_CHARS]
        for work, title in titles.items()
        if before.get(work) != title[:MAX_TITLE_CHARS]
    }
    if not changed:
        return
    if not is_newest:
        later = {work: before[work] for work in changed if work in before}
        _insert(tx, hour + 1, later, tx.dialect.on_conflict_ignore("work, since_hour"))
    _insert(tx, hour, changed, tx.dialect.on_conflict_update("work, since_hour", ["title"]))


def _insert(tx: Tx, hour: int, titles: Mapping[int, str], on_conflict: str) -> None:
    if titles:
        tx.execute_many(
            "INSERT INTO view_titles (work, since_hour, title) VALUES (:work, :hour, :title)"
            f" {on_conflict}",
            [{"work": work, "hour": hour, "title": titles[work]} for work in sorted(titles)],
        )


def of_work(tx: Tx, work: int) -> list[tuple[int, str]]:
    """Return the titles of a work, each with the hour from which it holds, in their order."""
    rows = tx.all(
        "SELECT since_hour, title FROM view_titles WHERE work=:work ORDER BY since_hour", work=work
    )
    return [(row["since_hour"], row["title"]) for row in rows]
