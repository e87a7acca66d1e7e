"""check_proxy: what a proxy may look like, and an error that does not repeat it."""

from __future__ import annotations

import pytest
import urllib3

from core.errors import InvalidInputError
from sources.bilibili.source import check_proxy
from tests.support.messages import raises_saying


@pytest.mark.parametrize(
    "url",
    [
        "http://proxy.example:8080",
        "https://proxy.example:8443",
        "socks5://127.0.0.1:1080",
        "socks5h://user:pass@proxy.example:1080",
        "http://user:p%40ss@[::1]:8080",
        "http://proxy.example",
    ],
)
def test_usable_urls_come_back_as_they_are(url: str) -> None:
    assert check_proxy(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3cret@proxy.example:8080",
        "proxy.example:8080",
        "ftp://u:s3cret@proxy.example:21",
        "http://",
        "http://u:s3cret@:8080",
        "http://u:s3cret@proxy.example:0",
        "http://u:s3cret@proxy.example:65536",
        "http://u:s3cret@proxy.example:port",
        "http://u:s3cret@[::1",
        "http://u:s3#cret@proxy.example:8080",
    ],
)
def test_others_are_refused_without_repeating_them(url: str) -> None:
    with raises_saying(InvalidInputError, "http://user:password@host") as caught:
        check_proxy(url)
    assert "s3" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://proxy.example:8080\n", " http://proxy.example:8080", "http://pro xy.example:80"],
)
def test_what_is_accepted_can_be_used(url: str) -> None:
    try:
        accepted = check_proxy(url)
    except InvalidInputError:
        return
    urllib3.ProxyManager(accepted).clear()
