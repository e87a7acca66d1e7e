"""Creators: lists, filters, counts and one creator."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "ended_at_empty_page": (
        "ended before page {page}, which came empty whichever account asked, while the platform "
        "counts {total} pages: creators may be missing; crawl the domain again later"
    ),
    "stopped_dry": (
        "ended after {pages} pages in a row without a new creator, the last one page {page}"
    ),
    "delivered_left_out": (
        "left waiting, as another domain of the platform delivered them: {count} creators"
    ),
    "nobody_fits": (
        "the one creator of the domain that waits for export does not fit the choice",
        "none of the {n:,} creators of the domain that wait for export fits the choice",
    ),
    "nobody_waits": "no creator of the domain waits for export: all of them were delivered before",
    "export_choice_line": "choice: {choice}",
    "task_keeps_choice": "note: it delivers a choice only: {choice}",
    "column_choice": "choice",
    "column_share_new": "share new",
    "column_uid": "uid",
    "column_nickname": "nickname",
    "column_followers": "followers",
    "column_contact": "contact",
    "column_signature": "signature",
    "column_seen": "seen",
    "column_first_seen": "first seen",
    "column_30_days": "30 days",
    "column_change": "change",
    "column_profile": "profile",
    "column_history": "history",
    "column_creators": "creators",
    "column_exported": "exported",
    "column_pending": "waiting",
    "column_status": "status",
    "column_keyword": "keyword",
    "column_new_creators": "new",
    "column_creators_seen": "seen",
    "headers_raw": "names of the columns",
    "headers_en": "English",
    "headers_zh": "Chinese",
    "word_email": "e-mail",
    "word_phone": "phone",
    "word_messenger": "messenger",
    "word_exported": "exported",
    # lists
    "no_creators_found": "no creator meets that",
    "more_creators": "shown: {shown:,} of {found}; --limit shows more",
    "creators_all_read": (
        "every creator was read to sort by {field}; followers, first_seen_at and seen_at have an"
        " index"
    ),
    "creators_still_brought_in": (
        "creators of an older release are still being brought in: {left:,} of {of:,} rows are left"
    ),
    "no_history_yet": (
        "no day is noted yet: the numbers of the day are noted within an hour after the creator was"
        " seen, while `run` works"
    ),
    # one creator
    "creator_heading": "{nickname} ({uid})",
    "creator_fact": "  {name}: {value}",
    "creator_in_domain": (
        "{domain}: found by {keywords:, } on page {page} of task {task_id}, by {account}, {moment}"
    ),
    "creator_waits": "  waits for export",
    "creator_delivered": (
        "  delivered in segment {segment_id} of task {task_id}, by {account} on {day}: {file}"
    ),
    "unknown_account": "an unknown account",
    "file_not_sealed": "not sealed yet",
    # the report of a day, and its log
    "column_ingested": "ingested",
    "column_files": "files",
    "column_page": "page",
    "report_title": "Report",
    "report_heading": "Report of {day} (quota zone)",
    "report_ingested": "Ingested",
    "report_exported": "Exported",
    "report_nothing": "  nothing",
    "report_sum": "sum",
    "report_is_empty": "nothing was ingested or exported on {day}",
    "report_was_written": "written to {file}",
    "one_report_form": "choose one of --json and --sentences",
    "ingested_today": "{domain}: account {account} ingested {count:,} creators of it today",
    "ingested_on_day": "{domain}: account {account} ingested {count:,} creators of it on {day}",
    "exported_today_by": "account {account} exported {count:,} creators of {domain}",
    "exported_on_day": "account {account} exported {count:,} creators of {domain} on {day}",
    "no_page_ingested": "no page that was ingested fits",
    "page_was_ingested": (
        "{moment} {account}: page {page} of {domain} (task {task_id}): {count:,} creators,"
        " {new:,} of them new"
    ),
    "page_creator": "  {nickname} ({uid})",
    "ingestion_log_unknown": "there is no ingestion log {log_id}",
    # streams of creators
    "api_rows_used_up": (
        "these are at least {rows:,} creators, and this token may read {left:,} more today, of"
        " {most:,}"
    ),
    # what people give
    "condition_malformed": (
        "{text!r} is no condition; it is FIELD OPERATOR VALUE, such as followers>=10000; fields:"
        " {fields:, }; operators: {operators: }"
    ),
    "creator_field_unknown": "there is no field {name!r}; there are {known:, }",
    "condition_operator_unfit": "{field} cannot be compared by {operator!r}",
    "condition_values_count": "a list has 1 to {most:,} values; given: {given:,}",
    "condition_file_refused": "a file can be named on the command line only; give the values",
    "condition_needs_domain": (
        "status, keyword, ingested_at and source_page belong to a creator in a domain; name the"
        " domain"
    ),
    "moment_malformed": "{text!r} is no moment; it is a span such as 7d or 12h, or a day",
    "number_malformed": "{text!r} is no whole number; 10000 and 10k are",
    "contact_unknown": "there is no contact {name!r}; there are {known:, }",
    "sort_direction_unknown": "a direction is asc or desc, not {direction!r}",
    "one_output_form": "choose one of --json, --jsonl and --csv",
    "list_unreadable": "the list {path} cannot be read: {cause}",
    "list_cursor_malformed": "the cursor is not one of this list; begin with the first page",
    "name_part_too_long": "a nickname has at most {most} letters",
    "name_too_common": "more than {most:,} creators have {name!r} in their name; give more of it",
    "creator_malformed": "a creator is an id or the address of a profile",
    "creator_unknown": "no creator {uid!r} of {platform} was seen",
    "creator_unknown_anywhere": "no creator {uid!r} was seen on any platform",
    "creator_on_several": "{uid!r} is a creator of {platforms:, }; name one with --platform",
    "profile_address_unknown": "the address is no profile of a known platform ({platforms:, })",
    "keyword_malformed": "a keyword has 1 to {max_letters} letters and no control characters",
    "selection_with_lanes": "a selection is exported by one account at a time",
    "order_with_follow": "an export that never ends has no order",
    "selection_before_backfill": (
        "creators of an older release are still being brought in; a selection would leave them out"
    ),
    "selection_differs": (
        "export {task_id} ({options}) is open and chooses other creators: {choice}"
    ),
    "selection_of_all_is_open": "export {task_id} ({options}) is open and delivers all creators",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        "selection_differs": (
            "go on with it: {program} start_export {options}; or end it: {program} tasks cancel"
            " {task_id}"
        ),
        "selection_of_all_is_open": (
            "go on with it: {program} start_export {options}; or end it: {program} tasks cancel"
            " {task_id}"
        ),
        "selection_before_backfill": "run it now: {program} jobs run creators_backfill",
    },
    "console": {
        "selection_differs": (
            "file it without conditions to go on with it, or cancel it on the page Tasks"
        ),
        "selection_of_all_is_open": (
            "file it without conditions to go on with it, or cancel it on the page Tasks"
        ),
        "selection_before_backfill": "run the job creators_backfill on the page Jobs",
    },
    "api": {
        "selection_differs": (
            "go on with it: the same request without a choice; or end it: POST"
            " /api/v1/tasks/{task_id}/cancel"
        ),
        "selection_of_all_is_open": (
            "go on with it: the same request without a choice; or end it: POST"
            " /api/v1/tasks/{task_id}/cancel"
        ),
        "selection_before_backfill": "POST /api/v1/jobs/creators_backfill/run",
    },
}
