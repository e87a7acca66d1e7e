"""Whole domains: every creator exactly once by name, every author by videos."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sources.base import CreatorPage, Via
from tests.sources.conftest import DOMAIN, Visitor, World

CREATORS = 2_030


@pytest.fixture
def visitor(world: Callable[..., World], enter: Callable[..., Visitor]) -> Visitor:
    return enter(world(creators=60).url)


@pytest.mark.parametrize("via", list(Via))
def test_a_whole_domain_comes_out(
    world: Callable[..., World], enter: Callable[..., Visitor], via: Via
) -> None:
    place = world(creators=CREATORS)
    pages = _all_pages(enter(place.url), via)
    found = [creator.uid for page in pages for creator in page.creators]
    assert set(found) == set(place.uids())
    assert not any(page.rejected for page in pages)
    if via is Via.USERS:
        assert len(found) == CREATORS


@pytest.mark.parametrize("via", list(Via))
def test_everything_that_comes_out_can_be_stored(
    world: Callable[..., World], enter: Callable[..., Visitor], via: Via
) -> None:
    broken = 0
    for page in _all_pages(enter(world(creators=CREATORS).url), via):
        for creator in page.creators:
            text = creator.nickname + json.dumps(creator.raw, ensure_ascii=False)
            text.encode()
            assert "\x00" not in text
            broken += "\ufffd" in creator.nickname
    assert broken  # the sandbox does have such names


def test_pages_say_where_they_are_and_how_many_there_are(visitor: Visitor) -> None:
    pages = _all_pages(visitor, Via.USERS)
    assert [(page.page, page.total_pages) for page in pages] == [(1, 3), (2, 3), (3, 3)]


def test_a_name_search_brings_the_platforms_whole_entry(visitor: Visitor) -> None:
    page = visitor.search()
    raw = page.creators[0].raw
    assert page.complete
    assert {"mid", "uname", "fans", "videos", "usign", "level", "res"} <= raw.keys()
    assert page.creators[0].uid == str(raw["mid"])


def test_a_video_search_does_not_pretend_to_know_its_authors_fully(visitor: Visitor) -> None:
    page = visitor.search(via=Via.VIDEOS)
    raw = page.creators[0].raw
    assert not page.complete
    assert "fans" not in raw
    assert raw["uname"] == page.creators[0].nickname
    assert raw["video"]["bvid"].startswith("BV1")
    assert "<em" not in raw["video"]["title"]


def test_an_author_of_several_videos_of_a_page_stands_there_once(visitor: Visitor) -> None:
    for page in _all_pages(visitor, Via.VIDEOS):
        uids = [creator.uid for creator in page.creators]
        assert len(uids) == len(set(uids))


@pytest.mark.parametrize("via", list(Via))
def test_an_unknown_domain_has_no_pages(visitor: Visitor, via: Via) -> None:
    page = visitor.search(via=via, domain="nobody")
    assert (page.total_pages, page.creators) == (0, ())


def test_a_page_behind_the_end_is_empty(visitor: Visitor) -> None:
    page = visitor.search(page=4)
    assert (page.page, page.total_pages, page.creators) == (4, 3, ())


def test_the_platform_may_show_fewer_pages_than_it_has(
    world: Callable[..., World], enter: Callable[..., Visitor]
) -> None:
    pages = _all_pages(enter(world(creators=100, page_limit=2).url), Via.USERS)
    assert [len(page.creators) for page in pages] == [20, 20]


def _all_pages(visitor: Visitor, via: Via) -> list[CreatorPage]:
    first = visitor.search(1, via, DOMAIN)
    rest = [visitor.search(page, via, DOMAIN) for page in range(2, first.total_pages + 1)]
    return [first, *rest]
