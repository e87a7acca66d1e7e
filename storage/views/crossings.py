"""Queries on `view_crossings`: the works that did what a rule says, and since when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from storage.engines.transactions import Tx, in_list
from storage.models.mapping import row_to
from storage.views.rules import RuleKind

AT_ONCE = 500
NAMED = (
    "v.platform, v.work_id, COALESCE((SELECT t.title FROM view_titles t WHERE t.work=c.work"
    " ORDER BY t.since_hour DESC LIMIT 1), '') AS title"
)
JOINED = (
    "JOIN view_rules r ON r.id=c.rule_id JOIN view_works v ON v.id=c.work"
    " LEFT JOIN works w ON w.platform=v.platform AND w.work_id=v.work_id"
)
LISTED = "(r.kind<>'gone' OR COALESCE(w.invalid_by, '')<>'operator')"
LASTS_HOURS = 24  # a number that was passed, and a rise that was seen no more, are told for so long
JUDGED = "view_rules_judged"  # the fact that names the newest hour that was judged


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A work that does what a rule says.

    `value` is its views, or its views an hour; None of a lost video. One that is `in_group` is told
    with the others of its rule and hour.
    """

    work: int
    value: int | None
    in_group: bool = False


@dataclass(frozen=True)
class OpenCrossing:
    """Crossings of a rule that last: one work, or the `n` works of an hour that are told together.

    Args:
        work: its number, or that of one of them, as `platform`, `work_id` and `title` are; the
            title is empty where none is known.
        since_hour, hour: when it began, and the newest hour in which it went on.
        value: its views, or its views an hour; None of a lost video.
    """

    rule_id: int
    kind: RuleKind
    threshold: int
    n: int
    work: int
    platform: str
    work_id: str
    title: str
    since_hour: int
    hour: int
    value: int | None
    in_group: bool


def known(tx: Tx, rule_id: int, works: Collection[int]) -> dict[int, bool]:
    """Return which of these works the rule has found before, and whether that lasts."""
    found: dict[int, bool] = {}
    ids = sorted(works)
    for start in range(0, len(ids), AT_ONCE):
        marks, names = in_list(ids[start : start + AT_ONCE])
        rows = tx.all(
            "SELECT work, ended_hour FROM view_crossings"
            f" WHERE rule_id=:rule_id AND work IN ({marks})",
            rule_id=rule_id,
            **names,
        )
        found |= {row["work"]: row["ended_hour"] is None for row in rows}
    return found


def lasting(tx: Tx, rule_id: int) -> list[tuple[int, int]]:
    """Return work and newest hour of the crossings of a rule that last."""
    rows = tx.all(
        "SELECT work, hour FROM view_crossings WHERE ended_hour IS NULL AND rule_id=:rule_id",
        rule_id=rule_id,
    )
    return [(row["work"], row["hour"]) for row in rows]


def begin(tx: Tx, rule_id: int, hour: int, crossings: Iterable[Crossing]) -> None:
    """Record crossings that begin in an hour, in place of earlier ones of the same works."""
    _put(tx, rule_id, hour, crossings, ["since_hour", "hour", "value", "ended_hour", "in_group"])


def go_on(tx: Tx, rule_id: int, hour: int, crossings: Iterable[Crossing]) -> None:
    """Record that crossings last in an hour."""
    _put(tx, rule_id, hour, crossings, ["hour", "value"])


def end(tx: Tx, rule_id: int, hour: int, works: Iterable[int]) -> None:
    """Record that the crossings of these works are over since an hour."""
    ids = sorted(works)
    for start in range(0, len(ids), AT_ONCE):
        marks, names = in_list(ids[start : start + AT_ONCE])
        tx.execute(
            "UPDATE view_crossings SET ended_hour=:hour"
            f" WHERE rule_id=:rule_id AND work IN ({marks})",
            rule_id=rule_id,
            hour=hour,
            **names,
        )


def _put(
    tx: Tx, rule_id: int, hour: int, crossings: Iterable[Crossing], changed: Sequence[str]
) -> None:
    """Insert crossings of an hour; of those that there are, change these columns only."""
    # Drivers send many rows of an INSERT at once if it has marks only, and every UPDATE apart.
    rows: list[dict[str, object]] = [
        {
            "rule_id": rule_id,
            "work": one.work,
            "hour": hour,
            "value": one.value,
            "ended_hour": None,
            "in_group": int(one.in_group),
        }
        for one in sorted(crossings, key=lambda one: one.work)
    ]
    if rows:
        tx.execute_many(
            "INSERT INTO view_crossings"
            " (rule_id, work, since_hour, hour, value, ended_hour, in_group)"
            " VALUES (:rule_id, :work, :hour, :hour, :value, :ended_hour, :in_group)"
            f" {tx.dialect.on_conflict_update('rule_id, work', changed)}",
            rows,
        )


def open_singles(tx: Tx, limit: int) -> list[OpenCrossing]:
    """Return up to `limit` works that are told each for itself, by rule and hour.

    Lost videos that the operator took off the list are left out.
    """
    rows = tx.all(
        f"SELECT c.rule_id, r.kind, r.threshold, 1 AS n, c.work, {NAMED}, c.since_hour, c.hour,"
        f" c.value, c.in_group FROM view_crossings c {JOINED} WHERE c.ended_hour IS NULL"
        f" AND c.in_group=0 AND {LISTED} ORDER BY c.rule_id, c.since_hour, c.work LIMIT :limit",
        limit=limit,
    )
    return [row_to(OpenCrossing, row) for row in rows]


def open_groups(tx: Tx) -> list[OpenCrossing]:
    """Return the works that are told together, a row for each rule and hour."""
    rows = tx.all(
        f"SELECT c.rule_id, r.kind, r.threshold, c.n, c.work, {NAMED}, c.since_hour, c.hour,"
        " NULL AS value, 1 AS in_group FROM (SELECT rule_id, since_hour, COUNT(*) AS n,"
        " MIN(work) AS work, MAX(hour) AS hour FROM view_crossings"
        " WHERE ended_hour IS NULL AND in_group=1 GROUP BY rule_id, since_hour) c"
        f" {JOINED} ORDER BY c.rule_id, c.since_hour"
    )
    return [row_to(OpenCrossing, row) for row in rows]
