"""Pages of a declared platform: where they end, what is told as damaged, and walking by cursors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadRequestError, NotFoundError, RetryableError, ThrottledError
from sources.base import Via
from sources.declared import source as declared_source
from sources.declared.cursors import MAX_PAGES_KEPT, CursorMemory, Place
from tests.support.messages import english, raises_saying
from tests.support.moving_clock import MovingClock
from tests.support.sources.declared_files import BY_CURSOR, PLATFORM, Shopper, changed, shopper
from tests.support.sources.sources_servers import Asked, Said
from tests.support.sources.stats_servers import ScriptedApi, scripted_api

TOTAL = 'total_pages = "pages"'
Shop = Callable[..., Shopper]


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as started:
        yield started


@pytest.fixture
def shop(tmp_path: Path, clock: MovingClock, api: ScriptedApi) -> Shop:
    """`shop(text)`: an account at the platform that the file describes."""
    return lambda text=PLATFORM: shopper(tmp_path, clock, api.url, text)


def people(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [{"id": first + n, "name": f"n{first + n}"} for n in range(count)]


def says(**body: Any) -> Said:
    return Said(json.dumps(body).encode())


def damage(shopper: Shopper, page: int = 1) -> str:
    with pytest.raises(RetryableError) as caught:
        shopper.search(page)
    assert caught.value.damaged
    return english(caught.value)


class Chain:
    """A platform of cursor pages, `last` of them, whose cursors are `c2`, `c3` …"""

    def __init__(self, api: ScriptedApi, last: int) -> None:
        self.last = last
        self.prefix = "c"
        self.asked: list[str] = []
        self.refused: set[str] = set()
        api.made["/people"] = self.answer

    def answer(self, request: Asked) -> Said:
        cursor = request.params.get("c", "")
        self.asked.append(cursor)
        if cursor in self.refused:
            return Said(b'{"code": 7}', 400)
        page = int(cursor[1:]) if cursor else 1
        following = f"{self.prefix}{page + 1}" if page < self.last else None
        return says(people=people(2, 10 * page), next=following)


@pytest.mark.parametrize(
    ("replaced", "answers", "ends"),
    [
        ('more = "more"', [{"more": 1, "n": 2}, {"more": 0, "n": 1}], [2, 2]),
        ('more = "more"', [{"more": 1, "n": 2}, {"more": False, "n": 0}], [2, 1]),
        ("page_size = 2", [{"n": 2}, {"n": 1}], [2, 2]),
        ("page_size = 2", [{"n": 2}, {"n": 0}], [2, 1]),
        ('total_count = "t"\npage_size = 2', [{"t": 3, "n": 2}, {"t": 3, "n": 1}], [2, 2]),
        ('total_count = "t"\npage_size = 2', [{"t": "4", "n": 2}, {"t": "4", "n": 2}], [2, 2]),
        ('total_pages = "t"\nmax_pages = 1', [{"t": 9, "n": 2}, {"t": 9, "n": 2}], [1, 1]),
        ('total_pages = "t"', [{"t": 0, "n": 0}], [0]),
    ],
)
def test_where_pages_end(
    api: ScriptedApi, shop: Shop, replaced: str, answers: list[dict[str, Any]], ends: list[int]
) -> None:
    visitor = shop(changed(TOTAL, replaced))
    api.on("/people", *(says(people=people(one.pop("n")), **one) for one in answers))
    found = [visitor.search(page) for page in range(1, len(answers) + 1)]
    assert [page.total_pages for page in found] == ends
    assert all(not page.creators for page in found if page.page > page.total_pages)


def test_only_what_tells_its_size_can_be_split(shop: Shop) -> None:
    assert not shop().source.sequential
    assert not shop(changed(TOTAL, 'total_count = "t"\npage_size = 9')).source.sequential
    assert shop(changed(TOTAL, 'more = "m"')).source.sequential
    assert shop(changed(TOTAL, "page_size = 9")).source.sequential
    assert shop(BY_CURSOR).source.sequential


@pytest.mark.parametrize(
    ("replaced", "answer", "told"),
    [
        (TOTAL, {}, "paging.total_pages (`pages`) matches nothing"),
        (TOTAL, {"pages": 1.0}, "is no number but float"),
        (TOTAL, {"pages": True}, "is no number but bool"),
        (TOTAL, {"pages": -1}, "says -1"),
        (TOTAL, {"pages": 10**6}, "says 1000000 pages"),
        (TOTAL, {"pages": 1}, "creators.list (`people`) matches nothing"),
        (TOTAL, {"pages": 1, "people": []}, "came without entries"),
        (TOTAL, {"pages": 1, "people": {}}, "is no list"),
        (TOTAL, {"pages": 1, "people": [7, None]}, "no object but int"),
        (TOTAL, {"pages": 1, "people": [{"name": "a"}]}, "creators.uid (`id`) matches nothing"),
        (TOTAL, {"pages": 1, "people": [{"id": 1}]}, "creators.nickname (`name`) matches nothing"),
        ('more = "more"', {"more": True, "people": []}, "came without entries"),
        ('total_count = "t"\npage_size = 3', {"t": 9, "people": people(2)}, "has 2 entries"),
        ('total_count = "t"\npage_size = 1', {"t": 2, "people": people(2)}, "has 2 entries"),
    ],
)
def test_an_answer_that_does_not_fit_the_file_is_told_clearly(
    api: ScriptedApi, shop: Shop, replaced: str, answer: dict[str, Any], told: str
) -> None:
    visitor = shop(changed(TOTAL, replaced))
    api.on("/people", says(**answer))
    assert told in damage(visitor)


def test_short_pages_are_taken_where_the_file_says_so(api: ScriptedApi, shop: Shop) -> None:
    text = 'total_count = "t"\npage_size = 3\nshort_pages = true'
    visitor = shop(changed(TOTAL, text))
    api.on("/people", says(t=9, people=people(2)), says(t=9, people=[]))
    assert [len(visitor.search(page).creators) for page in (1, 2)] == [2, 0]


def test_a_column_that_matches_nothing_is_told_once_and_stops_nothing(
    api: ScriptedApi, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        declared_source.log, "warning", lambda *words: told.append(words[0] % words[1:])
    )
    visitor = shop(PLATFORM + '\n[columns]\nfollowers = "fans"\nvideos = "stats.videos"\n')
    entries = [{"id": 1, "name": "a", "stats": {"videos": 3}}, {"id": 2, "name": "b"}]
    api.on("/people", says(pages=2, people=entries))
    found = [visitor.search(page).creators[0].raw for page in (1, 2)]
    assert [raw["baton_videos"] for raw in found] == [3, 3]
    assert len(told) == 1
    assert "columns.followers (`fans`)" in told[0]


def test_offsets_are_counted_in_entries(api: ScriptedApi, shop: Shop) -> None:
    text = changed("{page}", "{offset}", changed('kind = "page"', 'kind = "offset"\npage_size = 2'))
    api.on("/people", says(pages=9, people=people(2)))
    for text_, expected in (
        (text, "10"),
        (text.replace("page_size", "first = 1\npage_size"), "11"),
    ):
        shop(text_).search(6)
        assert api.asked[-1].params["p"] == expected


@pytest.mark.parametrize(("first", "expected"), [("", "6"), ("first = 0", "5")])
def test_page_numbers_may_begin_at_zero(
    api: ScriptedApi, shop: Shop, first: str, expected: str
) -> None:
    api.on("/people", says(pages=9, people=people(2)))
    shop(changed('kind = "page"', f'kind = "page"\n{first}')).search(6)
    assert api.asked[-1].params["p"] == expected


def test_only_names_are_searched(shop: Shop) -> None:
    visitor = shop()
    with raises_saying(BadRequestError, "names"):
        visitor.source.search_creators(visitor.session, "d", 1, Via.VIDEOS)


def test_cursors_are_followed_one_request_a_page(api: ScriptedApi, shop: Shop) -> None:
    chain, visitor = Chain(api=api, last=3), shop(BY_CURSOR)
    found = [visitor.search(page) for page in (1, 2, 3, 4)]
    assert chain.asked == ["", "c2", "c3"]
    assert "c" not in api.asked[0].params  # nothing is sent for the first page
    assert [page.total_pages for page in found] == [2, 3, 3, 3]
    assert not found[3].creators


def test_the_first_cursor_may_be_given(api: ScriptedApi, shop: Shop) -> None:
    chain = Chain(api=api, last=1)
    shop(
        changed('next_cursor = "next"', 'next_cursor = "next"\nfirst_cursor = "c1"', BY_CURSOR)
    ).search()
    assert chain.asked == ["c1"]


def test_a_fresh_process_walks_to_its_page_within_its_pace(
    api: ScriptedApi, shop: Shop, clock: MovingClock
) -> None:
    chain = Chain(api=api, last=9)
    page = shop(BY_CURSOR).search(6)
    assert page.creators[0].uid == "60"
    assert chain.asked == ["", "c2", "c3", "c4", "c5", "c6"]
    assert clock.waits == [0.1] * 5


def test_a_caller_may_walk_step_by_step(api: ScriptedApi, shop: Shop, clock: MovingClock) -> None:
    chain, visitor = Chain(api=api, last=9), shop(BY_CURSOR)
    left = []
    while visitor.source.pages_before(visitor.session, "d", 4):
        left.append(visitor.source.pages_before(visitor.session, "d", 4))
        visitor.source.advance(visitor.session, "d", 4)
    assert left == [3, 2, 1]
    visitor.search(4)
    assert chain.asked == ["", "c2", "c3", "c4"]
    assert not clock.waits


def test_a_walk_that_is_cut_short_goes_on_where_it_was(api: ScriptedApi, shop: Shop) -> None:
    chain, visitor = Chain(api=api, last=9), shop(BY_CURSOR)
    chain.refused.add("c3")
    with pytest.raises(BadRequestError):
        visitor.search(5)
    chain.refused.clear()
    assert visitor.search(5).creators[0].uid == "50"
    assert chain.asked == ["", "c2", "c3", "c3", "c4", "c5"]


def test_each_account_walks_by_its_own_cursors(api: ScriptedApi, shop: Shop) -> None:
    chain, first = Chain(api=api, last=9), shop(BY_CURSOR)
    first.search(2)
    other = Shopper(first.source, first.source.open_session(2, "b", "another", None))
    other.search(2)
    assert chain.asked == ["", "c2", "", "c2"]


def test_shared_cursors_save_the_next_account_the_walk(api: ScriptedApi, shop: Shop) -> None:
    chain = Chain(api=api, last=9)
    first = shop(
        changed('next_cursor = "next"', 'next_cursor = "next"\ncursors_shared = true', BY_CURSOR)
    )
    first.search(2)
    Shopper(first.source, first.source.open_session(2, "b", "another", None)).search(3)
    assert chain.asked == ["", "c2", "c3"]


def test_an_old_cursor_that_is_refused_is_walked_to_anew(
    api: ScriptedApi, shop: Shop, clock: MovingClock
) -> None:
    chain, visitor = Chain(api=api, last=9), shop(BY_CURSOR)
    visitor.search(2)
    chain.refused |= {"c2", "c3"}
    chain.prefix = "d"
    clock.move(3600)
    with raises_saying(RetryableError, "walking anew"):
        visitor.search(3)
    assert visitor.search(3).creators[0].uid == "30"
    assert chain.asked[2:] == ["c3", "", "d2", "d3"]


def test_a_fresh_cursor_that_is_refused_is_no_reason_to_walk(api: ScriptedApi, shop: Shop) -> None:
    chain, visitor = Chain(api=api, last=9), shop(BY_CURSOR)
    visitor.search(2)
    chain.refused.add("c3")
    for _ in range(2):
        with pytest.raises(BadRequestError):
            visitor.search(3)
    assert chain.asked == ["", "c2", "c3", "c3"]


def test_a_throttle_forgets_no_cursor(api: ScriptedApi, shop: Shop, clock: MovingClock) -> None:
    chain, visitor = Chain(api=api, last=9), shop(BY_CURSOR)
    visitor.search(2)
    clock.move(3600)
    api.made["/people"] = lambda _: Said(b"{}", 429)
    with pytest.raises(ThrottledError):
        visitor.search(3)
    api.made["/people"] = chain.answer
    visitor.search(3)
    assert chain.asked == ["", "c2", "c3"]


def test_a_crawl_that_begins_anew_does_not_use_the_old_walk(api: ScriptedApi, shop: Shop) -> None:
    chain, visitor = Chain(api=api, last=3), shop(BY_CURSOR)
    for page in (1, 2, 3):
        visitor.search(page)
    chain.last, chain.prefix = 5, "d"
    assert [visitor.search(page).total_pages for page in (1, 2, 3, 4, 5)] == [2, 3, 4, 5, 5]
    assert chain.asked[3:] == ["", "d2", "d3", "d4", "d5"]


@pytest.mark.parametrize("back_to", [2, 3])
def test_cursors_that_lead_in_a_circle_are_told(api: ScriptedApi, shop: Shop, back_to: int) -> None:
    chain, visitor = Chain(api=api, last=9), shop(BY_CURSOR)
    straight = chain.answer

    def circle(request: Asked) -> Said:
        if request.params.get("c") == "c3":
            return says(people=people(2), next=f"c{back_to}")
        return straight(request)

    api.made["/people"] = circle
    visitor.search(2)
    assert "never end" in damage(visitor, 3)


@pytest.mark.parametrize("following", [1.5, [], {"a": 1}, True])
def test_a_cursor_that_is_none_is_told(api: ScriptedApi, shop: Shop, following: Any) -> None:
    visitor = shop(BY_CURSOR)
    api.on("/people", says(people=people(2), next=following))
    assert "paging.next_cursor" in damage(visitor)


@pytest.mark.parametrize("end", [None, "", False])
def test_what_ends_a_chain(api: ScriptedApi, shop: Shop, end: Any) -> None:
    visitor = shop(BY_CURSOR)
    api.on("/people", says(people=people(2), next=end))
    assert visitor.search().total_pages == 1


def test_an_empty_page_that_more_follow_is_damaged_unless_told(
    api: ScriptedApi, shop: Shop
) -> None:
    text = changed('next_cursor = "next"', 'next_cursor = "next"\nmore = "more"', BY_CURSOR)
    api.on("/people", says(people=[], next="c2", more=True))
    assert "without entries" in damage(shop(text))
    page = shop(changed('more = "more"', 'more = "more"\nshort_pages = true', text)).search()
    assert (page.creators, page.total_pages) == ((), 2)


def test_memory_of_cursors_is_bounded_and_forgets_the_oldest() -> None:
    memory = CursorMemory()
    for page in range(2, MAX_PAGES_KEPT + 100):
        memory.keep("d", Place(page, f"c{page}"))
    assert memory.nearest("d", 50).page == 1
    assert memory.nearest("d", 10**6).page == MAX_PAGES_KEPT + 99
    for number in range(1000):
        memory.keep(f"d{number}", Place(2, "c2"))
    assert memory.nearest("d", 10**6).page == 1


def test_a_gone_search_is_not_found(api: ScriptedApi, shop: Shop) -> None:
    api.on("/people", Said(b"{}", 404))
    with pytest.raises(NotFoundError):
        shop().search()
