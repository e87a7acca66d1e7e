"""Crawls, exports, tasks, plans."""

from __future__ import annotations

MESSAGES = {
    "video_unanswered": "no answer",
    # why a task waits or failed
    "page_failed": "page {page}: {cause}",
    "page_unconfirmed": "page {page} is to be confirmed by another account: {reason}",
    "domain_without_pages": "the platform counts no page of the domain",
    "evidence_kept": "{cause} (evidence: {file})",
    "database_refused": "the database refuses it: {cause}",
    "internal_error": "internal error, see the log: {detail}",
    "given_up_after": "{cause} (given up after {attempts} attempts)",
    "cancelled_by_operator": "cancelled by the operator",
    # tasks
    "task_not_found": "no task has the id {task_id}",
    "task_completed": "task {task_id} is completed",
    "task_ended": "task {task_id} has ended ({status})",
    "task_without_output": "task {task_id} is no export, or a piece of one",
    "status_completed": "completed",
    "status_failed": "failed",
    "another_task_open": "another {kind} of {domain} is open",
    "ingestion_task": "ingestion task",
    "export_task": "export task",
    "task_taken_over": "task {task_id} was taken over",
    "task_taken_meanwhile": "task {task_id} was taken meanwhile",
    "label_invalid": "the label '{label}' cannot be used",
    "too_many_labels": "a task has at most {most} labels, these are {given}",
    # counters of videos
    "fetch_stopped": "stopped",
    "no_source": "no source for {platform}",
    # plans
    "nothing_to_plan": "no crawl of '{domain}' is open and no row waits to be exported",
    "pages_not_known": (
        "task {task_id} (crawl of {domain}) does not know yet how many pages there are"
    ),
    "plan_without_accounts": "no account",
    "plan_all_disabled": "all accounts are disabled",
    "plan_without_sessions": "no account has a session",
    # exports
    "format_unknown": "unknown format '{name}'; known: {known}",
    "format_extra_missing": "the format {format} needs a library: {command}",
    "segment_not_compared": "segment {segment_id}: its content was not compared: {cause}",
    "headers_unknown": "there are no headers {name!r}; there are {known:, }",
    "header_malformed": "a header has at most {most} letters and no control characters",
    "export_header_repeated": "two columns would have the header {header!r}",
    "segment_rebuild_differs": (
        "segment {segment_id}: its rows do not give the recorded content any more"
    ),
    "copy_of_open_segment": (
        "segment {segment_id} is still being written; its rows can be copied once it is sealed"
    ),
    "task_without_files": "task {task_id} has no finished file",
    "rows_over_format": (
        "segment {segment_id} has more rows than a file of {format} can have ({most:,})"
    ),
    "copy_what": "name segments, or an export by --task",
    "segment_was_copied": "segment {segment_id}: {rows} in {file}",
    "crawls_filed_partly": (
        "{filed} of {of} crawls were filed, then: {cause}; file them again, open ones are joined"
    ),
    "column_unknown": "unknown column '{name}'; known: {known}",
    "columns_repeated": "columns must be named once each, separated by commas",
    "export_not_writable": "cannot write {path}: {detail}",
    "part_file_taken": "the part file of {file} was taken away",
    "rows_exported_meanwhile": "rows were exported by another worker meanwhile",
    "segment_not_found": "no segment has the id {segment_id}",
    "segment_being_written": "segment {segment_id} is being written by a running export",
    "segment_sealed_elsewhere": "segment {segment_id} was taken over by another worker",
    "segment_taken_over": "segment {segment_id} was taken over meanwhile",
    "rebuild_changes_file": (
        "segment {segment_id}: {path} is kept: its rows are not those any more that it was written"
        " from ({rows} now, {logged} then), so a new file would have other content"
    ),
    "rebuild_without_platform": (
        "segment {segment_id}: nothing declares the platform {platform} any more, which says what"
        " the columns of its file are"
    ),
    # what `verify` finds
    "segment_counts_differ": (
        "segment {segment_id}: the log says {logged} rows, ids {logged_first}-{logged_last}; the"
        " table has {rows} rows, ids {first}-{last}"
    ),
    "segment_without_file": "segment {segment_id}: sealed without a file",
    "segment_file_unreadable": "segment {segment_id}: {path}: {detail}",
    "segment_file_changed": "segment {segment_id}: {path} is not the file that was written",
    "segment_changed_there": (
        "segment {segment_id}: {path} on host {host} is not the file that was written"
    ),
    "segment_missing_there": "segment {segment_id}: {path} cannot be read on host {host}",
    "segment_content_differs": (
        "segment {segment_id}: {path} has {in_file} rows, the table {rows}; {differing} creators"
        " are in one of them only"
    ),
    "pages_missing": (
        "task {task_id}: completed with pages {first} to {last}, but {logged} of them were stored"
    ),
    "manifest_unreadable": "segment {segment_id}: its manifest cannot be read ({detail})",
    "manifest_differs": "segment {segment_id}: its manifest says something else",
    "segment_left_open": "segment {segment_id}: open, but its task {task_id} has ended",
    "quota_counted_too_low": "account {name} on {day}: counted {counted} rows, exported {exported}",
    "limit_passed": "account {name} on {day}: exported {exported} rows, its limit is {limit}",
    "creators_contradictory": (
        "1 creator whose status and segment contradict each other",
        "{n} creators whose status and segment contradict each other",
    ),
    "creators_in_lost_segments": (
        "1 creator points to a segment that does not exist",
        "{n} creators point to a segment that does not exist",
    ),
    "creators_without_details": (
        "1 creator of a domain is missing in the list of creators",
        "{n} creators of domains are missing in the list of creators",
    ),
}

_LABEL_RULE = (
    "write 1 to 64 letters (also Chinese ones), digits and . - _ : without spaces, and no - at its"
    " start"
)

_WHAT_IF = "(or ask what if, with --accounts N)"

ADVICE = {
    "terminal": {
        "segment_without_file": "mend it with: {program} exports rebuild {segment_id}",
        "segment_file_unreadable": "mend it with: {program} exports rebuild {segment_id}",
        "segment_file_changed": "mend it with: {program} exports rebuild {segment_id}",
        "segment_changed_there": "mend it with: {program} exports rebuild {segment_id}",
        "segment_missing_there": "mend it with: {program} exports rebuild {segment_id}",
        "manifest_unreadable": "mend it with: {program} exports rebuild {segment_id}",
        "manifest_differs": "mend it with: {program} exports rebuild {segment_id}",
        "segment_left_open": "finish it with: {program} exports rebuild {segment_id}",
        "nothing_to_plan": "say how many creators with --creators N",
        "pages_not_known": "say how many creators with --creators N",
        "plan_without_accounts": "add one with: {program} accounts import NAME cookies.txt "
        + _WHAT_IF,
        "plan_all_disabled": "enable one with: {program} accounts enable NAME " + _WHAT_IF,
        "plan_without_sessions": "import one: {program} accounts import NAME FILE " + _WHAT_IF,
        "task_not_found": "see: {program} tasks list",
        "task_completed": "start a new one instead",
        "another_task_open": "resume that one",
        "label_invalid": _LABEL_RULE,
        "too_many_labels": "take some off",
        "export_not_writable": "make room or choose another --out folder",
        "segment_not_found": "see: {program} exports list",
        "segment_taken_over": "verify, then try again",
        "rebuild_changes_file": "move that file away first if you want the rows as they are now",
        "rebuild_without_platform": "put its file back into sources.d",
    },
    "console": {
        "segment_without_file": "rebuild it on the page Exports",
        "segment_file_unreadable": "rebuild it on the page Exports",
        "segment_file_changed": "rebuild it on the page Exports",
        "segment_changed_there": "rebuild it on the page Exports",
        "segment_missing_there": "rebuild it on the page Exports",
        "manifest_unreadable": "rebuild it on the page Exports",
        "manifest_differs": "rebuild it on the page Exports",
        "segment_left_open": "rebuild it on the page Exports",
        "nothing_to_plan": "say how many creators",
        "pages_not_known": "say how many creators",
        "plan_without_accounts": "add one on the page Accounts",
        "plan_all_disabled": "enable one on the page Accounts",
        "plan_without_sessions": "import one on the page Accounts",
        "task_not_found": "see the page Tasks",
        "task_completed": "start a new one instead",
        "another_task_open": "resume that one",
        "label_invalid": _LABEL_RULE,
        "too_many_labels": "take some off",
        "export_not_writable": "make room on that disk",
        "segment_not_found": "see the page Exports",
        "segment_taken_over": "verify, then try again",
        "rebuild_changes_file": "move that file away first if you want the rows as they are now",
        "rebuild_without_platform": "put its file back into sources.d",
    },
    "api": {
        "segment_without_file": "rebuild it with POST /api/v1/exports/{segment_id}/rebuild",
        "segment_file_unreadable": "rebuild it with POST /api/v1/exports/{segment_id}/rebuild",
        "segment_file_changed": "rebuild it with POST /api/v1/exports/{segment_id}/rebuild",
        "segment_changed_there": "rebuild it with POST /api/v1/exports/{segment_id}/rebuild",
        "segment_missing_there": "rebuild it with POST /api/v1/exports/{segment_id}/rebuild",
        "manifest_unreadable": "rebuild it with POST /api/v1/exports/{segment_id}/rebuild",
        "manifest_differs": "rebuild it with POST /api/v1/exports/{segment_id}/rebuild",
        "segment_left_open": "rebuild it with POST /api/v1/exports/{segment_id}/rebuild",
        "nothing_to_plan": "say how many creators",
        "pages_not_known": "say how many creators",
        "plan_without_accounts": "add one with POST /api/v1/accounts",
        "plan_all_disabled": "enable one with POST /api/v1/accounts/{{id}}/enable",
        "plan_without_sessions": "import one with POST /api/v1/accounts",
        "task_not_found": "see GET /api/v1/tasks",
        "task_completed": "start a new one instead",
        "another_task_open": "resume that one",
        "label_invalid": _LABEL_RULE,
        "too_many_labels": "take some off",
        "export_not_writable": "make room on that disk",
        "segment_not_found": "see GET /api/v1/exports",
        "segment_taken_over": "verify, then try again",
        "rebuild_changes_file": "move that file away first if you want the rows as they are now",
        "rebuild_without_platform": "put its file back into sources.d",
    },
}

MESSAGES |= {
    # what may be asked of crawls, exports and labels
    "domain_malformed": "1 to {max_letters} characters without control characters",
    "limit_with_lanes": "a number of rows at most is kept by one account only",
    "domain_unknown": "nothing is known of domain {domain!r} on {platform}",
    "domain_unknown_there": (
        "nothing is known of domain {domain!r} on {platform} (known: {known})"
    ),
    "piece_not_labelled": "task {task_id} is a piece of task {parent_id}",
}

ADVICE["terminal"] |= {
    "limit_with_lanes": "leave --workers at 1",
    "domain_unknown": "crawl it first with: {program} start_crawl --domain {domain!r}",
    "domain_unknown_there": "crawl it first with: {program} start_crawl --domain {domain!r}",
    "piece_not_labelled": "label that one",
}
ADVICE["console"] |= {
    "limit_with_lanes": "leave “Accounts side by side” at 1",
    "domain_unknown": "crawl it first",
    "domain_unknown_there": "crawl it first",
    "piece_not_labelled": "label that one",
}
ADVICE["api"] |= {
    "limit_with_lanes": "leave lanes at 1",
    "domain_unknown": "crawl it first with POST /api/v1/tasks/crawl",
    "domain_unknown_there": "crawl it first with POST /api/v1/tasks/crawl",
    "piece_not_labelled": "label that one",
}
