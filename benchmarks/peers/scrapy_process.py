"""The same crawl by Scrapy: one request a page, one item a page, one transaction an item.

It runs in the peers' environment and imports nothing of the project but the signature, which needs
the standard library only:

    PYTHONPATH=<project> python scrapy_process.py URL DATABASE GIVEN DOMAIN PAGES CONCURRENCY

GIVEN is a JSON file with the statements of a page and the headers of a request, those of the bare
loop. As fair to Scrapy
as we could: cookies go as a header of our own in place of its cookie middleware, nothing is
logged, no pause, no extension that is of no use here, and one item carries a whole page.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.request import Request as PlainRequest
from urllib.request import urlopen

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response

from sources.bilibili import wbi

NOW, DAY = "2026-01-02 00:00:00.000", "2026-01-02"
SEARCH = "/x/web-interface/wbi/search/type"
ACCOUNTS = 4


def settings(concurrency: int) -> dict[str, Any]:
    """Return Scrapy's settings; what is not named keeps its default."""
    return {
        "CONCURRENT_REQUESTS": concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": concurrency,
        "DOWNLOAD_DELAY": 0,
        "AUTOTHROTTLE_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_ENABLED": False,
        "EXTENSIONS": {
            "scrapy.extensions.logstats.LogStats": None,
            "scrapy.extensions.memusage.MemoryUsage": None,
        },
        "ITEM_PIPELINES": {Pipeline: 100},
    }


class Pipeline:
    """Store a page in one transaction, as durably as the others do."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(sys.argv[2], isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._statements = _given()["statements"]

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        creators, cursor = item["creators"], self._connection.cursor()
        common = {"domain": item["domain"], "page": item["page"], "account": item["account"]}
        common |= {"now": NOW, "day": DAY, "n": len(creators)}
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(self._statements["task"], common)
        cursor.execute(self._statements["log"], common)
        rows = [creator | common | {"log": cursor.lastrowid} for creator in creators]
        cursor.executemany(self._statements["creators"], rows)
        cursor.executemany(self._statements["influencers"], rows)
        uids = {f"uid{n}": creator["uid"] for n, creator in enumerate(creators)}
        marks = ", ".join(f":{name}" for name in uids)
        cursor.execute(self._statements["keywords"].replace("UIDS", marks), common | uids)
        cursor.execute(self._statements["day"], common)
        cursor.execute("COMMIT")
        return item


class CreatorSpider(scrapy.Spider):
    """Ask for the pages 1 to `pages` of a domain, by the accounts in turn."""

    name = "creators"

    def __init__(self, url: str, domain: str, pages: int, **others: Any) -> None:
        super().__init__(**others)
        self._url, self._domain, self._pages = url, domain, pages

    async def start(self) -> AsyncIterator[Any]:
        headers = [_signed_in(self._url, number) for number in range(1, ACCOUNTS + 1)]
        mixin = _mixin_key(self._url, headers[0])
        for page in range(1, self._pages + 1):
            account = page % ACCOUNTS + 1
            params = {"search_type": "bili_user", "keyword": self._domain, "page": page}
            params |= {"order": 0, "order_sort": 0, "user_type": 0}
            query = wbi.encode(wbi.sign(params, mixin, int(time.time())))
            yield scrapy.Request(
                f"{self._url}{SEARCH}?{query}",
                headers=headers[account - 1],
                cb_kwargs={"page": page, "account": account},
                dont_filter=True,
            )

    def parse(self, response: Response, page: int, account: int) -> Any:
        entries = response.json()["data"]["result"]
        creators = [
            {
                "uid": str(entry["mid"]),
                "nickname": _stored(entry["uname"]),
                "short_name": _stored(entry["uname"])[:512],
                "followers": entry["fans"],
                "videos": entry["videos"],
                "raw_data": _stored(json.dumps(entry, ensure_ascii=False, separators=(",", ":"))),
            }
            for entry in sorted(entries, key=lambda entry: str(entry["mid"]))
        ]
        yield {"page": page, "account": account, "domain": self._domain, "creators": creators}


def _given() -> Any:
    return json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))


def _signed_in(url: str, account: int) -> dict[str, str]:
    """Return the headers of an account, with the device cookie that the platform gave it."""
    headers = _given()["headers"] | {"Cookie": f"SESSDATA=bench-{account}"}
    device = _json(f"{url}/x/frontend/finger/spi", headers)["data"]["b_3"]
    return headers | {"Cookie": f"{headers['Cookie']}; buvid3={device}"}


def _mixin_key(url: str, headers: dict[str, str]) -> str:
    images = _json(f"{url}/x/web-interface/nav", headers)["data"]["wbi_img"]
    stems = [images[name].rsplit("/", 1)[-1].split(".")[0] for name in ("img_url", "sub_url")]
    return wbi.mixin_key(*stems)


def _json(url: str, headers: dict[str, str]) -> Any:
    with urlopen(PlainRequest(url, headers=headers), timeout=15) as answer:
        return json.load(answer)


def _stored(text: str) -> str:
    """Return a text without lone surrogates, which no database takes."""
    return text.encode("utf-8", "replace").decode()


if __name__ == "__main__":
    process = CrawlerProcess(settings(int(sys.argv[6])))
    process.crawl(CreatorSpider, url=sys.argv[1], domain=sys.argv[4], pages=int(sys.argv[5]))
    process.start()
