"""Sessions of accounts: cookies, tokens, proxies, the sign-in by QR code."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "session_missing": "the account has no session",
    "session_unusable": "the stored session cannot be used: {cause}",
    "session_empty": "the session is empty",
    "session_not_sendable": "the session holds characters that no HTTP header can have",
    # cookies; none of these repeats a value
    "cookie_file_empty": "the cookie file is empty",
    "cookie_text_malformed": "this is no cookie text",
    "cookie_header_malformed": "this is no cookie text",
    "cookie_not_sendable": "cookie {name}: it holds characters that no cookie can have",
    "cookie_place_line": "line {line}",
    "cookie_place_entry": "entry {entry}",
    "cookie_place_part": "part {part}",
    "cookies_malformed": (
        "1 line or entry that is no cookie was left out ({places:, })",
        "{n:,} lines or entries that are no cookies were left out ({places:, })",
    ),
    "cookies_of_other_sites": (
        "1 cookie of another site was left out",
        "{n:,} cookies of other sites were left out",
    ),
    "cookies_not_sendable": (
        "1 cookie with characters that no request can carry was left out",
        "{n:,} cookies with characters that no request can carry were left out",
    ),
    "cookies_repeated": (
        "1 name is there with several values; the newest one was taken",
        "{n:,} names are there with several values; the newest ones were taken",
    ),
    "cookie_mended": "{name} was mended: its quotes removed, its commas written as %2C",
    "cookie_file_html": "this is a web page, not its cookies",
    "cookie_text_too_long": "it is longer than {most:,} characters, which no browser's cookies are",
    "cookie_json_malformed": "cookie JSON, line {line}: {detail}",
    "cookie_json_too_deep": "cookie JSON: too deep, or a number too long",
    "cookie_json_not_list": "cookie JSON: expected a list of cookies",
    "session_cookie_missing": "there is no {name} cookie of {site} in it",
    "session_cookie_missing_noted": "there is no {name} cookie of {site} in it ({notes:; })",
    "cookies_of_site_missing": "there is no cookie of {site} in it",
    "missing_with_notes": "{missing} ({notes:; })",
    "required_cookie_missing": "there is no cookie {name} in it: is it another platform's?",
    # the sign-in by QR code
    "qr_code_missing": "no QR code came",
    "qr_state_unknown": "unknown state {state} of the code",
    "qr_session_missing": "signed in, but no {cookie} cookie came",
    "qr_codes_unconfirmed": "nobody confirmed {codes} codes in a row",
    "sign_in_unanswered": "no answer from the sign-in ({detail})",
    "sign_in_status": "the sign-in answered HTTP {status}",
    "sign_in_not_json": "the sign-in's answer is no JSON",
    "sign_in_without_data": "the sign-in's answer has no data",
}

COOKIE_FORMS = (
    "give a Netscape cookies.txt, the JSON of a cookie extension, what the browser's developer"
    " tools copy as cURL, or a header string such as SESSDATA=...; bili_jct=..."
)
SIGN_IN_AGAIN = "sign in to {site} in the browser and export the cookies again"
_TO_DO: dict[str, Forms] = {
    "qr_codes_unconfirmed": "start again when the phone is at hand",
    "session_missing": "import one",
    "cookie_file_empty": COOKIE_FORMS,
    "cookie_text_malformed": COOKIE_FORMS,
    "cookie_header_malformed": "write it like name=value; other=value",
    "cookie_json_too_deep": COOKIE_FORMS,
    "cookie_json_not_list": COOKIE_FORMS,
    "cookie_file_html": COOKIE_FORMS,
    "cookie_text_too_long": COOKIE_FORMS,
    "session_cookie_missing": SIGN_IN_AGAIN,
    "session_cookie_missing_noted": SIGN_IN_AGAIN,
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
