"""The live screen, alerts, plans, and the sign-in by QR code."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "screen_accounts": "Accounts",
    "screen_quota": "export quota today",
    "screen_progress": "progress",
    "screen_of_pages": "{done}/{all} pages",
    "screen_new": "new",
    "screen_rows_waiting": "{n} waiting",
    "screen_until": "until",
    "screen_now_and_day_end": "{now} {zone} · quota day turns at {end}",
    "screen_today": "today {exported} exported, {left} left in {accounts}",
    "screen_done_in": "{kind} done in ~{time}",
    "screen_no_tasks": "no open tasks",
    "screen_more": "and {n} more: {counts}",
    "screen_draining": "finishing the pages and files in hand ... (Ctrl-C again: stop at once)",
    "screen_sealed": "sealed {rows}  {file}",
    "screen_spent": "spent",
    "screen_stopped_state": "stopped",
    "screen_nobody": "no process works on it; go on with: {command}",
    "screen_ended": "{kind} {domain} completed, {count}",
    "screen_ended_cancelled": "{kind} {domain} cancelled by the operator, {count}",
    "screen_ended_failed": "{kind} {domain} failed: {error}",
    "screen_no_creators": "the platform has no creators for '{domain}'; check the spelling",
    "screen_interrupted": "interrupted; the same command goes on from here",
    "screen_stopped": "stopped; everything is handed back",
    "screen_task_paused": "task {id} is paused; go on with: {program} tasks resume {id}",
    "screen_task_failed": "task {id} failed: {error}",
    "screen_all_spent": (
        "all accounts have used up their quota of the day; the export goes on at {until}: run"
        " the same command then, or leave `{program} run` running (or give --wait)"
    ),
    "screen_person_needed": (
        "{reason}; see `{program} accounts list`, then enable one or import a fresh"
        " session. The task stays open."
    ),
    "demo_done": "{exported} of {creators} of {domain} exported by {accounts}:",
    "verify_passed": "verify: passed",
    "verify_failed": "verify: FAILED: {problems}",
    "login_scan": (
        "Scan it with the Bilibili app and confirm, within {secs} s. If it does not fit the"
        " window, make the window wider, or open this address on the phone: {url}"
    ),
    "login_scanned": "scanned; now confirm on the phone",
    "login_expired": "the code has expired; here is a new one",
    "login_stopped": "sign-in stopped; nothing was changed",
    "login_given_up": (
        "nobody confirmed {codes} codes in a row; start again when the phone is at hand"
    ),
    "count_pages": ("{n:,} page", "{n:,} pages"),
    "count_creators": ("{n:,} creator", "{n:,} creators"),
    "duration_secs": "{n} s",
    "duration_minutes": "{n} min",
    "duration_hours": "{n} h {minutes} min",
    "account_state_idle": "idle",
    "account_state_ingesting": "ingesting",
    "account_state_exporting": "exporting",
    "account_state_disabled": "disabled",
    "account_state_suspect": "suspect",
    "account_state_cooldown": "cooldown",
    "account_state_probation": "probation",
    "task_state_pending": "pending",
    "task_state_in_progress": "in progress",
    "task_state_paused": "paused",
    "task_state_completed": "completed",
    "task_state_failed": "failed",
    "task_type_ingestion": "crawl",
    "task_type_export": "export",
    "job_state_running": "begun",
    "job_state_succeeded": "done",
    "job_state_failed": "failed",
    "job_state_missed": "missed",
    "rate_of_ingestion": "{n} creators/s",
    "rate_of_export": "{n} rows/s",
    "waits_for_account": "waits for an account",
    "waits_for_quota": "waits for the next quota day",
    "waits_for_rows": "waits for creators",
    "waits_for_platform": "platform trouble, tries again",
    "waits_for_disk": "cannot write, tries again",
    "waits_and_looks_again": "{wait}; looks again at {moment}",
    "waits_for_paused_crawl": (
        "waits for creators, but crawl #{id} is paused; go on with: {program} tasks resume {id}"
    ),
    "waits_for_stopped_crawl": (
        "waits for creators, but no process works on crawl #{id}; go on with: {command}"
    ),
    "screen_circuit_open": "until {until} no request to {unit}: {cause}",
    "screen_route_silent": "until {until} no request by {egress}: no answer from {platform}",
    "screen_circuit_tried": (
        "{unit} is tried again, one request at a time, after it was left alone: {cause}"
    ),
    "screen_silent_tried": (
        "{egress} is tried again, one request at a time: it brought no answer from {platform}"
    ),
    "screen_egress_cools": "until {until} no request by {egress}: {reason}",
    "screen_account_rests": (
        "until {until} no request by account {account} ({platform}): {reason}"
    ),
    "what_to_do": "what to do: {advice}",
    "account_works_for": "#{id} {kind} {domain}",
    "account_next_request": "next request in {secs:,} s",
    "account_pages_today": ("{n:,} page today", "{n:,} pages today"),
    "account_egress_direct": "direct",
    "account_egress_proxy": "by {proxy}",
    "account_route_closed": "until {until} not by {egress}",
    "account_route_unproven": "{egress} is tried again",
    "account_uid": "uid {uid}",
    "account_uid_claimed": "uid {uid} (not proven)",
    "account_event_hand_over": "hand-over",
    "account_event_cooldown": "in cooldown",
    "account_event_disabled": "disabled",
    "account_event_enabled": "enabled",
    "account_event_added": "added",
    "account_event_limit_changed": "limit changed",
    "account_event_session_replaced": "new session",
    "account_event_user_agent": "user agent",
    "account_event_proxy": "proxy",
    "account_event_suspect": "suspect, in cooldown",
    "account_event_probation": "on probation",
    "account_event_recovered": "healthy again",
    "account_event_spared": "not its fault",
    "account_event_reverted": "taken back",
    "account_event_session_checked": "session checked",
    "account_event_session_renewed": "session renewed",
    "account_event_device_assigned": "device assigned",
    "account_event_identity_changed": "another login",
    "account_event_duplicate": "duplicate",
    # How reports are doing: lines of `status`, and the console's overview
    "health_receiver_closed": (
        "reports: {host} is disabled, {n:,} waits for it: {reason}",
        "reports: {host} is disabled, {n:,} wait for it: {reason}",
    ),
    "health_given_up": ("reports: {n:,} was given up", "reports: {n:,} were given up"),
    "health_day_incomplete": (
        "reports: {day} lacks the count of {n:,} task, next counted at {next}: {cause}",
        "reports: {day} lacks the counts of {n:,} tasks, next counted at {next}: {cause}",
    ),
    "health_broadcast_stale": "reports: no current numbers were reported since {since}",
    "health_uncounted": (
        "reports: {n:,} task had no numbers in the newest round",
        "reports: {n:,} tasks had no numbers in the newest round",
    ),
    "health_job_failed": "scheduled job {job} failed: {error}",
    "health_waiting": (
        "reports: {n:,} is on its way, filed at {since}",
        "reports: {n:,} are on their way, the oldest filed at {since}",
    ),
    # The daily digest
    "digest_title": "Baton: report of {day}",
    "digest_ingested": "Ingestion: {seen:,} creators ({new:,} new), {pages:,} pages",
    "digest_ingested_row": (
        "- {account}, {platform}, {domain}: {seen:,} ({new:,} new), pages {pages:,}"
    ),
    "digest_exported": "Export: {rows:,} rows, {files:,} files",
    "digest_exported_row": "- {account}, {platform}, {domain}: {rows:,} rows, files {files:,}",
    "digest_more_rows": ("- and {n:,} more", "- and {n:,} more"),
    "digest_reports": ("Reports: {n:,} was filed", "Reports: {n:,} were filed"),
    "digest_reports_row": "- {kind}: {states}",
    "digest_state": "{state} {count:,}",
    "digest_counted": (
        "Counted for this day: tasks {tasks:,}, completions {completions:,}, incomplete"
        " {incomplete:,}"
    ),
    "digest_alerts": ("Now: {n:,} alert is open", "Now: {n:,} alerts are open"),
    "digest_now": "Now:",
    "digest_all_well": "Now: nothing is wrong",
    # Alerts: a headline, and what to do now
    "alert_headline_account_disabled": "account {account} ({platform}) is disabled: {reason}",
    "alert_headline_accounts_spent": "{platform}: exports wait until {until}: {reason}",
    "alert_headline_accounts_suspect": (
        "{platform} refuses account {account} itself, which rests until {until}: {reason}",
        "{platform} refuses {n:,} accounts themselves ({accounts}), which rest until {until}:"
        " {reason}",
    ),
    "alert_headline_breaker_open": "{platform} is left alone until {until}: {cause}",
    "alert_headline_egress_down": (
        "egress route {egress} does not work, next tried at {until}: {reason}"
    ),
    "alert_headline_egress_refused": "the provider refuses {egress}: {reason}",
    "alert_headline_internal_error": (
        "internal error in {component} on {host}, {times} times of late: {error}"
    ),
    "alert_headline_works_rejected": (
        "the drop folder of works on {host} could not take everything: {reason}"
    ),
    "alert_headline_host_gone": "host {host} was last seen at {since}, and did not stop in order",
    "alert_headline_hour_late": (
        "hourly numbers of {hour} are late: {success} of {listed} works so far; {reason}"
    ),
    "alert_headline_video_gone": (
        "{video} ({platform} {work_id}) is gone since {hour}",
        "{n:,} videos are gone since {hour}, {video} ({platform} {work_id}) among them",
    ),
    "alert_headline_views_passed": (
        "{video} ({platform} {work_id}) has passed {threshold:,} views: {views:,} at {hour}",
        "{n:,} videos have passed {threshold:,} views at {hour}, {video} ({platform} {work_id})"
        " among them",
    ),
    "alert_headline_views_rising": (
        "{video} ({platform} {work_id}) rises by {views:,} views an hour at {hour}",
        "{n:,} videos rise by {threshold:,} views an hour or more at {hour}, {video} ({platform}"
        " {work_id}) among them",
    ),
    "alert_headline_hour_missed": (
        "hourly numbers of {hour} are missing: {success} of {listed} works have them; {reason}"
    ),
    "alert_headline_key_changed": "the secret key on {host} is not as it was: {reason}",
    "alert_headline_mass_sign_out": (
        "{platform}: cookies are not accepted any more, by our fault or the platform's:"
        " {accounts} accounts in a row, {reason}"
    ),
    "alert_headline_clock_went_back": (
        "the database's clock went back by {secs} s: moments of before lie in the future"
    ),
    "alert_headline_database_unavailable": (
        "the database could not be used for {secs} s, seen from {host}: {error}"
    ),
    "alert_headline_database_unknown_error": (
        "the database answers {host} with error {number}, which is not known: {error}"
    ),
    "alert_headline_day_incomplete": (
        "{day} is not counted in full, nor all of its reports sent: tasks {tasks}: {reason}"
    ),
    "alert_headline_disk_full": "the export of {domain} (task {task}) waits for its disk: {error}",
    "alert_headline_receiver_gone": "nothing is sent to {host} any more: {reason}",
    "alert_headline_reports_given_up": (
        "{n:,} report to {host} was given up: {error}",
        "{n:,} reports to {host} were given up: {error}",
    ),
    "alert_headline_reports_late": "reports to {host} wait since {since}: {error}",
    "reports_untried": "no process sends them",
    "alert_headline_broadcast_stale": "no current numbers were reported since {since}: {reason}",
    "broadcast_without_round": "no round has ended",
    "alert_headline_job_failed": "the scheduled job {job} failed: {error}",
    "alert_headline_session_expiring": (
        "the session of account {account} ({platform}) ends at {until}"
    ),
    "alert_headline_task_failed": "task {task} ({kind} {domain}, {platform}) failed: {error}",
    "alert_headline_work_stalled": "{reason} on {host} makes no progress since {since}",
    "stalled_thread": "the thread {name}",
    "stalled_task": "task {name}",
    "stalled_account": "the work with account {name}",
    "stalled_job": "the run {name} of a job",
    "stalled_webhook": "delivery {name}",
    "stalled_broadcast": "the round of the broadcast",
    "alert_advice_account_disabled": "{program} accounts explain {word}",
    "advice_account_enable": (
        "to use it again: {program} accounts enable {word}; if not: {program} accounts delete"
        " {word}"
    ),
    "advice_account_banned": (
        "see at the platform why; once that is settled: {program} accounts enable {word}; if not:"
        " {program} accounts delete {word}"
    ),
    "advice_login_swapped": (
        "import the cookies of {was}: {program} accounts import {word} -; for another login add"
        " --new-login"
    ),
    "advice_login_twice": (
        "nothing, as the other account works; for a login of its own: {program} accounts import"
        " {word} - --new-login"
    ),
    "advice_account_suspect": (
        "nothing: then its session is checked, and it goes on by itself; sooner: {program} accounts"
        " enable {word}"
    ),
    "advice_account_throttled": "nothing: it goes on by itself, and more slowly",
    "alert_advice_accounts_spent": "nothing, or add an account: it goes on by itself",
    "alert_advice_accounts_suspect": (
        "nothing: then their sessions are checked, and they go on by themselves; each with its"
        " command: {program} accounts list"
    ),
    "alert_advice_breaker_open": (
        "nothing: it is tried again by itself, and asking sooner makes it longer; if it comes back,"
        " slow down"
    ),
    "advice_circuit_no_answer": (
        "check the network of this host; it is tried again by itself, sooner by: {program} {words}"
    ),
    "advice_circuit_proxy_silent": (
        "the proxy is silent, or does not reach {platform}: {program} proxies check {egress_word};"
        " if it stays so, give its accounts another one: {program} proxies remove {egress_word}"
        " --accounts-to PROXY; it is tried again by itself, sooner by: {program} {words}"
    ),
    "advice_circuit_server_error": (
        "nothing: the fault is the platform's; it is tried again by itself"
    ),
    "advice_circuit_unusable": "nothing: the same is asked in another way meanwhile",
    "advice_circuit_key": "change the API key in the settings, then: {program} {words}",
    "advice_circuit_operator": "to ask it again: {program} {words}",
    "advice_circuit_tried": "nothing: good answers end it, and another refusal prolongs it",
    "advice_circuit_quarantined": "nothing: the next answer shows whom it concerns",
    "alert_advice_egress_down": (
        "check the proxy: {program} proxies check {egress_word}; if it stays so, give its accounts"
        " another one: {program} proxies remove {egress_word} --accounts-to PROXY; it is tried"
        " again by itself, sooner by: {program} egress open {egress_word}"
    ),
    "advice_egress_held": "to use it sooner: {program} egress open {egress_word}",
    "alert_advice_egress_refused": (
        "mend login, credit or plan at the provider, then: {program} egress open {egress_word}"
    ),
    "alert_advice_internal_error": (
        "read the log of {component} on {host} and report it; the other work goes on"
    ),
    "alert_advice_works_rejected": (
        "see {program} works rejected on {host}; mend the rows at the site, the others are in"
    ),
    "alert_advice_host_gone": (
        "start it again; others do its work meanwhile. When it is gone for good:"
        " {program} hosts forget {host}"
    ),
    "alert_advice_hour_late": (
        "it is tried again within the hour; if the cause does not pass: {program} views"
    ),
    "alert_advice_video_gone": (
        "nothing: when it is back, that is told; to be told no more: {program} views remove_alert"
        " {rule}"
    ),
    "alert_advice_views_passed": (
        "nothing, it is told once; to be told no more: {program} views remove_alert {rule}"
    ),
    "alert_advice_views_rising": (
        "nothing, it is told once while it rises; to be told no more: {program} views"
        " remove_alert {rule}"
    ),
    "alert_advice_hour_missed": (
        "what was not asked for in time cannot be asked for any more; see: {program} views gaps"
    ),
    "alert_advice_key_changed": (
        "put the key of the database back, or restart with it; no account is at fault"
    ),
    "alert_advice_mass_sign_out": (
        "they rest and are checked again; sign in to one of them to see what the platform says"
    ),
    "alert_advice_work_stalled": (
        "its lease is held, so nobody takes it over: see the log `watchdog` on {host}, and restart"
        " the process when it does not go on"
    ),
    "alert_advice_day_incomplete": (
        "nothing to do while it passes, it is counted again by itself; tasks and causes: {program}"
        " daily_stats --incomplete"
    ),
    "alert_advice_clock_went_back": "{program} doctor --fix",
    "alert_advice_database_unavailable": (
        "the work went on by itself and lost nothing; see the log of the server"
    ),
    "alert_advice_database_unknown_error": (
        "look the number up in the server's manual; a task that meets it for ten minutes fails"
    ),
    "alert_advice_receiver_gone": (
        "when the receiver is back: {program} webhooks enable {delivery}; what it refused by HTTP"
        " 410 and what waits is sent then"
    ),
    "alert_advice_reports_given_up": (
        "mend the receiver, then: {program} webhooks replay --state dead"
    ),
    "alert_advice_reports_late": (
        "nothing, or ask the receiver: they are tried again; see {program} webhooks list"
    ),
    "alert_advice_broadcast_stale": (
        "see {program} broadcast status; rounds are made by {program} run"
    ),
    "alert_advice_job_failed": (
        "when the cause is mended: {program} jobs run {job}; it also runs at its next time"
    ),
    "alert_advice_disk_full": "make room; the export goes on by itself",
    "alert_advice_task_failed": "{program} tasks resume {task}",
    "alert_silent_way": (
        "egress route {way} brings no answer from {platform}, and is left alone until {until}"
    ),
    "alert_silent_way_tried": (
        "egress route {way} brought no answer from {platform}; its next request tries it again"
    ),
    "alert_one_way": "by egress route {way} {platform} is left alone until {until}: {cause}",
    "alert_one_endpoint": "{platform}, endpoint {endpoint}, is left alone until {until}: {cause}",
    "alert_one_endpoint_of_way": (
        "by egress route {way} endpoint {endpoint} of {platform} is left alone until {until}:"
        " {cause}"
    ),
    "alert_sign_in": "{program} accounts import {word} -",
    "database_in_trouble": (
        "The database cannot be used since {since}: {cause}. The work waits, and goes on by itself."
    ),
    "screen_without_answer": (
        "No answer of the database since {since}: the numbers are of then. The work waits, and goes"
        " on by itself."
    ),
    "alert_is_open": "alert",
    "alert_is_over": "over",
    "alert_lasted": "since {moment}",
    "alert_do": "what to do: {advice}",
    "alert_more": "and {n} more: {program} alerts list",
    "alert_title": "Baton on {host}: {raised} new, {resolved} over",
    "alert_test_title": "Baton on {host}: a test",
    "alert_test_body": "If you can read this, alerts arrive here.",
    # The tables and sentences of `plan`
    "plan_head": "{domain} on {platform}: {creators} to crawl, {rows} waiting for export",
    "plan_column_account": "account",
    "plan_column_pace": "pages/min",
    "plan_column_from": "from",
    "plan_column_left": "left today",
    "plan_column_limit": "a day",
    "plan_column_note": "note",
    "plan_column_work": "work",
    "plan_column_amount": "amount",
    "plan_column_rate": "rate",
    "plan_column_takes": "takes",
    "plan_column_ends": "ends ({zone})",
    "plan_column_bound": "decided by",
    "plan_never": "never",
    "plan_at_once": "under a minute",
    "plan_days": "{days} d {hours} h",
    "plan_no_crawl": "nothing to crawl",
    "plan_pages_by": "{pages} by {accounts}",
    "plan_pages_a_minute": "{n} pages/min",
    "plan_rows_a_day": "{n} rows/day, quota days: {days}",
    "plan_more_accounts": "and {n} more",
    "plan_side_by_side": (
        "Both begin now, side by side, with {workers} crawl workers, and run until they are"
        " done (`{program} run`, or start_export with --wait)."
    ),
    "plan_would_shorten": "What would shorten it:",
    "plan_nothing_shortens": "Nothing that a person can change would shorten it much.",
    "plan_advice": "  {change}: {ends}",
    "plan_instead": "{work} {after} instead of {before}",
    "plan_counted_on": (
        "Counted on: {page_creators} creators a page ({page_how}), {secs} s an answer"
        " ({answer_how})."
    ),
    "plan_choice": (
        "The choice fits {chosen} of {stored} stored creators ({percent} %); as many are expected"
        " of new ones."
    ),
    "plan_learned": "learned from {n} pages",
    "plan_assumed": "assumed: nothing was crawled yet",
    "plan_search_ends": (
        "Note: the search of {platform} ends after {pages} pages, about {creators} creators of"
        " one --domain: for {wanted} it takes some {domains} of them."
    ),
    "plan_others": (
        "Note: left out are {n} open tasks of other domains, which want the same accounts."
    ),
    "plan_left_out": "Left out, as disabled: {names}.",
    "plan_session_ends": "session ends {at}",
    "plan_without_session": "no session, cannot crawl",
    "plan_crawls_only": "the export is pinned to others",
    "plan_exports_only": "the crawl is pinned to others",
    "plan_bound_pace": "the accounts' pace",
    "plan_bound_workers": "the number of workers",
    "plan_bound_rests": "rests of the accounts",
    "plan_bound_crawl": "the crawl",
    "plan_bound_quota": "the daily quotas",
    "plan_bound_nobody": "no account can do it",
    "plan_bound_too_long": "more than ten years",
    "plan_change_more_accounts": "{accounts} more, like these",
    "plan_change_enable": "enable {names}",
    "plan_change_healthy": "with {names} rested and at the full pace",
    "plan_change_sign_in": "sign in again before the session ends ({names})",
    "plan_change_set_limit": "accounts set_limit NAME {n}, where that is allowed ({names})",
    "plan_change_workers": "--workers {n}",
}
