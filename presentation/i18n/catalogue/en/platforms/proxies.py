"""Proxies: how they are written, the list of them, who leaves by which, and their checks."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # one proxy as a text; none of these repeats a user or a password
    "proxy_not_url": "the proxy is no URL (known: {schemes})",
    "proxy_sign_unescaped": (
        "the proxy's user or password holds {sign}: write {sign} as {code}, the whole like {line}"
    ),
    "proxy_wide_letters": "the proxy is written in wide letters; write {line}",
    "proxy_not_sendable": (
        "the proxy holds characters that no request can carry, or is too long; write it like {line}"
    ),
    "proxy_not_ascii": (
        "the proxy holds other characters than ASCII; write those of its user and password as UTF-8"
        " with % (é as %C3%A9), and the whole like {line}"
    ),
    "proxy_login_too_long": (
        "a user or a password of SOCKS5 has {most} bytes at most; ask the provider for a shorter"
        " one, or for an HTTP proxy"
    ),
    "proxy_socks4": (
        "SOCKS4 proxies are not used: they know no password; ask the provider for SOCKS5 or HTTP"
    ),
    "proxy_ambiguous": (
        "the proxy can be read in two ways, as both ends look like a host and its port;"
        " write it like {line}"
    ),
    "proxy_port_wrong": "the proxy's port is not from 1 to {most}; write it like {line}",
    "proxy_port_missing": "the proxy has no port; write it like {line}",
    "proxy_ipv6_bare": "the proxy's IPv6 address needs brackets; write it like {line}",
    # lists of proxies
    "proxy_entry_wrong": "this is no proxy",
    "proxy_twice": "{file}, line {line}: the same proxy as in line {first}; it is taken once",
    "too_many_proxies": "{file} has more lines than a list of proxies; at most {most:,} at once",
    "list_of_others": "{n:,} lines are no proxies, the first: {first}",
    "proxies_missing": "{file} has no proxy",
    # the proxies that are kept
    "proxy_added": "{egress}: added",
    "proxy_known": "{egress}: it is there already",
    "proxies_imported": (
        "1 proxy added, {known:,} there already",
        "{n:,} proxies added, {known:,} there already",
    ),
    "proxies_partly_imported": "{imported:,} imported, {refused:,} not",
    "proxies_previewed": (
        "1 proxy would be added, {known:,} are there already",
        "{n:,} proxies would be added, {known:,} are there already",
    ),
    "no_proxies": "no proxy is known",
    "proxy_unknown": "no such proxy is known",
    "proxy_gateway_ambiguous": "{gateway} has several proxies: {names}",
    "proxy_url_forgotten": "{egress} is known by its name only",
    "proxy_in_use": (
        "1 account leaves by {egress}: {names}",
        "{n:,} accounts leave by {egress}: {names}",
    ),
    "proxy_moved_to_itself": "the accounts of {egress} leave by it already",
    "proxy_removed": (
        "{egress} is removed; its account leaves by {target} now",
        "{egress} is removed; its {n:,} accounts leave by {target} now",
    ),
    "proxy_removed_unused": "{egress} is removed",
    "proxy_key_missing": (
        "the URL of the proxy {egress} was encrypted with a key that is not here; nothing was"
        " changed"
    ),
    "proxy_state_unused": "not used yet",
    "proxy_state_good": "worked {at}",
    "proxy_state_failed": "failed {at}: {reason}",
    "proxy_state_cooling": "left alone until {until}: {reason}",
    "proxy_prompt": "proxy (not shown)",
    "proxy_preview_new": "will be added",
    "proxy_preview_known": "it is there already",
    "without_proxy": "no proxy",
    # who leaves by which
    "account_proxy_failed": "{account} leaves by {egress}, which does not work: {cause}",
    "proxy_given": "leaves by {egress}",
    "proxy_taken_away": "leaves without a proxy",
    "account_proxy_set": "account {account}: leaves by {egress} from its next lease on",
    "account_proxy_removed": "account {account}: leaves without a proxy from its next lease on",
    "account_proxy_shared": "{names} of {platform} leave by it too: the platform sees that",
    "per_proxy_too_small": "one account a proxy is the least",
    "accounts_not_to_assign": "not among the enabled accounts without a proxy: {names}",
    "proxies_rotating_left": (
        "1 rotating proxy is not used: {names}",
        "{n:,} rotating proxies are not used: {names}",
    ),
    "proxies_failed_left": (
        "1 proxy that failed last is not used: {names}",
        "{n:,} proxies that failed last are not used: {names}",
    ),
    "assignment_planned": "{account}: would leave by {egress}",
    "assignment_done": "{account}: leaves by {egress}",
    "assignments_planned": ("1 account would get a proxy", "{n:,} accounts would get a proxy"),
    "assignments_done": ("1 account has its proxy", "{n:,} accounts have their proxy"),
    "assignments_overtaken": (
        "1 account was changed meanwhile and is left as it is",
        "{n:,} accounts were changed meanwhile and are left as they are",
    ),
    "accounts_without_proxy": (
        "1 account is left without a proxy: {names}",
        "{n:,} accounts are left without a proxy: {names}",
    ),
    "proxies_without_account": (
        "1 proxy has room left: {names}",
        "{n:,} proxies have room left: {names}",
    ),
    "nothing_to_assign": "no account without a proxy, or no proxy with room",
    # checks
    "proxy_works": "works ({secs:.1f} s)",
    "proxy_works_as": "works ({secs:.1f} s), exit {exit}",
    "proxy_works_refused": "works ({secs:.1f} s), but the target refuses it (HTTP {status})",
    "proxy_failed": "does not work: {cause}",
    "proxy_unasked": "not asked: the time was up",
    "proxy_unasked_unknown": "not asked: its URL is not known here",
    "proxy_left_alone": "{outcome}; left alone by the operator until {until}",
    "proxy_same_exit": "{outcome}, the same as of {egress}",
    "proxy_check_line": "{egress}: {outcome}",
    "proxies_checked": "{good:,} of {n:,} work",
    "proxy_target_wrong": "the target of a check is an http(s) URL without user and password",
    "proxy_target_missing": "{platform} has no endpoint to check proxies with",
}

_TO_DO: dict[str, Forms] = {
    "proxy_not_url": "write it like http://user:password@host:8080",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": _TO_DO
    | {
        "no_proxies": "add them with: {program} proxies import FILE",
        "account_proxy_failed": (
            "check it: {program} proxies check '{egress}'; or give the account another one:"
            " {program} accounts set_proxy {account} PROXY"
        ),
        "proxy_unknown": "see: {program} proxies list",
        "proxy_gateway_ambiguous": "name one of them",
        "proxy_url_forgotten": "give its URL",
        "proxy_in_use": "say where they go with --accounts-to PROXY, or none",
        "accounts_not_to_assign": "change an account's proxy with: {program} accounts set_proxy",
        "proxy_key_missing": "add that key behind the others",
        "proxy_target_missing": "give one with --url",
    },
    "console": _TO_DO
    | {
        "no_proxies": "add them below",
        "account_proxy_failed": ("see the page Proxies, or give it another one on its page"),
        "proxy_unknown": "see the page Proxies",
        "proxy_gateway_ambiguous": "name one of them",
        "proxy_url_forgotten": "give its URL",
        "proxy_in_use": "choose where they go",
        "accounts_not_to_assign": "give an account another proxy on its page",
        "proxy_key_missing": "add that key behind the others",
        "proxy_target_missing": "give the URL of one",
    },
    "api": _TO_DO
    | {
        "no_proxies": "add them with POST /api/v1/proxies/import",
        "account_proxy_failed": ("see POST /api/v1/proxies/check, or give it another one"),
        "proxy_unknown": "see GET /api/v1/proxies",
        "proxy_gateway_ambiguous": "name one of them",
        "proxy_url_forgotten": "give its URL",
        "proxy_in_use": "say where they go with accounts_to: a proxy, or none",
        "accounts_not_to_assign": "change it with POST /api/v1/accounts/{{id}}/proxy",
        "proxy_key_missing": "add that key behind the others",
        "proxy_target_missing": "give a url",
    },
}
