"""The check of `doctor` on rows that should have been deleted."""

from __future__ import annotations

from commands.doctor.findings import Finding, Level
from core.messages import Message
from jobs.retention import Retention


def retention_finding(retention: Retention) -> Finding:
    """Return a finding on rows that `prune` should have deleted days ago."""
    overdue = retention.overdue()
    if not overdue:
        return Finding(Level.OK, Message.of("subject_old_rows"), Message.of("no_old_rows"))
    rules = [
        Message.of("retention_rule", name=rule.name, table=rule.table, days=rule.days)
        for rule in overdue
    ]
    return Finding(
        level=Level.WARN,
        subject=Message.of("subject_old_rows"),
        detail=Message.of("tables_grow", rules=rules),
        advice=Message.of("prune_advice"),
    )
