"""The findings of `doctor`, with its advice."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # Subjects
    "subject_settings": "settings",
    "subject_home": "home",
    "home_is_chosen": "{folder} (chosen by --home or BATON_HOME)",
    "home_is_current_folder": "{folder} (the current folder)",
    "home_is_user": "{folder} (the data folder of this user; BATON_HOME names another one)",
    "home_is_system": "{folder} (the data folder of the system; BATON_HOME names another one)",
    "subject_data_folder": "data folder",
    "subject_log_folder": "log folder",
    "subject_log_file": "log file",
    "subject_secret_key": "secret key",
    "subject_notifications": "notifications",
    "subject_database_and_key": "database and key",
    "subject_database": "database",
    "subject_connections": "connections",
    "subject_clock": "clock",
    "subject_database_server": "database server",
    "subject_references": "references between tables",
    "subject_database_tls": "database encryption",
    "subject_moments": "moments in the future",
    "subject_accounts": "accounts",
    "subject_account": "account {account}",
    "subject_egress": "egress routes and circuits",
    "subject_egress_route": "egress route {egress}",
    "subject_circuit": "circuit of {unit}",
    "subject_unknown_answer": "answer of {platform}, endpoint {endpoint}",
    "egress_all_open": "no route cools down, no circuit is open",
    "egress_cools_until": "in cooldown until {moment} UTC: {reason}",
    "until_too_far": "until {moment} UTC, which no cooldown lasts; it counts as over",
    "unknown_answer_seen": (
        "no rule describes HTTP {status}, code {code}, seen {seen} times: {evidence}"
    ),
    "unknown_answer_report": "report it, with what it turned out to mean; docs/sources.md",
    "subject_leases": "leases",
    "subject_process": "process {pid} on {host}",
    "subject_old_rows": "old rows",
    "subject_export_files": "export files",
    "subject_segment": "segment {segment_id}",
    "subject_host": "host {host}",
    "subject_part_files": "part files",
    "subject_file_modes": "file modes",
    "subject_works_inbox": "works inbox",
    "subject_views_list": "views.json",
    "subject_hourly_numbers": "hourly numbers",
    # The report
    "mark_ok": "ok      ",
    "mark_warn": "WARNING ",
    "mark_error": "ERROR   ",
    "finding_line": "{mark}{subject}: {detail}",
    "finding_fixed": "fixed: {done}",
    "finding_not_fixed": "not fixed: {cause}",
    "advice_or_fix": "{advice} (or: {program} doctor --fix)",
    "run_this": "{command}",
    # Settings, folders and key
    "settings_read": "read from the environment and .env",
    "setting_unknown": "{name} is not a setting and has no effect",
    "setting_meant": "did you mean {name}?",
    "see_configuration": "see docs/configuration.md",
    "folder_unwritable": "{folder} cannot be written",
    "give_right_or_set": "give this user the right to write there, or set {setting}",
    "log_file_refuses": "{file} of {owner} cannot be written: {detail}",
    "give_log_file": "give the file to the user that runs the services, or move it away",
    "folder_nearly_full": "{free:.0f} MiB free for {folder}",
    "make_room": "make room: work waits while the disk is full",
    "folder_has_room": "{folder}, {free:.1f} GiB free",
    "key_from_setting": "from BATON_SECRET_KEY",
    "key_made_later": "{path} is made on first use",
    "key_is_private": "{path}, its owner's only; back it up",
    "key_made_private": "{path} is its owner's only now",
    "key_has_mode": "{path} has mode {mode}",
    "files_have_modes": "exports, views and logs: {wanted}",
    "files_have_other_modes": "{files} not {wanted}: {first} …",
    "files_give_modes": "give them mode and group: {program} doctor --fix",
    "files_given_modes": "{files} changed",
    "mode_named": "mode {mode}",
    "mode_and_group": "mode {mode}, group {group}",
    "key_unwritable": "cannot be written: {detail}",
    "set_data_dir": "set BATON_DATA_DIR to a folder that can be written",
    # Database and processes
    "nothing_else_checked": "nothing else can be checked",
    "mend_and_test": "mend it, then: {program} alerts test",
    "no_channel_set": "no channel: alerts are in the console and the log only",
    "names_listed": "{names}",
    "error_found": "{cause}",
    "database_made_now": "{database}, made just now: nothing was there",
    "database_elsewhere": (
        "if you have one, go to its folder or set DATABASE_URL to an absolute path"
    ),
    "database_at": "{database}",
    "connections_used": (
        "{used} of {maximum} in use; a `run` needs {needed}, each further --workers one more"
    ),
    "raise_connections": (
        "raise max_connections of the server, or use fewer processes and --workers"
    ),
    "clock_offset": "{secs:+.1f} s against the database",
    "set_clock_by_ntp": (
        "harmless for leases and quotas, which use the database's clock; set "
        "this host's clock by NTP"
    ),
    "server_named": "{server}",
    "tls_unused": "none; over a network set ssl_mode=verify_identity in DATABASE_URL",
    "tls_verified": "{cipher}, the server is verified",
    "tls_unverified": "{cipher}, the server is not verified",
    "tls_with_days": (
        "{tls}; its certificate ends in {n} day",
        "{tls}; its certificate ends in {n} days",
    ),
    "tls_renew": "renew the server's certificate",
    "no_orphans": "every row refers to rows that exist",
    "orphans_of": "{column}: {rows:,} without their row in {target}",
    "orphans_found": "rows were deleted by other means than Baton's: {named}",
    "restore_rows": (
        "take the rows back from a backup; exports verify says which exports are still proven"
    ),
    "no_future_moments": "none",
    "future_moment": "{column}: {rows:,} (to {latest} UTC)",
    "moments_ahead": "left behind by a clock that was ahead: {named}",
    "clear_moments": "clear them: they keep accounts, jobs and reports waiting",
    "moments_mended": (
        "{n:,} value mended; processes that run learn the true time within {secs:.0f} s:"
        " run this again then",
        "{n:,} values mended; processes that run learn the true time within {secs:.0f} s:"
        " run this again then",
    ),
    "no_account_yet": "none",
    "import_account": "{program} accounts import NAME FILE",
    "accounts_usable": "{usable:,} of {count:,} usable",
    "enable_or_import": "{program} accounts enable NAME, or import a fresh session",
    "account_is_disabled": "disabled: {reason}",
    "account_lacks_session": "has no session, cannot crawl",
    "subject_logins": "logins",
    "logins_unproven": (
        "not proven by the platform yet: 1 account ({names})",
        "not proven by the platform yet: {n:,} accounts ({names})",
    ),
    "logins_unproven_more": "not proven by the platform yet: {n:,} accounts ({names} …)",
    "logins_checked": "{program} jobs run session_checks; `run` does it every hour",
    "device_shared": "these accounts show the same device ({cookie}): {names}",
    "device_own": "import the cookies of each from a browser profile of its own",
    "account_limit_zero": "has limit 0, can never export",
    "account_rests_until": "rests until {moment} UTC",
    "import_session_of": "{program} accounts import {name} FILE",
    "no_leases_left": "none left behind",
    "leases_taken_back": "{tasks} and {accounts} taken back",
    "leases_of_gone": "{tasks} and {accounts} of processes that are gone",
    "leases_taken_by_any": "any running process takes them back",
    "process_roles": "{roles}",
    "process_silent": "not heard of for {secs:.0f} s; its work is taken over",
    "process_start_again": "start it again if it should run",
    "process_removed": "taken off the list",
    # Old rows
    "no_old_rows": "none is older than it is kept",
    "tables_grow": "these tables grow: there are older {rules}",
    "retention_rule": "{name} in {table}, kept for {days} days",
    "prune_advice": "{program} jobs run prune; `run` does it every day",
    # Export files
    "no_files_unfinished": "none left unfinished",
    "segment_unattended": "open on host {host}, and nobody works on task {task_id}",
    "segment_rebuild": (
        "it is finished when the task goes on, or by: {program} exports rebuild {segment_id}"
    ),
    "file_written_to": "written to {path}",
    "host_holds_files": "holds {files}, and no process runs there",
    "host_fetch_files": (
        "fetch them from there; if the host is gone, write them again here: "
        "{program} exports rebuild --host {host}"
    ),
    "parts_removed": "{count:,} removed",
    "parts_unfinished": "{count:,} that nobody will finish: {names}",
    "parts_unfinished_more": "{count:,} that nobody will finish: {names} …",
    "remove_them": "remove them",
    "sealed_in_place": "{files} of this host in place",
    "sealed_files_wrong": "{wrong:,} of {files} missing or cut: segments {ids}",
    # Works
    "inbox_not_used": "not in use ({folder} is not there)",
    "inbox_unusable": "{folder} cannot be read and written: nothing is taken in",
    "inbox_make_folder": "make it a folder that this user and the site may both write to",
    "inbox_give_right": "give this user the right to read it",
    "inbox_waits_long": "{files} waiting, the oldest for {span}",
    "inbox_take_in": ("start: {program} run, or take them in now: {program} works import --inbox"),
    "inbox_rejected": "{files} rejected, the newest {file}: {reason}",
    "inbox_mend": "mend what is in {rejected} and move it back to {folder}, or delete it",
    "inbox_closed_to_group": "the group {group} cannot write into {folder}: nothing comes in",
    "inbox_fine": "{folder}, {files} waiting",
    "list_never_used": "not there: the catalogue was never used",
    "list_write_again": "write it again: {program} views --export-only",
    "list_write_or_run": ("write it again: {program} views --export-only, or start: {program} run"),
    "list_of_other": "{path}, {works}; another program's, the catalogue is empty",
    "list_outdated": "older than the catalogue, which has changed {span} ago",
    "list_not_there": "not there, though the catalogue is in use",
    "list_fine": "{path}, {works} of Bilibili",
    "list_written": "{works} written to {path}",
    "doctor_no_hourly_numbers": "none yet",
    "hourly_file_locked": "{path} is locked by another program: imports wait",
    "hourly_file_unlock": (
        "end what holds it (it is named by: fuser {path}); nothing is lost meanwhile"
    ),
    "see_views": "see docs/views.md",
    "hourly_file_anew": "move {path} away, then make it anew: {program} views project",
    "hours_without_gap": "no gap in the last {hours} hours",
    "hours_missing": "{missing} of the last {hours} without numbers: {named}",
    "hours_missing_more": "{missing} of the last {hours} without numbers: {named}; {more:,} more",
    "hour_gap": "{hour}: {why}",
    "hours_advice": (
        "all of them: {program} views gaps; `run` asks each hour, and tries an hour again until"
        " its end"
    ),
    "hours_only_here": "{hours} from {first} to {last} are in files of this host only",
    "hours_import_here": "take them into the database: {program} views import --here",
    "subject_hosts_agree": "hosts that differ",
    "zones_differ": "days and hours are those of {zone} here, but {others}",
    "zone_of_host": "of {zone} on {host}",
    "zones_advice": "set the same BATON_QUOTA_TIMEZONE on every host",
    "lists_differ": "views.json here lists other works than {hosts} counted last",
    "lists_advice": (
        "have one list: fill the catalogue ({program} works import FILE), which all hosts share, or"
        " copy one views.json to each"
    ),
    "statistics_large": "{path} has {gigabytes:.1f} GB, and no hour is ever removed from it",
    "statistics_advice": (
        "set BATON_VIEWS_SQLITE_DAYS, such as to 90: the main database keeps all numbers"
    ),
    "packed_days_damaged": "{days} that cannot be read: {named}",
    "packed_days_damaged_more": "{days} that cannot be read: {named}; {more:,} more",
    "day_of_work": "{day} of {work}",
    "packed_days_advice": (
        "take the data files of these days in again: {program} views import FOLDER; other days and"
        " works, and the last numbers of these days, are well"
    ),
}
