"""Proxies as people and sellers write them: what is read, what is refused, and with which line."""

from __future__ import annotations

import random
import string

import pytest
import urllib3

from accounts.proxies.text import read_proxy
from core.errors import InvalidInputError
from presentation.i18n.language import Language
from presentation.i18n.renderer import renderer_for
from tests.support.messages import raises_saying

URL = "http://user:pw@1.2.3.4:8080"


@pytest.mark.parametrize(
    "url",
    [
        "http://proxy.example:8080",
        "https://proxy.example:8443",
        "socks5://127.0.0.1:1080",
        "socks5h://user:pass@proxy.example:1080",
        "http://user:p%40ss@[::1]:8080",
        "http://proxy.example",
        "http://customer-a;session=1!x:p$&'()*+,w@gate.example:7000",
    ],
)
def test_usable_urls_come_back_as_they_are(url: str) -> None:
    assert read_proxy(url) == url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("1.2.3.4:8080", "http://1.2.3.4:8080"),
        ("user:pw@1.2.3.4:8080", URL),
        ("s3cret@proxy.example:8080", "http://s3cret@proxy.example:8080"),
        ("1.2.3.4:8080:user:pw", URL),
        ("user:pw:1.2.3.4:8080", URL),
        ("1.2.3.4:8080@user:pw", URL),
        ("http://1.2.3.4:8080:user:pw", URL),
        ("socks5://gate.example:1080:user:pw", "socks5://user:pw@gate.example:1080"),
        ("gate.example:7000:sess-1:12345", "http://sess-1:12345@gate.example:7000"),
        ("1.2.3.4:8080::", "http://1.2.3.4:8080"),
        ("[2001:db8::1]:8080:user:pw", "http://user:pw@[2001:db8::1]:8080"),
        ("HTTP://user:pw@1.2.3.4:8080/", URL),
        # A password of these forms is taken as it stands, and that of a URL is decoded.
        ("1.2.3.4:8080:user:12#s/s?%40", "http://user:12%23s%2Fs%3F%2540@1.2.3.4:8080"),
        ("http://user:p@ss@1.2.3.4:8080", "http://user:p%40ss@1.2.3.4:8080"),
        ("user:12#ss@1.2.3.4:8080", "http://user:12%23ss@1.2.3.4:8080"),
        # as a row of a table
        ("1.2.3.4 8080 user pw", URL),
        ("1.2.3.4\t8080\tuser\tpw", URL),
        ("1.2.3.4,8080, user, pw", URL),
        ("1.2.3.4:8080;user;pw", URL),
        ("1.2.3.4|8080|user|p,w", "http://user:p,w@1.2.3.4:8080"),
        ("1.2.3.4:8080 user:pw", URL),
        ("SOCKS5 1.2.3.4 1080", "socks5://1.2.3.4:1080"),
        # what comes along by copy and paste
        ("\ufeff  1.2.3.4:8080\u200b ", "http://1.2.3.4:8080"),
        ('"1.2.3.4:8080"', "http://1.2.3.4:8080"),
    ],
)
def test_every_form_of_sellers_is_read(text: str, url: str) -> None:
    assert read_proxy(text) == url


def test_a_text_without_a_scheme_gets_the_one_that_was_chosen() -> None:
    assert read_proxy("1.2.3.4:1080:u:p", "socks5h") == "socks5h://u:p@1.2.3.4:1080"
    assert read_proxy("http://1.2.3.4:1080", "socks5h") == "http://1.2.3.4:1080"


@pytest.mark.parametrize("text", ["", "  ", "无", "None", "-", "direct", "直连", "不使用", "N/A"])
def test_words_for_nothing_are_no_proxy(text: str) -> None:
    assert read_proxy(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://user:s3#cret@1.2.3.4:8080", r"write # as %23.*http://USER:PASSWORD@1\.2\.3\.4:80"),
        ("http://user:s3/cret@1.2.3.4:8080", "write / as %2F"),
        ("socks5://user:s3?cret@gate.example:80", r"write \? as %3F.*socks5://USER:PASSWORD@gate"),
        ("1.2.3.4:8080:user:s3:cret", r"write : as %3A.*http://USER:PASSWORD@1\.2\.3\.4:8080"),
        ("１.2.3.4:８080", r"wide letters; write http://1\.2\.3\.4:8080$"),
        ("1.2.3.4：8080：user：s3cret", r"write http://USER:PASSWORD@1\.2\.3\.4:8080$"),
        ("http://usér:s3cret@1.2.3.4:80", "as UTF-8 with %"),
        ("用户:s3cret@1.2.3.4:80", "as UTF-8 with %"),
        ("socks4://u:s3cret@1.2.3.4:80", "SOCKS4 proxies are not used"),
        ("SOCKS4A 1.2.3.4 1080 u s3cret", "SOCKS4 proxies are not used"),
        ("socks5h://" + "s3" * 128 + ":pw@1.2.3.4:80", "255 bytes at most"),
        ("socks5://u:" + "%73%33" * 128 + "@1.2.3.4:80", "255 bytes at most"),
        ("http://us\u202eer:s3cret@1.2.3.4:80", "characters that no request can carry"),
        ("1.2.3.4:8080@5.6.7.8:9090", "can be read in two ways"),
        ("http://u:s3cret@proxy.example:65536", "port is not from 1 to 65535"),
        ("http://u:s3cret@proxy.example:0", "port is not from 1 to 65535"),
        ("user:s3cret@proxy.example", "has no port"),
        ("2001:db8::1:8080", r"needs brackets; write it like http://\[ADDRESS\]:PORT"),
        ("ss://s3crets3cret@1.2.3.4:8388", "known: http, https, socks5, socks5h"),
        ("ftp://u:s3cret@proxy.example:21", "known: http, https, socks5, socks5h"),
        ("1.2.3.4,8080,user,s3cret,US", "http://user:password@host:8080"),
        ("http://u:s3cret@300.2.3.4:8080", "http://user:password@host:8080"),
        ("http://u:s3cret@proxy.example:80/path", "http://user:password@host:8080"),
        ("http://u:s3cret@:8080", "http://user:password@host:8080"),
        ("http://u:s3cret@proxy.example:port", "http://user:password@host:8080"),
        ("http://u:s3cret@[::1", "http://user:password@host:8080"),
        ("http://", "http://user:password@host:8080"),
        ("s3cret", "http://user:password@host:8080"),
        ("http://s3 cret.example:80", "http://user:password@host:8080"),
        ("u:" + "s3" * 2000 + "@1.2.3.4:80", "too long"),
    ],
)
def test_others_are_refused_with_the_line_to_write(text: str, says: str) -> None:
    with raises_saying(InvalidInputError, says) as caught:
        read_proxy(text)
    for language in Language:
        assert "s3" not in renderer_for(language).sentence(caught.value)


def test_whatever_is_written_is_read_or_refused_and_what_is_read_can_be_used() -> None:
    seed = random.Random(16)
    shapes = [URL, "1.2.3.4:8080:user:pw", "user:pw@[::1]:80", "socks5://gate.example:1080:u:p"]
    read = 0
    for _ in range(3000):
        letters = list(seed.choice(shapes))
        for _ in range(seed.randint(1, 4)):
            place = seed.randrange(len(letters))
            letters[place : place + seed.randint(0, 1)] = seed.choice(
                [*string.printable, "：", "\u200f", "é", "\0"]
            )
        try:
            url = read_proxy("".join(letters))
        except InvalidInputError:
            continue
        if url is not None:
            read += 1
            urllib3.ProxyManager(url.replace("socks5h", "http").replace("socks5", "http")).clear()
            assert read_proxy(url) == url
    assert read > 300
