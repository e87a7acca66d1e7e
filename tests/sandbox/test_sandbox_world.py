"""The generated creators and videos: unique, repeatable, awkward, and complete."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox import SandboxConfig
from sandbox.bvid import to_aid, to_bvid
from sandbox.catalog import CREATOR_SEARCH, VIDEO_SEARCH, Catalog, Question
from sandbox.creators import populations
from sandbox.mixing import Permutation
from sandbox.videos import Shelf

PAIRS = [
    (2, "BV1xx411c7mD"),
    (15664, "BV1bx411c7qt"),
    (80433022, "BV1GJ411x7h7"),
    (305988942, "BV1aP411K7it"),
    (111298867365120, "BV1L9Uoa9EUx"),
    (117324933765673, "BV17CaA6pEWr"),
]


@pytest.mark.parametrize(("aid", "bvid"), PAIRS)
def test_bvid_pairs(aid: int, bvid: str) -> None:
    assert to_bvid(aid) == bvid
    assert to_aid(bvid) == aid


@pytest.mark.parametrize("text", ["", "BV1", "bv1xx411c7mD", "BV1xx411c7m0", "BV2xx411c7mD"])
def test_bad_bvid(text: str) -> None:
    with pytest.raises(ValueError, match="BV id"):
        to_aid(text)


def test_permutation_visits_everything_once() -> None:
    shuffle = Permutation(12, 99)
    assert sorted(shuffle(n) for n in range(1 << 12)) == list(range(1 << 12))


def test_uids_are_unique_across_domains_and_have_many_lengths() -> None:
    config = SandboxConfig(creators=50_000, domains=("a", "b", "c"))
    uids = [uid for population in populations(config).values() for uid in population.uids()]
    assert len(set(uids)) == 150_000
    lengths = Counter(len(str(uid)) for uid in uids)
    assert max(lengths) == 16
    assert lengths[16] > 50_000
    assert min(lengths) <= 7


def test_uids_stay_within_16_digits_at_the_far_corner() -> None:
    config = SandboxConfig(
        creators=10_000_000, domains=tuple(f"d{place}" for place in range(1_000))
    )
    last = populations(config)["d999"]
    corner = [last.uid(index) for index in range(9_999_000, 10_000_000)]
    assert len(set(corner)) == 1_000
    assert all(0 < uid < 10**16 for uid in corner)


def test_equal_seeds_give_equal_creators_and_others_do_not() -> None:
    first, twin = (populations(SandboxConfig(seed=7))["美妆"] for _ in range(2))
    other = populations(SandboxConfig(seed=8))["美妆"]
    some = [first.creator(index) for index in range(50)]
    assert some == [twin.creator(index) for index in range(50)]
    assert some != [other.creator(index) for index in range(50)]


def test_nicknames_hold_what_breaks_files() -> None:
    population = populations(SandboxConfig())["美妆"]
    names = [population.creator(index).name for index in range(10_000)]
    for part in ("美妆", "😀", '"', "'", ",", "\n", "\r\n", "\t", "<b>", "\\"):
        assert sum(part in name for name in names) > 30, part
    for start in ("=1+1", "+86", "-", "@", " "):
        assert sum(name.startswith(start) for name in names) > 100, start
    assert 5 <= sum("\x00" in name for name in names) <= 50
    assert 5 <= sum("\ud83d" in name for name in names) <= 50
    assert 1 <= sum(len(name) == 10_000 for name in names) <= 15


@pytest.mark.parametrize("creators", [1, 2, 5, 6, 7, 100, 1_003])
def test_video_search_covers_every_creator_even_without_courses(creators: int) -> None:
    shelf = Shelf(populations(SandboxConfig(creators=creators))["游戏"])
    videos = [shelf.at(position) for position in range(shelf.total)]
    assert len({video.aid for video in videos}) == shelf.total
    owners = Counter(video.owner_index for video in videos)
    assert set(owners) == set(range(creators))
    assert set(owners.values()) <= {1, 2, 3}
    shown = {video.owner_index for video in videos if not video.is_course}
    assert shown == set(range(creators))


def test_an_authors_videos_lie_pages_apart() -> None:
    shelf = Shelf(populations(SandboxConfig(creators=1_000))["美妆"])
    page = [shelf.at(position).owner_index for position in range(20)]
    assert len(set(page)) == 20


def test_videos_are_found_by_their_number_and_others_are_not() -> None:
    catalog = Catalog(SandboxConfig(creators=200))
    for keyword in catalog.domains:
        span = catalog.span(Question(VIDEO_SEARCH, keyword, 3))
        for video, author in catalog.videos(keyword, span):
            assert catalog.video(video.aid) == (None if video.is_course else (video, author))
    span = catalog.span(Question(VIDEO_SEARCH, "美妆", 1))
    video = catalog.videos("美妆", span)[0][0]
    strangers = (0, 1, video.aid + 1, video.aid - 1, 10**14 - 1, 10**15 + 5)
    assert all(catalog.video(aid) is None for aid in strangers)


def test_page_limit_caps_pages_and_results() -> None:
    catalog = Catalog(SandboxConfig(creators=1_000, page_limit=3))
    span = catalog.span(Question(CREATOR_SEARCH, "美妆", 3))
    assert (span.num_pages, span.num_results, span.start, span.stop) == (3, 60, 40, 60)
    past = catalog.span(Question(CREATOR_SEARCH, "美妆", 4))
    assert past.start == past.stop


def test_a_limit_beyond_the_last_page_changes_nothing() -> None:
    catalog = Catalog(SandboxConfig(creators=45, page_limit=50))
    span = catalog.span(Question(CREATOR_SEARCH, "美妆", 3))
    assert (span.num_pages, span.num_results, span.stop - span.start) == (3, 45, 5)
