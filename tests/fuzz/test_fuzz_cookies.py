"""Cookie texts: all forms say the same, no error repeats what must stay secret, none is changed."""

from __future__ import annotations

import base64
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInputError
from sources.bilibili.cookies import parse_cookies, read_session, session_expiry
from tests.support.fuzz.fuzz_effort import effort

# What RFC 6265 lets a server put into a cookie; a browser's export holds nothing else.
NAMES = st.text("ABCxyz019_-.!#$&'*+^`|~", min_size=1, max_size=8).filter(
    lambda name: not name.startswith("#")
)
VALUES = st.text("abcXYZ0129%=/+:-_.!#$&'()*<>?@[]^`{|}~", max_size=20)
COOKIES = st.dictionaries(NAMES, VALUES, max_size=5).flatmap(
    lambda others: VALUES.filter(bool).map(lambda value: {**others, "SESSDATA": value})
)
BREAKS = st.sampled_from(["\n", "\r\n"])
STARTS = st.sampled_from(["", "\ufeff"])
DOMAINS = st.sampled_from([".bilibili.com", "bilibili.com", "www.bilibili.com"])
FOREIGN = st.dictionaries(NAMES, VALUES, max_size=2)


def netscape(cookies: dict[str, str], domain: str, line_break: str) -> str:
    lines = ["# Netscape HTTP Cookie File", ""]
    for name, value in cookies.items():
        mark = "#HttpOnly_" if name == "SESSDATA" else ""
        lines.append(f"{mark}{domain}\tTRUE\t/\tTRUE\t0\t{name}\t{value}")
    return line_break.join([*lines, ""])


def entries(cookies: dict[str, str], domain: str) -> list[dict[str, str]]:
    return [{"domain": domain, "name": n, "value": v, "path": "/"} for n, v in cookies.items()]


def header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@effort(150)
@given(COOKIES, FOREIGN, DOMAINS, BREAKS, STARTS)
def test_all_forms_of_the_same_cookies_agree(
    cookies: dict[str, str], foreign: dict[str, str], domain: str, line_break: str, start: str
) -> None:
    others = netscape(foreign, "bilibili.com.example.com", line_break)
    listed = [*entries(cookies, domain), *entries(foreign, "example.com")]
    texts = [
        netscape(cookies, domain, line_break) + others,
        json.dumps(listed, indent=1),
        json.dumps({"cookies": listed}),
        json.dumps(cookies),
        header(cookies),
        f"Cookie: {header(cookies)}{line_break}",
    ]
    for text in texts:
        assert parse_cookies(start + text) == cookies


SECRETS = st.text("abcdef0123456789", min_size=12, max_size=20).map(lambda text: f"s3cr3t{text}")
TAILS = st.text(st.characters(codec="utf-8"), max_size=6)
PIECES = ["\t", ";", "=", "\n", "\r", " ", '"', "{", "[", "}", "]", ",", "\x00", "名", "\\", "#"]


def quoted(text: str) -> str:
    return text.replace("\\", "").replace("'", "").replace('"', "")


def curl(cookies: dict[str, str]) -> str:
    return f"curl 'https://api.bilibili.com/x' -b '{quoted(header(cookies))}' -H 'accept: */*'"


def curl_for_cmd(cookies: dict[str, str]) -> str:
    sent = re.sub(r"([^0-9A-Za-z =;])", r"^\1", quoted(header(cookies)))
    return f'curl ^"https://api.bilibili.com/x^" ^\n -b ^"{sent}^"'


def table(cookies: dict[str, str]) -> str:
    rows = (f"{n}\t{v}\t.bilibili.com\t/\tSession\t9\t✓" for n, v in cookies.items())
    return "\n".join(["Name\tValue\tDomain\tPath\tExpires\tSize\tHttpOnly", *rows])


def headers(cookies: dict[str, str]) -> str:
    return f"GET /x HTTP/1.1\nHost: www.bilibili.com\nCookie: {header(cookies)}\nAccept: */*\n"


def set_cookies(cookies: dict[str, str]) -> str:
    return "\n".join(f"Set-Cookie: {n}={v}; Path=/; HttpOnly" for n, v in cookies.items())


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, str]:
    """A cookie text with a secret in it, and damage anywhere around the secret."""
    secret = draw(SECRETS)
    cookies = {"SESSDATA": secret + draw(TAILS), "bili_jct": secret + draw(TAILS)}
    forms = [
        netscape(cookies, ".bilibili.com", "\n"),
        header(cookies),
        json.dumps(cookies),
        json.dumps(entries(cookies, ".bilibili.com"), ensure_ascii=False),
        json.dumps({"cookie_info": {"cookies": entries(cookies, "")}}),
        f"cookies = {cookies}",
        curl(cookies),
        curl_for_cmd(cookies),
        table(cookies),
        headers(cookies),
        set_cookies(cookies),
        base64.b64encode(header(cookies).encode()).decode(),
    ]
    text = draw(st.sampled_from(forms))
    for _ in range(draw(st.integers(0, 4))):
        spot = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        text = text[:spot] + draw(st.sampled_from([*PIECES, ""])) + text[spot + cut :]
    return text, secret


@effort(300)
@given(spoilt())
def test_a_spoilt_file_is_read_or_refused_without_its_values(case: tuple[str, str]) -> None:
    text, secret = case
    try:
        cookies = parse_cookies(text)
    except InvalidInputError as error:
        assert secret not in str(error)
        assert error.__cause__ is None
    else:
        assert cookies["SESSDATA"]
        header(cookies).encode("latin-1")  # as it goes over the wire
        assert not set("\r\n\x00;") & set("".join([*cookies, *cookies.values()]))
    session_expiry(text)


# A piece that separates one cookie from the next cuts a value visibly; these could only alter it.
HARMLESS = st.sampled_from(["\r\n", "  ", "\n\n", "# a remark\n", ";;", "\t\t", "null", "theme;"])


@effort(200)
@given(
    st.dictionaries(NAMES, st.text("abcXYZ019%/+:-_.", min_size=1, max_size=20), max_size=3),
    st.text("abcXYZ019%-_", min_size=4, max_size=30),
    st.lists(st.tuples(st.integers(0, 200), HARMLESS), max_size=3),
)
def test_no_value_is_changed_without_a_word(
    others: dict[str, str], session: str, damage: list[tuple[int, str]]
) -> None:
    cookies = {**others, "SESSDATA": session}
    for write in (
        header,
        curl,
        curl_for_cmd,
        table,
        headers,
        set_cookies,
        lambda given: netscape(given, ".bilibili.com", "\n"),
        json.dumps,
    ):
        text = write(cookies)
        for spot, piece in damage:
            text = text[: spot % (len(text) + 1)] + piece + text[spot % (len(text) + 1) :]
        try:
            found = read_session(text)
        except InvalidInputError:
            continue
        for value in parse_cookies(found.text).values():
            # A shell joins what stands behind a closing quote.
            assert value in re.sub("[\"'^]", "", text) or found.notes
