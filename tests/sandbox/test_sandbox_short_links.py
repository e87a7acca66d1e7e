"""Short links: where they lead, and those that lead nowhere good."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests

from tests.support.sandbox.sandbox_client import VIEW, Client

HOSTS = ["b23.tv", "v.douyin.com", "vm.tiktok.com", "vt.tiktok.com", "www.tiktok.com/t"]


def follow(client: Client, url: str) -> requests.Response:
    """One step, asked as a client asks that has `short_link_base_url` set."""
    parts = urlsplit(url)
    address = f"{client.server.url}/{parts.netloc}{parts.path}"
    return client.http.get(address, allow_redirects=False, timeout=10)


def step(client: Client, url: str) -> str:
    answer = follow(client, url)
    assert (answer.status_code, answer.content) == (302, b"")
    return answer.headers["Location"]


@pytest.mark.parametrize("platform", ["bilibili", "douyin", "tiktok"])
def test_links_lead_to_the_page_of_their_video(client: Client, platform: str) -> None:
    for video in client.truth(platform=platform, count=20):
        target = urlsplit(step(client, video["short_url"]))
        assert video["id"] in target.path.split("/")
        assert target.scheme == "https"
        host = {"bilibili": "www.bilibili.com", "douyin": "www.iesdouyin.com"}
        assert target.netloc == host.get(platform, "www.tiktok.com")


@pytest.mark.parametrize("host", ["v.douyin.com", "vm.tiktok.com", "vt.tiktok.com"])
@pytest.mark.parametrize("code", ["iRNBho5G/", "ZMabc123", "a_b-c"])
def test_any_code_is_a_video_always_the_same(client: Client, host: str, code: str) -> None:
    target = step(client, f"https://{host}/{code}")
    assert len(next(part for part in urlsplit(target).path.split("/") if part.isdigit())) == 19
    assert target == step(client, f"https://{host}/{code}")


def test_short_links_of_bilibili(client: Client) -> None:
    video = client.truth(count=1, state="visible")[0]
    assert video["id"] in step(client, f"https://b23.tv/{video['id']}")
    assert f"/av{video['aid']}?" in step(client, f"https://b23.tv/av{video['aid']}")
    assert client.get(VIEW, bvid=video["id"]).json()["code"] == 0
    assert len(video["short_url"].rsplit("/", 1)[1]) == 7


@pytest.mark.parametrize("host", HOSTS)
def test_links_that_lead_nowhere_good(client: Client, host: str) -> None:
    here = f"https://{host}/"
    assert step(client, step(client, here + "looping")) == here + "looping/"
    assert step(client, here + "strange").startswith("https://evil.example/")
    assert "notfound" in step(client, here + "notfound")
    assert urlsplit(step(client, here + "nowhere")).path == "/"
    assert follow(client, here + "unknown").status_code == 404
    url = here + "endless"
    seen = {url}
    for _ in range(30):
        url = step(client, url)
        seen.add(url)
    assert len(seen) == 31


@pytest.mark.parametrize("host", HOSTS[1:])
def test_two_hops(client: Client, host: str) -> None:
    first = step(client, f"https://{host}/twohops")
    assert first.startswith(f"https://{host}/")
    assert "/video/" in step(client, first)


def test_requests_are_counted_by_host_also_where_nobody_should_go(client: Client) -> None:
    assert "short_links" not in client.stats()["requests"]
    follow(client, "https://vm.tiktok.com/X1/")
    follow(client, "https://www.tiktok.com/t/X1/")
    assert follow(client, "https://www.iesdouyin.com/share/video/1/").status_code == 200
    assert follow(client, "https://evil.example/").status_code == 200
    assert client.stats()["requests"]["short_links"] == {
        "/evil.example": 1,
        "/vm.tiktok.com": 1,
        "/www.iesdouyin.com": 1,
        "/www.tiktok.com/t": 1,
    }


def test_faults(client: Client) -> None:
    client.order(
        {"kind": "http_502", "endpoint": "short_links"},
        {"kind": "delay", "delay_secs": 0.01},
    )
    assert follow(client, "https://v.douyin.com/X1/").status_code == 502
    assert step(client, "https://v.douyin.com/X1/")
    assert client.stats()["faults"] == {"http_502": 1, "delay": 1}


@pytest.mark.parametrize("path", ["/v.douyin.com/", "/v.douyin.com/a/b", "/x.example/a"])
def test_other_paths_are_none(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
