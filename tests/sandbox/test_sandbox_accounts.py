"""Rate windows, bans and expired sessions, and the counters that tell of them."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import RateLimit, SandboxServer
from tests.support.sandbox.sandbox_client import VIEW, Client, Clock

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
NAV = "/x/web-interface/nav"


def test_window_slides_and_refusals_use_nothing_up(start: Start, visit: Visit, now: Clock) -> None:
    client = visit(start(rate=RateLimit(3, 10.0)))
    for _ in range(3):
        assert client.search()["code"] == 0
        now.secs += 2
    refused = client.search()
    assert (refused["code"], refused["message"]) == (-799, "请求过于频繁，请稍后再试")
    assert client.search()["code"] == -799
    now.secs += 4
    assert client.search()["code"] == 0
    assert client.search()["code"] == -799
    stats = client.stats()
    assert stats["over_limit"] == stats["accounts"]["acc1"]["over_limit"] == 3
    assert stats["accounts"]["acc1"]["requests"] == 7


def test_window_is_shared_by_search_and_view_but_not_by_accounts(
    start: Start, visit: Visit
) -> None:
    server = start(rate=RateLimit(2, 10.0))
    client = visit(server)
    assert client.search()["code"] == 0
    assert client.get(VIEW, aid=2).json()["code"] == -404
    assert client.get(VIEW, aid=2).json()["code"] == -799
    assert client.get(NAV).json()["code"] == 0
    assert client.get("/").status_code == 200
    assert visit(server, "acc2").search()["code"] == 0


def test_ban_after_five_good_answers(start: Start, visit: Visit) -> None:
    client = visit(start(), "banned-1")
    for page in range(1, 6):
        assert client.search(page=page)["code"] == 0
    assert client.stats()["accounts"]["banned-1"]["banned"] is True
    assert client.stats()["after_ban"] == 0
    assert client.search()["code"] == -102
    assert client.get(NAV).json()["code"] == -102
    stats = client.stats()
    assert stats["after_ban"] == stats["accounts"]["banned-1"]["after_ban"] == 2
    assert stats["accounts"]["banned-1"]["pages"] == 5


def test_only_good_answers_bring_the_ban_nearer(start: Start, visit: Visit) -> None:
    client = visit(start(good_answers_before_ban=1), "banned-1")
    client.order({"kind": "empty_data"}, {"kind": "code_500"})
    assert [client.search()["code"] for _ in range(2)] == [0, -500]
    assert client.search(page=0)["code"] == -400
    assert client.get(VIEW, aid=2).json()["code"] == -404
    assert client.stats()["accounts"]["banned-1"]["banned"] is False


def test_expired_and_dead_sessions(start: Start, visit: Visit) -> None:
    server = start()
    expiring = visit(server, "expired-1")
    assert [expiring.search()["code"] for _ in range(6)] == [0, 0, 0, 0, 0, -101]
    nav = expiring.get(NAV).json()
    assert (nav["code"], nav["data"]["isLogin"]) == (-101, False)
    dead = visit(server, "dead-1")
    assert dead.search()["code"] == -101
    assert dead.get(NAV).json()["data"]["wbi_img"]
    accounts = dead.stats()["accounts"]
    assert not any(account["banned"] for account in accounts.values())


def test_pages_and_duplicates(start: Start, visit: Visit) -> None:
    server = start()
    first, second = visit(server, "acc1"), visit(server, "acc2")
    first.search(page=1)
    first.search(page=2)
    second.search(page=2)
    second.search(page=2, search_type="video")
    second.search("游戏", page=2)
    stats = server.stats()
    assert (stats["pages"], stats["duplicate_pages"]) == (5, 1)
    assert stats["accounts"]["acc1"]["pages"] == 2
    assert stats["accounts"]["acc2"]["pages"] == 3
    assert stats == first.stats()
