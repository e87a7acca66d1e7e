"""A scripted API that also takes POSTs, a budget in memory, and the adapters at them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import PlatformQuotaError
from core.settings import Pace
from sources.base import AccountSession, StatsAnswer
from sources.tikhub.client import TikHubClient
from sources.tikhub.douyin import DouyinSource
from sources.tikhub.tiktok import TikTokSource
from sources.youtube.client import YouTubeClient
from sources.youtube.source import YouTubeSource
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import (
    Asked,
    Said,
    ScriptedPlatform,
    _Connection,
    _serving,
)

KEY = "AIzaSy-key4711secret_0"
PRICE = 1000
PACE = Pace(100_000, 1)
RESET = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class ScriptedApi(ScriptedPlatform):
    """A platform whose answers may also be made from the question."""

    bodies: list[Any] = field(default_factory=list)
    made: dict[str, Callable[[Asked], Said]] = field(default_factory=dict)

    def next_answer(self, request: Asked) -> Said:
        if request.path in self.made:
            self.asked.append(request)
            return self.made[request.path](request)
        return super().next_answer(request)

    def paths(self) -> list[str]:
        return [request.path.rsplit("/", 1)[-1] for request in self.asked]


@contextmanager
def scripted_api() -> Iterator[ScriptedApi]:
    api = ScriptedApi()

    class Handler(_Connection):
        def do_GET(self) -> None:  # noqa: N802
            path, _, query = self.path.partition("?")
            self.reply(api.next_answer(Asked(path, query, self.lower_headers())))

        def do_POST(self) -> None:  # noqa: N802
            length = int(self.headers["Content-Length"])
            api.bodies.append(json.loads(self.rfile.read(length)))
            self.do_GET()

    with _serving(Handler) as address:
        api.url = f"http://{address}"
        yield api


@dataclass
class Purse:
    """A budget in memory: what was spent, in order, and how much is left."""

    room: int = 10**9
    spent: list[int] = field(default_factory=list)

    def spend(self, units: int) -> None:
        if sum(self.spent) + units > self.room:
            raise PlatformQuotaError("the purse is empty", RESET)
        self.spent.append(units)


@dataclass
class Client:
    """A source with a session, at an address."""

    source: YouTubeSource | DouyinSource | TikTokSource
    session: AccountSession

    def ask(self, *ids: str) -> dict[str, StatsAnswer]:
        return self.source.video_stats(self.session, ids)


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


@pytest.fixture
def purse() -> Purse:
    return Purse()


@pytest.fixture
def at(clock: MovingClock, purse: Purse) -> Iterator[Callable[..., Client]]:
    """`at(url, "youtube", key=..., proxy=..., timeout_secs=...)`"""
    opened: list[AccountSession] = []

    def come(
        url: str,
        platform: str,
        key: str | None = KEY,
        proxy: str | None = None,
        timeout_secs: float = 5.0,
    ) -> Client:
        source: YouTubeSource | DouyinSource | TikTokSource
        if platform == "youtube":
            source = YouTubeSource(
                client=YouTubeClient(
                    base_url=url, timeout_secs=timeout_secs, clock=clock, budget=purse
                ),
                pace=PACE,
            )
        else:
            client = TikHubClient(
                base_url=url, timeout_secs=timeout_secs, clock=clock, budget=purse, price=PRICE
            )
            source = (DouyinSource if platform == "douyin" else TikTokSource)(
                client=client, pace=PACE
            )
        session = source.open_session(1, "me", key, proxy)
        opened.append(session)
        return Client(source, session)

    yield come
    for session in opened:
        session.http.close()


def said(body: object, status: int = 200, **headers: str) -> Said:
    """Return any JSON under any status; `Retry_After="7"` is a header."""
    listed = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Said(json.dumps(body).encode(), status, listed)


def enveloped(data: object, **more: object) -> Said:
    """Return TikHub's envelope around a platform's data."""
    return said({"code": 200, "request_id": "r-1", "message": "ok", "data": data, **more})


def refused(status: int, message: str, extra: Mapping[str, object] | None = None, **h: str) -> Said:
    """Return TikHub's error."""
    detail = {"code": status, "message": message, "request_id": "r-1", **(extra or {})}
    return said({"detail": detail}, status, **h)


def youtube_error(status: int, reason: str, message: str = "no", **headers: str) -> Said:
    listed = [{"message": message, "domain": "youtube.x", "reason": reason}]
    error = {"code": status, "message": message, "errors": listed}
    return said({"error": error}, status, **headers)
