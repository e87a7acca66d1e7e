"""The controls of a running sandbox (`/__sandbox__/…`), asked over HTTP from any process."""

from __future__ import annotations

from typing import Any

import requests

TIMEOUT_SECS = 30


def look(url: str, call: str, **params: object) -> Any:
    """Return the JSON answer to a GET; `call` is the path behind `/__sandbox__/`."""
    answer = requests.get(f"{url}/__sandbox__/{call}", params=params, timeout=TIMEOUT_SECS)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def tell(url: str, call: str, body: object = None) -> Any:
    """Return the JSON answer to a POST with that JSON body."""
    answer = requests.post(f"{url}/__sandbox__/{call}", json=body, timeout=TIMEOUT_SECS)
    assert answer.status_code == 200, answer.text
    return answer.json()


def order_faults(url: str, *orders: dict[str, Any]) -> int:
    """Queue faults for the next requests; return how many are queued now."""
    return int(tell(url, "faults", list(orders))["queued"])


def uids(url: str, domain: str) -> list[str]:
    """Return the ids of all creators of a domain: what a complete crawl must find."""
    return [str(uid) for uid in look(url, "creators", domain=domain)["uids"]]


def videos(url: str, platform: str, count: int, **params: str) -> list[dict[str, Any]]:
    """Return exactly `count` videos of a platform as they are now."""
    found: list[dict[str, Any]] = look(
        url, "videos", platform=platform, count=str(count), **params
    )["videos"]
    assert len(found) == count
    return found


def stats(url: str) -> Any:
    """Return the counters of everything that was asked since the start or the last reset."""
    return look(url, "stats")
