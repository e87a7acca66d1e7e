"""Reading cookies: every form in which people have them, and a clear error for everything else."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInputError
from sources.bilibili.cookies import parse_cookies, read_session, session_expiry
from tests.support.messages import english, raises_saying

VALUE = "f00%2C1790000000%2Cbar%2A11"
COOKIES = {"SESSDATA": VALUE, "bili_jct": "0123abcd"}
HEADER = f"SESSDATA={VALUE}; bili_jct=0123abcd"
ENTRIES = [
    {"name": name, "value": value, "domain": ".bilibili.com"} for name, value in COOKIES.items()
]
NETSCAPE = (
    "# Netscape HTTP Cookie File\n"
    "\n"
    f"#HttpOnly_.bilibili.com\tTRUE\t/\tTRUE\t1790000000\tSESSDATA\t{VALUE}\n"
    ".bilibili.com\tTRUE\t/\tFALSE\t1790000000\tbili_jct\t0123abcd\n"
)
SECRET = "s3cr3tvalue"
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36"
URL = "https://api.bilibili.com/x/web-interface/nav?a=1&b=2"
CURL_BASH = (
    f"curl '{URL}' \\\n  -H 'accept: */*' \\\n  -b '{HEADER}' \\\n"
    f"  -H 'user-agent: {AGENT}' \\\n  --data-raw $'x=\\'1\\'' \\\n  --compressed"
)
CURL_OLD_BASH = f"curl '{URL}' -H 'User-Agent: {AGENT}' -H 'Cookie: {HEADER}' --compressed ;"
CURL_CMD = (
    f'curl ^"{URL.replace("&", "^&")}^" ^\n  -H ^"accept: */*^" ^\n'
    f'  -b ^"{HEADER.replace("%", "^%^")}^" ^\n'
    f'  -H ^"sec-ch-ua: ^\\^"Chromium^\\^";v=^\\^"141^\\^"^" ^\n'
    f'  -H ^"user-agent: {AGENT}^"'
)
CURL_OLD_CMD = (
    f'curl "{URL.replace("&", "^&")}" -H "user-agent: {AGENT}" ^\r\n'
    f'  -H "sec-ch-ua: ""Chromium"";v=""99""" ^\r\n'
    f'  -H "cookie: {HEADER.replace("%", "%^")}" ^\r\n  --compressed'
)
FETCH = (
    f'fetch("{URL}", {{\n  "headers": {{\n    "accept": "*/*",\n    "cookie": "{HEADER}",\n'
    f'    "user-agent": "{AGENT}"\n  }},\n  "method": "GET"\n}});'
)
POWERSHELL = (
    "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n"
    f'$session.UserAgent = "{AGENT}"\n'
    f'$session.Cookies.Add((New-Object System.Net.Cookie("SESSDATA", "{VALUE}", "/", '
    '".bilibili.com")))\n'
    '$session.Cookies.Add((New-Object System.Net.Cookie("bili_jct", "0123abcd", "/", '
    '".bilibili.com")))\n'
    f'Invoke-WebRequest -UseBasicParsing -Uri "{URL}" -WebSession $session'
)
TABLE = (
    "Name\tValue\tDomain\tPath\tExpires / Max-Age\tSize\tHttpOnly\tSecure\tSameSite\tPriority\n"
    f"SESSDATA\t{VALUE}\t.bilibili.com\t/\t2027-05-01T00:00:00.000Z\t42\t✓\t✓\t\tMedium\n"
    "bili_jct\t0123abcd\t.bilibili.com\t/\tSession\t16\t\t\t\tMedium\n"
)
HAR = {
    "log": {
        "entries": [
            {
                "request": {
                    "url": URL,
                    "headers": [
                        {"name": "Cookie", "value": HEADER},
                        {"name": "User-Agent", "value": AGENT},
                    ],
                }
            },
            {"request": {"url": "https://example.com/", "headers": []}},
        ]
    }
}
COOKIE_QUICK_MANAGER = [
    {
        "Host raw": "https://.bilibili.com/",
        "Name raw": name,
        "Content raw": value,
        "Expires raw": "1790000000",
    }
    for name, value in COOKIES.items()
]
PYTHON = f"""import requests

cookies = {{
    'SESSDATA': '{VALUE}',
    'bili_jct': '0123abcd',
}}

headers = {{
    'user-agent': '{AGENT}',
}}

response = requests.get('{URL}', cookies=cookies, headers=headers)
"""
REQUEST = f"GET /x HTTP/1.1\nHost: api.bilibili.com\nCookie: {HEADER}\nUser-Agent: {AGENT}\n"


@pytest.mark.parametrize(
    "text",
    [
        NETSCAPE,
        NETSCAPE.replace("\n", "\r\n"),
        "\ufeff" + NETSCAPE,
        NETSCAPE.split("\n", 2)[2],
        NETSCAPE.replace("\t", "    "),
        NETSCAPE.replace("\t", " "),
        NETSCAPE + "\0\0\0",
        NETSCAPE.replace("1790000000\tb", "1790000000.25\tb"),
        json.dumps(ENTRIES),
        json.dumps({"cookies": ENTRIES}),
        json.dumps({"cookies": COOKIES}),
        json.dumps({"url": "https://www.bilibili.com", "cookies": ENTRIES}),
        json.dumps({"cookies": ENTRIES, "origins": []}),
        json.dumps({"result": {"cookies": ENTRIES}}),
        json.dumps({"cookie_info": {"cookies": ENTRIES, "domains": [".x"]}, "token_info": {}}),
        json.dumps({"sessdata": VALUE, "bili_jct": "0123abcd", "ac_time_value": SECRET}),
        json.dumps(HAR),
        json.dumps(COOKIE_QUICK_MANAGER),
        json.dumps(COOKIES),
        json.dumps(HEADER),
        json.dumps({"Cookie": HEADER, "Accept": "*/*"}),
        "\ufeff" + json.dumps(ENTRIES, indent=2),
        str(COOKIES),
        f"cookies = {COOKIES}",
        f"const cookies = {{SESSDATA: '{VALUE}', bili_jct: \"0123abcd\",}};",
        str(ENTRIES).replace("'name'", "name"),
        PYTHON,
        HEADER,
        f"SESSDATA={VALUE};bili_jct=0123abcd;",
        f"Cookie: {HEADER}\r\n",
        f"cookie:{HEADER}",
        f"COOKIE: {HEADER}",
        f"Cookie\n{HEADER}".replace("Cookie\n", "cookie:\n"),
        f"\n SESSDATA={VALUE}\nbili_jct=0123abcd\n",
        f"SESSDATA = {VALUE} ; bili_jct = 0123abcd",
        f"SESSDATA={VALUE}; theme; bili_jct=0123abcd",
        f"Set-Cookie: SESSDATA={VALUE}; Path=/; Domain=bilibili.com; HttpOnly\n"
        "Set-Cookie: bili_jct=0123abcd; Path=/; Domain=bilibili.com; Secure",
        REQUEST,
        CURL_BASH,
        CURL_OLD_BASH,
        CURL_CMD,
        CURL_OLD_CMD,
        f"-b '{HEADER}'",
        f"-H 'cookie: {HEADER}'",
        f'--cookie "{HEADER}"',
        FETCH,
        POWERSHELL,
        TABLE,
        TABLE.split("\n", 1)[1],
        "\n".join("\t".join(line.split("\t")[:2]) for line in TABLE.splitlines()[1:]),
        base64.b64encode(HEADER.encode()).decode(),
        base64.b64encode(json.dumps(ENTRIES).encode()).decode(),
        base64.encodebytes(NETSCAPE.encode()).decode(),
    ],
)
def test_every_form_gives_the_same_cookies(text: str) -> None:
    assert parse_cookies(text) == COOKIES
    session = read_session(text)
    assert session.text == HEADER
    assert parse_cookies(session.text) == COOKIES


@pytest.mark.parametrize(
    "text",
    [
        *(CURL_BASH, CURL_OLD_BASH, CURL_CMD, CURL_OLD_CMD, FETCH, POWERSHELL, PYTHON, REQUEST),
        *(json.dumps(HAR), json.dumps({"cookie": HEADER, "user-agent": AGENT})),
    ],
)
def test_a_copied_request_brings_its_user_agent(text: str) -> None:
    assert read_session(text).user_agent == AGENT


@pytest.mark.parametrize("text", [HEADER, NETSCAPE, json.dumps(ENTRIES), TABLE])
def test_other_forms_bring_none(text: str) -> None:
    assert read_session(text).user_agent is None


def test_one_set_cookie_line_is_one_cookie_without_its_attributes() -> None:
    line = f"SESSDATA={VALUE}; Path=/; Domain=.bilibili.com; Expires=Fri, 01 May 2027 00:00:00 GMT"
    for text in (line, f"Set-Cookie: {line}; HttpOnly", f"set-cookie: {line}"):
        assert parse_cookies(text) == {"SESSDATA": VALUE}


def test_the_value_of_sessdata_alone_will_do() -> None:
    for value in (VALUE, VALUE.replace("%2C", ",").replace("%2A", "*")):
        assert parse_cookies(value)["SESSDATA"].startswith("f00%2C1790000000%2Cbar")


def test_a_value_keeps_its_equals_signs() -> None:
    assert parse_cookies("SESSDATA=a=b==")["SESSDATA"] == "a=b=="


def test_numbers_in_json_are_text() -> None:
    assert parse_cookies('{"SESSDATA": 12, "DedeUserID": 345}')["DedeUserID"] == "345"


def test_a_netscape_cookie_may_be_empty_also_in_the_last_line() -> None:
    text = NETSCAPE + ".bilibili.com\tTRUE\t/\tFALSE\t0\tempty\t\n"
    assert parse_cookies(text) == {**COOKIES, "empty": ""}


@pytest.mark.parametrize("domain", [".bilibili.com", "bilibili.com", "www.BiliBili.com"])
def test_all_hosts_of_the_site_count(domain: str) -> None:
    line = f"{domain}\tTRUE\t/\tFALSE\t0\tsid\tx\n"
    assert parse_cookies(NETSCAPE + line)["sid"] == "x"
    entry = {"name": "sid", "value": "x", "domain": domain}
    assert parse_cookies(json.dumps([*ENTRIES, entry]))["sid"] == "x"


@pytest.mark.parametrize("domain", [".example.com", "notbilibili.com", "bilibili.com.evil.example"])
def test_cookies_of_other_sites_are_left_out_and_counted(domain: str) -> None:
    line = f"{domain}\tTRUE\t/\tFALSE\t0\tSESSDATA\tforeign\n"
    foreign = {"name": "SESSDATA", "value": "foreign", "domain": domain}
    for text in (NETSCAPE + line, json.dumps([*ENTRIES, foreign])):
        assert parse_cookies(text) == COOKIES
        [note] = read_session(text).notes
        assert english(note) == "1 cookie of another site was left out"


def test_a_command_for_another_site_has_no_cookies_for_this_one() -> None:
    with raises_saying(InvalidInputError, "no SESSDATA cookie.*1 cookie of another site"):
        parse_cookies(f"curl 'https://example.com/' -b 'SESSDATA={VALUE}'")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (NETSCAPE + f"one\ttoo\tmany\tfields\tin\tthis\tline\t{SECRET}\n", r"1 line .*\(line 5\)"),
        (NETSCAPE + f".example.com\tTRUE\t/\tFALSE\t0\t{SECRET}\n", "1 cookie of another site"),
        (NETSCAPE + f".bilibili.com\tTRUE\t/\tFA{SECRET}", r"1 line .*\(line 5\)"),
        (json.dumps([*ENTRIES, {"name": SECRET}]), r"1 line or entry .*\(entry 3\)"),
        (json.dumps([*ENTRIES, {"name": "sid", "value": None}]), r"\(entry 3\)"),
        (json.dumps([SECRET, *ENTRIES]), r"\(entry 1\)"),
        (f"{HEADER}; sid={SECRET}名", "1 cookie with characters"),
        (json.dumps({**COOKIES, "sid": SECRET + "\r\nX-Evil: 1"}), "1 cookie with characters"),
    ],
)
def test_what_is_no_cookie_is_left_out_with_its_place(text: str, note: str) -> None:
    assert parse_cookies(text) == COOKIES
    [told] = read_session(text).notes
    with raises_saying(InvalidInputError, note):
        raise InvalidInputError(told)
    assert SECRET not in str(told)


def session_until(seconds: int) -> str:
    return f"f00%2C{seconds}%2Cbar"


@pytest.mark.parametrize(
    "values",
    [
        [session_until(1790000000), session_until(1700000000)],
        [session_until(1700000000), session_until(1790000000)],
        [session_until(1790000000), ""],
        ["", session_until(1790000000), session_until(1700000000), ""],
    ],
)
def test_of_several_sessions_the_newest_counts(values: list[str]) -> None:
    entries = [{"name": "SESSDATA", "value": value} for value in values]
    lines = [f".bilibili.com\tTRUE\t/\tTRUE\t0\tSESSDATA\t{value}" for value in values]
    header = "; ".join(f"SESSDATA={value}" for value in values)
    for text in (json.dumps(entries), "\n".join(lines), header):
        assert parse_cookies(text)["SESSDATA"] == session_until(1790000000)
        assert "several values" in english(read_session(text).notes[-1])


def test_where_the_value_does_not_say_the_browsers_expiry_decides() -> None:
    entries = [
        {"name": "SESSDATA", "value": "new", "expirationDate": 1790000000.5},
        {"name": "SESSDATA", "value": "old", "expirationDate": 1700000000},
    ]
    assert parse_cookies(json.dumps(entries))["SESSDATA"] == "new"
    assert parse_cookies("SESSDATA=first; SESSDATA=last")["SESSDATA"] == "last"


@pytest.mark.parametrize(
    "value",
    [
        "a,1893456000,b*41",
        '"a,1893456000,b*41"',
        '"a%2C1893456000%2Cb*41"',
        "a%252C1893456000%252Cb*41",
        "a%2C1893456000,b*41",
    ],
)
def test_a_session_is_sent_as_the_site_sets_it(value: str) -> None:
    text = json.dumps({"SESSDATA": value})
    assert parse_cookies(text)["SESSDATA"] == "a%2C1893456000%2Cb*41"
    assert session_expiry(text) == datetime.fromtimestamp(1893456000, UTC)
    [note] = read_session(text).notes
    assert english(note).startswith("SESSDATA was mended")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "empty"),
        (" \n\ufeff", "empty"),
        (SECRET, "no cookie text"),
        (f"hello world = {SECRET}", "no cookie text"),
        (f"={SECRET}", "no cookie text"),
        (f"buvid3={SECRET}", "no SESSDATA"),
        ("SESSDATA=", "no SESSDATA"),
        (NETSCAPE.replace(f"SESSDATA\t{VALUE}", f"SESSDATA {SECRET}\t\t"), r"no SESS.*\(line 3\)"),
        ("# Netscape HTTP Cookie File\n", "no SESSDATA"),
        (NETSCAPE.replace("bilibili.com", "example.com"), "no SESSDATA.*2 cookies of other sites"),
        (f'[{{"name": "SESSDATA", "value": "{SECRET}"', "line 1"),
        (f'[\n{{"name": "SESSDATA"\n"value": "{SECRET}"}}]', "line 3"),
        (f'["{SECRET}"]', "entry 1"),
        (json.dumps({"SESSDATA": {"value": SECRET}}), r"no SESSDATA.*\(entry 1\)"),
        (json.dumps({"SESSDATA": None, "sid": SECRET}), r"no SESSDATA.*\(entry 1\)"),
        ("[]", "no SESSDATA"),
        ("{}", "no SESSDATA"),
        (f"<!DOCTYPE html>\n<html><body>SESSDATA={SECRET}", "a web page"),
        (f'<?xml version="1.0"?>\n<html>{SECRET}', "a web page"),
        (f"curl 'https://api.bilibili.com/' -H 'accept: {SECRET}'", "no SESSDATA"),
        (f"SESSDATA=名{SECRET}", "no SESSDATA.*characters"),
        ("SESSDATA=" + "a" * 20_000_001, "longer than 20,000,000"),
    ],
)
def test_a_wrong_form_is_told_with_its_place_and_without_its_values(text: str, where: str) -> None:
    with raises_saying(InvalidInputError, where) as caught:
        parse_cookies(text)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"SESSDATA": ' + "9" * 5_000 + "}",
        '{"SESSDATA": "\\ud83d"}',
        '{"SESSDATA": "a\\r\\nX-Evil: 1"}',
        "SESSDATA=\x00",
        "SESSDATA=名前",
    ],
    ids=["deep", "long number", "lone surrogate", "line break", "NUL", "not latin"],
)
def test_what_no_cookie_header_can_hold_is_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_cookies(text)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("cookies"), inner),
    max_leaves=8,
)
TEXTS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(["SESSDATA", "=", ";", "\t", "\n", "#HttpOnly_", "bilibili.com", "a"])
    ).map("".join),
    JSON_VALUES.map(json.dumps),
    st.lists(st.fixed_dictionaries({"name": JSON_VALUES, "value": JSON_VALUES})).map(json.dumps),
)


@given(TEXTS)
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        cookies = parse_cookies(text)
    except InvalidInputError as error:
        assert str(error)
        return
    assert cookies["SESSDATA"]
    assert all(isinstance(value, str) for value in cookies.values())
