"""The pool scenario by twscrape's pool of accounts, over the sandbox's search.

It runs in the peers' environment and imports nothing of the project but the signature:

    PYTHONPATH=<project> python twscrape_process.py URL FOLDER DOMAIN PAGES LIMIT SECS NAME...

twscrape asks X, whose answers say how many requests are left and when the window ends. The sandbox
plays Bilibili, which says neither, so this driver counts them for each account and tells the pool
what X's headers would: lock the account until its window ends, mark it inactive when it is banned.
Everything else is the pool's own: who is next, who is locked, how it waits. Prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

os.environ["TWS_TELEMETRY"] = "0"

import httpx
from twscrape import AccountsPool
from twscrape.logger import set_log_level

from sources.bilibili import wbi

QUEUE = "search"
WORKERS = 4
# Its default looks every five seconds for an account that is free again.
WAIT_INTERVAL_SECS = 0.1
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36",
    "Referer": "https://www.bilibili.com/",
}
SEARCH = "/x/web-interface/wbi/search/type"
LIMITED_STATUSES, LIMITED_CODES = {412, 429}, {-412, -509, -799}


class Window:
    """The requests of an account within the platform's window, oldest first."""

    def __init__(self, limit: int, window_secs: float) -> None:
        self._limit, self._window_secs = limit, window_secs
        self._sent: deque[float] = deque()

    def note(self) -> None:
        self._sent.append(time.time())

    def ends_at(self) -> float | None:
        """Return when the account may ask again; None while requests are left."""
        now = time.time()
        while self._sent and self._sent[0] <= now - self._window_secs:
            self._sent.popleft()
        return self._sent[0] + self._window_secs if len(self._sent) >= self._limit else None


class Crawl:
    """Pages that are left, and what was learnt about each account."""

    def __init__(self, url: str, domain: str, pages: int, limit: int, window_secs: float) -> None:
        self._url, self._domain = url, domain
        self._left = deque(range(1, pages + 1))
        self._windows: dict[str, Window] = {}
        self._new_window = lambda: Window(limit, window_secs)
        self._window_secs = window_secs
        self._clients: dict[str, tuple[httpx.AsyncClient, str]] = {}
        self.begun = self.ended = 0.0

    async def work(self, pool: AccountsPool) -> None:
        """Use one account after the other until no page is left."""
        while self._left:
            account = await pool.get_for_queue_or_wait(QUEUE)
            if account is None:
                return
            await self._use(pool, account.username)

    async def _use(self, pool: AccountsPool, name: str) -> None:
        window = self._windows.setdefault(name, self._new_window())
        count = 0
        while self._left:
            ends_at = window.ends_at()
            if ends_at is not None:
                # The pool compares whole seconds and frees an account in the second after.
                await pool.lock_until(name, QUEUE, math.floor(ends_at), count)
                return
            page = self._left.popleft()
            window.note()
            status, code = await self._ask(name, page)
            if status == 200 and code == 0:
                count += 1
                self.ended = time.time()
                continue
            self._left.appendleft(page)
            if status in LIMITED_STATUSES or code in LIMITED_CODES:
                until = math.ceil(time.time() + self._window_secs)
                await pool.lock_until(name, QUEUE, until, count)
            else:
                await pool.mark_inactive(name, f"HTTP {status}, code {code}")
            return
        await pool.unlock(name, QUEUE, count)

    async def _ask(self, name: str, page: int) -> tuple[int, int]:
        client, mixin = await self._client(name)
        params = {"search_type": "bili_user", "keyword": self._domain, "page": page}
        params |= {"order": 0, "order_sort": 0, "user_type": 0}
        query = wbi.encode(wbi.sign(params, mixin, int(time.time())))
        self.begun = self.begun or time.time()
        answer = await client.get(f"{self._url}{SEARCH}?{query}")
        if answer.status_code != 200:
            return answer.status_code, 0
        return 200, answer.json()["code"]

    async def _client(self, name: str) -> tuple[httpx.AsyncClient, str]:
        if name not in self._clients:
            client = httpx.AsyncClient(headers=HEADERS, cookies={"SESSDATA": name}, timeout=15)
            device = (await client.get(f"{self._url}/x/frontend/finger/spi")).json()["data"]["b_3"]
            client.cookies.set("buvid3", device)
            data = (await client.get(f"{self._url}/x/web-interface/nav")).json()["data"]
            images = data["wbi_img"]
            stems = [images[key].rsplit("/", 1)[-1].split(".")[0] for key in ("img_url", "sub_url")]
            self._clients[name] = client, wbi.mixin_key(*stems)
        return self._clients[name]


async def _pool(folder: Path, names: list[str]) -> AccountsPool:
    pool = AccountsPool(
        db_file=str(folder / "accounts.db"),
        wait_interval=WAIT_INTERVAL_SECS,
    )
    for name in names:
        await pool.add_account_cookies(name, f"auth_token={name}; ct0={name}")
    return pool


async def main() -> dict[str, Any]:
    """Crawl all pages; return the seconds from the first request to the last answer."""
    url, folder, domain, pages, limit, secs, *names = sys.argv[1:]
    set_log_level("ERROR")
    pool = await _pool(Path(folder), names)
    crawl = Crawl(url, domain, int(pages), int(limit), float(secs))
    await asyncio.gather(*[crawl.work(pool) for _ in range(WORKERS)])
    return {"secs": crawl.ended - crawl.begun}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
