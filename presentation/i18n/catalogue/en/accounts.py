"""Accounts and the pool: why an account is disabled, cools down or waits, and its events."""

from __future__ import annotations

NEW_KEY = (
    'make one with: python -c "from cryptography.fernet import Fernet;'
    ' print(Fernet.generate_key().decode())"'
)

MESSAGES = {
    # why an account is disabled or rests
    "session_expired": "session expired ({cause})",
    "session_not_signed_in": "the session is not signed in any more",
    "session_emptied": "the platform emptied the session's cookie: it is not signed in any more",
    "login_swapped": "signed in as {uid}, was {was}",
    "login_of_older": "same login as {name} (uid {uid})",
    "login_replaced": "{name} is another login now (uid {uid})",
    "login_unknown": "not known yet",
    "account_banned": "banned by the platform ({cause})",
    "credentials_unusable": "secrets cannot be used ({cause})",
    "account_throttled": "throttled ({cause})",
    "risk_control": "risk control ({cause})",
    "refusal_elsewhere": "it concerns the {scope}, not the account: {cause}",
    "refusal_reverted": "not its fault, as answers to others show: it concerns the {scope}",
    "scope_item": "resource",
    "scope_request": "request",
    "scope_signature": "signature",
    "scope_device": "device",
    "scope_session": "session",
    "scope_account": "account",
    "scope_key": "API key",
    "scope_egress": "egress route",
    "scope_named_egress": "egress route {egress}",
    "scope_endpoint": "endpoint",
    "scope_platform": "platform",
    "scope_client": "program itself",
    "by_operator": "by the operator",
    # what happened to it
    "session_imported": "a new session was imported",
    "secrets_replaced": "new: {names}",
    "account_password": "password",
    "account_session": "session",
    "account_proxy": "proxy",
    "limit_set": "limit {rows:,} a day",
    "limit_changed": "from {before:,} to {rows:,} a day",
    "quota_handed_over": "quota of {day} used up by {domain}, last id {last_id:,}",
    "quota_handed_over_choice": (
        "quota of {day} used up by {domain}, at place {place:,} of the creators that were chosen"
    ),
    "probe_passed": "the probe passed; on probation",
    "login_also_in": "{name} is the same login (uid {uid}), and is disabled",
    "login_changed": "another login (uid {uid}); the former one is {former}",
    "session_renewed": "by the platform: {names}",
    "device_assigned": "{names}",
    "sessions_lost_together": "{n} accounts in a row, so none is at fault: {cause}",
    "sessions_signed_out": "not signed in any more",
    "sessions_unreadable": "their secrets cannot be decrypted, though the key is the right one",
    "account_recovered": "healthy again after {good} good answers",
    # Egress routes and circuits
    "egress_opened": "{egress} is used again",
    "egress_was_open": "{egress} was not in cooldown",
    "egress_cooled_down": "{egress} is left alone until {until}",
    "egress_unknown": "no egress route or gateway is named '{name}'",
    "egress_unknown_near": "no egress route or gateway is named '{name}'; like it are: {near}",
    "route_failed": "by egress route {egress}: {cause}",
    "route_failed_until": "by egress route {egress}, which is left alone until {until}: {cause}",
    "route_unproven": (
        "nothing has come by {egress} since {since}: {reason}; the next request tries it"
    ),
    "route_never_good": "nothing has ever come by {egress}: {reason}; the next request tries it",
    "route_state_good": "works",
    "route_state_unused": "not used yet",
    "route_state_held": "left alone by order",
    "route_state_cooling": "cools down",
    "route_state_partly_closed": "left alone in part",
    "route_state_closed": "left alone",
    "route_state_unproven": "not proven",
    "no_egress_routes": "no egress route is known: they appear with the first account",
    "cooldown_length_wrong": "a cooldown lasts 1 s to {hours}h, like 90s, 30m or 2h, not {text}",
    "circuit_open": "{unit} is left alone until {until}: {cause}",
    "circuit_cause_code": "{cause} ({code})",
    "circuit_closed": "{unit} is asked again",
    "no_circuits": "all circuits are closed: everything is asked as usual",
    "no_circuit_closed": "no circuit of {platform} fits; those that are not closed: {units}",
    "no_circuit_open": "all circuits are closed",
    "circuit_unit_platform": "{platform}",
    "circuit_unit_endpoint": "{platform} (endpoint {endpoint})",
    "circuit_unit_egress": "{platform} by {egress}",
    "circuit_unit_key": "{platform} with the API key {egress}",
    "circuit_unit_key_endpoint": "{platform} (endpoint {endpoint}) with the API key {egress}",
    "circuit_unit_both": "{platform} (endpoint {endpoint}) by {egress}",
    "circuit_state_quarantined": "being confirmed",
    "circuit_state_open": "open",
    "circuit_state_half_open": "half-open",
    "circuit_cause_risk": "risk control",
    "circuit_cause_throttle": "rate limit",
    "circuit_cause_no_answer": "no answer",
    "circuit_cause_proxy_silent": "the proxy brings no answer from {platform}",
    "circuit_cause_server_error": "server error",
    "circuit_cause_unusable": "endpoint of no use",
    "circuit_cause_key": "API key refused",
    "circuit_cause_operator": "by the operator",
    "faults_more": "and {n:,} more: {commands}",
    # why no account is fit
    "no_accounts": "no account yet",
    "no_account": "no account for {platform}",
    "all_accounts_disabled": ("the only account is disabled", "all {n:,} accounts are disabled"),
    "no_export_quota": "no account has an export quota",
    "account_returned": "an account was just given back",
    "accounts_busy": ("1 account is busy", "{n:,} accounts are busy"),
    "accounts_cooling": ("1 account is cooling down", "{n:,} accounts are cooling down"),
    "accounts_rest": (
        "1 account is cooling down until {until}",
        "{n:,} accounts are cooling down, the first until {until}",
    ),
    "accounts_disabled": (
        "1 account is disabled, which only a person ends",
        "{n:,} accounts are disabled, which only a person ends",
    ),
    "accounts_of_pool": "of {n:,} accounts {parts:; }",
    "accounts_waiting": (
        "1 account waits for the next turn",
        "{n:,} accounts wait for the next turn",
    ),
    "accounts_cut_off": (
        "1 account waits: its egress route is left alone until {until}",
        "{n:,} accounts wait: their egress routes are left alone, the first until {until}",
    ),
    "accounts_spent": (
        "1 account has used up the quota of {day}",
        "{n:,} accounts have used up the quota of {day}",
    ),
    "others_disabled": ("{reason}; 1 account is disabled", "{reason}; {n:,} accounts are disabled"),
    "platform_shortage": "{platform}: {reason}",
    "shortage_until": "{shortage}, until {until}",
    "next_turn": "the turn of the next request",
    "platform_throttled": "the platform throttles: {cause}",
    "daily_budget_spent": "the day's budget for {platform} is used up ({units:,} units)",
    # what was asked of accounts and cannot be done
    "account_not_found": "no account has the id {account_id}",
    "account_name_unknown": "no account is named '{name}'",
    "account_name_ambiguous": "'{name}' is on {platforms}",
    "account_exists": "{platform} has an account named '{name}' already",
    "account_not_leased_here": "account {account_id} is not leased by this process",
    "account_status_unknown": "unknown account status '{status}'; one of {known}",
    "account_taken_meanwhile": "account {account_id} was taken meanwhile",
    "account_taken_over": "account {name} was taken over",
    "daily_limit_out_of_range": "the daily limit must be 0 to {most}, got {limit}",
    "export_count_invalid": "count must be a whole number and not negative, got {count}",
    "quota_too_small": "account {account_id} has {left} rows left today, not {rows}",
    "quota_left": "account {name} has {left} rows left",
    # enrolment
    "name_not_printable": "a name has 1 to {max_letters} printable characters",
    "rows_out_of_range": "0 to {most:,} rows",
    "session_ended": "account {name}: this session ended on {day}",
    "account_added": "added (id {account_id}, {rows:,} rows a day)",
    "account_refreshed": "refreshed",
    "account_refreshed_with_limit": "refreshed, {rows:,} rows a day",
    "account_same_session": "same session, {rows:,} rows a day",
    "account_unchanged": "nothing new in it",
    "login_begun": "another login from now on; the former one is {former}, and disabled",
    "login_taken": "{name} is already the login of {other} (uid {uid})",
    "login_differs": "{name} is the login {was}, and these cookies are of {uid}",
    # a file of accounts
    "csv_columns_missing": (
        "{file}: its first line must name the columns username and cookie (and may name password,"
        " proxy, limit)"
    ),
    "proxies_stored_partly": (
        "{stored} of {of} proxies were stored, then: {cause}; run it again for the rest"
    ),
    "csv_line_wrong": "{file}, line {line}: {cause}",
    "csv_name_twice": "'{name}' is in the file twice",
    "csv_name_invalid": "the username must be 1 to {max_letters} characters",
    "csv_limit_invalid": "the limit is no whole number",
    "folder_without_files": "{folder} has no files",
    "folder_name_twice": "another file of the folder has the name {name} already",
    "account_agent_set": "account {account}: its User-Agent is set",
    "account_agent_removed": "account {account}: the usual User-Agent again",
    "user_agent_set": "user agent {user_agent}",
    "user_agent_removed": "no user agent of its own any more",
    "user_agent_malformed": "a User-Agent is 1 to {max_letters} printable ASCII characters",
    "too_many_accounts": "{file} has {count:,} accounts; at most {most:,} at once",
    # the vault
    "secret_key_empty": "{setting} holds no key",
    "secret_key_missing": "no secret key: {file} is missing",
    "secret_key_malformed": (
        "{source} is no Fernet key (32 bytes, url-safe base64); nothing was changed"
    ),
    "key_file": "key file {file}",
    "key_file_unreadable": "key file {file} cannot be read: {detail}",
    "secret_of_other_key": (
        "a stored secret was not encrypted with the keys of {source}; nothing was changed"
    ),
    "key_is_outdated": (
        "the database was encrypted with a key that {source} of this process does not have;"
        " nothing was changed"
    ),
    "accounts_wait_for_key": "this process lacks the key of the database: accounts wait for it",
    "process_key_outdated": (
        "the database was encrypted with a key that the process does not have; work that needs"
        " secrets waits"
    ),
    "other_key_on_disk": (
        "the key file holds another key than the database; the process still has the right one,"
        " but could not start again"
    ),
    "key_file_gone": (
        "the key file is missing or cannot be read; the process still has its key, but could not"
        " start again"
    ),
    "secret_key_lost": (
        "the accounts were encrypted with a key that is not here: {file} is missing and {setting}"
        " is not set; nothing was changed"
    ),
    "secret_key_other": (
        "{source} is not the key that the accounts were encrypted with; nothing was changed"
    ),
    "account_key_missing": (
        "a secret of account '{name}' was encrypted with a key that is not here; nothing was"
        " changed"
    ),
    "egress_salt_key_missing": (
        "the names of egress routes were encrypted with a key that is not here; nothing was changed"
    ),
    "callback_key_missing": (
        "the callback secret of task '{task_id}' was encrypted with a key that is not here;"
        " nothing was changed"
    ),
}

_EVERYWHERE = {
    "account_not_leased_here": "lease it with get_idle_account() first",
    "session_expired": "import the session again",
    "too_many_accounts": "split it into smaller files",
    "credentials_unusable": "import the session again",
    "session_emptied": "import the session again",
    "login_of_older": "keep only one of them",
    "secret_of_other_key": "give the right key, or sign the account in again",
    "key_is_outdated": "start the process again with the new key in front",
    "secret_key_lost": "put the key back",
    "secret_key_other": "put the right key back",
    "account_key_missing": "add that key behind the others and try again",
    "egress_salt_key_missing": "add that key behind the others",
    "callback_key_missing": "add that key behind the others, or set the secret again",
    "secret_key_empty": NEW_KEY,
    "secret_key_missing": NEW_KEY,
    "secret_key_malformed": NEW_KEY,
}

ADVICE = {
    "terminal": _EVERYWHERE
    | {
        "no_account": "add one with: {program} accounts import NAME cookies.txt",
        "no_accounts": "add one with: {program} accounts import NAME cookies.txt",
        "all_accounts_disabled": "see what each needs: {program} accounts list",
        "route_failed": "see: {program} egress list, {program} circuits list",
        "route_failed_until": "see: {program} egress list, {program} circuits list",
        "egress_unknown": "see: {program} egress list, {program} circuits list",
        "egress_unknown_near": "see: {program} egress list, {program} circuits list",
        "no_circuit_closed": "see: {program} circuits list",
        "account_not_found": "see: {program} accounts list",
        "account_name_unknown": "see: {program} accounts list",
        "account_name_ambiguous": "say which with --platform",
        "account_exists": "change its session with: {program} accounts import {name} -",
        "login_taken": "give it this session with: {program} accounts import {other} -",
        "login_differs": "if {name} shall be another login from now on, add --new-login",
        "login_swapped": (
            "import the cookies of {was}, or those of {uid} with --new-login or under another name"
        ),
        "session_ended": (
            "sign in again in the browser and export the cookies anew, or: {program} accounts login"
        ),
        "csv_columns_missing": (
            "for one account's cookies give its name too: {program} accounts import NAME {file}"
        ),
    },
    "console": _EVERYWHERE
    | {
        "no_account": "add one on the page Accounts",
        "no_accounts": "add one on the page Accounts",
        "all_accounts_disabled": "enable one on the page Accounts",
        "route_failed": "see the page “Routes and circuits”",
        "route_failed_until": "see the page “Routes and circuits”",
        "egress_unknown": "see the page “Routes and circuits”",
        "egress_unknown_near": "see the page “Routes and circuits”",
        "no_circuit_closed": "see the page “Routes and circuits”",
        "account_not_found": "see the page Accounts",
        "account_name_unknown": "see the page Accounts",
        "account_name_ambiguous": "choose the platform too",
        "account_exists": "import its new session on the account's page",
        "login_taken": "import it on the page of {other}",
        "login_differs": "if {name} shall be another login from now on, tick the box for that",
        "login_swapped": "import the cookies of {was}, or tick the box for another login",
        "session_ended": "sign in again in the browser and export the cookies anew",
        "csv_columns_missing": "for one account's cookies use the form for one account",
    },
    "api": _EVERYWHERE
    | {
        "no_account": "add one with POST /api/v1/accounts",
        "no_accounts": "add one with POST /api/v1/accounts",
        "all_accounts_disabled": "enable one with POST /api/v1/accounts/{{id}}/enable",
        "route_failed": "see GET /api/v1/egress",
        "route_failed_until": "see GET /api/v1/egress",
        "egress_unknown": "see GET /api/v1/egress",
        "egress_unknown_near": "see GET /api/v1/egress",
        "no_circuit_closed": "see GET /api/v1/circuits",
        "account_not_found": "see GET /api/v1/accounts",
        "account_name_unknown": "see GET /api/v1/accounts",
        "account_name_ambiguous": "give the platform too",
        "account_exists": "post its new session to POST /api/v1/accounts",
        "login_taken": "post it with the username {other}",
        "login_differs": "if {name} shall be another login from now on, give new_login: true",
        "login_swapped": "post the cookies of {was}, or those of {uid} with new_login: true",
        "session_ended": "sign in again in the browser and export the cookies anew",
        "csv_columns_missing": "for one account's cookies use POST /api/v1/accounts",
    },
}
