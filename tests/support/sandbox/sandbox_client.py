"""A client that does everything right, and a clock that tests move."""

from __future__ import annotations

from typing import Any

import requests

from sandbox import SandboxServer
from sandbox.wbi import DEFAULT_KEYS, KeyPair, signature

SEARCH = "/x/web-interface/wbi/search/type"
VIEW = "/x/web-interface/view"
BATCH = "/medialist/gateway/base/resource/infos"
FAVOURITES = "/x/v3/fav/resource/infos"
WALL_SECS = 1_790_000_000


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, secs: float) -> None:
        self.secs = secs

    def __call__(self) -> float:
        return self.secs


class Client:
    """A browser of one account; every part of a correct request can be replaced or left out."""

    def __init__(self, server: SandboxServer, account: str | None, wall: Clock) -> None:
        self.server = server
        self.wall = wall
        self.keys: KeyPair = DEFAULT_KEYS
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64)"
        self.http.headers["Referer"] = "https://www.bilibili.com/"
        self.http.cookies.set("buvid3", "TEST-infoc")
        if account is not None:
            self.http.cookies.set("SESSDATA", account)

    def get(self, path: str, **params: str | int) -> requests.Response:
        return self.http.get(self.server.url + path, params=params, timeout=10)

    def post(self, path: str, payload: object = None) -> requests.Response:
        return self.http.post(self.server.url + path, json=payload, timeout=10)

    def signed(self, **params: object) -> dict[str, str]:
        plain = {key: str(value) for key, value in params.items()}
        plain.setdefault("wts", str(int(self.wall())))
        return {**plain, "w_rid": signature(plain, self.keys)}

    def search_answer(
        self,
        keyword: str = "美妆",
        page: object = 1,
        search_type: str = "bili_user",
        timeout: float = 10.0,
    ) -> requests.Response:
        query = self.signed(keyword=keyword, page=page, search_type=search_type)
        return self.http.get(self.server.url + SEARCH, params=query, timeout=timeout)

    def search(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        body: dict[str, Any] = self.search_answer(*args, **kwargs).json()
        return body

    def order(self, *faults: dict[str, object]) -> None:
        assert self.post("/__sandbox__/faults", list(faults)).status_code == 200

    def control(self, call: str, **body: object) -> dict[str, Any]:
        answer = self.post(f"/__sandbox__/{call}", body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def truth(self, **params: str | int) -> list[dict[str, Any]]:
        """Return what a client must find now: of `ids`, or a list to choose from."""
        found: list[dict[str, Any]] = self.get("/__sandbox__/videos", **params).json()["videos"]
        return found

    def stats(self) -> dict[str, Any]:
        body: dict[str, Any] = self.get("/__sandbox__/stats").json()
        return body
