"""The kinds of rows that are kept for a limited time, an entry each."""

from __future__ import annotations

from collections.abc import Sequence

from core.messages import Message
from core.settings import Settings
from jobs.pruner import OldRows
from storage.distribution.deliveries import DeliveryKind
from storage.operations import retention as rows

# Nothing looks further back than an hour; the rest is for people who look for a cause.
KEEP_REFUSALS_DAYS = 2
# Proxies with sessions in their user names bring new routes every few minutes.
KEEP_ROUTES_DAYS = 90
BROADCASTS = (DeliveryKind.BROADCAST,)
OTHERS = tuple(kind for kind in DeliveryKind if kind not in BROADCASTS)


def kept_rows(settings: Settings) -> Sequence[OldRows]:
    """Return the kinds of rows that `prune` deletes, with how long each is kept.

    Proofs of an export or a quota, rows that work still needs, and daily statistics are kept for
    ever.
    """
    return (
        OldRows(
            name=Message.of("kind_broadcasts"),
            table="webhook_deliveries",
            days=settings.keep_broadcasts_days,
            find=lambda tx, *a: rows.old_deliveries(tx, BROADCASTS, *a),
            drop=rows.drop_deliveries,
        ),
        OldRows(
            name=Message.of("kind_reports"),
            table="webhook_deliveries",
            days=settings.keep_reports_days,
            find=lambda tx, *a: rows.old_deliveries(tx, OTHERS, *a),
            drop=rows.drop_deliveries,
        ),
        OldRows(
            name=Message.of("kind_job_runs"),
            table="job_runs",
            days=settings.keep_job_runs_days,
            find=rows.old_job_runs,
            drop=rows.drop_job_runs,
        ),
        OldRows(
            name=Message.of("kind_operations"),
            table="operations",
            days=settings.keep_job_runs_days,
            find=rows.old_operations,
            drop=rows.drop_operations,
        ),
        OldRows(
            name=Message.of("kind_alerts"),
            table="alerts",
            days=settings.keep_alerts_days,
            find=rows.old_alerts,
            drop=rows.drop_alerts,
        ),
        OldRows(
            name=Message.of("kind_digests"),
            table="digest_notices",
            days=settings.keep_alerts_days,
            find=lambda tx, *a: rows.old_rows(tx, "digest_notices", *a),
            drop=lambda tx, ids: rows.drop_rows(tx, "digest_notices", ids),
        ),
        OldRows(
            name=Message.of("kind_account_events"),
            table="account_events",
            days=settings.keep_account_events_days,
            find=lambda tx, *a: rows.old_rows(tx, "account_events", *a),
            drop=lambda tx, ids: rows.drop_rows(tx, "account_events", ids),
        ),
        OldRows(
            name=Message.of("kind_source_refusals"),
            table="source_refusals",
            days=KEEP_REFUSALS_DAYS,
            find=lambda tx, *a: rows.old_rows(tx, "source_refusals", *a),
            drop=lambda tx, ids: rows.drop_rows(tx, "source_refusals", ids),
        ),
        OldRows(
            name=Message.of("kind_egress_routes"),
            table="proxies",
            days=KEEP_ROUTES_DAYS,
            find=rows.old_routes,
            drop=rows.drop_routes,
        ),
        OldRows(
            name=Message.of("kind_web_actions"),
            table="web_actions",
            days=settings.keep_web_actions_days,
            find=lambda tx, *a: rows.old_rows(tx, "web_actions", *a),
            drop=lambda tx, ids: rows.drop_rows(tx, "web_actions", ids),
        ),
    )
