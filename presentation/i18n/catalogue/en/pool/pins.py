"""Tasks that only some accounts may work on, and why these do not."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "pinned_to_account": "pinned to account {name}",
    "pinned_to_group": "pinned to group {group}",
    "pinned_to_nobody": "pinned to nobody",
    "account_pinned_tasks": ("task {tasks} is pinned to it", "tasks {tasks} are pinned to it"),
    # why nobody works on a pinned task
    "pinned_account_disabled": "account {name} is disabled ({reason})",
    "pinned_account_cooling": "account {name} cools down until {until}",
    "pinned_account_waiting": "account {name} waits for its next turn",
    "pinned_account_busy": "account {name} is busy",
    "pinned_account_cut_off": "account {name} waits: its egress route cools down until {until}",
    "pinned_account_spent": "account {name} is at its quota until {until}",
    "pinned_account_without_quota": "account {name} has no export quota",
    "only_pinned_account": "{reason}; other accounts are not used as the task is pinned",
    "only_pinned_group": (
        "group {group}: {reason}; other accounts are not used as the task is pinned"
    ),
    "pinned_account_deleted": "account {name}, to which the task is pinned, was deleted",
    "pinned_group_empty": "group {group}, to which the task is pinned, has no account",
    # what may be asked
    "pin_to_account_or_group": "a task is pinned to an account or to a group, not to both",
    "pin_to_what": "say to whom: --account NAME, --group NAME or --none",
    "group_unknown": "no account of {platform} is in group '{group}'",
    "piece_not_pinned": "task {task_id} is a piece of task {parent_id}",
    "task_pinned_otherwise": (
        "the {kind} of {domain} is open already (task {task_id}), {pin}, and not as asked for:"
        " {option} {quoted}"
    ),
    # what commands say
    "task_was_pinned": "task {task_id}: {pin}",
    "task_was_unpinned": "task {task_id}: every account may work on it",
    "task_pin_line": "{pin}",
    "task_stays_pinned": "note: task {task_id} stays {pin}",
    "column_pinned_to": "only by",
    # alerts
    "alert_headline_task_without_account": (
        "nobody may work on task {task} ({kind} {domain}, {platform}): {reason}"
    ),
    "alert_advice_task_without_account": (
        "{program} tasks pin {task} --none, or --account NAME, or --group NAME"
    ),
}

ADVICE = {
    "terminal": {
        "pinned_account_deleted": "pin it to others, or to nobody, with: {program} tasks pin",
        "pinned_group_empty": "fill it with: {program} accounts set_group NAME {group}",
        "group_unknown": "see: {program} accounts groups",
        "piece_not_pinned": "pin that one",
        "task_pinned_otherwise": (
            "change it with: {program} tasks pin {task_id} {option} {quoted}"
        ),
    },
    "console": {
        "pinned_account_deleted": "pin the task to others on its page",
        "pinned_group_empty": "put an account into it on the account's page",
        "group_unknown": "see the page Accounts",
        "piece_not_pinned": "pin that one",
        "task_pinned_otherwise": "pin it on the page of task {task_id}",
    },
    "api": {
        "pinned_account_deleted": "pin it to others with POST /api/v1/tasks/{{id}}/pin",
        "pinned_group_empty": "fill it with POST /api/v1/accounts/{{id}}/group",
        "group_unknown": "see GET /api/v1/accounts/groups",
        "piece_not_pinned": "pin that one",
        "task_pinned_otherwise": "change it with POST /api/v1/tasks/{task_id}/pin",
    },
}
