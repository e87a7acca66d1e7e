"""Answers about one video, and a batch endpoint that is gone, as the sandbox gives them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.container import App
from sources.base import Unavailable, VideoStats
from storage.crawling import source_states
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import ONE_ENGINE, Platform, add_accounts, change, column
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control

StartPlatform = Callable[..., Platform]
VIDEOS = 12
GONE_BATCH = {"kind": "answer", "endpoint": "batch", "http": 404, "body": "<html>"}
WAYS: dict[str, dict[str, Any]] = {
    "HTTP 404": {"http": 404, "body": "<html>"},
    "HTTP 405": {"http": 405, "body": "{}"},
    "HTTP 403": {"http": 403, "body": "<html>"},
    "-403": {"code": -403},
    "-404": {"code": -404},
    "-352": {"code": -352},
    "-101": {"code": -101},
    "unknown code": {"code": 76543},
    "HTML": {"body": "<html>moved"},
    "no JSON": {"body": "moved"},
}


def fetch(app: App, ids: Sequence[str]) -> list[Any]:
    found = app.pool.statistics.fetch(list(ids), threading.Event(), "bilibili")
    return [item.answer for item in found]


def visible(server: Platform) -> list[str]:
    found = control.videos(server.url, "bilibili", VIDEOS, state="visible")
    return [video["id"] for video in found]


def harmed(app: App) -> list[str]:
    return column(
        app,
        "SELECT username FROM accounts WHERE status<>'idle' OR health<>'healthy'"
        " OR cooldown_until IS NOT NULL OR failure_count>0",
    )


def refused(server: Platform) -> list[int]:
    """Return how many requests each order hit."""
    return [report["refused"] for report in server.stats()["orders"]]


@pytest.mark.parametrize(
    "code", [-403, -404, -650, 53013, 62002, 62012, 87008, 99999, 10004001, 31337]
)
def test_a_code_of_one_video_costs_one_request_and_nobody_rests(
    make_app: AppFactory, platform: StartPlatform, code: int
) -> None:
    server = platform(creators=300)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 3)
    ids = visible(server)
    server.order(
        GONE_BATCH | {"for_secs": 600},
        {"kind": "answer", "endpoint": "view", "video": ids[3], "code": code, "for_secs": 600},
    )
    found = fetch(app, ids)
    assert isinstance(found.pop(3), Unavailable)
    assert all(isinstance(answer, VideoStats) for answer in found)
    assert refused(server)[1] == 1
    assert harmed(app) == []


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_batch_endpoint_that_is_gone_is_asked_once_by_all_processes(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock, way: dict[str, Any]
) -> None:
    server = platform(creators=300)
    one, other = (make_app(host=host, bilibili_base_url=server.url) for host in ("one", "other"))
    add_accounts(one, 2)
    ids = visible(server)
    server.order({"kind": "answer", "endpoint": "batch", "for_secs": 3600} | way)
    assert all(isinstance(answer, VideoStats) for answer in fetch(one, ids))
    assert all(isinstance(answer, VideoStats) for answer in fetch(other, ids))
    assert refused(server) == [1]
    clock.move(3600)
    assert all(isinstance(answer, VideoStats) for answer in fetch(other, ids))
    assert one.pool.circuits.is_usable("bilibili", "batch")
    assert harmed(one) == []


@pytest.mark.parametrize("way", [{"http": 502, "body": "<html>"}, {"code": -500}])
def test_a_batch_endpoint_that_fails_is_replaced_after_three_times(
    make_app: AppFactory, platform: StartPlatform, way: dict[str, Any]
) -> None:
    server = platform(creators=300)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.order({"kind": "answer", "endpoint": "batch", "for_secs": 3600} | way)
    assert all(isinstance(answer, VideoStats) for answer in fetch(app, visible(server)))
    assert refused(server) == [3]
    assert harmed(app) == []


def test_a_batch_that_knows_none_of_its_videos_is_believed_by_nobody(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform(creators=300)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.order({"kind": "answer", "endpoint": "batch", "code": 0, "data": None})
    assert all(isinstance(answer, VideoStats) for answer in fetch(app, visible(server)))
    assert app.pool.circuits.is_usable("bilibili", "batch")
    assert harmed(app) == []


@ONE_ENGINE
def test_nothing_that_is_kept_of_a_refusal_holds_a_secret(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    """The platform repeats what it was sent, as some do."""
    server = platform(creators=300, egresses=1)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 3)
    [gateway] = server.gateways
    secrets = ("us3r-session-37", "pa55word", "acc1", "acc2", "acc3")
    for name in secrets[2:]:
        account = app.pool.registry.find(name)
        sealed = app.vault.encrypt(f"http://{secrets[0]}:{secrets[1]}@{gateway}")
        change(app, "UPDATE accounts SET proxy=:proxy WHERE id=:id", proxy=sealed, id=account.id)
    told = " ".join(f"SESSDATA={name}" for name in secrets[2:])
    echo = {"message": f"http://{secrets[0]}:{secrets[1]}@{gateway} {told}", "for_secs": 600}
    server.order(
        {"kind": "answer", "endpoint": "view", "code": -412} | echo,
        {"kind": "answer", "endpoint": "batch", "code": 76543} | echo,
    )
    fetch(app, visible(server))
    circuits = app.database.read(source_states.all_of, app.clock.now())
    assert {circuit.endpoint for circuit in circuits} == {"batch", "view"}
    kept = [
        column(app, "SELECT evidence FROM source_states"),
        column(app, "SELECT detail FROM account_events"),
        column(app, "SELECT evidence FROM account_events"),
        column(app, "SELECT evidence FROM unknown_answers"),
    ]
    text = str(kept)
    assert "***" in text
    assert [secret for secret in secrets[:2] if secret in text] == []
    assert [name for name in secrets[2:] if f"SESSDATA={name}" in text] == []
