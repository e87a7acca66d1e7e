"""Distribution tasks, users, completions."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # fields; no colon behind the name: what follows one looks like a secret
    "wrong_field": "{field} {reason}",
    "field_unknown": "is unknown; known: {known}",
    "field_missing": "is missing",
    "value_not_text": "{value} is no text",
    "value_too_long": "is longer than {max_chars} characters",
    "value_not_identifier": "{value} is neither a text nor a whole number",
    "identifier_malformed": (
        "must be 1 to {max_chars} characters, without line breaks and the like"
    ),
    "value_not_time": "{value} is no time",
    "value_not_whole": "{value} is no whole number",
    "value_negative": "{value} is negative",
    "value_above": "{value} is more than {most}",
    "value_not_known": "{value!r} is none of {known}",
    "time_in_future": "{time} is in the future",
    "platform_not_distributed": "is of {platform}; known here: {known}",
    "platform_differs": "is {named!r}, but the link is of {platform}",
    "callback_url_malformed": "is no http(s) URL",
    "callback_url_with_password": "has a user or password in it",
    "signing_secret_malformed": (
        "must be {prefix} and the base64 of {least} to {most} bytes (two of them with a space"
        " between while it is rotated)"
    ),
    "not_json_object": "is no JSON object",
    "json_too_deep": "has more than {levels} levels",
    "json_not_storable": "cannot be stored as JSON: {detail}",
    # tasks and completions
    "distribution_task_not_found": "no task has the id {task_id!r}",
    "completion_without_task": "{task_id!r} is not known",
    # days
    "day_in_future": "{day} is in the future: today is {today} ({zone})",
    "days_reversed": "{first} is after {last}",
    "day_and_span": "one day and a span of days exclude each other",
    "incomplete_excludes_scan": "--incomplete only lists; it takes a day and no other choice",
    "nothing_incomplete": "every day was counted in full",
    "no_shared_videos": "no video was handed in twice in this time",
    "first_day_missing": "a last day needs a first one",
    "too_many_days": "{days} days are too many at once; at most {most}",
    "day_without_completions": "{day}: no completions",
    "day_counted": "{day}: tasks {tasks}, completions {completions}",
    "day_scanned": (
        "{day}: tasks {tasks} (new {new}, changed {changed}, unchanged {unchanged}), completions"
        " {completions}, reports {reports}"
    ),
    "day_incomplete": "{result}, not counted in full {incomplete}",
    "days_scanned": "{days:; }",
    "receiver_answered": "{status} {answer}",
    "no_late_completions": "no late completions",
    "no_incomplete_days": "no incomplete day is due",
    "day_counted_again_later": "{result}, counted again later {recounted} (reports held {held})",
    # what is not in the sums of a day
    "completions_incomplete": (
        "{incomplete} of {completions} completions not counted in full: {problems:; }"
    ),
    "and_more": "{problem}; and {more} more",
    "completion_not_countable": "{link}: unknown platform {platform!r}",
    "completion_without_counters": "{link} without {counters:, }: {reason}",
    "completion_not_resolved": "{link}: its video is not known: {reason}",
    "counters_not_shown": "the platform does not tell",
    "counters_not_fetched": "not fetched (dry run)",
    "task_forgotten": "the task itself is not known any more",
    "counter_view": "view",
    "counter_like": "like",
    "counter_comment": "comment",
    "counter_share": "share",
    "counter_collect": "collect",
    # broadcasting
    "broadcasting_turned_on": "broadcasting is on, every {secs:g} s",
    "broadcasting_was_on": "it was on",
    "broadcasting_turned_off": "broadcasting is off",
    "broadcasting_was_off": "it was off",
    "broadcasting_on": "broadcasting is on, every {secs:g} s",
    "broadcasting_off": "broadcasting is off, every {secs:g} s",
    "round_under_way": "a round is under way",
    "round_under_way_since": "a round is under way since {since}",
    "round_reported": "told {succeeded} of {total} active tasks, reports {reports}",
    "round_postponed": "{result}; {postponed} not asked for, the next round begins with them",
    "round_failed": "the round ended without reports: {cause}",
    "round_without_numbers": "none of {total} active tasks has numbers: {reason}",
    "broadcast_video_uncounted": "the platform tells no numbers of this video",
    "round_taken_over": "{lease} was taken over: its round is not reported",
}

_TO_DO = {
    "value_not_time": "write 2026-11-21T23:15:00+08:00",
    "callback_url_malformed": "write it like https://example.com/callback",
    "callback_url_with_password": "sign reports with a secret instead",
    "completion_without_task": "import the task first",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        **_TO_DO,
        "distribution_task_not_found": "see: {program} dramas list",
        "days_reversed": "write --from EARLIER --to LATER",
        "day_and_span": "give one day, or --from and --to",
        "first_day_missing": "--to needs --from",
        "broadcasting_turned_on": "`{program} run` does the rounds",
    },
    "console": {
        **_TO_DO,
        "distribution_task_not_found": "see the page Dramas",
        "days_reversed": "give the earlier day first",
        "day_and_span": "give one day, or a first and a last one",
        "first_day_missing": "give the first day too",
        "broadcasting_turned_on": "the long-running process does the rounds",
    },
    "api": {
        **_TO_DO,
        "distribution_task_not_found": "see GET /api/v1/dramas",
        "days_reversed": "give the earlier day first",
        "day_and_span": "give one day, or a first and a last one",
        "first_day_missing": "give the first day too",
        "broadcasting_turned_on": "the long-running process does the rounds",
    },
}
