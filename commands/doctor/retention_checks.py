"""The check of `doctor` on rows that should have been deleted."""

from __future__ import annotations

from commands.doctor.findings import Finding, Level
from jobs.retention import OldRows, Retention
from presentation.i18n.renderer import LOG_RENDERER


def retention_finding(retention: Retention) -> Finding:
    """Return whether tables hold rows that `prune` should have deleted days ago."""
    overdue = retention.overdue()
    if not overdue:
        return Finding(Level.OK, "old rows", "none is older than it is kept")
    rules = [_rule(rule) for rule in overdue]
    return Finding(
        level=Level.WARN,
        subject="old rows",
        detail=f"these tables grow: there are older {'; '.join(rules)}",
        advice="python cli.py jobs run prune; `run` does it every day",
    )


def _rule(rule: OldRows) -> str:
    return f"{LOG_RENDERER.text(rule.name)} in {rule.table}, kept for {rule.days} days"
