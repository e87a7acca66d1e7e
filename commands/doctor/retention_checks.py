"""The check of `doctor` on what should have been deleted: whether a table grows."""

from __future__ import annotations

from commands.doctor.findings import Finding, Level
from jobs.retention import Retention


def retention_finding(retention: Retention) -> Finding:
    """Which tables hold rows that `prune` should have deleted days ago."""
    late = retention.overdue()
    if not late:
        return Finding(Level.OK, "old rows", "none is older than it is kept")
    told = "; ".join(f"{one.name} in {one.table}, kept for {one.days} days" for one in late)
    return Finding(
        level=Level.WARN,
        subject="old rows",
        detail=f"these tables grow: there are older {told}",
        advice="python cli.py jobs run prune; `run` does it every day",
    )
