"""Reading cookies: three forms, and one clear error for everything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInputError
from sources.bilibili.cookies import parse_cookies
from tests.support.messages import raises_saying

VALUE = "f00%2C1790000000%2Cbar%2A11"
COOKIES = {"SESSDATA": VALUE, "bili_jct": "0123abcd"}
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


@pytest.mark.parametrize(
    "text",
    [
        NETSCAPE,
        NETSCAPE.replace("\n", "\r\n"),
        "\ufeff" + NETSCAPE,
        NETSCAPE.split("\n", 2)[2],
        json.dumps(ENTRIES),
        json.dumps({"cookies": ENTRIES}),
        json.dumps(COOKIES),
        "\ufeff" + json.dumps(ENTRIES, indent=2),
        f"SESSDATA={VALUE}; bili_jct=0123abcd",
        f"SESSDATA={VALUE};bili_jct=0123abcd;",
        f"Cookie: SESSDATA={VALUE}; bili_jct=0123abcd\r\n",
        f"cookie:SESSDATA={VALUE}; bili_jct=0123abcd",
        f"\n SESSDATA={VALUE}\nbili_jct=0123abcd\n",
    ],
)
def test_every_form_gives_the_same_cookies(text: str) -> None:
    assert parse_cookies(text) == COOKIES


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
    assert (
        parse_cookies(json.dumps([*ENTRIES, {"name": "sid", "value": "x", "domain": domain}]))[
            "sid"
        ]
        == "x"
    )


@pytest.mark.parametrize("domain", [".example.com", "notbilibili.com", "bilibili.com.evil.example"])
def test_cookies_of_other_sites_are_ignored(domain: str) -> None:
    line = f"{domain}\tTRUE\t/\tFALSE\t0\tSESSDATA\tforeign\n"
    assert parse_cookies(NETSCAPE + line) == COOKIES
    foreign = {"name": "SESSDATA", "value": "foreign", "domain": domain}
    assert parse_cookies(json.dumps([*ENTRIES, foreign])) == COOKIES


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "empty"),
        (" \n\ufeff", "SESSDATA|empty|no cookie text"),
        (SECRET, "no cookie text"),
        (f"hello world = {SECRET}", "no cookie text"),
        (f"={SECRET}", "no cookie text"),
        (f"buvid3={SECRET}", "no SESSDATA"),
        ("SESSDATA=", "no SESSDATA"),
        (NETSCAPE.replace(f"SESSDATA\t{VALUE}", f"SESSDATA {SECRET}"), "line 3: 6 fields"),
        (NETSCAPE + f"one\ttoo\tmany\tfields\tin\tthis\tline\t{SECRET}\n", "line 5: 8 fields"),
        ("# Netscape HTTP Cookie File\n", "no SESSDATA"),
        (NETSCAPE.replace("bilibili.com", "example.com"), "no SESSDATA"),
        (f'[{{"name": "SESSDATA", "value": "{SECRET}"', "line 1"),
        (f'[\n{{"name": "SESSDATA"\n"value": "{SECRET}"}}]', "line 3"),
        (f'["{SECRET}"]', "entry 1"),
        (json.dumps([*ENTRIES, {"name": SECRET}]), "entry 3"),
        (json.dumps({"cookies": {"SESSDATA": SECRET}}), "expected a list"),
        (json.dumps({"SESSDATA": {"value": SECRET}}), "SESSDATA: its value is no text"),
        (json.dumps({"SESSDATA": None, "sid": SECRET}), "SESSDATA: its value is no text"),
        ("[]", "no SESSDATA"),
        ("{}", "no SESSDATA"),
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
