"""The check of `doctor` on rows that should have been deleted."""

from __future__ import annotations

from commands.doctor.findings import Finding, Level
from jobs.retention import Retention


def retention_finding(retention: Retention) -> Finding:
    """Return whether tables hold rows that `prune` should have deleted days ago."""
    overdue = retention.overdue()
    if not overdue:
        return Finding(Level.OK, "old rows", "none is older than it is kept")
    rules = [f"{rule.name} in {rule.table}, kept for {rule.days} days" for rule in overdue]
    return Finding(
        level=Level.WARN,
        subject="old rows",
        detail=f"these tables grow: there are older {'; '.join(rules)}",
        advice="python cli.py jobs run prune; `run` does it every day",
    )
