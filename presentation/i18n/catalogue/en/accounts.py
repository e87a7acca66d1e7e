"""Accounts and the pool: why one is disabled, rests or waits, and what happened to it."""

from __future__ import annotations

MESSAGES = {
    # why an account is disabled or rests
    "session_expired": "session expired ({detail})",
    "account_banned": "banned by the platform ({detail})",
    "credentials_unusable": "secrets cannot be used ({detail})",
    "account_throttled": "throttled ({detail})",
    "risk_control": "risk control ({detail})",
    "risk_control_elsewhere": (
        "risk control ({detail}); to blame is the {culprit}, not the account"
    ),
    "proxy_blocked": "its proxy does not let it through ({detail})",
    "by_operator": "by the operator",
    # what happened to it
    "session_imported": "imported",
    "limit_set": "limit {rows:,} a day",
    "limit_changed": "from {before:,} to {rows:,} a day",
    "quota_handed_over": "quota of {day} used up by {domain}, last id {last_id}",
    "probe_passed": "the probe passed; on probation",
    "account_recovered": "healthy again after {good} good answers",
    # why no account is fit
    "no_account": "no account for {platform}",
    "all_accounts_disabled": ("the only account is disabled", "all {n:,} accounts are disabled"),
    "no_export_quota": "no account has an export quota",
    "account_returned": "an account was just given back",
    "accounts_busy": ("1 account is busy", "{n:,} accounts are busy"),
    "accounts_cooling": ("1 account is cooling down", "{n:,} accounts are cooling down"),
    "accounts_waiting": (
        "1 account waits for the next turn",
        "{n:,} accounts wait for the next turn",
    ),
    "accounts_spent": (
        "1 account has used up the quota of {day}",
        "{n:,} accounts have used up the quota of {day}",
    ),
    "others_disabled": ("{reason}; 1 account is disabled", "{reason}; {n:,} accounts are disabled"),
}

ADVICE = {
    "terminal": {
        "session_expired": "import the session again",
        "credentials_unusable": "import the session again",
        "no_account": "add one with: python cli.py accounts import NAME cookies.txt",
        "all_accounts_disabled": "enable one: python cli.py accounts enable NAME",
    },
    "console": {
        "session_expired": "import the session again",
        "credentials_unusable": "import the session again",
        "no_account": "add one on the page Accounts",
        "all_accounts_disabled": "enable one on the page Accounts",
    },
    "api": {
        "session_expired": "import the session again",
        "credentials_unusable": "import the session again",
        "no_account": "add one with POST /api/v1/accounts",
        "all_accounts_disabled": "enable one with POST /api/v1/accounts/{{id}}/enable",
    },
}
