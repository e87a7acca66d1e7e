"""Scheduled jobs and their results."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "job_quota_reset": "start the quota day",
    "job_session_checks": "look at every session once a day",
    "job_creators_backfill": "list the creators of older releases",
    "job_creator_observations": "note the day's numbers of the creators seen",
    "job_work_totals": "sum up the days that are over, for metrics",
    "job_hourly_views": "ask for the numbers of all valid works",
    "job_views_rollup": "pack the hourly numbers of older days",
    "job_catalogue_export": "write views.json",
    "job_play_counts": "refresh the play counts of the catalogue",
    "job_daily_stats": "report yesterday's distribution tasks",
    "job_incomplete_days": "count again what could not be counted",
    "job_late_completions": "count what came after its day was reported",
    "job_daily_digest": "tell the channels of the day before",
    "job_prune": "delete what is older than it is kept",
    # results
    "quota_day_started": (
        "quota day {day}: accounts with a new quota {accounts}, tasks woken {tasks}"
    ),
    "sessions_checked": "sessions looked at: {sessions}",
    "creators_complete": "every creator is listed",
    "creators_brought_in": "creators brought in: {creators:,}; pages: {pages:,}",
    "creators_observed": "creators noted: {creators:,}",
    "work_totals_kept": "up to {day}: creators crawled {crawled:,}; rows exported {exported:,}",
    "work_totals_wait": "the job creators_backfill has not counted all pages yet",
    "views_rolled_up": "days packed: {days:,}",
    "catalogue_exported": "{works:,} works, {valid:,} of them valid",
    "catalogue_empty_kept": "the catalogue is empty; the file was left as it is",
    "old_deleted": "deleted: {counts:, }",
    "deleted_count": "{kind} {count:,}",
    "nothing_old": "nothing was old enough to be deleted",
    "digest_without_channel": "no notification channel is set up",
    "digest_filed": "digest of {day}, channels {channels}",
    "digest_was_filed": "the digest of {day} was filed before, channels {channels}",
    # what is kept for a time only
    "kind_broadcasts": "broadcasts",
    "kind_reports": "reports",
    "kind_job_runs": "job runs",
    "kind_operations": "operations",
    "kind_alerts": "alerts",
    "kind_digests": "digests",
    "kind_account_events": "account events",
    "kind_source_refusals": "refusals",
    "kind_egress_routes": "egress routes",
    "kind_web_actions": "web actions",
    "kind_log_files": "log files",
    "kind_rejected_files": "rejected files",
    "kind_evidence_files": "evidence files",
    # runs that did not end well, or were missed
    "run_interrupted": "interrupted",
    "process_ended": "its process ended",
    "process_ended_next_due": "its process ended; the next time had come",
    "run_tried_again": "try {attempt} at {at}; {result}",
    "run_never_ended": "begun {attempts} times and never ended; given up",
    "job_internal_error": "internal error: {detail}",
    "run_too_late": "it was too late for it",
    "no_process_running": "no process was there to run it",
    "previous_run_went_on": "the run of {scheduled_at} went on until {finished_at}",
    "missed_several": "{times} times from {first} to {last}: {reason}",
    "missed_at_least": "{times} or more times from {first} to {last}: {reason}",
    # requests of people
    "job_running_already": "{job} is running already",
    "schedule_not_usable": "--schedule: {cause}",
    "job_not_found": "no job is called {job!r}; there are: {known}",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {"job_running_already": "see: {program} jobs list"},
    "console": {"job_running_already": "see the page Jobs"},
    "api": {"job_running_already": "see GET /api/v1/jobs/runs"},
}
