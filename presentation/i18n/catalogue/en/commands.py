"""Messages of the command line only: its frame, accounts, tasks and exports."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # What all commands say
    "error_line": "error: {sentence}",
    "database_created": "new database {database} (nothing was there)",
    "database_file_unusable": (
        "{cause}; is the path in DATABASE_URL right, and may this user write in its folder?"
    ),
    "database_not_answering": "{cause}; is the server running and DATABASE_URL right?",
    "home_line": "home: {home}",
    "data_folder_unwritable": (
        "the data folder {folder} cannot be written by user {user} ({detail}); give it to that"
        " user, or set {setting} to another one"
    ),
    "log_folder_unwritable": (
        "the log folder {folder} cannot be written by user {user} ({detail}); give it to that"
        " user, or set {setting} to another one"
    ),
    "output_folder_unwritable": (
        "the output folder {folder} cannot be written: {detail}; set "
        "BATON_DATA_DIR to another folder, or give --out"
    ),
    "given_folder_unwritable": (
        "the output folder {folder} cannot be written: {detail}; choose another --out"
    ),
    "option_no_moment": (
        "{option} {text}: write a day, or day and time, like 2026-11-22 or 2026-11-22T10:00"
    ),
    "stopped_by_internal_error": "stopped by an internal error: {detail}; see the logs",
    "no_thread_left": "no thread can be started ({name}): raise the limit of processes and threads",
    "web_server_not_started": "the web server could not start; the log `web` says why",
    "host_lacks_resources": (
        "this host has no file descriptor or memory left ({detail}): raise the limit, or end what "
        "uses them, and run the command again"
    ),
    "result_unwritable": "the result cannot be written to standard output: {detail}",
    "log_unwritable": (
        "the log file {file} cannot be written: {detail}; the work goes on without it"
    ),
    "worker_not_ended": "a worker did not end in time; its leases run out by themselves",
    # Wrong use of a command
    "domain_option_meant": "did you mean {option} {word}?",
    "option_needs_value": "{option} needs a value; if {value} is meant, write {option}={value}",
    "number_beyond": "{option}: {value} is beyond {maximum:,}",
    "option_out_of_range": "{option} must be 1 to {maximum:,}, got {value}",
    "usage_frame": "Usage: {usage}\nTry '{command}' for help.\n",
    "no_such_command": "there is no command {name}",
    "no_such_command_near": "there is no command {name}; did you mean {near}?",
    "missing_command": "a command is missing",
    "extra_arguments": "arguments that are not expected: {name}",
    "option_without_value": "option {name} takes no value",
    "option_wants_value": "option {name} needs a value",
    "no_such_option": "No such option: {option}",
    "no_such_option_near": "No such option: {option} (Possible options: {near})",
    "missing_option": "Missing option {name}.",
    "missing_argument": "Missing argument {name}.",
    "invalid_value": "Invalid value for {name}: {reason}",
    "value_at_least": "{value} should be greater than or equal to {limit}",
    "value_at_most": "{value} should be less than or equal to {limit}",
    "value_not_among": "{value} is not one of {choices}.",
    "value_no_integer": "{value} should be a valid integer",
    "value_no_number": "{value} should be a valid number",
    "value_no_boolean": "{value} should be a valid boolean",
    # accounts
    "password_prompt": "password",
    "paste_cookies": "paste the cookies (header string, JSON or cookies.txt), then Ctrl-D:",
    "account_added_line": "account {account} added (id {id}, {rows:,} rows a day)",
    "account_changed": "account {account}: {change}",
    "account_limit_set": "account {account}: {rows:,} rows a day",
    "account_check_next": "next: {program} accounts check {account}",
    "accounts_partly_imported": "{imported} imported, {refused} not; mend those and run it again",
    "account_not_signed_in": "account {account}: the session is not signed in any more",
    "account_signed_in": "account {account}: signed in as {name} ({uid})",
    "accounts_encrypted": "{count} accounts encrypted with the new key",
    "older_keys_done": "older keys may be taken out of BATON_SECRET_KEY now",
    "login_again_after": "{cause}; asking again",
    "note_no_session": "no session, cannot crawl",
    "note_limit_zero": "limit 0: never exports",
    "note_quota_spent": "quota of the day used up",
    "note_session_ends": "session ends {moment}: sign in again",
    "account_disabled_line": "no request before it is enabled; rate {rate} then",
    "account_disabled_why": "why: {reason}",
    "account_health_line": "health {health}, rate {rate}, next use {moment}",
    "event_until": "{detail} until {moment}",
    "evidence_asked": "asked: {request}",
    "evidence_answer": "came back: {answer}",
    # tasks
    "task_was_paused": "task {task_id} paused",
    "task_goes_on": ("task {task_id} goes on; `{program} run` or its start command works on it"),
    "task_was_cancelled": "task {task_id} cancelled",
    "segment_was_finished": "segment {segment_id} finished: {file}",
    "segment_stays_open": (
        "note: segment {segment_id} stays open ({cause}); finish it elsewhere with:"
        " {program} exports rebuild {segment_id} --out FOLDER"
    ),
    "task_account_line": "{account}: {work}",
    "task_has_labels": "task {task_id}: {labels}",
    "task_without_labels": "task {task_id}: no labels",
    "task_open_already": "task {task_id} ({kind} of {domain}) is open already; going on with it",
    "joined_with_pages": "{joined}, with its own pages: {first:,} to {last:,}",
    "joined_with_all_pages": "{joined}, with all pages that there are",
    "task_keeps_options": "note: it keeps its own options; yours differ in: {names}",
    "task_was_filed": "task {task_id} filed; `{program} run` works on it",
    "task_is_open": "task {task_id} is open; `{program} run` works on it",
    "no_worker_given": "give at least one crawl or export worker",
    "domain_not_crawled": (
        "nothing is known of domain {domain} on {platform}; crawl it first with: {command}"
    ),
    "domain_not_crawled_known": (
        "nothing is known of domain {domain} on {platform}; crawl it first "
        "with: {command} (known: {known})"
    ),
    # exports
    "problem_line": "PROBLEM {problem}",
    "files_elsewhere": (
        "{n:,} file on host {host} was not looked at: {reason}",
        "{n:,} files on host {host} were not looked at: {reason}",
    ),
    "files_by_peer": (
        "{n:,} file was looked at by its host {host}",
        "{n:,} files were looked at by their host {host}",
    ),
    "exports_agree": "{segments}, {rows}: all agree",
    "exports_disagree": "{segments}, {rows}: {problems}",
    "rebuild_what": "give the ids of segments, or --host NAME for all of a host's",
    "host_is_this": "{host} is this host; give the ids of the segments to rebuild",
    "host_without_segments": (
        "no segment was written on host {host}; see: {program} exports list --json"
    ),
    "export_was_moved": "task {task_id} writes to {folder} from now on",
    "segment_rebuilt": "segment {segment_id}: {file} ({size})",
    "rebuilt_from_now": (
        "contents are as the database has them now; a re-crawl may have refreshed names"
    ),
    # jobs and alerts
    "job_up_to_date": "{job}: nothing to do; its newest time has its row",
    "job_schedule_line": "{job} ({description}), {cron}: {schedule}",
    "job_unknown_name": "no job is called {name}; there are: {names}",
    "schedule_unusable": "--schedule: {detail}",
    "job_switched_off": "off: {switch}",
    "job_run_line": "{job} of {moment} UTC {state}",
    "job_run_line_result": "{job} of {moment} UTC {state}: {result}",
    "no_alerts": "no alerts",
    "no_alert_channel": (
        "no channel is configured: set {setting} (environment or .env), for "
        "example {setting}=dingtalk://TOKEN; docs/operations.md shows more"
    ),
    "channel_accepted": "{channel}: accepted",
    "channel_refused": "{channel}: FAILED: {cause}",
    "alert_over": "over {moment}",
    "job_does_quota_reset": "start the quota day",
    "job_does_session_checks": "look at every session once a day",
    "job_does_hourly_views": "ask for the numbers of all valid works",
    "job_does_catalogue_export": "write views.json",
    "job_does_views_rollup": "pack the hourly numbers of older days",
    "job_does_play_counts": "refresh the play counts of the catalogue",
    "job_does_daily_stats": "report yesterday's distribution tasks",
    "job_does_incomplete_days": "count again what could not be counted",
    "job_does_late_completions": "count what came after its day was reported",
    "job_does_prune": "delete what is older than it is kept",
}
