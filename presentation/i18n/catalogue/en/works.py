"""The catalogue of videos and its counters."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # files
    "file_missing": "{path} is not there",
    "file_unreadable": "{path} cannot be read: {detail}",
    "file_empty": "{path} is empty",
    "file_damaged": "{path}: {problem}",
    "file_not_removed": "cannot remove {path}: {detail}",
    "file_not_moved": "cannot move {path} to {target}: {detail}",
    "folder_not_readable": "cannot read {folder}: {detail}",
    "json_value_wrong": "{problem}, got {value}",
    "json_place_wrong": "{place}: {problem}",
    "more_problems": "{problem} (and {more} more)",
    # files of works
    "at_item": "item {item}",
    "file_not_json": (
        "{file}, line {line}, column {column}: this is no JSON ({detail}); is it whole?"
    ),
    "json_unreadable": "{file} is no JSON that can be read: {detail}",
    "works_array_needed": (
        '{file}: an array of works is needed, or {{"works": [...]}} as in views.json'
    ),
    "complete_malformed": '{file}: "complete" is {value}',
    "complete_list_empty": "{file}: a complete list without a work would take all of them out",
    "complete_list_held": "{file}: a complete list takes nothing out before these are mended",
    "item_not_work": "neither an object nor a link",
    "columns_missing": (
        "{file}: its first line must name the columns: one of work_id, link ({ids}), and may name"
        " platform, title, author, uid, publish_time, cover_url, is_valid ({others}, …); it says"
        " {first!r}"
    ),
    "cell_left_out": "{cause}; the cell was left out",
    "work_unidentified": "it has neither an id nor a link",
    "id_without_bv": "{text!r} is no id; did you mean {suggestion}?",
    "cell_not_text": "its {name} is neither a text nor a number",
    "is_valid_malformed": "is_valid is {text!r}",
    "publish_time_malformed": "publish_time is {text!r}",
    "publish_time_impossible": "its publish time {day} cannot be",
    "text_too_long": "its {name} is longer than {max_chars:,} characters",
    "short_link_not_asked": "stopped before its short link was asked",
    "short_link_unresolved": "{cause}",
    "short_link_dropped": "short links are not asked here",
    "reject_reason_gone": "its reason is gone",
    # the catalogue
    "works_not_found": "not in the catalogue: {works}; nothing was changed",
    "work_disabled": "disabled",
    "work_disabled_because": "disabled: {reason}",
    "work_unlisted": "disabled: not in the complete list any more",
    "uid_malformed": "{text!r} is no uid: a number of up to 16 digits",
    "links_count_wrong": "1 to {most} at once, got {given}",
    "links_too_long": "at most {max_chars:,} characters each",
    "creator_not_found": "{platform} has no creator with the uid {uid} ({cause})",
    "span_too_long": "{given:,} hours are too many; {most:,} at most",
    # rules of alerts on hourly numbers
    "rule_passes": "{works}: {threshold:,} views are passed",
    "rule_rises": "{works}: {threshold:,} views more an hour",
    "rule_gone": "{works}: the video is gone",
    "rule_of_all": "every video",
    "rule_of_platform": "every video of {platform}",
    "rule_of_author": "videos of {author}",
    "rule_of_author_there": "videos of {author} ({platform})",
    "rule_of_label": "videos of creators found under {label}",
    "rule_of_work": "{platform} {work_id}",
    "rule_kind_wrong": "one of these: a number of views, a rise an hour, or that a video is gone",
    "rule_of_one": "one of these: a video, an author, a label or a platform",
    "rule_name_wrong": "1 to {most} characters",
    "rule_known": "there is a rule that says the same",
    "rule_not_found": "there is no rule {rule_id}",
    "too_many_rules": "{most} rules at most",
    # views.json and the hourly files
    "views_list_unusable": "{cause}",
    "short_link_listed": "{text!r} is a short link; the list needs the id",
    "day_malformed": "{text!r} is no day of the calendar",
    "hour_malformed": "{text!r} is no hour",
    "span_malformed": "{text!r} is no length of time",
    "hour_file_missing": "{cause}; there are no numbers of {hour}",
    "hour_file_damaged": "{cause}",
    "no_data_files": "there are no data files below {folder}",
    "day_without_files": "there is no data file of {day} below {folder}",
    "crawl_hour_differs": "crawl_hour is {found!r}, the file's name says {named!r}",
    "count_differs": "{name} is {stated}, but there are {found}",
    "entry_repeated": "{name}[{place}] is {work_id} again, as {name}[{first}]; it counts",
    "no_hour_in_name": (
        "{path}: the name of a data file tells its hour, as in 2026-11-22-05_views_data.json"
    ),
    "rows_came_meanwhile": "rows came while a day was packed",
    "hour_is_crawled": "{hour} is being crawled at this moment",
    "hour_file_aside": "{cause}; moved to {path}",
    # the hourly crawl
    "hour_taken": "another process is at work on this hour",
    "work_not_asked": "not asked: {reason}",
    "crawl_done": "done",
    "crawl_partial": "partial",
    "crawl_without_account": "no account",
    "crawl_interrupted": "interrupted",
    "works_have_numbers": "{success:,} of {total:,} works have numbers",
    "works_skipped": "{result}, {skipped:,} of other platforms skipped",
    "works_failed_for": "{result}; {reasons}",
    "failed_for": "{works:,} failed: {reason}",
    "failed_for_others": "{works:,} failed for other reasons",
    "crawl_ended": "{result}; {ending}",
    "crawl_ended_because": "{result}; {ending}: {reason}",
    "hour_result": "{hour}: {result}",
    "rows_imported": "{result}; {rows:,} rows imported",
    "other_hours_imported": "{result}; {files} files of other hours too",
    "entries_left_out": "{result}; {entries:,} entries left out or corrected",
    "files_refused": "{result}; refused: {problems:; }",
    # the hourly crawl in its log
    "list_without_work": "{hour}: no valid work of Bilibili in {path}",
    "list_entries_repeated": "{entries:,} entries of {path} are repeated",
    "list_entry_left_out": "left out: {problem}",
    "hour_begun": (
        "{hour}: {works:,} works to ask for, {known:,} known already,"
        " {skipped:,} of other platforms skipped"
    ),
    "hour_recovered": "{hour}: an unfinished run was ended",
    "work_begun": "begin: {work_id} {title}",
    "work_fetched": "fetched: {work_id} {views:,} views",
    "work_fetched_hidden": "fetched: {work_id}, its views are hidden",
    "work_failed": "failed: {work_id} {title}: {reason}",
    "work_shrunk": "{work_id}: lower than before: {counters:, }",
    "works_progress": "progress: {done:,}/{total:,}",
    # hours without numbers
    "all_works_failed": "all {works:,} works failed: {cause}",
    "some_works_failed": "{works:,} works failed, mostly: {cause}",
    "crawl_begun_late": "begun {minutes} minutes after the hour",
    "hour_faults": "{faults:; }",
    "hour_unfinished": "a run was cut short or is at work; the next one goes on",
    "nothing_ran": "nothing ran in this hour",
    "nothing_ran_yet": "nothing has run yet",
    "reason_unknown": "unknown",
    # play counts
    "play_counts_busy": "another process is updating play counts at this moment",
    "play_counts_updated": "{updated:,} updated, {skipped:,} skipped, {failed:,} failed",
    "play_counts_lower": "{result}, {works:,} lower than before",
    "works_left": "{result}; {works:,} left for the next run",
    # Packed days, and folders of data files
    "packed_day_damaged": (
        "the packed hours of {day} of {work} are damaged ({detail}) and left out; the data files of"
        " that day bring them back"
    ),
    "folder_of_other_host": "host {host} writes into {folder} already",
}

_TO_DO = {
    "complete_malformed": "write true or false",
    "is_valid_malformed": "write true or false",
    "publish_time_malformed": "write it like 2026-11-22 13:05:00",
    "short_link_unresolved": "run it again later",
    "short_link_dropped": "write the work's id",
    "day_malformed": "write YYYY-MM-DD, for example 2026-02-28",
    "hour_malformed": "write 00 to 23",
    "span_malformed": "write it like 24h or 7d",
    "hour_file_damaged": (
        "mend it, or move it away and import or crawl again; nothing was changed"
    ),
    "hour_is_crawled": "run it again when the crawl is over",
    "no_hour_in_name": "rename it; its hour is a local one",
    "folder_of_other_host": (
        "give this host a data folder of its own, or set BATON_VIEWS_FILES=off here"
    ),
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        **_TO_DO,
        "works_not_found": "see: {program} works list",
        "views_list_unusable": "write it again with: {program} views --export-only",
        "no_data_files": "crawl first: {program} views --crawl-only",
    },
    "console": {
        **_TO_DO,
        "works_not_found": "see the page Videos",
        "views_list_unusable": "write it again: run catalogue_export on the page Jobs",
        "no_data_files": "crawl first: run hourly_views on the page Jobs",
    },
    "api": {
        **_TO_DO,
        "works_not_found": "see GET /api/v1/works",
        "views_list_unusable": "write it again with POST /api/v1/jobs/catalogue_export/run",
        "no_data_files": "crawl first with POST /api/v1/jobs/hourly_views/run",
    },
}
