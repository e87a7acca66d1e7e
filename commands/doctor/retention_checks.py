"""The check of `doctor` on rows that should have been deleted."""

from __future__ import annotations

from commands.doctor.findings import Finding, ok, warning
from core.messages import Message
from jobs.pruner import Retention


def retention_finding(retention: Retention) -> Finding:
    """Return a finding on rows that `prune` should have deleted days ago."""
    overdue = retention.overdue()
    if not overdue:
        return ok(Message.of("subject_old_rows"), Message.of("no_old_rows"))
    rules = [
        Message.of("retention_rule", name=rule.name, table=rule.table, days=rule.days)
        for rule in overdue
    ]
    return warning(
        Message.of("subject_old_rows"),
        Message.of("tables_grow", rules=rules),
        Message.of("prune_advice"),
    )
