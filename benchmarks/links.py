"""`links`: `stats fetch` of 500 links of four platforms, against the time that their paces allow.

The sandbox lets each account and key ask as often as the settings' paces say and counts who asks
more. Each platform's ideal is what sliding windows of its pace need for the requests that were
made; the platforms are asked side by side, so the slowest of them is the ideal of the list.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import requests

from accounts.vault import Credentials
from benchmarks.ground import ROOT, Ground, Place, opened, sandbox_process
from benchmarks.results import Figure, Result
from core.settings import Pace

NAME = "links"
PLATFORMS = ("bilibili", "youtube", "douyin", "tiktok")
EACH = 125
ACCOUNTS = 4
BILIBILI_PACE, YOUTUBE_PACE, TIKHUB_PACE = Pace(1, 2.5), Pace(5, 1), Pace(8, 1)


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the seconds, and their ratio to the ideal."""
    options = ("--tikhub-rate", _text(TIKHUB_PACE))
    with sandbox_process(1000, "美妆", _text(BILIBILI_PACE), options) as url:
        texts = _mixed(url)
        place = ground.place("sqlite")
        with opened(place, bilibili_base_url=url) as app:
            for number in range(ACCOUNTS):
                name = f"good-{number}"
                app.pool.registry.add("bilibili", name, Credentials(session=f"SESSDATA={name}"), 0)
        requests.post(f"{url}/__sandbox__/reset", timeout=10)
        secs, items = _fetch(place, url, texts)
        stats = requests.get(f"{url}/__sandbox__/stats", timeout=10).json()
    failed = [item for item in items if item["status"] == "failed"]
    ideal = _ideal_secs(stats["requests"])
    return Result(
        NAME,
        (
            Figure(f"{len(texts)} links of {len(PLATFORMS)} platforms", secs, "s"),
            Figure("what their paces allow", ideal, "s"),
            Figure(
                label="time / what their paces allow", value=secs / ideal, unit="", goal="<= 1.3"
            ),
            Figure(label="links without an answer", value=len(failed), unit="", goal="= 0"),
            Figure(label="requests over the limit", value=stats["over_limit"], unit="", goal="= 0"),
        ),
    )


def _mixed(url: str) -> list[str]:
    """Return links, short links and share texts, in turn."""
    lists = []
    for name in PLATFORMS:
        asked = {"platform": name, "count": str(EACH)}
        answer = requests.get(f"{url}/__sandbox__/videos", params=asked, timeout=10)
        lists.append(answer.json()["videos"])
    videos = [video for group in zip(*lists, strict=True) for video in group]
    return [
        (video["short_url"] or video["url"]) if place % 3 == 0 else video["url"]
        for place, video in enumerate(videos)
    ]


def _fetch(place: Place, url: str, texts: list[str]) -> tuple[float, list[dict[str, Any]]]:
    listed = place.folder / "links.txt"
    listed.write_text("\n".join(texts), encoding="utf-8")
    command = [sys.executable, "cli.py", "stats", "fetch", "--file", str(listed), "--json"]
    begin = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env=_environment(place, url), capture_output=True, text=True
    )
    secs = time.monotonic() - begin
    return secs, json.loads(done.stdout)


def _environment(place: Place, url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": place.url,
        "BATON_DATA_DIR": str(place.folder / "data"),
        "BATON_LOG_DIR": str(place.folder / "logs"),
        "BATON_BILIBILI_BASE_URL": url,
        "BATON_BILIBILI_PACE": _text(BILIBILI_PACE),
        "BATON_YOUTUBE_BASE_URL": f"{url}/youtube/v3",
        "BATON_YOUTUBE_API_KEY": "a-good-key",
        "BATON_YOUTUBE_PACE": _text(YOUTUBE_PACE),
        "BATON_TIKHUB_BASE_URL": url,
        "BATON_TIKHUB_TOKEN": "a-good-token",
        "BATON_TIKHUB_PACE": _text(TIKHUB_PACE),
        "BATON_SHORT_LINK_BASE_URL": url,
    }


def _ideal_secs(asked: Mapping[str, Mapping[str, int]]) -> float:
    made = {name: sum(by_path.values()) for name, by_path in asked.items()}
    return max(
        _window_secs(-(-made.get("bilibili", 0) // ACCOUNTS), BILIBILI_PACE),
        _window_secs(made.get("youtube", 0), YOUTUBE_PACE),
        _window_secs(made.get("tikhub", 0), TIKHUB_PACE),
    )


def _window_secs(count: int, pace: Pace) -> float:
    """Return the least seconds from the first to the last of so many requests."""
    return max(0, count - 1) // pace.requests * pace.per_secs


def _text(pace: Pace) -> str:
    return f"{pace.requests}/{pace.per_secs:g}"
