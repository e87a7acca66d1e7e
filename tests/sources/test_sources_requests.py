"""What goes over the wire: a browser's headers and device, keys asked for once, refreshed once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from core.attribution import Scope
from core.errors import RiskControlError, SourceError
from sources.base import Via
from sources.bilibili.client import KEYS_LIVE_SECS
from sources.bilibili.source import BilibiliSource
from tests.sources.conftest import DOMAIN, Visitor, World
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import (
    FINGER,
    NAV,
    SEARCH,
    RecordingProxy,
    Said,
    ScriptedPlatform,
    nav,
    says,
    says_page,
)

Enter = Callable[..., Visitor]
SourceAt = Callable[..., BilibiliSource]
USER = {"mid": 1, "uname": "甲"}


@pytest.fixture
def proxy(proxies: Callable[[], RecordingProxy]) -> RecordingProxy:
    return proxies()


def test_a_search_looks_like_a_browser(scripted: ScriptedPlatform, enter: Enter) -> None:
    scripted.on_search(says_page(USER))
    enter(scripted.url, cookies="SESSDATA=me; bili_jct=x").search(page=3)
    asked = scripted.asked[-1]
    assert asked.headers["user-agent"].startswith("Mozilla/5.0")
    assert "python" not in asked.headers["user-agent"].lower()
    assert asked.headers["referer"] == "https://www.bilibili.com/"
    device = {"buvid3": "DEVICE-1infoc", "buvid4": "DEVICE-2"}
    assert asked.cookies == {"SESSDATA": "me", "bili_jct": "x", **device}
    assert asked.params["keyword"] == DOMAIN
    assert asked.params["page"] == "3"
    assert asked.params["search_type"] == "bili_user"


@pytest.mark.parametrize("domain", ["美妆", "a b+c", "!'()*", "&=?#%", "😀", "C++"])
def test_the_sandbox_accepts_the_signature_of_any_keyword(
    world: Callable[..., World], enter: Enter, domain: str
) -> None:
    place = world(domains=(domain,), creators=3)
    visitor = enter(place.url)
    if set(domain) <= set("!'()*"):
        with pytest.raises(SourceError):  # nothing is left to search for
            visitor.search(domain=domain)
        return
    assert len(visitor.search(domain=domain).creators) == 3


def test_the_device_id_is_fetched_once_for_each_session(
    world: Callable[..., World], enter: Enter, source_at: SourceAt, proxy: RecordingProxy
) -> None:
    source = source_at(world().url)
    for name in ("one", "two"):
        visitor = enter(source, name, proxy=proxy.url())
        for page in (1, 2, 3):
            visitor.search(page)
    fetched = [one.cookies["SESSDATA"] for one in proxy.passed if one.path == FINGER]
    assert fetched == ["one", "two"]
    devices = {
        one.cookies["SESSDATA"]: one.cookies["buvid3"] for one in proxy.passed if one.path == SEARCH
    }
    assert len(set(devices.values())) == 2


def test_an_imported_device_id_is_kept(scripted: ScriptedPlatform, enter: Enter) -> None:
    scripted.on_search(says_page(USER))
    enter(scripted.url, cookies="SESSDATA=me; buvid3=MINE").search()
    assert scripted.times(FINGER) == 0
    assert scripted.asked[-1].cookies["buvid3"] == "MINE"


def test_a_device_id_that_the_platform_sets_anew_does_no_harm(
    scripted: ScriptedPlatform, enter: Enter
) -> None:
    page = says_page(USER)
    scripted.on_search(Said(page.body, 200, (("Set-Cookie", "buvid3=ANEW; path=/"),)))
    visitor = enter(scripted.url)
    for _ in range(2):
        assert len(visitor.search().creators) == 1
    assert scripted.times(FINGER) == 1


def test_keys_are_asked_for_once_for_all_accounts_and_searches(
    world: Callable[..., World], enter: Enter, source_at: SourceAt, proxy: RecordingProxy
) -> None:
    source = source_at(world().url)
    for name in ("one", "two", "three"):
        visitor = enter(source, name, proxy=proxy.url())
        for page in (1, 2):
            visitor.search(page)
    assert proxy.paths().count(NAV) == 1
    assert proxy.paths().count(SEARCH) == 6


def test_threads_that_start_together_ask_for_the_keys_once(
    scripted: ScriptedPlatform, enter: Enter, source_at: SourceAt
) -> None:
    scripted.on_search(says_page(USER))
    source = source_at(scripted.url)
    visitors = [enter(source, f"acc{n}") for n in range(6)]
    threads = [threading.Thread(target=visitor.search) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert scripted.times(SEARCH) == 6
    assert scripted.times(NAV) == 1


def test_keys_are_asked_for_again_when_they_are_old(
    scripted: ScriptedPlatform, enter: Enter, clock: MovingClock
) -> None:
    scripted.on_search(says_page(USER))
    visitor = enter(scripted.url)
    visitor.search()
    clock.move(KEYS_LIVE_SECS - 1)
    visitor.search()
    assert scripted.times(NAV) == 1
    clock.move(2)
    visitor.search()
    assert scripted.times(NAV) == 2


@pytest.mark.parametrize("via", list(Via))
def test_rotated_keys_are_refreshed_once_and_the_search_is_good(
    world: Callable[..., World], enter: Enter, proxy: RecordingProxy, via: Via
) -> None:
    place = world()
    visitor = enter(place.url, proxy=proxy.url())
    visitor.search(via=via)
    place.rotate_keys()
    seen = len(proxy.passed)
    assert visitor.search(via=via).creators
    assert proxy.paths()[seen:] == [SEARCH, NAV, SEARCH]
    assert visitor.search(via=via).creators
    assert proxy.paths().count(NAV) == 2


def test_others_use_the_keys_that_one_account_refreshed(
    world: Callable[..., World], enter: Enter, source_at: SourceAt, proxy: RecordingProxy
) -> None:
    place = world()
    source = source_at(place.url)
    one, two = (enter(source, name, proxy=proxy.url()) for name in ("one", "two"))
    one.search()
    two.search()
    place.rotate_keys()
    one.search()
    assert two.search().creators
    assert proxy.paths().count(NAV) == 2


@pytest.mark.parametrize("code", [-352, -403])
def test_the_same_keys_again_are_not_tried_again(
    scripted: ScriptedPlatform, enter: Enter, code: int
) -> None:
    scripted.on_search(says(code))
    with pytest.raises(RiskControlError):
        enter(scripted.url).search()
    assert (scripted.times(SEARCH), scripted.times(NAV)) == (1, 2)


def test_other_keys_that_do_not_help_either_are_tried_once(
    scripted: ScriptedPlatform, enter: Enter
) -> None:
    scripted.on_search(says(-352))
    scripted.on(NAV, *(nav(f"{n:032x}") for n in range(5)))
    with pytest.raises(RiskControlError):
        enter(scripted.url).search()
    assert (scripted.times(SEARCH), scripted.times(NAV)) == (2, 2)


def test_a_refused_signature_stays_what_it_is_when_the_keys_cannot_be_had(
    scripted: ScriptedPlatform, enter: Enter
) -> None:
    scripted.on_search(says(-352))
    scripted.on(NAV, nav(), says(-412))
    with pytest.raises(RiskControlError) as caught:
        enter(scripted.url).search()
    assert caught.value.verdict is not None
    assert caught.value.verdict.scope is Scope.EGRESS
