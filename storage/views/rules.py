"""Queries on `view_rules`: of which numbers of which works an alert tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_of, row_to


class RuleKind(StrEnum):
    """What a rule looks for: views that pass a number, that rise so much an hour, a lost video."""

    PASSES = "passes"
    RISES = "rises"
    GONE = "gone"


class RuleScope(StrEnum):
    """Which works a rule is about; a label is one of the tasks that found a work's creator."""

    ALL = "all"
    PLATFORM = "platform"
    AUTHOR = "author"
    LABEL = "label"
    WORK = "work"


@dataclass(frozen=True)
class RuleTerms:
    """What a rule says.

    `threshold` is a number of views, or of views an hour; 0 of GONE. `subject` is an author, a
    label or a work's id; `platform` is empty where any will do.
    """

    kind: RuleKind
    threshold: int
    scope: RuleScope
    platform: str
    subject: str


@dataclass(frozen=True)
class ViewRule(RuleTerms):
    """A rule's row; hours after `since_hour` are judged by it."""

    id: int
    since_hour: int
    created_at: datetime


def add(tx: Tx, terms: RuleTerms, since_hour: int, now: datetime) -> int:
    """Insert a rule and return its id.

    Raises:
        DuplicateKeyError: there is one that says the same.
    """
    return tx.add("view_rules", **row_of(terms), since_hour=since_hour, created_at=to_sql(now))


def every(tx: Tx) -> list[ViewRule]:
    """Return all rules, oldest first."""
    return [row_to(ViewRule, row) for row in tx.all("SELECT * FROM view_rules ORDER BY id")]


def count(tx: Tx) -> int:
    """Return the number of rules."""
    return tx.number("SELECT COUNT(*) FROM view_rules")


def get(tx: Tx, rule_id: int) -> ViewRule | None:
    """Return a rule; None when there is none of that id."""
    row = tx.one("SELECT * FROM view_rules WHERE id=:id", id=rule_id)
    return row_to(ViewRule, row) if row else None


def remove(tx: Tx, rule_id: int) -> bool:
    """Delete a rule with what it has found; return False when there was none."""
    tx.execute("DELETE FROM view_crossings WHERE rule_id=:id", id=rule_id)
    return 1 == tx.execute("DELETE FROM view_rules WHERE id=:id", id=rule_id)


def works_of_platform(tx: Tx, platform: str) -> list[int]:
    """Return the works of a platform, as `view_works` numbers them."""
    return tx.column("SELECT id FROM view_works WHERE platform=:platform", platform=platform)


def works_of_author(tx: Tx, platform: str, author: str) -> list[int]:
    """Return the works of the catalogue's author of that name, as `view_works` numbers them.

    An empty `platform` stands for any.
    """
    return tx.column(
        "SELECT v.id FROM works w"
        " JOIN view_works v ON v.platform=w.platform AND v.work_id=w.work_id"
        " WHERE w.author=:author AND (:platform='' OR w.platform=:platform)",
        author=author,
        platform=platform,
    )


def works_of_label(tx: Tx, label: str) -> list[int]:
    """Return the works of creators that a task with that label found first in their domain, as
    `view_works` numbers them."""
    return tx.column(
        "SELECT DISTINCT v.id FROM works w"
        " JOIN view_works v ON v.platform=w.platform AND v.work_id=w.work_id"
        " JOIN influencers i ON i.platform=w.platform AND i.uid=w.uid"
        " JOIN ingestion_logs g ON g.id=i.ingestion_log_id"
        " JOIN tasks t ON t.id=g.task_id"
        " JOIN task_labels l ON l.label=:label AND (l.task_id=t.id OR l.task_id=t.parent_id)",
        label=label,
    )


def lost_works(tx: Tx) -> list[int]:
    """Return the works that the platform reported as lost, as `view_works` numbers them."""
    return tx.column(
        "SELECT v.id FROM works w"
        " JOIN view_works v ON v.platform=w.platform AND v.work_id=w.work_id"
        " WHERE w.is_valid=0 AND w.invalid_by='platform'"
    )
