"""A crawl by hand: requests, a driver and threads, the same tables a page, and nothing around them.

The statements are copies: whoever adds a table to the page's transaction adds it here.
"""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from typing import Any

import requests

from benchmarks import bare_export
from benchmarks.ground import Place
from sources.bilibili import wbi
from sources.bilibili.client import HEADERS
from storage.engines import mysql, sqlite
from storage.engines.dialect import Dialect

NOW, DAY = "2026-01-02 00:00:00.000", "2026-01-02"
SEARCH = "/x/web-interface/wbi/search/type"
Row = dict[str, Any]


def crawl(url: str, place: Place, domain: str, pages: int, threads: int) -> tuple[float, float]:
    """Fetch and store pages 1 to `pages`; return the seconds, and those of the processor."""
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(1, pages + 1):
        numbers.put(number)
    # SQLite has one writer at a time: who waits for it in its own way waits longer.
    writing = threading.Lock() if place.url.startswith("sqlite") else None
    workers = [
        threading.Thread(target=_work, args=(url, place, domain, numbers, writing, n))
        for n in range(1, threads + 1)
    ]
    begun, spent = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begun, time.process_time() - spent


def _work(
    url: str,
    place: Place,
    domain: str,
    numbers: queue.SimpleQueue[int],
    writing: threading.Lock | None,
    account: int,
) -> None:
    connection = bare_export.connect(place)
    with requests.Session() as http:
        http.headers.update(HEADERS)
        http.cookies.set("SESSDATA", f"bench-{account}")
        mixin = _keys(http, url)
        while True:
            try:
                page = numbers.get_nowait()
            except queue.Empty:
                break
            creators = _fetch(http, url, mixin, domain, page)
            if writing is None:
                _store(connection, account, domain, page, creators)
                continue
            with writing:
                _store(connection, account, domain, page, creators)
    connection.close()


def _keys(http: requests.Session, url: str) -> str:
    device = http.get(f"{url}/x/frontend/finger/spi").json()["data"]
    http.cookies.set("buvid3", device["b_3"])
    images = http.get(f"{url}/x/web-interface/nav").json()["data"]["wbi_img"]
    stems = [images[name].rsplit("/", 1)[-1].split(".")[0] for name in ("img_url", "sub_url")]
    return wbi.mixin_key(*stems)


def _fetch(http: requests.Session, url: str, mixin: str, domain: str, page: int) -> list[Row]:
    params = {"search_type": "bili_user", "keyword": domain, "page": page}
    params |= {"order": 0, "order_sort": 0, "user_type": 0}
    query = wbi.encode(wbi.sign(params, mixin, int(time.time())))
    answer = http.get(f"{url}{SEARCH}?{query}", timeout=15)
    answer.raise_for_status()
    return [
        {
            "uid": str(entry["mid"]),
            "nickname": _stored(entry["uname"]),
            "short_name": _stored(entry["uname"])[:512],
            "followers": entry["fans"],
            "videos": entry["videos"],
            "raw_data": _stored(json.dumps(entry, ensure_ascii=False, separators=(",", ":"))),
        }
        for entry in sorted(answer.json()["data"]["result"], key=lambda entry: str(entry["mid"]))
    ]


def _stored(text: str) -> str:
    """Return a text without lone surrogates, which no database takes."""
    return text.encode("utf-8", "replace").decode()


def _store(connection: Any, account: int, domain: str, page: int, creators: Sequence[Row]) -> None:
    is_sqlite = isinstance(connection, sqlite3.Connection)
    statements = SQLITE if is_sqlite else MYSQL
    cursor = connection.cursor()
    common = {"domain": domain, "page": page, "now": NOW, "day": DAY, "account": account}
    common |= {"n": len(creators)}
    cursor.execute("BEGIN IMMEDIATE" if is_sqlite else "BEGIN")
    cursor.execute(statements["task"], common)
    cursor.execute(statements["log"], common)
    rows = [creator | common | {"log": cursor.lastrowid} for creator in creators]
    cursor.executemany(statements["creators"], rows)
    cursor.executemany(statements["influencers"], rows)
    uids = {f"uid{n}": creator["uid"] for n, creator in enumerate(creators)}
    marks = ", ".join(f":{name}" if is_sqlite else f"%({name})s" for name in uids)
    cursor.execute(statements["keywords"].replace("UIDS", marks), common | uids)
    cursor.execute(statements["day"], common)
    cursor.execute("COMMIT")


def _statements(dialect: Dialect) -> dict[str, str]:
    """Return the statements of a page, as the engine's driver takes them."""
    known = ("nickname", "followers", "videos", "raw_data", "seen_at")
    texts = {
        "task": "UPDATE tasks SET item_count=item_count+:n, new_count=new_count+:n,"
        " updated_at=:now WHERE id=1",
        "log": "INSERT INTO ingestion_logs (task_id, account_id, domain, page_number,"
        " ingested_count, new_count, rejected_count, start_time, end_time, keyword)"
        " VALUES (1, :account, :domain, :page, :n, :n, 0, :now, :now, :domain)",
        "creators": "INSERT INTO creators (platform, uid, nickname, followers, videos,"
        " has_contact, raw_data, first_seen_at, seen_at, changed_at) VALUES ('bilibili', :uid,"
        " :short_name, :followers, :videos, 0, :raw_data, :now, :now, :now) "
        + dialect.on_conflict_update("platform, uid", known),
        "influencers": "INSERT INTO influencers (platform, uid, nickname, domain, source_page,"
        " raw_data, ingested_at, updated_at, ingestion_log_id, followers, videos, seen_at)"
        " VALUES ('bilibili', :uid, :nickname, :domain, :page, :raw_data, :now, :now, :log,"
        " :followers, :videos, :now) "
        + dialect.on_conflict_update("platform, domain, uid", (*known, "updated_at")),
        "keywords": "INSERT INTO influencer_keywords (influencer_id, keyword)"
        " SELECT id, :domain FROM influencers WHERE platform='bilibili' AND domain=:domain"
        " AND uid IN (UIDS) " + dialect.on_conflict_ignore("influencer_id, keyword"),
        "day": "INSERT INTO day_totals (day, account_id, platform, domain, pages, seen, new_count)"
        " VALUES (:day, :account, 'bilibili', :domain, 1, :n, :n) "
        + dialect.on_conflict_set(
            "day, account_id, platform, domain",
            {
                name: f"day_totals.{name}+{dialect.proposed(name)}"
                for name in ("pages", "seen", "new_count")
            },
        ),
    }
    return {name: dialect.sql(text) for name, text in texts.items()}


SQLITE, MYSQL = _statements(sqlite.DIALECT), _statements(mysql.DIALECT)
