"""The TOML files of platforms."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "platform_file_wrong": "{problems:; }",
    "platform_file_line_wrong": "{file}, line {line}: {key}: {problem}",
    "platform_file_key_wrong": "{file}: {key}: {problem}",
    "platform_file_whole": "the file",
    "platform_file_not_toml": "{file}, line {line}: no TOML: {detail}",
    "platform_file_not_utf8": "{file}, line {line}: no UTF-8 text",
    "platform_file_too_large": "{file}: too big for a platform's file",
    "platform_name_reserved": "{file}: name: {name!r} is a platform of Baton's own",
    "platform_name_taken": "{file}: name: {name!r} is that of {other} already",
    "platform_base_url_malformed": (
        "{setting}: no http(s) URL without user, password, ? or #; it is the base URL of {platform}"
    ),
    "sources_folder_missing": "BATON_SOURCES_DIR: {folder} is no folder",
    "sources_folder_unreadable": "BATON_SOURCES_DIR: {folder}: {detail}",
    # values of single keys
    "key_missing": "missing",
    "key_unknown": "unknown key",
    "platform_name_malformed": "a name has 1 to 32 characters: a-z, 0-9 and _, a letter first",
    "variable_name_malformed": "the name of an environment variable is A-Z, 0-9 and _",
    "base_url_not_plain": "a base URL has no user, password, ? or #; sessions belong to accounts",
    "profile_url_malformed": "a profile's address begins with https:// and has {{uid}} in it",
    "url_path_malformed": "a path begins with / and holds no ?, # or blank; use params",
    "header_name_malformed": "no name of an HTTP header",
    "header_value_malformed": "it holds characters that no HTTP header can have",
    "header_not_constant": "this header is not for a file: sessions belong to accounts ([session])",
    "cookie_name_malformed": "no name of a cookie",
    "cookie_value_malformed": "it holds characters that no cookie can have",
    "placeholder_unknown": "unknown placeholder {{{name}}}; known: {known}",
    "json_without_number": "JSON has no {value}",
    "json_without_type": "JSON has no {found}; write it as text",
    "jmespath_not_text": "a JMESPath is a text, not {found}",
    "jmespath_malformed": (
        "{text!r} is no JMESPath: {detail} (numbers stand in backticks (code == `0`), text in"
        " single quotes, keys in double ones)"
    ),
    "jmespath_ampersand_misplaced": "& stands only in front of a function's argument",
    "jmespath_function_unknown": "JMESPath has no function {name}()",
    "jmespath_arguments_wrong": "{name}() takes {wanted} arguments, not {given}",
    # keys that contradict each other
    "key_only_with": "only with {condition}",
    "body_needs_post": 'a body needs method = "POST"',
    "post_needs_body": "a POST needs a body: [{table}.json]",
    "scope_does_not_fit": "{reaction} concerns one of {scopes}",
    "meaning_without_condition": "say which answer: status, when, or both",
    "session_header_missing": "missing: the name of the header that holds the session",
    "session_placeholder_missing": (
        'the placeholder {{session}} is missing, as in "Bearer {{session}}"'
    ),
    "domain_placeholder_missing": (
        "the placeholder {{domain}} is missing: every search would be the same"
    ),
    "paging_placeholder_missing": ('the placeholder {{{name}}} is missing (paging is by "{kind}")'),
    "placeholder_without_value": '{{{name}}} has no value when paging is by "{kind}"',
    "check_placeholder_without_value": "{{{name}}} has no value in [check]: it searches nothing",
    "next_cursor_missing": "missing: where an answer tells the next cursor",
    "cursor_not_counted": "a cursor is not counted; first_cursor is the first one",
    "totals_exclusive": "give total_pages or total_count, not both",
    "short_pages_need_total": "then give total_pages, total_count or more",
    "page_size_used": "missing: {{page_size}} is used in [search]",
    "page_size_for_total_count": (
        "missing: without it total_count does not tell how many pages there are"
    ),
    "page_size_for_offset": "missing: without it there is no offset",
    "page_size_for_last_page": (
        "missing: the last page is known by being shorter (or give total_pages, total_count or"
        " more)"
    ),
}

_TO_DO: dict[str, Forms] = {
    "platform_file_wrong": "see docs/sources.md",
    "platform_file_not_toml": "see docs/sources.md",
    "platform_file_not_utf8": "save it as UTF-8",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
