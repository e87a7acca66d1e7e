"""The kinds of rows that are kept for a time only, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from core.settings import Settings
from jobs.retention import OldRows
from storage.distribution.deliveries import DeliveryKind
from storage.operations import retention as rows

BROADCASTS = (DeliveryKind.BROADCAST,)
OTHERS = tuple(kind for kind in DeliveryKind if kind not in BROADCASTS)


def kept_rows(settings: Settings) -> Sequence[OldRows]:
    """Everything that `prune` deletes of the database. What proves an export or a quota, what work
    needs to go on, and what was reported of a day, is not among it."""
    return (
        OldRows(
            "broadcasts",
            "webhook_deliveries",
            "BATON_KEEP_BROADCASTS_DAYS",
            settings.keep_broadcasts_days,
            lambda tx, *a: rows.old_deliveries(tx, BROADCASTS, *a),
            rows.drop_deliveries,
        ),
        OldRows(
            "reports",
            "webhook_deliveries",
            "BATON_KEEP_REPORTS_DAYS",
            settings.keep_reports_days,
            lambda tx, *a: rows.old_deliveries(tx, OTHERS, *a),
            rows.drop_deliveries,
        ),
        OldRows(
            "job runs",
            "job_runs",
            "BATON_KEEP_JOB_RUNS_DAYS",
            settings.keep_job_runs_days,
            rows.old_job_runs,
            rows.drop_job_runs,
        ),
        OldRows(
            "alerts",
            "alerts",
            "BATON_KEEP_ALERTS_DAYS",
            settings.keep_alerts_days,
            rows.old_alerts,
            rows.drop_alerts,
        ),
        OldRows(
            "account events",
            "account_events",
            "BATON_KEEP_ACCOUNT_EVENTS_DAYS",
            settings.keep_account_events_days,
            rows.old_account_events,
            rows.drop_account_events,
        ),
        OldRows(
            "web actions",
            "web_actions",
            "BATON_KEEP_WEB_ACTIONS_DAYS",
            settings.keep_web_actions_days,
            rows.old_web_actions,
            rows.drop_web_actions,
        ),
    )
