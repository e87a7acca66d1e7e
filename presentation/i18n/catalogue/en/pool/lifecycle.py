"""Names, groups and deletion of accounts."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # names
    "name_with_hidden_character": "the name has a character that nobody can see: {code}",
    "group_name_with_hidden_character": "the group has a character that nobody can see: {code}",
    "name_of_deleted": "'{name}' reads as the name of a deleted account",
    "group_name_is_nothing": "'{name}' stands for no group",
    # what happened to an account
    "account_deleted": "deleted by the operator; its name was {name}",
    "account_renamed": "from {before} to {name}",
    "group_joined": "into group {group}",
    "group_left": "out of group {group}",
    "account_event_deleted": "deleted",
    "account_event_renamed": "renamed",
    "account_event_group": "group",
    "account_is_deleted": "account {name} was deleted",
    "account_in_group": "group {group}",
    # what commands say
    "account_deleted_line": (
        "account {account} deleted; files, logs and reports call it {name} from now on"
    ),
    "pinned_task_waits": (
        "note: task {task_id} is pinned to it, and waits; let others work on it with:"
        " {program} tasks pin {task_id} --none"
    ),
    "delete_account": (
        "Delete account {name} ({platform})? Its cookies, password, proxy and device are erased for"
        " good; what it exported stays"
    ),
    "deletion_unconfirmed": (
        "nobody can be asked whether to delete account {name}; to delete it add --yes"
    ),
    "account_renamed_line": "account {account} is {name} now",
    "accounts_grouped": (
        "{n:,} account is in group {group} now",
        "{n:,} accounts are in group {group} now",
    ),
    "accounts_ungrouped": (
        "{n:,} account is in no group now",
        "{n:,} accounts are in no group now",
    ),
    "column_group": "group",
    "column_enabled": "enabled",
    "column_with_quota": "with quota",
    "word_without_group": "(none)",
}

_RENAME = "an account that is stored under such a name can be renamed by its id"

ADVICE = {
    "terminal": {
        "name_with_hidden_character": _RENAME,
        "account_is_deleted": "see: {program} accounts list --deleted",
    },
    "console": {
        "name_with_hidden_character": _RENAME,
        "account_is_deleted": "see the page Accounts with the deleted ones",
    },
    "api": {
        "name_with_hidden_character": _RENAME,
        "account_is_deleted": "see GET /api/v1/accounts?deleted=true",
    },
}
