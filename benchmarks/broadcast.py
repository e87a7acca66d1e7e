"""`broadcast`: a round over 1,000 tasks at the declared paces, which has three minutes.

Once with a mix as tasks have it (shared links, short links, three platforms), once with what is
asked for most slowly: a Douyin video of its own for each task.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import requests
from pydantic import SecretStr

from app.container import App
from benchmarks.ground import Ground, opened, sandbox_process
from benchmarks.results import Figure, Result
from core.settings import Pace
from core.threaded_service import ThreadedService

NAME = "broadcast"
TASKS = 1000
MIX = {"douyin": 400, "tiktok": 250, "youtube": 150}  # distinct links; every fifth task shares one
ROUND_SECS = 180.0
YOUTUBE_PACE, TIKHUB_PACE = Pace(5, 1), Pace(8, 1)
PLENTY_USD = 1000.0


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the seconds of a round, and count what it asked of the platforms."""
    figures: list[Figure] = []
    for label, distinct in (("mixed", MIX), ("1,000 Douyin videos", {"douyin": TASKS})):
        with sandbox_process(1, "美妆") as url:  # it allows TikHub's 10 requests a second
            links = _links(url, distinct)
            requests.post(f"{url}/__sandbox__/reset", timeout=10)
            figures += _round(ground, label, url, links)
    return Result(NAME, tuple(figures))


def _round(ground: Ground, label: str, url: str, links: Sequence[str]) -> list[Figure]:
    place = ground.place("sqlite")
    with opened(place, **_settings(url)) as app:
        app.distribution.importer.add_dramas(
            {
                "task_id": f"t{n:04}",
                "project_id": "p",
                "video_url": links[n % len(links)],
                "callback_url": f"https://settle-{n % 3}.example/callback",
            }
            for n in range(TASKS)
        )
        begin = time.monotonic()
        answer = _triggered(app)
        secs = time.monotonic() - begin
    ground.drop(place)
    stats = requests.get(f"{url}/__sandbox__/stats", timeout=10).json()
    asked = {name: sum(paths.values()) for name, paths in stats["requests"].items()}
    return [
        Figure(
            label=f"{label}: a round over {answer.total:,} tasks",
            value=secs,
            unit="s",
            goal=f"< {ROUND_SECS:g}",
        ),
        Figure(f"{label}: distinct links", len(links)),
        Figure(f"{label}: tasks without numbers", answer.failed),
        Figure(
            label=f"{label}: tasks not asked for in time",
            value=answer.postponed,
            unit="",
            goal="= 0",
        ),
        Figure(f"{label}: requests to YouTube", asked.get("youtube", 0)),
        Figure(f"{label}: requests to TikHub", asked.get("tikhub", 0)),
        Figure(
            label=f"{label}: requests over the limit",
            value=stats["over_limit"],
            unit="",
            goal="= 0",
        ),
    ]


def _triggered(app: App) -> Any:
    renewer = ThreadedService(
        name="lease-renewer",
        bodies=[app.crawling.lease_renewer("broadcast").run],
        on_failure=lambda error: None,
    )
    renewer.start()
    try:
        return app.distribution.broadcaster.trigger(threading.Event())
    finally:
        renewer.stop()
        renewer.join(10.0)


def _settings(url: str) -> dict[str, Any]:
    return {
        "youtube_base_url": f"{url}/youtube/v3",
        "youtube_api_key": SecretStr("a-good-key"),
        "youtube_pace": YOUTUBE_PACE,
        "tikhub_base_url": url,
        "tikhub_token": SecretStr("a-good-token"),
        "tikhub_pace": TIKHUB_PACE,
        "tikhub_daily_budget_usd": PLENTY_USD,
        "short_link_base_url": url,
        "broadcast_secs": ROUND_SECS,
    }


def _links(url: str, distinct: dict[str, int]) -> list[str]:
    """Return links of videos; of Douyin and TikTok each third is a short one."""
    links = []
    for name, count in distinct.items():
        params = {"platform": name, "count": str(count)}
        found = requests.get(f"{url}/__sandbox__/videos", params=params, timeout=30).json()
        for place, video in enumerate(found["videos"]):
            short = video["short_url"] if name != "youtube" and place % 3 == 0 else None
            links.append(short or video["url"])
    return links
