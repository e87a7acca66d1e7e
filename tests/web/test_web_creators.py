"""Creators and copies of files in the API and the console."""

from __future__ import annotations

import pytest

from tests.crawler.test_crawler_creators import entry, store
from tests.support.apps import add_account
from tests.support.crawler.workbench import DOMAIN, export, segments_of
from tests.support.web.web_site import Site


@pytest.fixture
def collected(site: Site) -> Site:
    add_account(site.app, "acc1")
    store(site.app, *(entry(str(n), n * 100, f"小鹿 {n}") for n in range(1, 8)))
    return site


def test_the_api_lists_creators_a_page_at_a_time(collected: Site) -> None:
    seen: list[str] = []
    query = {"domain": DOMAIN, "limit": "3", "where": "followers>100"}
    while True:
        page = collected.reader.get("/api/v1/creators", params=query).json()
        seen += [one["uid"] for one in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == ["7", "6", "5", "4", "3", "2"]
    assert page["indexed"] is True


def test_the_api_shows_and_counts_creators(collected: Site) -> None:
    one = collected.reader.get("/api/v1/creators/bilibili/7").json()
    assert (one["followers"], one["domains"][0]["domain"]) == (700, DOMAIN)
    assert one["profile_url"] == "https://space.bilibili.com/7"
    assert collected.reader.get("/api/v1/creators/bilibili/7/history").json() == {"items": []}
    counts = collected.reader.get("/api/v1/creators/count").json()
    assert counts["items"][0]["creators"] == 7 and counts["rows_not_listed_yet"] == 0
    assert collected.reader.get("/api/v1/creators/bilibili/8").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        *("where=colour>3", "sort=colour", "has=fax", "status=pending"),
        *("platform=x", "after=zzz", "limit=501", "unknown=1"),
    ],
)
def test_the_api_names_what_is_wrong(collected: Site, query: str) -> None:
    answer = collected.reader.get(f"/api/v1/creators?{query}")
    assert answer.status_code == 422, answer.text


def test_a_copy_is_downloaded_in_another_form(collected: Site) -> None:
    export(collected.app, format="xlsx")
    [segment] = segments_of(collected.app)
    for path in ("/api/v1/exports", "/admin/exports"):
        answer = collected.reader.get(
            f"{path}/{segment.id}/copy", params={"format": "csv", "headers": "zh"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.content.decode("utf-8-sig").startswith("序号,达人ID,昵称")
    refused = collected.reader.get(f"/api/v1/exports/{segment.id}/copy?format=pdf")
    assert refused.status_code == 422
    assert collected.reader.get("/api/v1/exports/99/copy").status_code == 404
