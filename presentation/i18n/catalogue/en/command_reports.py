"""Output of the commands of distribution, works, hourly views and the installation."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # x
    # broadcast
    "once_or_command": "give --once or {command}, not both",
    "broadcast_what": "say what: broadcast --once, start, stop, status or failures",
    "broadcast_was_interrupted": "interrupted; nothing was reported",
    "broadcast_lacks_numbers": (
        "{n} without numbers; why: {program} broadcast failures",
        "{n} without numbers; why: {program} broadcast failures",
    ),
    "broadcast_is_stale": "no numbers were reported since {since}",
    "broadcast_error": "why the newest round reported nothing: {error}",
    "broadcast_all_told": "no task of the newest round is without numbers",
    "broadcast_round_runs": "a round runs since {started}",
    "broadcast_newest_round": (
        "newest round, ended {ended}: total {total:,}, succeeded {succeeded:,}, "
        "failed {failed:,}, postponed {postponed:,}, reports {reports:,}"
    ),
    # daily_stats
    "scan_was_interrupted": "interrupted; run it again for the rest",
    "scan_is_repeated": (
        "{count} could not be counted for a cause that passes: counted again by itself"
        " (reports held back: {held})"
    ),
    "scan_is_incomplete": (
        "{count} not counted in full; scan the day again when the cause is mended"
    ),
    "text_no_day": "{text} is no day; write it like 2026-11-21",
    "rows_not_shown": "… and {count:,} more (--json has all)",
    "scan_without_completions": "{day}: no completions",
    "scan_dry_line": "{day}: tasks {tasks}, completions {completions}",
    "scan_line": ("{day}: tasks {tasks} ({changes}), completions {completions}, reports {reports}"),
    "scan_line_incomplete": "{scan}, not counted in full {count}",
    "scanned_task_error": "task {task_id}: {error}",
    "scan_would_fetch": "dry run: {count:,} links would be asked for; their numbers are missing",
    # dramas
    "file_is_empty": "{file} is empty",
    "file_no_json_line": "{file}, line {line}: this is no JSON ({detail}); is it whole?",
    "file_unreadable_json": "{file} is no JSON that can be read: {detail}",
    "line_no_json_object": "this line is no JSON object ({detail})",
    "file_lacks_column": "{file}: its first line must name the column {name}",
    "cell_no_json_object": "{name} is no JSON object ({detail})",
    "cell_other_json": "{name} is no JSON object",
    "place_item": "item {number}",
    "place_line": "line {number}",
    "drama_completions": "completions: {count:,}",
    "drama_day": "{day} revision {revision}: {counts}",
    "paste_secret": ('paste the secret ("whsec_…"; NEW OLD while it is changed), then Ctrl-D:'),
    "drama_not_signed": "task {task_id}: not signed any more",
    "drama_secret_stored": "task {task_id}: secret stored, encrypted",
    "drama_state": "task {task_id}: {state}",
    "tasks_taken_in": "tasks: {created:,} new, {updated:,} changed, {unchanged:,} as before",
    "users_taken_in": "users: {created:,} new, {updated:,} changed, {unchanged:,} as before",
    "completions_taken_in": (
        "completions: {created:,} new, {updated:,} changed, {unchanged:,} as before"
    ),
    "item_cell_left_out": "{file}, {place}: {reason}; the cell was left out",
    "item_refused": "{file}, {place}: {reason}",
    "items_refused": "{count:,} refused; mend those and run it again",
    "items_refused_more": (
        "{count:,} refused ({hidden:,} of them not shown; --json has all); mend "
        "those and run it again"
    ),
    # settlements
    "day_accepted": "accepted at {moment}, event {event}, answered: {answer}",
    "day_not_accepted": "not accepted after tries: {tries}, event {event}, answered: {answer}",
    "no_settled_days": "no day fits",
    "no_settled_days_in": "nothing was counted from {first} to {last}",
    "traced_day": "{day} {task}: revision {revision}, {completions:,} completions, {counts}",
    "traced_incomplete": "incomplete, and counted again: {cause}",
    "traced_report": "report {report}, event {event}, answered: {answer}",
    "traced_more_days": "older days: settlement list --task",
    "traced_delivery": "delivery {id} ({kind}) {event}: {state}; filed {filed}, to {url}",
    "traced_told": "told: {entry}",
    # webhooks
    "deliveries_in_all": "all in all {counts}",
    "no_deliveries_yet": "nothing was filed yet",
    "reports_due_again": "{reports} due again",
    "reports_sent_by_run": "`{program} run` sends them",
    "nothing_else_replayed": "nothing else matched: tests, and what is under way, are not replayed",
    "trial_delivered": "delivered: HTTP {status}, event {event}",
    "endpoint_is_disabled": "disabled; what is to be sent there waits",
    "endpoint_is_enabled": (
        "enabled: {waiting:,} waiting, sent when due; {resent:,} refused by HTTP 410, sent again"
    ),
    "endpoint_given_up": (
        "{n:,} was given up for another reason; to send it: {program} webhooks replay --state dead",
        "{n:,} were given up for other reasons; to send them: {program} webhooks replay --state"
        " dead",
    ),
    "finish_without_secret": "--finish takes no new secret",
    "task_signs_newest": "task {task} signs with its newest secret only",
    "task_signs_both": (
        "task {task} signs with the new secret, and with the one before if there was one;"
    ),
    "rotation_next": (
        "when the receiver knows it: {program} webhooks rotate_secret {task} --finish"
    ),
    "delivery_unknown_id": "no delivery has the id {id}",
    "no_secret_on_stdin": "no secret came on standard input",
    "more_tasks": "and {count} more",
    "delivery_state_line": "{state} after {attempts}",
    "endpoint_disabled_why": "disabled: {reason}",
    "endpoint_disabled_line": "disabled: {url} ({reason})",
    "no_reason_given": "no reason given",
    "attempt_unfinished": "under way, or its process died",
    "note_delivered_at": "at {moment}",
    "note_url_disabled": "its URL is disabled",
    "note_due": "due {moment}",
    "note_due_after": "due {moment} (HTTP {status})",
    # stats and works
    "links_or_file": "give links or ids, or --file FILE with one a line",
    "fetch_waits": "{platform} waits until {until}: {reason}",
    "links_with_counters": "{found} of {count} have counters",
    "files_or_inbox": "give files to import, or --inbox",
    "columns_not_used": "{file}: columns that are not used: {names}",
    "discover_page": "page {page}: {found:,} of {announced:,} videos",
    "discover_stopped": "stopped; what was found is in the catalogue, run it again for the rest",
    "works_taken_out": "{works} disabled",
    "works_brought_back": "{works} enabled",
    "works_exported": "{path}: {works}, {valid:,} of them valid",
    "link_is_short": "{text} is a short link; write the video's id instead",
    "link_not_added": "{text}: not added: {reason}",
    "work_was_added": "{work}: added",
    "work_was_there": "{work}: is in the catalogue",
    "work_without_answer": "{done}; its platform was asked in vain: {reason}",
    "import_counts": "{what}: {new:,} new, {changed:,} changed, {unchanged:,} unchanged",
    "files_rejected": "{files} rejected; see the reasons in {folder}",
    "rows_rejected": "{rows} rejected; see {program} works rejected, or the reasons in {folder}",
    "nothing_rejected": "nothing was rejected",
    "lines_repeated": "{lines} about a work told before; the last one counts",
    "problems_not_shown": "… and {count:,} more; --json shows all",
    "lines_not_imported": "{lines} not imported; mend them and run it again",
    "discovered_counts": (
        "{found:,} of {announced:,} videos of {uid}: {new:,} new, {changed:,} "
        "changed, {unchanged:,} unchanged"
    ),
    "work_is_invalid": "invalid: {reason}",
    "work_has_failed": "failed {count}x: {error}",
    # update_play_counts
    "uids_meant": "did you mean --uids {uids}?",
    "uid_unusable": "--uids {uid} is no creator's id",
    "database_copied": "database copied to {path}",
    "bar_play_counts": "play counts",
    "play_counts_progress": "{done:,} of {works}",
    "play_count_failed": "failed: {work}: {error}",
    "play_count_lower": "lower: {work}: {before:,} before, {now:,} now",
    # views
    "options_behind": "options go behind {command}",
    "options_exclude": "{names} exclude each other; give one",
    "date_for_import": "--date and --hour are for --import-only",
    "catalogue_is_empty": (
        "the catalogue is empty (see: {program} works add); the file was left as it is"
    ),
    "hour_waits_for_other": "{hour}: another process is at work on this hour; waiting for it",
    "publication_unknown": "when {work_id} was published is not known",
    "no_rules": "no rule yet; add one with: {program} views add_alert",
    "rule_added": "rule {rule_id}: {rule}; told from the next hour on",
    "rule_removed": "rule {rule_id} is removed: {rule}",
    "hour_fetched": "{hour}: {success:,} fetched",
    "hour_fetched_failed": "{hour}: {success:,} fetched, {failed:,} failed",
    "bar_import": "import",
    "date_with_hour": "--date and --hour go together",
    "hour_without_works": "{hour}: views.json has no valid work of Bilibili; nothing was asked",
    "hour_there_already": "{hour}: its numbers are there already; nothing was asked again",
    "hour_line": "{hour}: {sentence}",
    "sign_one_in": (
        "sign one in: {program} accounts login NAME (or import its cookies), then again"
    ),
    "hour_imported": "{hour}: {rows} imported",
    "hour_imported_before": "{hour}: {rows} imported, in already",
    "missing_imported": "{files} imported, {rows}",
    "import_refused": "refused: {reason}",
    "no_numbers_of_video": "there are no numbers of {video} ({platform})",
    "growth_in_hours": "{growth} in {hours} h",
    "no_numbers_of_hour": "there are no numbers of {hour}; see: {program} views gaps",
    "no_numbers_since": "there are no numbers since {day}; try a longer --since",
    "no_risers_since": "no video has numbers of two hours since {hour}",
    "hours_summed": "{hours:,} hours: {counts}",
    "file_or_here": "name a data file or a folder of them, or --here",
    "path_missing": "{path} is not there",
    "more_works_failed": "… and {works:,} more without numbers; all are in the log",
    "drop_folder_refused": (
        "the drop folder could not take everything; see: {program} works rejected"
    ),
    "no_authors": "no work of the newest hour has an author in the catalogue",
    "series_file_unknown": "{path}: the name must end in .csv or .xlsx",
    "hours_written": "files written: {hours}",
    "files_taken_in": "{files} taken in, {rows}",
    "no_numbers_yet": "there are no numbers yet; fetch first: {program} views --full",
    "video_link_is_short": "{text} is a short link; give the id or the whole link",
    # installation
    "demo_accounts_wrong": "--accounts must be 1 or more, got {value}",
    "demo_creators_wrong": (
        "--creators must be 1 to {maximum:,}: {accounts} of {quota:,} rows a day"
    ),
    "demo_folder_foreign": "{folder} was not made by the demo; move it away",
    "sandbox_not_started": "the sandbox did not start",
    "sandbox_unusable": "{detail}",
    "schema_line": "{where}: {done} (version {version})",
    "schema_right": "schema is right",
    "schema_was_created": "schema created",
    "schema_was_upgraded": "schema upgraded to {versions}",
    "process_on_host": "process {pid} on {host}",
    "upgrade_while_running": (
        "an upgrade is due, but Baton is running ({processes}); nothing was "
        "changed. Stop it (or wait {secs:.0f} s if it is gone), then run init "
        "again"
    ),
    "schema_locked": "{where}: another process is making or upgrading the tables",
    "waiting_for_database": "waiting for the database ({secs:.0f} of {limit:.0f} s): {cause}",
    "stopped_before_work": "stopped before the work began",
    "healthy": "{url} answers",
    "not_healthy": "{url} does not answer: {detail}",
    "work_stalls": "{what} makes no progress since {since}",
    "health_of_another": "{url}: another program answers there",
    "health_port_unknown": "{setting} is 0, any free port: nobody knows which one; set a port",
    "web_listening": "listening on {url}",
    "web_server_ended": "the web server ended by an error: {detail}; see the logs",
    "web_not_served": "without the web console: {cause}",
    "web_console_at": "web console: {url}",
    "web_in_clear": (
        "note: it can be reached from the network, in clear; put a server with "
        "TLS in front of it (docs/web.md)"
    ),
    "web_nobody_can_sign_in": "nobody can sign in yet; make a token with: {program} web token",
    "admin_token_made": "admin token, shown only now: {token}",
    "token_may_act": "token {name} may act; it is shown only now",
    "token_may_read": "token {name} may only read; it is shown only now",
    "token_ends": "token {name} ends; whoever uses it is signed out",
    "both_options": "{first} and {second}",
}
