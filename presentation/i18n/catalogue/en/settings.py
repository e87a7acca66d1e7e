"""Settings, files, folders, schedules."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "wrong_settings": "wrong settings: {problems:; } (environment or .env)",
    "wrong_setting": "{name}: {problem}",
    "wrong_setting_value": "{name}: {given!r}: {problem}",
    "settings_unreadable": "wrong settings: {detail}",
    "env_file_not_utf8": ".env is not UTF-8 text",
    "env_file_forbidden": (
        "{file} may not be read by this user; run the command as its owner: sudo -u {owner} …"
    ),
    "home_unknown": "this user has no home folder; set {setting} to the folder of Baton's data",
    # what a value should be
    "value_too_small": "should be greater than or equal to {limit}",
    "value_not_above": "should be greater than {limit}",
    "value_too_large": "should be less than or equal to {limit}",
    "value_not_integer": "should be a valid integer",
    "value_not_number": "should be a valid number",
    "value_not_boolean": "should be true or false",
    "value_not_listed": "should be {expected}",
    "pace_form_wrong": "{text!r} is not REQUESTS/SECONDS, for example 1/2.5",
    "egress_name_wrong": "{name!r} is no name: up to 64 letters, digits, dots, dashes, underscores",
    "time_zone_unknown": "{name!r} is no time zone; write it like Asia/Shanghai",
    "not_http_url": "{text!r} is not an http(s) URL",
    "network_malformed": "{text!r} is no address and no network like 10.0.0.0/8",
    "file_mode_malformed": "{text!r} is no file mode; write it in octal digits, like 0640",
    "file_mode_of_owner": "with {text!r} Baton could not read and write its own files: 6 first",
    "file_mode_for_anybody": (
        "with {text!r} anybody on this host could change the files: at most 4 for others"
    ),
    "file_mode_executable": (
        "with {text!r} files could be executed: write even digits; folders get `x` by themselves"
    ),
    "files_group_unknown": "BATON_FILES_GROUP: there is no group {group!r} on this host",
    "files_group_not_member": (
        "BATON_FILES_GROUP: the user {user} is no member of {group}, and may not give files to it"
    ),
    "root_path_malformed": "{text!r} is no path like /baton",
    "seconds_list_wrong": "{text!r} is no list of seconds, for example 5,300,1800",
    # schedules
    "cron_fields_wrong": (
        "{text!r} has {fields} fields, not 5: minute, hour, day of month, month, day of week; for"
        " example 0 2 * * *"
    ),
    "cron_term_wrong": "{text!r}: {term!r} at character {position} is no {field}",
    "cron_never_happens": "{text!r} never happens: no month has such a day",
    "cron_minute": "minute (0-59)",
    "cron_hour": "hour (0-23)",
    "cron_day_of_month": "day of month (1-31, L for the last)",
    "cron_month": "month (1-12 or JAN-DEC)",
    "cron_day_of_week": "day of week (0-7 or SUN-SAT; 0 and 7 are Sunday)",
    # files
    "file_not_readable": "{file}: {detail}",
    "file_not_writable": "cannot write {path}: {detail}",
    "file_not_replaced": "cannot write {path}: {detail}; the old file is unchanged",
    "text_encoding_unknown": "{file}: neither UTF-8 nor GBK text",
    # leases
    "lease_lost": "lease on {kind} {id} ran out or was taken over",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        "wrong_settings": "see docs/configuration.md",
        "env_file_not_utf8": "save it as UTF-8 again",
        "text_encoding_unknown": "save it as UTF-8",
    },
    "console": {
        "wrong_settings": "see docs/configuration.md",
        "env_file_not_utf8": "save it as UTF-8 again",
        "text_encoding_unknown": "save it as UTF-8",
    },
    "api": {
        "wrong_settings": "see docs/configuration.md",
        "env_file_not_utf8": "save it as UTF-8 again",
        "text_encoding_unknown": "save it as UTF-8",
    },
}
